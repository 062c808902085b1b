"""Posters as PDF, A4 or A3, a page each. Room `posters`, floor 4: no database, no request.

Sizes below are points on A4; A3 is the same sheet 1.41 times as large. The same posters give the same bytes.
"""

import functools
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from fpdf import FPDF

from common.clock import SHANGHAI
from common.qr import qr
from posters.fonts import Weight
from posters.pdf_fonts import printable, small_font, widths
from posters.queries import MODE_SIGNS, NO_ITEMS, Group, Poster

Size: TypeAlias = Literal["a4", "a3"]
WEIGHTS: dict[Weight, str] = {"regular": "", "bold": "B"}
PAPER = {"a4": (595.28, 841.89), "a3": (841.89, 1190.55)}
MARGIN = 34.0  # 12 mm
WIDE, HIGH = 595.28 - 2 * MARGIN, 841.89 - 2 * MARGIN
BETWEEN = 26.0  # columns
QR_SIDE = 128.0  # 45 mm with its white; 42 mm is what a phone reads from a metre away
LARGEST, LEAST, SMALLEST = 20.0, 12.0, 6.0  # of the list; below LEAST only when a list is too long for any paper
ONE_COLUMN = 9  # items; so few stand larger in one column
INK, SOFT, PLATE, RULE, WARN = (20, 33, 31), (60, 70, 67), (10, 84, 78), (190, 200, 197), (116, 64, 0)
LEGEND = "● 办理：当场办　　◐ 帮办：替您跑　　○ 咨询：只解答"
SCAN = "扫一扫：带什么，这张单子旧没旧"


def document(posters: Sequence[Poster], size: Size, step: Callable[[int], object] = lambda _done: None) -> bytes:
    """The PDF, a page a poster. `step(1)` after each. FileNotFoundError when the fonts are not installed.

    15 ms a page, the first of a process 0.5 s more; 624 pages and the fonts stay below 220 MB.
    """
    characters = set("…　、。：" + LEGEND + SCAN + NO_ITEMS + "".join(MODE_SIGNS.values()))
    for poster in posters:
        characters.update(*(printable(words) for words in _words(poster)))
    with tempfile.TemporaryDirectory() as folder:
        pdf = FPDF(unit="pt", format=PAPER[size])
        pdf.set_auto_page_break(False)
        pdf.set_margin(0)
        for weight, style in WEIGHTS.items():
            file = Path(folder) / f"{weight}.ttf"
            file.write_bytes(small_font(weight, characters))
            pdf.add_font("sc", style, file)
        wide = {weight: widths(weight, characters) for weight in WEIGHTS}
        pdf.set_lang("zh-CN")
        pdf.set_title(printable(f"{posters[0].name}公示单") if len(posters) == 1 else "医保工作站公示单")
        day = posters[0].printed_on
        pdf.set_creation_date(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI))
        for poster in posters:
            _Sheet(pdf, PAPER[size][0] / PAPER["a4"][0], wide).draw(poster)
            step(1)
        return bytes(pdf.output())


@functools.lru_cache(maxsize=32)  # about 2 MB
def one(poster: Poster, size: Size) -> bytes:
    """The PDF of one poster."""
    return document([poster], size)


def _words(poster: Poster) -> list[str]:
    said = [poster.title, poster.area, *poster.hours, poster.phone, poster.hotline, poster.sample, *_foot(poster)]
    said += ["没登记电话电话：公示单"]
    for group in poster.groups:
        said += [group.name, *(line.name for line in group.lines)]
    return said


def _foot(poster: Poster) -> list[str]:
    return [f"{poster.checked}，{poster.printed}。", f"办得不满意，打 {poster.hotline}。"]


