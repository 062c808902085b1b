"""Looks into a PDF that somebody handed in, in a process of its own with little time and memory. Room `cases`, floor 4.

`python cases/pdf_look.py < paper.pdf` says one line: `fit 3` (pages) or `unfit script`. Nothing of ours is imported, so
that whatever a hostile file does to the reader of it, it does it to this process alone (cases/papers.py starts and stops it).
"""

import io
import resource
import sys
import zlib
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, StreamObject

MOST_PAGES = 10
MOST_MEMORY = 512 * 1024 * 1024  # bytes
MOST_SECONDS = 5  # of CPU
MOST_OBJECTS = 20_000
MOST_UNPACKED = 64 * 1024 * 1024  # bytes of all streams together
MOST_PIXELS = 40_000_000  # of one picture

# What does something, or brings something along: no paper needs it.
BAD_KEYS = {"/JS", "/JavaScript", "/AA", "/XFA", "/EmbeddedFiles", "/EF", "/RichMediaContent", "/Collection"}
BAD_ACTIONS = {
    *("/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/ResetForm", "/GoToR", "/GoToE", "/Rendition"),
    *("/RichMediaExecute", "/GoTo3DView", "/Movie", "/Sound", "/Hide", "/SetOCGState"),
}
BAD_ANNOTATIONS = {"/FileAttachment", "/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}


class Unfit(Exception):
    """One word for why: encrypted, script, pages, bomb."""


def look(body: bytes) -> int:
    """How many pages. Raises Unfit, or anything at all when the file is broken."""
    reader = PdfReader(io.BytesIO(body), strict=True)
    if reader.is_encrypted:
        raise Unfit("encrypted")
    _walk(reader)
    pages = len(reader.pages)
    if not 1 <= pages <= MOST_PAGES:
        raise Unfit("pages")
    return pages


def _walk(reader: PdfReader) -> None:
    """Every object that can be reached from the beginning of the file's tree."""
    waiting: list[Any] = [reader.trailer]
    known: set[tuple[int, int]] = set()
    unpacked = seen = 0
    while waiting:
        found = waiting.pop()
        if isinstance(found, IndirectObject):
            if (found.idnum, found.generation) in known:
                continue
            known.add((found.idnum, found.generation))
            found = found.get_object()
        if (seen := seen + 1) > MOST_OBJECTS:
            raise Unfit("bomb")
        if isinstance(found, DictionaryObject):
            _refuse(found)
            if isinstance(found, StreamObject):
                unpacked += _unpacks_to(found, MOST_UNPACKED - unpacked)
            waiting.extend(found.raw_get(key) for key in found)
        elif isinstance(found, ArrayObject):
            waiting.extend(list.__getitem__(found, number) for number in range(len(found)))


def _refuse(found: DictionaryObject) -> None:
    if BAD_KEYS & found.keys() or _in(found, "/S", BAD_ACTIONS) or _in(found, "/Subtype", BAD_ANNOTATIONS):
        raise Unfit("script")
    begins = _of(found, "/OpenAction")  # a place in the document where it opens is harmless, and common
    if isinstance(begins, DictionaryObject) and not _in(begins, "/S", {"/GoTo"}):
        raise Unfit("script")
    width, height = _of(found, "/Width"), _of(found, "/Height")
    if isinstance(width, int) and isinstance(height, int) and width * height > MOST_PIXELS:
        raise Unfit("bomb")


def _of(found: DictionaryObject, key: str) -> Any:
    """The value itself, also where the file only says where it lies."""
    return found[key] if key in found else None  # noqa: SIM401 (`get` would give the reference)


def _in(found: DictionaryObject, key: str, names: set[str]) -> bool:
    value = _of(found, key)
    return isinstance(value, str) and value in names


def _unpacks_to(stream: StreamObject, most: int) -> int:
    """Bytes it unpacks to; of a kind other than Flate those it has. Raises Unfit when there are more than `most`."""
    body = bytes(stream._data)
    filters = _of(stream, "/Filter")
    for name in [filters] if isinstance(filters, NameObject) else list(filters or ()):
        if name not in {"/FlateDecode", "/Fl"}:
            break
        unpacker = zlib.decompressobj()
        body = unpacker.decompress(body, most + 1)
        if len(body) > most:
            raise Unfit("bomb")
    return len(body)


def main() -> None:
    """Read, look, say."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    body = sys.stdin.buffer.read()
    try:
        said = f"fit {look(body)}"
    except Unfit as problem:
        said = f"unfit {problem}"
    except MemoryError:
        said = "unfit bomb"
    except Exception:  # whatever the reader stumbles over: it is not for us to tell its faults apart
        said = "unfit broken"
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
