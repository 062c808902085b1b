"""Writes are accepted from our own pages only, told by what the browser says, without tokens. Floor 0.

Browsers send Sec-Fetch-Site (Chrome 76, iOS 16.4) or Origin on every POST; a page cannot forge either. A request with
neither does not come from a browser that holds our cookies, so it may pass (command line, tests, another server).
"""

from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import Forbidden

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


def refuse_foreign_writes(request: Request) -> None:
    """Raise 403 when a write was started by another site."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise Forbidden
        return
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != request.host:
        raise Forbidden
