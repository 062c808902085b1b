"""What a phone fetches the first time it opens a page: everything on it, with headers, as the server really sends it."""

import re
import socket

import brotli

from benchmarks import databases, visits
from benchmarks.load import HEADERS
from benchmarks.server import MENKOU, serving
from benchmarks.table import Row, at_most, note, say
from maps.place import Place

PAGES = {
    "home": "/",
    "finder, empty": "/stations",
    "finder, 20 stations": visits.path(Place(36.6637, 117.151), "m=0"),
}
_LOADED = re.compile(r"<(?:script|link|img|source)\b[^>]*?\b(?:src|href)=\"([^\"]+)\"")


def measure() -> list[Row]:
    say("first visit")
    rows = []
    with serving(MENKOU, "/healthz", databases.environment(databases.demo())) as server:
        for name, path in PAGES.items():
            html, page = fetch(server.port, path)
            parts = list(dict.fromkeys(_LOADED.findall(html)))
            foreign = [part for part in parts if not part.startswith("/")]
            total = page + sum(fetch(server.port, part)[1] for part in parts if part.startswith("/"))
            row = at_most(f"first visit: {name}", total / 1000, 30, "kB")
            rows.append(row._replace(ok=row.ok and not foreign))
            rows.append(
                note(
                    "  of which the page; files; other hosts",
                    f"{page / 1000:.1f} kB; {len(parts)}; {foreign or 'none'}",
                )
            )
    return rows


def fetch(port: int, path: str) -> tuple[str, int]:
    """The text, and the bytes on the wire, head and body in brotli."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nConnection: close\r\n{HEADERS}".encode())
        answer = b"".join(iter(lambda: link.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"{head[:40]!r} for {path}")
    text = brotli.decompress(body) if b"content-encoding: br" in head.lower() else body
    return text.decode(errors="replace"), len(answer)
