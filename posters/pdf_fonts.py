"""Small TrueType fonts that hold just the characters of some posters. Room `posters`, floor 4: no database.

The fonts we have are OpenType with cubic outlines (CFF). fpdf2 would embed them as they are, but takes a second a font to
cut one down, and some readers then find a blank between each two characters. So each character's outline is made
quadratic once, kept, and put together with the others as often as needed: 15 ms for a poster of known characters.
"""

import io
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from posters.fonts import Weight, font_file

MISSING = "□"
_EXACT = 1.0  # thousandths of an em that a quadratic outline may be off
_NOTDEF = ".notdef"
_MADE = 3_800_000_000  # seconds since 1904, as fonts count; the same in every file, so that its bytes are
_lock = threading.Lock()  # fontTools reads outlines from the open file as they are asked for


@dataclass
class _Source:
    """One big font, opened once per process, and what was made of it so far: glyph and width by character."""

    cmap: dict[int, str]
    outlines: Any
    ascent: int
    descent: int
    made: dict[str, tuple[Any, int]] = field(default_factory=dict)


def printable(text: str) -> str:
    """The text as it can be drawn: without control signs, and with □ where the font has no such character."""
    known = _source("regular").cmap
    shown = (sign for sign in text if not unicodedata.category(sign).startswith("C"))
    return "".join(sign if ord(sign) in known else MISSING for sign in shown)


def small_font(weight: Weight, characters: Iterable[str]) -> bytes:
    """A TrueType file of these characters, the same bytes for the same ones. They must be `printable`.

    FileNotFoundError when the big font is not installed. 1 ms for each character not met before, 0.3 s for the first.
    """
    with _lock:
        source = _source(weight)
        wanted = sorted({*characters, MISSING})
        glyphs = {_NOTDEF: _glyph(source, MISSING)} | {f"u{ord(sign):X}": _glyph(source, sign) for sign in wanted}
        font = FontBuilder(1000, isTTF=True)
        font.setupGlyphOrder(list(glyphs))
        font.setupCharacterMap({ord(sign): f"u{ord(sign):X}" for sign in wanted})
        font.setupGlyf({name: glyph for name, (glyph, _width) in glyphs.items()})
        font.setupHorizontalMetrics({name: (width, glyph.xMin) for name, (glyph, width) in glyphs.items()})
        font.setupHorizontalHeader(ascent=source.ascent, descent=source.descent)
        font.setupOS2(sTypoAscender=source.ascent, sCapHeight=733, usWeightClass=700 if weight == "bold" else 400)
        font.setupPost()
        font.setupNameTable(
            {"familyName": "Noto Sans SC", "styleName": weight.title(), "psName": f"NotoSansSC-{weight}"}
        )
        font.font["head"].created = font.font["head"].modified = _MADE
        font.font.recalcTimestamp = False
        file = io.BytesIO()
        font.save(file)
        return file.getvalue()


def widths(weight: Weight, characters: Iterable[str]) -> dict[str, int]:
    """How wide each of these characters is, in thousandths of an em. They must be `printable`."""
    with _lock:
        source = _source(weight)
        return {sign: _glyph(source, sign)[1] for sign in characters}


def _source(weight: Weight) -> _Source:
    file = font_file(weight)
    if file is None:
        raise FileNotFoundError(weight)
    return _opened(file)


@cache
def _opened(file: Path) -> _Source:
    font = TTFont(file, lazy=True)
    heights = font["hhea"]
    return _Source(dict(font.getBestCmap()), font.getGlyphSet(), heights.ascent, heights.descent)


def _glyph(source: _Source, sign: str) -> tuple[Any, int]:
    known = source.made.get(sign)
    if known is None:
        outline = source.outlines[source.cmap[ord(sign)]]
        pen = TTGlyphPen(None)
        outline.draw(Cu2QuPen(pen, _EXACT, reverse_direction=True))
        glyph = pen.glyph()
        glyph.recalcBounds(None)
        known = source.made[sign] = (glyph, round(outline.width))
    return known
