"""A picture somebody sends becomes a small JPEG that shows the same and says nothing else, or is refused with a sentence."""

import io
import struct
import zlib

import pytest
from PIL import Image

from common import pictures
from common.pictures import KEPT_BYTES, LONGEST_SIDE, BadPicture, plain_jpeg
from tests.common.pictures import photo

SCRIPT = b"<script>alert(document.domain)</script>"


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    return picture


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_of_each_usual_kind_becomes_a_jpeg_that_shows_the_same(kind):
    kept = opened(plain_jpeg(photo(800, 600, kind=kind)))
    assert (kept.format, kept.size, kept.mode) == ("JPEG", (800, 600), "RGB")
    left, right = kept.getpixel((100, 300)), kept.getpixel((700, 300))
    assert left[0] > 150 > left[2]
    assert right[2] > 150 > right[0]


def test_a_large_noisy_photo_is_made_small():
    sent = photo(4000, 3000, noise=True, quality=75)
    assert len(sent) > 2_000_000
    jpeg = plain_jpeg(sent)
    assert len(jpeg) <= KEPT_BYTES
    assert max(opened(jpeg).size) <= LONGEST_SIDE


def test_nothing_but_the_pixels_is_kept():
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif[0x8825] = {1: "N", 2: (36.0, 39.0, 5.0)}  # where it was taken
    sent = photo(exif=exif, comment=b"taken by Wang Fang", icc_profile=b"profile-of-somebody" * 20)
    for secret in (b"PhoneMaker", b"Wang Fang", b"profile-of-somebody"):
        assert secret in sent
    jpeg = plain_jpeg(sent)
    for secret in (b"PhoneMaker", b"Wang Fang", b"profile-of-somebody", b"Exif"):
        assert secret not in jpeg
    assert not opened(jpeg).getexif()


def test_a_photo_taken_upright_stays_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # the phone was held upright: turn it by 90°
    kept = opened(plain_jpeg(photo(800, 600, exif=exif)))
    assert kept.size == (600, 800)
    assert kept.getpixel((300, 100))[0] > 150  # what was left is now above


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_every_way_of_writing_colours_becomes_rgb(mode):
    out = io.BytesIO()
    Image.new(mode, (40, 30)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert opened(plain_jpeg(out.getvalue())).mode == "RGB"


@pytest.mark.parametrize("where", ["behind", "inside"])
def test_a_page_hidden_in_a_photo_is_gone(where):
    """A polyglot: a photo for us, a page or an archive for whoever can be made to open it as one."""
    sent = photo() + SCRIPT + b"PK\x05\x06" + b"\0" * 18 if where == "behind" else photo(comment=SCRIPT)
    assert SCRIPT in sent
    assert SCRIPT not in plain_jpeg(sent)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *more: bytes, body: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 400
BAD = {
    "nothing": b"",
    "one byte": b"\xff",
    "words": "这不是照片".encode(),
    "a page": b"<!doctype html>" + SCRIPT,
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "HEIC by another name": HEIC,
    "a GIF": photo(kind="GIF"),
    "a TIFF": photo(kind="TIFF"),
    "a BMP": photo(kind="BMP"),
    "a PSD": b"8BPS\0\x01" + b"\0" * 50,
    "an SVG": b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>",
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    "half a JPEG": photo()[:1500],
    "half a PNG": photo(kind="PNG", noise=True)[:1500],
    "only a JPEG's beginning": photo()[:20],
    "a PNG without pixels": png(100, 100),
    "a PNG of no size": png(0, 0),
    "text that unpacks to 200 MB": png(10, 10, chunk(b"zTXt", b"k\0\0" + zlib.compress(b"a" * 200_000_000, 1))),
}


@pytest.mark.parametrize("sent", BAD.values(), ids=BAD.keys())
def test_what_is_no_photo_is_refused_with_a_sentence(sent):
    with pytest.raises(BadPicture, match="这张照片打不开"):
        plain_jpeg(sent)


@pytest.mark.parametrize(
    "sent",
    [
        png(8000, 5001, body=b"\0" * 1000),
        png(20_000, 20_000, body=b"\0" * 1000),
        png(60_000, 60_000, body=b"\0" * 1000),
        png(2_000_000_000, 2, body=b"\0" * 1000),
    ],
    ids=["40 million and a bit", "400 million", "3600 million", "two thousand million wide"],
)
def test_a_bomb_is_refused_before_it_is_unpacked(sent):
    with pytest.raises(BadPicture, match="最多 4000 万像素"):
        plain_jpeg(sent)


def test_more_than_ten_megabytes_are_not_even_opened():
    with pytest.raises(BadPicture, match="最多 10 MB"):
        plain_jpeg(b"\xff\xd8" + b"x" * pictures.MOST_BYTES)
