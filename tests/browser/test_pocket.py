"""A phone that has kept a county finds a station in it without network; one that cannot keep it says so."""

import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.looks import axe_faults, layout_faults, shoot
from tests.browser.test_every_page import SHOOTING

NUMBER = re.compile(r"tel:[\d-]{7,}")


@pytest.fixture
def county(urls):
    """/pocket/370102"""
    return urls["pocket.show"]


def keep(page):
    page.get_by_role("button", name="存到手机").click()
    expect(page.get_by_text("存好了")).to_be_visible()


def caches(page) -> dict[str, list[str]]:
    """Every cache with the paths it holds."""
    return page.evaluate(
        """async () => Object.fromEntries(await Promise.all((await caches.keys()).map(async name => [name,
           (await (await caches.open(name)).keys()).map(request => new URL(request.url).pathname)])))"""
    )


def check(page) -> list[str]:
    return axe_faults(page) + layout_faults(page)


def test_without_network_a_station_is_found_by_item(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    expect(page.get_by_text("存于 11月23日")).to_be_visible()

    here.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_have_text("历下区")
    assert page.locator("[data-rows] > li").count() > 1
    faults = check(page)
    if SHOOTING:
        shoot(page, "pocket-offline-county")
    page.get_by_label("要办什么").select_option(label="临时外出就医备案")
    page.get_by_role("button", name="只看能办的").click()
    expect(page).to_have_url(re.compile("item=18"))
    expect(page.locator("[data-papers]")).to_contain_text("身份证")
    page.locator("[data-rows] a").first.click()
    expect(page).to_have_url(re.compile(r"item=18&town=\d{9}"))
    station = page.locator("[data-stations] > li").first
    expect(station.locator("h3")).to_contain_text("医保工作站")
    expect(station.locator(".mode:visible")).to_have_count(1)
    assert NUMBER.fullmatch(station.locator("a[href^='tel:']").get_attribute("href"))
    assert faults + check(page) == []
    if SHOOTING:
        shoot(page, "pocket-offline-town")
    page.get_by_role("link", name="回各镇街").click()
    expect(page).to_have_url(re.compile(r"\?item=18$"))
    expect(page.locator("[data-rows] a").first).to_be_visible()


def test_without_network_the_first_page_names_what_is_kept_and_others_are_said_to_be_missing(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    here.context.set_offline(True)
    page.goto(here.server + "/pocket/")
    expect(page.get_by_role("link", name="历下区 存于 11月23日")).to_be_visible()
    page.goto(here.server + "/pocket/370103")
    expect(page.get_by_text("这个县没存在这部手机里")).to_be_visible()
    page.get_by_role("link", name="历下区 存于 11月23日").click()
    expect(page.locator("h1")).to_have_text("历下区")


class Link(ThreadingHTTPServer):
    """Between phone and server: hands on what is asked for, slowly or not at all when told to."""

    daemon_threads = True
    state = "good"

    def __init__(self, server: str):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.server = server
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Link

    def do_GET(self) -> None:
        if self.server.state == "slow" and "/pocket/" in self.path:
            time.sleep(20)
        if self.server.state == "broken":
            return self._answer(502, {"Content-Type": "text/html"}, b"<h1>Bad gateway</h1>")
        headers = {name: value for name, value in self.headers.items() if name.lower() in {"cookie", "accept"}}
        with urllib.request.urlopen(urllib.request.Request(self.server.server + self.path, headers=headers)) as answer:
            return self._answer(answer.status, dict(answer.headers), answer.read())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in {"connection", "transfer-encoding", "content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Nothing."""


@pytest.fixture
def link(server) -> Iterator[Link]:
    between = Link(server)
    thread = threading.Thread(target=between.serve_forever, daemon=True)
    thread.start()
    yield between
    between.shutdown()
    between.server_close()


@pytest.mark.parametrize("state", ["slow", "broken"])
def test_a_network_that_crawls_or_a_server_that_is_down_is_no_hindrance(phone, county, link, state):
    here = phone()
    here.server = link.url
    page = here.open(county)
    keep(page)
    link.state = state
    page.goto(link.url + county + "?item=18")
    expect(page.locator("h1")).to_have_text("历下区")
    expect(page.locator("[data-papers]")).to_contain_text("身份证")


def test_only_what_was_asked_for_is_kept_and_nothing_outside_pocket(phone, county):
    here = phone()
    page = here.open("/")
    page.goto(here.server + county)
    assert caches(page) == {}, "nothing before the button"
    keep(page)
    kept = caches(page)
    assert sorted(re.sub(r"-[0-9a-f]{12}$", "", name) for name in kept) == [
        "menkou-pocket-packs",
        "menkou-pocket-shell",
    ]
    assert kept["menkou-pocket-packs"] == [f"{county}.json"]
    shell = next(paths for name, paths in kept.items() if "shell" in name)
    assert all(path == "/pocket/saved" or path.startswith("/assets/") for path in shell)
    page.goto(here.server + "/stations")
    assert caches(page) == kept
    assert page.evaluate("navigator.serviceWorker.controller") is None, "other pages are none of its business"


def test_the_worker_touches_reading_only(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    page.reload()
    assert page.evaluate("() => fetch(location.pathname, {method: 'POST'}).then(answer => answer.status)") == 405
    here.faults.clear()  # the 405 was asked for
    here.context.set_offline(True)
    failed = page.evaluate("() => fetch(location.pathname, {method: 'POST'}).then(() => '', error => error.name)")
    assert failed == "TypeError"


def test_after_thirty_days_it_says_so_and_one_tap_brings_it_up_to_date(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    page.evaluate(
        """async county => {
             const cache = await caches.open("menkou-pocket-packs"), pack = await (await cache.match(county + ".json")).json();
             pack.made = "2026-09-01"; pack.said = "9月1日";
             await cache.put(county + ".json", new Response(JSON.stringify(pack), {headers: {"Content-Type": "application/json"}}));
           }""",
        county,
    )
    page.reload()
    expect(page.get_by_text("存于 9月1日")).to_be_visible()
    expect(page.get_by_text("旧了，联网时点一下更新")).to_be_visible()
    here.context.set_offline(True)
    page.get_by_role("button", name="更新").click()
    expect(page.get_by_text("没更新成，有网时再点一下")).to_be_visible()
    expect(page.get_by_text("存于 9月1日")).to_be_visible()
    here.context.set_offline(False)
    page.get_by_role("button", name="更新").click()
    expect(page.get_by_text("更新好了")).to_be_visible()
    expect(page.get_by_text("存于 11月23日")).to_be_visible()
    expect(page.get_by_text("旧了，联网时点一下更新")).to_be_hidden()


def test_one_tap_removes_everything(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    page.get_by_role("button", name="从手机里删掉").click()
    expect(page.get_by_text("从手机里删掉了")).to_be_visible()
    assert caches(page) == {}
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then(all => all.length)") == 0
    expect(page.get_by_role("button", name="存到手机")).to_be_visible()


def test_a_new_edition_of_the_worker_throws_the_old_files_away(phone, county):
    here = phone()
    page = here.open(county)
    page.evaluate(
        "() => caches.open('menkou-pocket-shell-000000000000').then(cache => cache.put('/pocket/saved', new Response('old')))"
    )
    page.evaluate("() => caches.open('of-somebody-else')")
    keep(page)
    names = list(caches(page))
    assert "menkou-pocket-shell-000000000000" not in names
    assert "of-somebody-else" in names


def test_a_pack_of_another_format_asks_to_be_saved_again(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    page.evaluate(
        """county => caches.open("menkou-pocket-packs").then(cache => cache.put(county + ".json", new Response(
             '{"format": 2, "name": "历下区", "said": "11月23日", "made": "2026-11-23"}', {headers: {"Content-Type": "application/json"}})))""",
        county,
    )
    here.context.set_offline(True)
    page.reload()
    expect(page.get_by_text("这个县没存在这部手机里")).to_be_visible()


def test_a_hostile_pack_is_only_text(phone, county):
    here = phone()
    page = here.open(county)
    keep(page)
    page.evaluate(
        """async county => {
             const cache = await caches.open("menkou-pocket-packs"), pack = await (await cache.match(county + ".json")).json();
             pack.name = pack.towns[0][1] = '<img src=x onerror="document.title=1">';
             pack.stations.forEach(one => { one[1] = '<b id=bad>站</b>\\u202e' + '长'.repeat(200); one[3] = 'javascript:alert(1)'; one[4] = '<script>'; });
             await cache.put(county + ".json", new Response(JSON.stringify(pack), {headers: {"Content-Type": "application/json"}}));
           }""",
        county,
    )
    here.context.set_offline(True)
    page.reload()
    expect(page.locator("h1")).to_contain_text("<img")
    page.locator("[data-rows] a").first.click()
    expect(page.locator("[data-stations] h3").first).to_contain_text("<b id=bad>")
    assert page.locator("#bad, main img, main script").count() == 0
    links = {link.get_attribute("href").split(":")[0] for link in page.locator("[data-stations] a").all()}
    assert links <= {"tel", "geo"}
    assert layout_faults(page) == []


def test_in_english_and_in_large_letters_it_speaks_so_without_network_too(phone, county):
    here = phone(lang="en", big=True)
    page = here.open(county)
    page.get_by_role("button", name="Save to phone").click()
    expect(page.get_by_text("works offline now")).to_be_visible()
    here.context.set_offline(True)
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-big", "")
    expect(page.get_by_label("What for?")).to_contain_text("Newborn enrolment")
    assert check(page) == []


@pytest.mark.parametrize("missing", ["serviceWorker", "caches"])
def test_a_browser_that_cannot_keep_it_says_so_and_shows_the_county(phone, county, missing):
    here = phone()
    where = "Navigator.prototype" if missing == "serviceWorker" else "window"
    here.context.add_init_script(f"delete {where}.{missing}")
    page = here.open(county)
    expect(page.get_by_text("要用新一点的手机浏览器打开这一页")).to_be_visible()
    expect(page.get_by_role("button", name="存到手机")).to_be_hidden()
    assert page.locator("ul.cells a").count() > 1


def test_without_scripts_the_county_is_read_online(phone, county):
    here = phone(js=False)
    page = here.open(county)
    expect(page.get_by_text("要用新一点的手机浏览器打开这一页")).to_be_visible()
    page.get_by_label("要办什么").select_option(label="临时外出就医备案")
    page.get_by_role("button", name="只看能办的").click()
    expect(page.get_by_text("身份证").first).to_be_visible()
    page.locator("ul.cells a").first.click()
    assert NUMBER.fullmatch(page.locator("ol.st a[href^='tel:']").first.get_attribute("href"))