class _Sheet:
    """One page while it is drawn. x and y are points on A4 from the top left; y of a text is its baseline."""

    def __init__(self, pdf: FPDF, scale: float, widths: dict[Weight, dict[str, int]]):
        self.pdf, self.scale, self.widths = pdf, scale, widths

    def draw(self, poster: Poster) -> None:
        """All of it: the head from the top, the foot from the bottom, the list as large as it can be in between."""
        self.pdf.add_page()
        top = self._head(poster, MARGIN)
        lines = self._foot_lines(poster)
        bottom = MARGIN + HIGH - max(sum(size * 1.5 for _words, size, _weight in lines), QR_SIDE)
        if poster.groups:
            self._list(poster, top, bottom - 12)
        else:
            self._paragraph(NO_ITEMS, MARGIN, top + 40, WIDE, 20)
        self._foot(poster, lines, bottom)

    def _head(self, poster: Poster, top: float) -> float:
        """Sample mark, plate and legend; returns where they end."""
        if poster.sample:
            self._text(poster.sample, MARGIN, top + 13, 14, "bold", WARN)
            top += 20
        size, lines = self._fitting(poster.title, WIDE - 40, 30, 16, most=2)
        high = len(lines) * size * 1.25 + 42
        self._frame(MARGIN, top, WIDE, high, 2)
        self._frame(MARGIN + 4, top + 4, WIDE - 8, high - 8, 0.6)
        y = top + 12 + size
        for line in lines:
            self._text(line, MARGIN + (WIDE - self._width(line, size, "bold")) / 2, y, size, "bold", PLATE)
            y += size * 1.25
        area = self._cut(poster.area, WIDE - 40, 14)
        self._text(area, MARGIN + (WIDE - self._width(area, 14)) / 2, top + high - 14, 14, colour=PLATE)
        top += high + 8
        if poster.groups:
            self._text(LEGEND, MARGIN, top + 13, 12, colour=SOFT)
            top += 22
        return top

    def _foot_lines(self, poster: Poster) -> list[tuple[str, float, Weight]]:
        """What stands beside the QR code: hours, telephone, dates."""
        parts: list[tuple[str, float, Weight]] = [(SCAN, 14, "bold")]
        parts += [(line, 13, "regular") for line in poster.hours[:12]]
        parts += [(f"电话：{poster.phone}" if poster.phone else "没登记电话", 16, "bold")]
        parts += [(words, 12, "regular") for words in _foot(poster)]
        wide = WIDE - QR_SIDE - 14
        return [(line, size, weight) for words, size, weight in parts for line in self._wrap(words, wide, size, weight)]

    def _foot(self, poster: Poster, lines: list[tuple[str, float, Weight]], top: float) -> None:
        self._qr(poster.url, MARGIN, top)
        for line, size, weight in lines:
            top += size * 1.5
            self._text(line, MARGIN + QR_SIDE + 14, top - size * 0.4, size, weight)

    def _list(self, poster: Poster, top: float, bottom: float) -> None:
        """The groups in one column or two, the letters as large as they fit."""
        columns = 1 if poster.items <= ONE_COLUMN else 2
        wide = (WIDE - BETWEEN * (columns - 1)) / columns
        size = LARGEST
        while True:
            left = self._split(poster.groups, wide, size) if columns == 2 else len(poster.groups)
            parts = (poster.groups[:left], poster.groups[left:])
            if max(self._height(part, wide, size) for part in parts) <= bottom - top or size <= SMALLEST:
                break
            size -= 0.5
        for number, part in enumerate(parts):
            self._column(part, MARGIN + number * (wide + BETWEEN), top, wide, size)

    def _split(self, groups: tuple[Group, ...], wide: float, size: float) -> int:
        """How many groups stand on the left, so that both columns are about as high."""
        heights = [self._height((group,), wide, size) for group in groups]
        return min(range(1, len(groups) + 1), key=lambda n: max(sum(heights[:n]), sum(heights[n:])))

    def _height(self, groups: tuple[Group, ...], wide: float, size: float) -> float:
        names = [line.name for group in groups for line in group.lines]
        rows = sum(len(self._name_lines(name, wide, size)) for name in names)
        return len(groups) * size * 2.1 + rows * size * 1.25 + len(names) * size * 0.35

    def _name_lines(self, name: str, wide: float, size: float) -> list[str]:
        return self._wrap(name, wide - size * 4.2, size)

    def _column(self, groups: tuple[Group, ...], x: float, top: float, wide: float, size: float) -> None:
        y = top
        for group in groups:
            head = y + size * 1.6
            self._door(x, head, size)
            name = self._cut(group.name, wide - size, size * 1.1, "bold")
            self._text(name, x + size * 0.95, head, size * 1.1, "bold")
            y += size * 2.1
            for line in group.lines:
                first = y + size * 1.1
                for words in self._name_lines(line.name, wide, size):
                    self._text(words, x, y + size * 1.1, size)
                    y += size * 1.25
                mode = MODE_SIGNS[line.mode]
                self._text(mode, x + wide - self._width(mode, size, "bold"), first, size, "bold", PLATE)
                y += size * 0.35
                self._rule(x, y - size * 0.05, wide)

    # What it is drawn with

    def _text(
        self,
        words: str,
        x: float,
        y: float,
        size: float,
        weight: Weight = "regular",
        colour: tuple[int, int, int] = INK,
    ) -> None:
        self.pdf.set_font("sc", "B" if weight == "bold" else "", size * self.scale)
        self.pdf.set_text_color(*colour)
        self.pdf.text(x * self.scale, y * self.scale, printable(words))

    def _paragraph(self, words: str, x: float, y: float, wide: float, size: float) -> None:
        for line in self._wrap(words, wide, size):
            self._text(line, x, y, size)
            y += size * 1.5

    def _width(self, words: str, size: float, weight: Weight = "regular") -> float:
        return sum(map(self.widths[weight].__getitem__, words)) * size / 1000

    def _wrap(self, words: str, wide: float, size: float, weight: Weight = "regular") -> list[str]:
        """Printable lines no wider than that, broken between any two characters: Chinese allows it nearly everywhere."""
        widths, lines, used = self.widths[weight], [""], 0.0
        for sign in printable(words):
            width = widths[sign] * size / 1000
            if lines[-1] and used + width > wide:
                lines.append("")
                used = 0.0
            lines[-1] += sign
            used += width
        return lines

    def _fitting(self, words: str, wide: float, largest: float, least: float, most: int) -> tuple[float, list[str]]:
        """The largest size at which bold words need no more lines than that; beyond it they end with …."""
        size = largest
        while len(lines := self._wrap(words, wide, size, "bold")) > most and size > least:
            size -= 1
        if len(lines) > most:
            lines = [*lines[: most - 1], lines[most - 1][:-1] + "…"]
        return size, lines

    def _cut(self, words: str, wide: float, size: float, weight: Weight = "regular") -> str:
        lines = self._wrap(words, wide, size, weight)
        return lines[0] if len(lines) == 1 else lines[0][:-1] + "…"

    def _frame(self, x: float, y: float, wide: float, high: float, line: float) -> None:
        self.pdf.set_draw_color(*PLATE)
        self.pdf.set_line_width(line * self.scale)
        box = (x * self.scale, y * self.scale, wide * self.scale, high * self.scale)
        self.pdf.rect(*box, round_corners=True, corner_radius=7 * self.scale)

    def _rule(self, x: float, y: float, wide: float) -> None:
        self.pdf.set_draw_color(*RULE)
        self.pdf.set_line_width(0.5 * self.scale)
        self.pdf.line(x * self.scale, y * self.scale, (x + wide) * self.scale, y * self.scale)

    def _door(self, x: float, baseline: float, size: float) -> None:
        """The small door frame before a heading: two jambs and a lintel."""
        self.pdf.set_fill_color(*PLATE)
        side, bar = size * 0.62, size * 0.15
        for box in ((0, -side, side, bar), (0, -side, bar, side), (side - bar, -side, bar, side)):
            self._fill(x + box[0], baseline + box[1], box[2], box[3])

    def _qr(self, url: str, x: float, y: float) -> None:
        code = qr(url)
        module = QR_SIDE / (code.size + 2)  # paper is white: one module of it is drawn, the margin gives the rest
        self.pdf.set_fill_color(0, 0, 0)
        for run in code.runs:
            self._fill(x + (run.x + 1) * module, y + (run.y + 1) * module, run.length * module, module * 1.02)

    def _fill(self, x: float, y: float, wide: float, high: float) -> None:
        self.pdf.rect(x * self.scale, y * self.scale, wide * self.scale, high * self.scale, style="F")
