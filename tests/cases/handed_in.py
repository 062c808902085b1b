"""Papers as people and attackers hand them in, made on the spot: no binary of theirs lies in the repository."""

import io
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageDraw, ImageFilter
from pypdf import PdfWriter
from pypdf.generic import (
    ArrayObject,
    DecodedStreamObject,
    DictionaryObject,
    NameObject,
    NumberObject,
    StreamObject,
    TextStringObject,
)

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 400


def pdf(pages: int = 1, change: Callable[[PdfWriter], None] | None = None, password: str = "") -> bytes:
    """A PDF with so many empty pages, after `change` has been at it."""
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    if change:
        change(writer)
    if password:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def named(**values: Any) -> DictionaryObject:
    """A dictionary of a PDF: named(S="/Launch")."""
    return DictionaryObject(
        {
            NameObject("/" + key): NameObject(value) if isinstance(value, str) and value.startswith("/") else value
            for key, value in values.items()
        }
    )


def at_root(key: str, value: Any) -> Callable[[PdfWriter], None]:
    """Puts a value into the document's root."""

    def change(writer: PdfWriter) -> None:
        writer._root_object[NameObject(key)] = writer._add_object(value)

    return change


def on_page(value: Any) -> Callable[[PdfWriter], None]:
    """Puts an annotation on the first page."""

    def change(writer: PdfWriter) -> None:
        writer.pages[0][NameObject("/Annots")] = ArrayObject([writer._add_object(value)])

    return change


def unpacking_to(size: int, times: int = 1) -> Callable[[PdfWriter], None]:
    """A stream that unpacks to so many bytes, packed so many times."""

    def change(writer: PdfWriter) -> None:
        body = zlib.compress(b"\0" * size, 9)
        for _ in range(times - 1):
            body = zlib.compress(body, 9)
        stream = StreamObject()
        stream._data = body
        filters = ArrayObject([NameObject("/FlateDecode")] * times)
        stream[NameObject("/Filter")] = filters
        writer.pages[0][NameObject("/Contents")] = writer._add_object(stream)

    return change


def huge_picture(writer: PdfWriter) -> None:
    """A picture of 30000 × 30000 pixels among the page's resources."""
    picture = DecodedStreamObject()
    picture.set_data(b"\0")
    picture.update(named(Type="/XObject", Subtype="/Image", Width=NumberObject(30_000), Height=NumberObject(30_000)))
    writer.pages[0][NameObject("/Resources")] = named(XObject=named(I=writer._add_object(picture)))


def name_in_disguise(writer: PdfWriter) -> None:
    """An action whose name lies in an object of its own."""
    kind = writer._add_object(NameObject("/JavaScript"))
    at_root(
        "/OpenAction", DictionaryObject({NameObject("/S"): kind, NameObject("/X"): TextStringObject("app.alert(1)")})
    )(writer)


def pdf_of_object_streams(size: int) -> bytes:
    """A small file whose objects lie in a stream that unpacks to `size` bytes."""
    body = zlib.compress(b"1 0 " + b" " * size, 9)
    head = b"%PDF-1.5\n"
    stream = (
        b"2 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %d >>\nstream\n" % len(body)
    ) + body
    stream += b"\nendstream\nendobj\n"
    at = len(head) + len(stream)
    rows = b"\x00\0\0\0\0" + b"\x02\0\0\2\0" + b"\x01" + len(head).to_bytes(3, "big") + b"\0"
    rows += b"\x01" + at.to_bytes(3, "big") + b"\0"
    table = b"3 0 obj\n<< /Type /XRef /Size 4 /W [1 3 1] /Root 1 0 R /Length %d >>\nstream\n" % len(rows)
    return head + stream + table + rows + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at


def phone_photo_with_a_second_picture() -> bytes:
    """A JPEG with another behind it (MPO), as phones keep depth or brightness."""
    out = io.BytesIO()
    first = Image.new("RGB", (640, 480), (200, 30, 30))
    first.save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (320, 240))])
    return out.getvalue()


def moving(kind: str) -> bytes:
    """An animation of two pictures."""
    out = io.BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def signature(strokes: int = 3) -> bytes:
    """A name as static/signature.js draws it; without strokes an empty box."""
    picture = Image.new("RGB", (800, 440), "white")
    pen = ImageDraw.Draw(picture)
    for n in range(strokes):
        pen.line((100 + 150 * n, 80, 180 + 150 * n, 330), fill=(20, 33, 31), width=8)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def page_of_text(width: int, height: int, **saved: Any) -> bytes:
    """A photo of a printed page: soft paper with letters on it."""
    picture = Image.effect_noise((width, height), 30).convert("RGB").filter(ImageFilter.GaussianBlur(2))
    pen = ImageDraw.Draw(picture)
    for top in range(40, height - 40, 34):
        pen.text((60, top), "370102 19990101 ABCDEFGHIJKLMNOP " * 5, fill=(20, 20, 20))
    out = io.BytesIO()
    picture.save(out, "JPEG", **saved)
    return out.getvalue()
