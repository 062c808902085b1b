"""The fonts that pictures and PDFs are drawn with: Noto Sans SC from the npm lock file. Room `posters`, floor 4.

Nothing is checked in; where npm's registry was out of reach there are none, and whoever draws says so.
"""

import functools
from pathlib import Path
from typing import Literal, TypeAlias

from PIL import ImageFont

from common.assets import NODE_MODULES

FOLDER = NODE_MODULES / "@embedpdf" / "fonts-sc" / "fonts"
Weight: TypeAlias = Literal["regular", "bold"]
_FILES: dict[Weight, str] = {"regular": "NotoSansHans-Regular.otf", "bold": "NotoSansHans-Bold.otf"}


def font_file(weight: Weight) -> Path | None:
    """The OpenType file (CFF, 8 MB), or None when it is not installed."""
    file = FOLDER / _FILES[weight]
    return file if file.is_file() else None


@functools.lru_cache(maxsize=32)
def font(weight: Weight, px: int) -> ImageFont.FreeTypeFont:
    """The font with an em of that many pixels. FileNotFoundError when it is not installed.

    Basic layout: each character is drawn as itself, so no mark in a name turns or joins its neighbours.
    """
    file = font_file(weight)
    if file is None:
        raise FileNotFoundError(_FILES[weight])
    return ImageFont.truetype(str(file), px, layout_engine=ImageFont.Layout.BASIC)
