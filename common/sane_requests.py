"""What no page of ours ever asks for, refused before anything reads it. Floor 0."""

from flask import Request
from werkzeug.exceptions import NotFound, RequestURITooLarge

MAX_ADDRESS = 4_000  # bytes as sent; the longest of ours, 60 Chinese characters and every filter, is under 900


def refuse_absurd(request: Request) -> None:
    """Raise 414 for an address nobody typed, 404 for a path with NUL in it (PostgreSQL cannot even look for that)."""
    if too_long(request):
        raise RequestURITooLarge
    if "\0" in request.path:
        raise NotFound


def too_long(request: Request) -> bool:
    """Whether the address is longer than any of ours: it is not repeated on the page either."""
    return len(request.query_string) + len(request.path.encode()) > MAX_ADDRESS
