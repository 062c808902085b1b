"""Our styles, scripts and pictures, and the browser libraries of the npm lock file, under addresses that never change
their content: /assets/<digest>/<name>. Floor 0. A whitelist: what is not named or not in static/ is not served.
"""

import functools
import gzip
import hashlib
import re
from pathlib import Path
from typing import NamedTuple

import brotli
from flask import Blueprint, Response, abort, current_app, request

from common.compression import best_encoding
from common.doors import EVERYONE, open_to
from common.settings import ROOT

STATIC = ROOT / "static"
NODE_MODULES = ROOT / "node_modules"
LIBRARIES = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",  # its pictures (layers, markers) are not served: nothing of ours asks for them
}
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
A_YEAR = "public, max-age=31536000, immutable"

bp = Blueprint("assets", __name__)


class Asset(NamedTuple):
    """One file, ready to send."""

    type: str
    digest: str
    plain: bytes
    gzip: bytes
    brotli: bytes


def _file(name: str) -> Path | None:
    if name in LIBRARIES:
        return NODE_MODULES / LIBRARIES[name]
    file = STATIC / name
    return file if file.suffix in TYPES and file.parent == STATIC else None


def without_comments(body: bytes) -> bytes:
    """Our styles and scripts as they travel: what /* */ says is for us. None of ours has these signs in a string."""
    return re.sub(rb"/\*.*?\*/\s*", b"", body, flags=re.DOTALL)


@functools.cache
def _load(file: Path, _mtime: int) -> Asset:
    body = file.read_bytes()
    if file.parent == STATIC and file.suffix in {".css", ".js"}:
        body = without_comments(body)
    digest = hashlib.sha256(body).hexdigest()[:12]
    return Asset(TYPES[file.suffix], digest, body, gzip.compress(body, 9, mtime=0), brotli.compress(body))


@functools.cache
def _load_once(name: str) -> Asset | None:
    file = _file(name)
    return _load(file, 0) if file is not None and file.is_file() else None


def find(name: str) -> Asset | None:
    """The asset of that name, or None. Read once; in development read again when the file changes."""
    if not current_app.config["DEVELOPMENT"]:
        return _load_once(name)
    file = _file(name)
    return _load(file, file.stat().st_mtime_ns) if file is not None and file.is_file() else None


def asset_url(name: str) -> str | None:
    """Its address; None for a library that is not installed, so a page can do without it."""
    found = find(name)
    return f"{request.script_root}/assets/{found.digest}/{name}" if found else None


@bp.get("/assets/<digest>/<name>")
@open_to(EVERYONE)
def asset(digest: str, name: str) -> Response:
    """The file, compressed as the browser likes it, to be kept for a year."""
    found = find(name)
    if found is None or found.digest != digest:
        abort(404)
    encoding = best_encoding(request)
    body = {"br": found.brotli, "gzip": found.gzip}.get(encoding or "", found.plain)
    response = Response(body, mimetype=found.type)
    response.headers["Cache-Control"] = A_YEAR
    response.vary.add("Accept-Encoding")
    if encoding:
        response.headers["Content-Encoding"] = encoding
    return response
