"""Whether what somebody sent can be kept as a paper: its real kind, its size, what it does. Room `cases`, floor 4.

Photos are drawn anew (common/pictures.py), so that nothing but what they show is kept. A PDF is kept as it came, when a look
into it in a process of its own (cases/pdf_look.py) found nothing that acts. No database here.
"""

import base64
import binascii
import hashlib
import io
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from common import pictures
from common.i18n import gettext as _
from common.pictures import BadPicture, Why

JPEG, PDF = "image/jpeg", "application/pdf"
SIGNATURE = "drawn_signature"  # the kind of a paper that was drawn on the screen
MOST_BYTES = pictures.MOST_BYTES  # of a photo as it arrives
MOST_PDF_BYTES = 2_000_000
THUMBNAIL_SIDE = 320  # pixels
INK = 150  # dark pixels of a thumbnail: less is a slip of the finger, no name
DRAWN = "data:image/png;base64,"
MOST_DRAWN = 200_000  # characters; a name takes 20,000
LOOK_SECONDS = 10
_PDF_LOOK = Path(__file__).with_name("pdf_look.py")
_two_at_a_time = threading.Semaphore(2)  # each look takes up to 512 MB
# Brands of the pictures that iPhones and some others keep unless told otherwise.
_HEIF = {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1", b"avif", b"avis"}


class Unfit(ValueError):
    """It cannot be kept; the message is one sentence for whoever sent it."""


@dataclass(frozen=True)
class FitPaper:
    """What is kept: never more than 300 kB of a photo, 2 MB of a PDF. `thumbnail`: JPEG; of a PDF there is none.
    `width`, `height` in pixels, upright; `sha256` of `body`, in hex."""

    body: bytes = field(repr=False)
    mime: str
    width: int | None
    height: int | None
    pages: int | None
    sha256: str
    thumbnail: bytes | None = field(repr=False)


def check(data: bytes, kind: str) -> FitPaper:
    """What to keep of `data`, a paper of that kind. Raises Unfit. A photo of 300 kB takes 30 ms of CPU, a PDF a process."""
    if not data:
        raise Unfit(_("这个文件是空的。请重新拍一张。"))
    if data.startswith(b"%PDF-"):
        return _fit_pdf(data)
    if data[4:8] == b"ftyp" and data[8:12] in _HEIF:
        raise Unfit(_("这是 HEIC 照片，这里打不开。请在手机相机设置里改成“兼容性最好”，或截屏后再传。"))
    if len(data) > MOST_BYTES:
        raise Unfit(too_large())
    if not _looks_like_a_photo(data):
        raise Unfit(_("这个文件不是照片。请拍照，或传 JPG、PNG 照片或 PDF。"))
    try:
        drawn = pictures.draw_anew(data, THUMBNAIL_SIDE)
    except BadPicture as problem:
        raise Unfit(_photo_words(problem.why)) from None
    if kind == SIGNATURE and _ink(drawn.small) < INK:
        raise Unfit(_("框里还没写名字。请写上再交。"))
    return FitPaper(drawn.jpeg, JPEG, drawn.width, drawn.height, None, _digest(drawn.jpeg), drawn.small)


def drawn_bytes(typed: str) -> bytes:
    """The picture in what static/signature.js puts into a form. Raises Unfit."""
    if len(typed) <= MOST_DRAWN and typed.startswith(DRAWN):
        try:
            return base64.b64decode(typed.removeprefix(DRAWN), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise Unfit(_("签名没传完整。请重写一遍。"))


def too_large() -> str:
    """The sentence for a file that is not even read."""
    return _("这个文件太大，最多 10 MB。请用手机相机重拍一张，或截屏后再传。")


def _looks_like_a_photo(data: bytes) -> bool:
    return data.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")


def _photo_words(why: Why) -> str:
    if why is Why.LARGE:
        return too_large()
    if why is Why.PIXELS:
        return _("照片尺寸太大，最多 4000 万像素。请用手机相机重拍一张。")
    if why is Why.MOVING:
        return _("会动的图不能当材料。请拍一张照片。")
    return _("这张照片打不开，可能没存完整。请重拍一张。")


def _ink(thumbnail: bytes) -> int:
    return sum(Image.open(io.BytesIO(thumbnail)).convert("L").histogram()[:128])


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


# PDF


def _fit_pdf(data: bytes) -> FitPaper:
    if len(data) > MOST_PDF_BYTES:
        raise Unfit(_("这份 PDF 太大，最多 2 MB。请拍照片再传。"))
    verdict, _sep, what = _say_of_pdf(data).partition(" ")
    if verdict != "fit":
        raise Unfit(_pdf_words(what))
    return FitPaper(data, PDF, None, None, int(what), _digest(data), None)


def _say_of_pdf(data: bytes) -> str:
    """What cases/pdf_look.py says; "unfit bomb" when it had to be stopped."""
    command = [sys.executable, "-I", str(_PDF_LOOK)]
    with _two_at_a_time:
        try:
            looked = subprocess.run(command, input=data, capture_output=True, timeout=LOOK_SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            return "unfit bomb"
    return looked.stdout.decode("ascii", "replace") if looked.returncode == 0 else "unfit bomb"


def _pdf_words(what: str) -> str:
    said = {
        "encrypted": _("这份 PDF 有密码。请打印成不带密码的，或拍照片再传。"),
        "script": _("这份 PDF 里带有程序或附件，不能收。请拍照片再传。"),
        "pages": _("这份 PDF 页数不对，最多 10 页。请分开传，或拍照片再传。"),
        "bomb": _("这份 PDF 展开后太大，不能收。请拍照片再传。"),
    }
    return said.get(what, _("这份 PDF 打不开。请拍照片再传。"))
