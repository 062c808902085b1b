"""Draws a card as a PNG: 1080 px wide, as high as its words need, 16 colours. Room `posters`, floor 4: no database.

A phone shows it a third as large: body 50 px here are 17 there. The same card gives the same bytes.
"""

import functools
import io
import unicodedata

import segno
from PIL import Image, ImageDraw, ImageFont

from common.i18n import gettext as _
from common.i18n import speaking
from posters.card import Card, ItemWords
from posters.fonts import Weight, font

WIDTH, MARGIN, HIGHEST = 1080, 64, 6000  # what the parts may be together is less: nothing is cut off
TITLE, HEAD, BODY, SMALL, PHONE = 76, 62, 50, 42, 120
INK, SOFT, WHITE, PLATE, RIM = "#14211f", "#45544f", "#ffffff", "#0a544e", "#84a9a6"
WARN, WARN_GROUND, BAD, LINE, EDGE = "#744000", "#fff4dc", "#9c1515", "#d6dedb", "#697a75"
PALETTE = (
    *(WHITE, INK, SOFT, PLATE, WARN, WARN_GROUND, BAD, LINE, EDGE, RIM),
    *("#a1a6a5", "#c9ccca", "#5a6463", "#c2d4d3", "#477f7a", "#b99f80"),  # the edges of letters
)
MISSING = "□"
NOT_FIRST, NOT_LAST = "，。、；：？！）》”’·–…", "（《“‘"


@functools.lru_cache(maxsize=64)  # about 4 MB
def draw(card: Card) -> bytes:
    """The PNG. FileNotFoundError when the fonts are not installed. 0.2 s the first time."""
    with speaking("zh"):
        sheet = _Sheet()
        if card.sample:
            sheet.strip(card.sample, WARN, WARN_GROUND)
        sheet.plate(card.name, card.area)
        sheet.label(_("电话"))
        if card.phone:
            sheet.text(card.phone, PHONE, INK, weight="bold", most=3, least=BODY)
        else:
            sheet.text(_("没登记电话"), BODY, INK)
        sheet.label(_("几点开门"))
        for line in card.hours[:8]:
            sheet.text(line, BODY, INK, most=2)
        if card.address or card.way:
            sheet.label(_("在哪儿"))
            sheet.text(card.address, BODY, INK, most=5)
            sheet.text(card.way, BODY, INK)
        if card.item:
            _draw_item(sheet, card.item)
        sheet.foot(card.url, (_("扫码看最新"), card.made, _("门口·医保办事")))
        return sheet.png()


def _draw_item(sheet: "_Sheet", item: ItemWords) -> None:
    sheet.line()
    sheet.text(_("要办：%(what)s", what=item.title), HEAD, INK, weight="bold", most=4)
    sheet.mode(item.mode, item.mode_words)
    if item.papers:
        sheet.label(_("带上"))
        for paper in item.papers:
            sheet.box(paper)
    sheet.y += 14
    sheet.text(item.note, BODY, SOFT if item.papers else INK, most=5)


