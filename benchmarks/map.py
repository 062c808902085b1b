"""The map of 35,000 stations against folium's own: bytes and time until the first markers stand, and what a view costs.

Both pages are opened in Chromium in turns, on a desktop's terms and on a slow phone's (docs/map.md).
"""

import http.client
import shutil
import subprocess
import time
from statistics import median
from typing import Any, NamedTuple

from playwright.sync_api import Browser, sync_playwright

from benchmarks import databases
from benchmarks.folium_page import serving_folium
from benchmarks.server import MENKOU, Server, serving
from benchmarks.table import Row, at_least, at_most, note, say
from maps.place import Place

TURNS = 3
VIEWS = 60  # of each zoom and filter
FILTERS = {
    "all": "",
    "item": "&item=18",
    "channel": "&channel=video",
    "item, channel": "&item=18&channel=door_to_door",
    "open": "&open=1",
    "item, channel, open": "&item=7&channel=assisted&open=1",
}
SLOW = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 90_000}  # 1.6 Mbit/s
SLOW_CPU = 4
PATIENCE_MS = 120_000
# When the first marker is on the screen: seen in the document, then one frame later.
WATCH = """() => { window.firstMarker = 0; new MutationObserver((_, seen) => {
  if (!document.querySelector('.mk, .leaflet-marker-icon:not(.me)')) return;
  seen.disconnect();
  requestAnimationFrame(() => { window.firstMarker = performance.now(); });
}).observe(document, { childList: true, subtree: true }); }"""


class Seen(NamedTuple):
    ms: float  # from the start of the navigation to the first marker
    kb: float  # over the wire by then, and what was under way
    whole_kb: float  # county lines included


def measure() -> list[Row]:
    executable = next(
        (path for path in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if path), None
    )
    if executable is None:
        return [note("map", "not measured: Chromium is not installed")]
    database = databases.demo()
    with serving(MENKOU, "/healthz", databases.environment(database)) as server:
        rows = views(server, databases.places(VIEWS, database))
        ours = f"http://127.0.0.1:{server.port}/stations/map"
        try:
            with serving_folium(database) as port, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox", "--disable-gpu"])
                rows += compare(browser, ours, f"http://127.0.0.1:{port}/")
                browser.close()
        except subprocess.CalledProcessError:
            rows.append(note("map: folium's page", "not measured: npm could not fetch its libraries"))
    return rows


def compare(browser: Browser, ours: str, theirs: str) -> list[Row]:
    rows: list[Row] = []
    for url in (ours, theirs) * 4:  # the first map of each process waits for folium to be loaded: once in its life
        look(browser, url, slow=False)
    for name, slow in (("desktop", False), ("slow phone", True)):
        menkou: list[Seen] = []
        folium: list[Seen] = []
        for turn in range(TURNS):
            say(f"map: {name}, turn {turn + 1} of {TURNS}")
            menkou.append(look(browser, ours, slow))
            folium.append(look(browser, theirs, slow))
        ms, peer_ms = median(seen.ms for seen in menkou), median(seen.ms for seen in folium)
        if slow:
            rows.append(at_most("map: first markers, slow phone", ms / 1000, 1.5, "s", digits=2))
        else:
            kb, whole, peer = menkou[0].kb, menkou[0].whole_kb, folium[0].whole_kb
            rows += [
                at_most("map: sent before the first markers", kb, 100, "kB"),
                note("  with county lines", f"{whole:.1f} kB (folium FastMarkerCluster {peer:.1f})"),
                at_least("map: folium's bytes to ours, county lines counted", peer / whole, 5, "×"),
                note("map: first markers, desktop", f"{ms / 1000:.2f} s"),
            ]
        rows += [
            note("  folium FastMarkerCluster, in turns", f"{peer_ms / 1000:.2f} s"),
            at_least(f"map: folium's time to ours, {name}", peer_ms / ms, 5, "×"),
        ]
    return rows


def look(browser: Browser, url: str, slow: bool) -> Seen:
    """Open the page once, with nothing kept from before."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    page = context.new_page()
    devtools: Any = context.new_cdp_session(page)
    devtools.send("Network.enable")
    if slow:
        devtools.send("Network.emulateNetworkConditions", SLOW)
        devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOW_CPU})
    addresses: dict[str, str] = {}
    sizes: dict[str, float] = {}
    devtools.on("Network.requestWillBeSent", lambda said: addresses.update({said["requestId"]: said["request"]["url"]}))
    devtools.on("Network.loadingFinished", lambda said: sizes.update({said["requestId"]: said["encodedDataLength"]}))
    page.add_init_script(f"({WATCH})()")
    page.goto(url, wait_until="commit", timeout=PATIENCE_MS)
    page.wait_for_function("() => window.firstMarker", timeout=PATIENCE_MS)
    ms = float(page.evaluate("() => window.firstMarker"))
    page.wait_for_load_state("networkidle", timeout=PATIENCE_MS)
    whole = sum(sizes.values())
    lines = sum(size for id_, size in sizes.items() if addresses.get(id_, "").endswith("counties.json"))
    context.close()
    return Seen(ms, (whole - lines) / 1000, whole / 1000)


def views(server: Server, places: list[Place]) -> list[Row]:
    """What a phone's view costs at each zoom with each filter, one after the other as one reader asks."""
    say("map: views")
    slowest: dict[str, tuple[float, int]] = {}  # by filter: p95 in ms, at that zoom
    by_zoom, most, asked = [], 0, 0
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    used = server.cpu_seconds()
    for zoom in range(5, 19):
        worst = 0.0
        for name, more in FILTERS.items():
            waits = []
            for place in places:
                began = time.perf_counter()
                most = max(most, view(link, place, zoom, more))
                waits.append((time.perf_counter() - began) * 1000)
            asked += len(waits)
            p95 = sorted(waits)[int(len(waits) * 0.95)]
            slowest[name] = max(slowest.get(name, (0.0, 0)), (p95, zoom))
            worst = max(worst, p95)
        by_zoom.append(f"z{zoom} {worst:.1f}")
    link.close()
    cpu = (server.cpu_seconds() - used) / asked * 1000
    rows = [
        at_most(f"map: a view, p95 of the slowest zoom ({zoom}), {name}", ms, 20, "ms")
        for name, (ms, zoom) in slowest.items()
    ]
    return [
        *rows,
        note("  by zoom, p95 of the slowest filter, ms", " ".join(by_zoom)),
        note("  CPU of the server, mean", f"{cpu:.1f} ms"),
        at_most("map: a view, the largest", most / 1000, 8, "kB"),
    ]


def view(link: http.client.HTTPConnection, place: Place, zoom: int, more: str) -> int:
    """Ask for what a phone shows round a place; gives the bytes of the answer. RuntimeError when it is none."""
    degrees = 360 / (256 * 2**zoom)
    east, north = 195 * degrees, 220 * degrees * 0.8
    sides = f"{place.lon - east:.6f},{place.lat - north:.6f},{place.lon + east:.6f},{place.lat + north:.6f}"
    link.request("GET", f"/api/v1/stations/map?box={sides}&z={zoom}{more}", headers={"Accept-Encoding": "br"})
    answer = link.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{answer.status} at zoom {zoom}")
    return len(body)
