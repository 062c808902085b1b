"""The peer: the same stations on a page as folium's FastMarkerCluster writes it, every file served from this machine.

The libraries it asks for come from npm into var/bench-folium, pinned; the three small style files npm does not have are
left out, and its HTML is made once and compressed beforehand. All of that is in its favour.
"""

import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import brotli
import folium
from folium.plugins import FastMarkerCluster

from benchmarks.table import say
from common.db import sqlite_module
from tools.setup import npm
from tools.step import ROOT

FOLDER = ROOT / "var" / "bench-folium"
# What folium 0.20 names in its head, in the same versions; and the markercluster that fits Leaflet 1.9.
PACKAGES = (
    "leaflet@1.9.3",
    "jquery@3.7.1",
    "bootstrap@5.2.2",
    "@fortawesome/fontawesome-free@6.2.0",
    "leaflet.markercluster@1.5.3",
)
SCRIPTS = {
    "leaflet": "leaflet/dist/leaflet.js",
    "jquery": "jquery/dist/jquery.min.js",
    "bootstrap": "bootstrap/dist/js/bootstrap.bundle.min.js",
}
STYLES = {
    "leaflet_css": "leaflet/dist/leaflet.css",
    "bootstrap_css": "bootstrap/dist/css/bootstrap.min.css",
    "awesome_markers_font_css": "@fortawesome/fontawesome-free/css/all.min.css",
}
CLUSTER = "leaflet.markercluster/dist/"
# folium's own callback wants awesome-markers, which npm has only in an edition that does not fit; a plain marker is lighter.
ONE_MARKER = "function (row) { return L.marker(new L.LatLng(row[0], row[1])); }"
_TYPES = {".js": "text/javascript", ".css": "text/css", "": "text/html; charset=utf-8"}


def fetch() -> None:
    """The libraries, once. subprocess.CalledProcessError where they cannot be had."""
    if all((FOLDER / "node_modules" / name.rpartition("@")[0]).exists() for name in PACKAGES):
        return
    say("fetching the libraries of folium's page into var/bench-folium")
    FOLDER.mkdir(parents=True, exist_ok=True)
    command = [*npm(), "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(FOLDER)]
    subprocess.run([*command, *PACKAGES], cwd=FOLDER, check=True, capture_output=True)


def html(database: Path) -> str:
    """The page with all stations of the database."""
    with sqlite_module().connect(database) as connection:
        points = connection.execute("SELECT lat, lon FROM station WHERE open").fetchall()
    connection.close()
    page = folium.Map((36.4, 118.7), zoom_start=7, tiles=None, max_zoom=18, maxZoom=18)
    page.default_js = [(name, f"/{file}") for name, file in SCRIPTS.items()]
    page.default_css = [(name, f"/{file}") for name, file in STYLES.items()]
    cluster = FastMarkerCluster([list(point) for point in points], callback=ONE_MARKER)
    cluster.default_js = [("markerclusterjs", f"/{CLUSTER}leaflet.markercluster.js")]
    cluster.default_css = [
        ("markerclustercss", f"/{CLUSTER}MarkerCluster.css"),
        ("markerclusterdefaultcss", f"/{CLUSTER}MarkerCluster.Default.css"),
    ]
    cluster.add_to(page)
    text: str = page.get_root().render()
    foreign = set(re.findall(r'(?:src|href)="(https?://[^"]+)"', text))
    if foreign:
        raise RuntimeError(f"folium's page asks other hosts: {foreign}")
    return text


@contextmanager
def serving_folium(database: Path) -> Iterator[int]:
    """The page at / of a port of this machine, brotli as ours: 4 for the page, 11 for files."""
    fetch()
    ready = {"/": ("text/html; charset=utf-8", brotli.compress(html(database).encode(), quality=4))}
    for file in (*SCRIPTS.values(), *STYLES.values(), *(str(f) for f in _cluster_files())):
        path = FOLDER / "node_modules" / file
        ready[f"/{file}"] = (_TYPES[path.suffix], brotli.compress(path.read_bytes()))

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            type_, body = ready.get(self.path, ("text/plain", b""))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", type_)
            self.send_header("Content-Length", str(len(body)))
            if body:
                self.send_header("Content-Encoding", "br")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _cluster_files() -> list[str]:
    names = ("leaflet.markercluster.js", "MarkerCluster.css", "MarkerCluster.Default.css")
    return [CLUSTER + name for name in names]
