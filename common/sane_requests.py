"""Addresses that no page of ours writes: mended where a browser means well, refused where nobody typed them. Floor 0."""

from urllib.parse import quote

from flask import Request
from werkzeug.exceptions import NotFound, RequestURITooLarge

MAX_ADDRESS = 16_000  # bytes as sent; the longest of ours, 60 Chinese characters and every filter, is under 900


def check_address(request: Request) -> None:
    """Raise 414 for an address nobody typed, 404 for a path with NUL in it (PostgreSQL cannot even look for that).

    Some browsers send what was typed after the ? as raw bytes, in UTF-8 or GBK. Werkzeug would fail on the latter; here
    they become what the reader typed.
    """
    if address_bytes(request) > MAX_ADDRESS:
        raise RequestURITooLarge
    if "\0" in request.path:
        raise NotFound
    if not request.query_string.isascii():
        try:
            typed = request.query_string.decode()
        except UnicodeDecodeError:
            typed = request.query_string.decode("gbk", errors="replace")
        request.query_string = quote(typed, safe="%&=+;:,/?@!$'()*[]").encode()


def address_bytes(request: Request) -> int:
    """How long the address is, path and query."""
    return len(request.query_string) + len(request.path.encode())