class _Sheet:
    """A long white sheet that is written from the top down and cut off below."""

    def __init__(self) -> None:
        self.image = Image.new("RGB", (WIDTH, HIGHEST), WHITE)
        self.pen = ImageDraw.Draw(self.image)
        self.y = 0

    def text(self, words: str, px: int, colour: str, *, weight: Weight = "regular", most: int = 3, least: int = 0,
             left: int = MARGIN) -> None:  # fmt: skip
        """A paragraph of at most that many lines. `least`: shrink down to there before breaking the first line."""
        words = readable(words)
        while px > least > 0 and font(weight, px).getlength(words) > WIDTH - MARGIN - left:
            px -= 10
        for line in wrap(words, font(weight, px), WIDTH - MARGIN - left, most):
            self.pen.text((left, self.y), line, fill=colour, font=font(weight, px))
            self.y += round(px * (1.4 if px <= HEAD else 1.25))

    def label(self, words: str) -> None:
        """A small line above what it names."""
        self.y += 26
        self.text(words, SMALL, SOFT)

    def strip(self, words: str, colour: str, ground: str) -> None:
        """A coloured strip across the top."""
        lines = wrap(readable(words), font("regular", SMALL), WIDTH - 2 * MARGIN, 3)
        height = len(lines) * 60 + 28
        self.pen.rectangle((0, self.y, WIDTH, self.y + height), fill=ground)
        for number, line in enumerate(lines):
            self.pen.text((MARGIN, self.y + 20 + number * 60), line, fill=colour, font=font("regular", SMALL))
        self.y += height

    def plate(self, title: str, below: str) -> None:
        """The door-plate with its rim and two screws; a long name is set smaller."""
        inside, title = WIDTH - 2 * MARGIN - 130, readable(title)
        px = next((px for px in (TITLE, 64, 54) if len(wrap(title, font("bold", px), inside, 9)) <= 3), BODY)
        rows = [(line, font("bold", px), round(px * 1.35)) for line in wrap(title, font("bold", px), inside, 5)]
        rows += [
            (line, font("regular", SMALL), 62) for line in wrap(readable(below), font("regular", SMALL), inside, 3)
        ]
        top, bottom = self.y + 40, self.y + 40 + sum(height for _line, _font, height in rows) + 80
        self.pen.rounded_rectangle((MARGIN - 24, top, WIDTH - MARGIN + 24, bottom), 34, fill=PLATE)
        self.pen.rounded_rectangle((MARGIN - 8, top + 16, WIDTH - MARGIN + 8, bottom - 16), 22, outline=RIM, width=4)
        for x in (MARGIN + 30, WIDTH - MARGIN - 30):
            self.pen.ellipse((x - 8, (top + bottom) // 2 - 8, x + 8, (top + bottom) // 2 + 8), fill=RIM)
        self.y = top + 50
        for line, letters, height in rows:
            self.pen.text(((WIDTH - letters.getlength(line)) / 2, self.y), line, fill=WHITE, font=letters)
            self.y += height
        self.y = bottom + 10

    def line(self) -> None:
        """A hairline between two subjects."""
        self.y += 36
        self.pen.rectangle((MARGIN, self.y, WIDTH - MARGIN, self.y + 3), fill=LINE)
        self.y += 26

    def mode(self, mode: str | None, words: str) -> None:
        """Full, half or hollow dot as on every page, and its words; no dot where the station does not do it."""
        left = MARGIN
        if mode is not None:
            dot = (MARGIN, self.y + 4, MARGIN + 44, self.y + 48)
            self.pen.ellipse(dot, outline=PLATE, width=6, fill=PLATE if mode == "direct" else WHITE)
            if mode == "assist":
                self.pen.pieslice(dot, 90, 270, fill=PLATE)
            left += 66
        self.text(words, BODY, PLATE if mode else BAD, weight="bold", left=left)

    def box(self, words: str) -> None:
        """One thing to bring, with a box to tick."""
        self.y += 10
        box = (MARGIN + 3, self.y + 4, MARGIN + 47, self.y + 48)
        self.pen.rounded_rectangle(box, 8, outline=EDGE, width=5)
        self.text(words, BODY, INK, most=2, left=MARGIN + 76)

    def foot(self, url: str, words: tuple[str, ...]) -> None:
        """The QR code, and beside it what it is for."""
        self.line()
        self.y += 10
        modules = [list(row) for row in segno.make(url, error="m", micro=False).matrix_iter(border=0)]
        size = max(4, 300 // len(modules))
        for down, row in enumerate(modules):
            for along, dark in enumerate(row):
                if dark:
                    x, y = MARGIN + along * size, self.y + down * size
                    self.pen.rectangle((x, y, x + size - 1, y + size - 1), fill=INK)
        bottom, left = self.y + size * len(modules), MARGIN + size * len(modules) + 48
        self.text(words[0], HEAD, INK, weight="bold", left=left)
        for said in words[1:]:
            self.y += 10
            self.text(said, SMALL, SOFT, left=left)
        self.y = max(self.y, bottom) + 56

    def png(self) -> bytes:
        """What was written, as a file of 16 colours."""
        palette = Image.new("P", (1, 1))
        palette.putpalette([int(colour[at : at + 2], 16) for colour in PALETTE for at in (1, 3, 5)])
        few = self.image.crop((0, 0, WIDTH, min(self.y, HIGHEST))).quantize(palette=palette, dither=Image.Dither.NONE)
        file = io.BytesIO()
        few.save(file, "PNG", optimize=True, bits=4)
        return file.getvalue()


def readable(words: str) -> str:
    """One line that can be drawn: no marks that turn or join letters, □ for what the font does not have."""
    plain = "".join(
        " " if sign.isspace() else sign
        for sign in unicodedata.normalize("NFC", words)
        if sign.isspace() or unicodedata.category(sign) not in {"Cc", "Cf", "Mn", "Me"}
    )
    return " ".join("".join(sign if _drawable(sign) else MISSING for sign in plain).split())


@functools.lru_cache(maxsize=8192)
def _drawable(sign: str) -> bool:
    """Whether the font has it: what it has not is drawn as its first glyph, the one of a code that is no character."""
    if sign.isascii():
        return True
    letters = font("regular", 24)
    return bytes(letters.getmask(sign)) != bytes(letters.getmask("\U0010ffff"))


def wrap(words: str, letters: ImageFont.FreeTypeFont, width: int, most: int) -> list[str]:
    """Lines no wider than `width` px, at most so many; what does not fit ends in …. Numbers and Latin words hold
    together where they can, and no line begins with a comma."""
    lines: list[str] = []
    rest = words
    while rest:
        end = _fits(rest, letters, width)
        if len(lines) == most - 1 and end < len(rest):
            lines.append(rest[: _fits(rest, letters, width - round(letters.size))].rstrip() + "…")
            break
        end = _break_before(rest, end)
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return lines


def _fits(words: str, letters: ImageFont.FreeTypeFont, width: int) -> int:
    """How many characters stand in that width; at least one."""
    low, high = 1, min(len(words), 200)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if letters.getlength(words[:middle]) <= width else (low, middle - 1)
    return low


def _break_before(words: str, end: int) -> int:
    """The best place at or a little before `end` to break the line."""
    if end >= len(words):
        return len(words)
    for at in range(end, max(end - 12, 1) - 1, -1):
        before, after = words[at - 1], words[at]
        inside = before.isascii() and after.isascii() and not before.isspace() and not after.isspace()
        inside = inside or (before in "–" and after.isdigit()) or (before.isdigit() and after in "–")
        if not inside and after not in NOT_FIRST and before not in NOT_LAST:
            return at
    return end
