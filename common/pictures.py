"""Pictures that people send: checked, made small, and stripped of all but what they show. Floor 0.

What comes out is drawn anew from the pixels: no EXIF (which says where and when), no comments, nothing hidden behind the picture.
"""

import io
import struct
import threading
from contextlib import nullcontext
from enum import StrEnum
from typing import NamedTuple

from PIL import Image, ImageOps

from common.i18n import gettext as _

MOST_BYTES = 10_000_000
MOST_PIXELS = {
    "JPEG": 40_000_000,
    "PNG": 12_000_000,
    "WEBP": 12_000_000,
}  # only a JPEG is unpacked at a fraction of its size
KINDS = ("JPEG", "PNG", "WEBP")
LONGEST_SIDE = 1600  # pixels of what is kept: a door-plate can be read
KEPT_BYTES = 300_000
# Side and quality, tried in turn. 70 is what our scripts send: drawn anew with it, such a picture keeps its size and looks.
LADDER = ((LONGEST_SIDE, 70), (LONGEST_SIDE, 55), (1000, 60), (600, 50))
SMALL_QUALITY = 60
EASY_PIXELS = 4_000_000  # 40 MB while one is looked at
_one_at_a_time = threading.Lock()  # 200 MB while a large one is looked at, whatever its kind


class Why(StrEnum):
    """What is wrong with a picture."""

    LARGE = "large"  # in bytes
    PIXELS = "pixels"
    MOVING = "moving"  # several pictures in one
    BROKEN = "broken"  # or no picture at all


class BadPicture(ValueError):
    """It cannot be used; the message is one sentence for whoever sent a photo of a door."""

    def __init__(self, why: Why):
        self.why = why
        super().__init__(_words(why))


class Drawn(NamedTuple):
    """The picture drawn anew, upright: a JPEG of at most KEPT_BYTES, its size in pixels, and its thumbnail."""

    jpeg: bytes
    width: int
    height: int
    small: bytes


def plain_jpeg(sent: bytes) -> bytes:
    """The picture as a JPEG of at most KEPT_BYTES, upright, its longest side at most LONGEST_SIDE pixels.

    Raises BadPicture when it is too large, too many pixels, broken, or no photo at all, whatever its name says.
    """
    return draw_anew(sent).jpeg


def draw_anew(sent: bytes, small: int = 0) -> Drawn:
    """As plain_jpeg, and with `small` a thumbnail of so many pixels on its longest side. Unpacked once. Raises BadPicture."""
    if len(sent) > MOST_BYTES:
        raise BadPicture(Why.LARGE)
    try:
        # Of a JPEG only the head is read here; another kind may already be unpacked, so it waits for its turn.
        known = _opened(sent) if sent.startswith(b"\xff\xd8") else None
        easy = known is not None and known.width * known.height <= EASY_PIXELS
        with nullcontext() if easy else _one_at_a_time:
            return _drawn(known or _opened(sent), small)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(Why.PIXELS) from None
    except BadPicture:
        raise
    except (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, struct.error, MemoryError):
        raise BadPicture(Why.BROKEN) from None


def _words(why: Why) -> str:
    if why is Why.LARGE:
        return _("照片太大，最多 10 MB。请换一张，或者不拍照片。")
    if why is Why.PIXELS:
        return _("照片尺寸太大，最多 4000 万像素。请换一张，或者不拍照片。")
    return _("这张照片打不开。请用手机相机重拍一张，或者不拍照片。")


def _opened(sent: bytes) -> Image.Image:
    """The picture, its size checked before any pixel of it is unpacked."""
    picture = Image.open(io.BytesIO(sent), formats=KINDS)
    several = picture.format == "MPO"  # a JPEG with a second picture behind it, as phones take them: the first counts
    if picture.width * picture.height > MOST_PIXELS["JPEG" if several else picture.format or "PNG"]:
        raise BadPicture(Why.PIXELS)
    if not several and getattr(picture, "is_animated", False):
        raise BadPicture(Why.MOVING)
    return picture


def _drawn(picture: Image.Image, small: int) -> Drawn:
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is unpacked at a fraction of its size
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    clean = _clean(ImageOps.exif_transpose(picture))
    for side, quality in LADDER:
        clean.thumbnail((side, side))
        jpeg = _jpeg(clean, quality)
        if len(jpeg) <= KEPT_BYTES:
            break
    width, height = clean.size
    if small:
        clean.thumbnail((small, small), Image.Resampling.BILINEAR)
    return Drawn(jpeg, width, height, _jpeg(clean, SMALL_QUALITY) if small else b"")


def _clean(upright: Image.Image) -> Image.Image:
    """On white, in a new picture: the old one carries what its file said."""
    clean = Image.new("RGB", upright.size, "white")
    if upright.mode.startswith("I"):  # grey in 16 bits, which a conversion would cut off at 255
        upright = upright.convert("I").point(lambda grey: grey * (1 / 257)).convert("L")
    if upright.has_transparency_data:
        upright = upright.convert("RGBA")
        clean.paste(upright, mask=upright.getchannel("A"))
    else:
        clean.paste(upright.convert("RGB"))
    return clean


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()
