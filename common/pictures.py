"""Pictures that people send: checked, made small, and stripped of all but what they show. Floor 0.

What comes out is drawn anew from the pixels: no EXIF (which says where and when), no comments, nothing hidden behind the picture.
"""

import io
import struct
import threading

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
_one_at_a_time = threading.Lock()  # 200 MB while one is looked at, whatever its kind


class BadPicture(ValueError):
    """It cannot be used; the message is one sentence for whoever sent it."""


def plain_jpeg(sent: bytes) -> bytes:
    """The picture as a JPEG of at most KEPT_BYTES, upright, its longest side at most LONGEST_SIDE pixels.

    Raises BadPicture when it is too large, too many pixels, broken, or no photo at all, whatever its name says.
    """
    if len(sent) > MOST_BYTES:
        raise BadPicture(_("照片太大，最多 10 MB。请换一张，或者不拍照片。"))
    with _one_at_a_time:
        try:
            return _small(_opened(sent))
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise BadPicture(_too_many()) from None
        except BadPicture:
            raise
        except (OSError, ValueError, SyntaxError, KeyError, IndexError, TypeError, struct.error, MemoryError):
            raise BadPicture(_("这张照片打不开。请用手机相机重拍一张，或者不拍照片。")) from None


def _too_many() -> str:
    return _("照片尺寸太大，最多 4000 万像素。请换一张，或者不拍照片。")


def _opened(sent: bytes) -> Image.Image:
    """The picture, its size checked before any pixel of it is unpacked."""
    picture = Image.open(io.BytesIO(sent), formats=KINDS)
    if picture.width * picture.height > MOST_PIXELS[picture.format or "PNG"]:
        raise BadPicture(_too_many())
    return picture


def _small(picture: Image.Image) -> bytes:
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is unpacked at a fraction of its size
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    upright = ImageOps.exif_transpose(picture).convert("RGBA")
    clean = Image.new("RGB", upright.size, "white")  # a new one: the old carries what its file said
    clean.paste(upright, mask=upright.getchannel("A"))
    for side, quality in ((LONGEST_SIDE, 80), (LONGEST_SIDE, 60), (1000, 60), (600, 50)):
        clean.thumbnail((side, side))
        out = io.BytesIO()
        clean.save(out, "JPEG", quality=quality, optimize=True)
        if out.tell() <= KEPT_BYTES:
            break
    return out.getvalue()
