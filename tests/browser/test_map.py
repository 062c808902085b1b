"""The map on a phone: markers are buttons, list, address and map go together, hostile names stay words, nobody else is asked."""

import re
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect
from werkzeug.serving import make_server

from maps.place import Place, pixel_of
from stations.clusters import rebuild
from stations.models import Station
from tests.browser.conftest import Phone
from tests.browser.looks import axe_faults, layout_faults
from tests.conftest import make_app

NEAR = "/stations/map?lat=36.6637&lon=117.151&by=ebike&m=30"
MARKERS = ".leaflet-marker-pane button"


def drawn(page):
    """Wait until the first markers stand."""
    page.locator(MARKERS).first.wait_for()
    return page


def name_of(pin) -> str:
    """What it says first: the station's name, after its number in the list."""
    return re.sub(r"^\d+，", "", pin.get_attribute("aria-label")).split("，")[0]


def centre(page) -> list[float]:
    return page.evaluate("() => [map_menkou.getCenter().lat, map_menkou.getCenter().lng, map_menkou.getZoom()]")


def test_the_whole_province_is_a_few_numbers_and_a_tap_leads_nearer(phone):
    here = phone(position=None)
    page = drawn(here.open("/stations/map"))
    cluster = page.locator(f"{MARKERS}.many.most").last
    assert re.fullmatch(r"\d+ 个站点，放大看", cluster.get_attribute("aria-label"))
    before = centre(page)[2]
    cluster.click()
    page.wait_for_function(f"() => map_menkou.getZoom() === {before + 2}")
    drawn(page)


def test_the_first_buttons_stand_and_work_before_the_library_has_come(phone):
    held = []
    here = phone(position=None)
    here.page.route("**/leaflet*.js", lambda route: held.append(route))
    here.page.goto(f"{here.server}/stations/map", wait_until="commit")
    page = here.page
    early = page.locator(".early button")
    early.first.wait_for()
    places = {one.get_attribute("aria-label"): one.bounding_box() for one in early.all()}
    expect(page.locator("[data-map-said]")).to_have_text(re.compile(r"地图里有 \d+ 个站点"))
    held[0].continue_()
    drawn(page)
    assert early.count() == 0
    later = {one.get_attribute("aria-label"): one.bounding_box() for one in page.locator(MARKERS).all()}
    assert later.keys() == places.keys()
    for label, box in later.items():  # nothing jumps
        assert (box["x"], box["y"]) == (
            pytest.approx(places[label]["x"], abs=2),
            pytest.approx(places[label]["y"], abs=2),
        )
    before = centre(page)[2]

    page.reload(wait_until="commit")
    early.first.wait_for()
    early.last.click()
    held[1].continue_()
    drawn(page)
    assert centre(page)[2] == before + 2


def test_a_station_is_a_button_that_says_its_name_and_leads_to_its_page(phone):
    here = phone()
    page = drawn(here.open(NEAR))
    pin = page.locator(f"{MARKERS}.door").first
    name = name_of(pin)
    pin.focus()
    page.keyboard.press("Enter")
    panel = page.locator("[data-picked]")
    expect(panel).to_contain_text(name)
    panel.get_by_role("link", name="看详情").click()
    expect(page.locator("h1")).to_have_text(name)


def test_the_circle_of_the_chosen_place_and_way_is_drawn(phone):
    page = drawn(phone().open(NEAR))
    circle = page.locator("path.reach").bounding_box()
    assert 150 <= circle["width"] <= 360
    page.get_by_text("条件", exact=True).click()
    page.locator("#filters").get_by_text("走路").click()
    page.wait_for_url(re.compile("by=walk"))
    drawn(page)
    expect(page.locator("path.reach")).to_have_count(1)
    expect(page.locator(".map .foot")).to_contain_text("走路 30 分钟")


def test_the_numbers_of_the_list_stand_on_the_map_and_show_the_way_to_each_other(phone):
    page = drawn(phone().open(NEAR))
    row = page.locator(".pins > li").nth(1)
    row.get_by_role("button", name="在图上看 2 号").click()
    page.wait_for_function("() => map_menkou.getZoom() >= 15")
    assert row.get_attribute("aria-current") == "true"
    expect(page.locator("[data-picked]")).to_contain_text(row.locator("b").inner_text())
    number = page.locator(f"{MARKERS}.door", has_text=re.compile(r"^2$"))
    assert row.locator("b").inner_text() in number.get_attribute("aria-label")


def test_without_a_chosen_place_the_list_is_what_the_map_shows(phone):
    page = drawn(phone(position=None).open("/stations/map?v=36.6637,117.151,15"))
    here = page.locator("[data-here]")
    expect(here.locator("h2")).to_contain_text(re.compile(r"地图里有 \d+ 个站点"))
    names = here.locator("li b").all_inner_texts()
    assert names
    assert sorted(map(name_of, page.locator(f"{MARKERS}.door").all())) == sorted(names)


def test_the_address_keeps_the_view_and_back_comes_back_to_it(phone):
    here = phone()
    page = drawn(here.open(NEAR))
    page.get_by_role("button", name="放大", exact=True).click()
    page.wait_for_url(re.compile(r"v=36\.\d+,117\.\d+,1\d"))
    page.wait_for_timeout(400)
    was, address = centre(page), page.url
    page.locator(".pins a.cell").first.click()
    expect(page.locator("#ways")).to_be_attached()
    page.go_back()
    drawn(page)
    assert page.url == address
    assert centre(page) == pytest.approx(was, abs=1e-3)  # less than four pixels


def test_who_has_not_said_from_where_is_led_to_the_map_too(phone):
    page = phone(position=None).open("/stations?item=18")
    page.get_by_role("link", name="看地图").click()
    drawn(page)
    expect(page.locator("h1")).to_contain_text("临时外出")


def test_from_the_finder_to_the_map_and_back_with_the_same_question(phone):
    here = phone()
    page = here.open("/stations?lat=36.6637&lon=117.151&item=18&by=car&m=60")
    page.get_by_role("link", name="看地图").click()
    drawn(page)
    expect(page.locator("h1")).to_contain_text("临时外出")
    page.get_by_role("link", name="看列表").click()
    expect(page).to_have_url(re.compile(r"/stations\?.*item=18.*by=car"))
    assert "lat=36.6637" in page.url


def test_the_map_can_be_skipped_and_walked_with_the_keyboard(phone):
    page = drawn(phone().open(NEAR))
    skip = page.get_by_role("link", name="跳过地图")
    skip.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "list"
    page.locator("#map_menkou").focus()
    before = centre(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => map_menkou.getCenter().lng > {before[1]}")


@pytest.mark.parametrize("big", [False, True], ids=["normal", "长辈版"])
def test_with_markers_borders_and_a_chosen_station_it_still_suits_eyes_and_thumbs(phone, big):
    page = drawn(phone(big=big).open(NEAR))
    page.locator(f"{MARKERS}.door").first.click()
    page.wait_for_timeout(500)
    assert axe_faults(page) + layout_faults(page) == []


def test_open_now_says_when_the_area_is_too_large_for_it(phone):
    page = drawn(phone(position=None).open("/stations/map?open=1"))
    expect(page.get_by_text("范围太大，关门的也数在内")).to_be_visible()
    page = drawn(phone(position=None).open("/stations/map?open=1&v=36.6637,117.151,13"))
    expect(page.get_by_text("范围太大，关门的也数在内")).to_be_hidden()


def test_without_network_the_map_says_so_and_goes_on_when_it_is_back(phone):
    here = phone()
    page = drawn(here.open(NEAR))
    here.context.set_offline(True)
    page.get_by_role("button", name="缩小", exact=True).click()
    expect(page.get_by_text("没取到站点，地图还是刚才的样子。")).to_be_visible()
    here.context.set_offline(False)
    page.get_by_role("button", name="缩小", exact=True).click()
    expect(page.get_by_text("没取到站点，地图还是刚才的样子。")).to_be_hidden()


# Beside the finder's list


@pytest.fixture
def desktop(chromium, server):
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="zh-CN")
    context.set_default_timeout(15_000)
    here = Phone(context, server)
    yield here
    context.close()
    assert here.faults == []


FINDER = "/stations?lat=36.6637&lon=117.151&by=ebike&m=30"


def numbers(page) -> list[str]:
    """Of the list's stations on the map, in order."""
    page.locator(f"{MARKERS}.door").first.wait_for()
    return sorted(filter(None, page.locator(f"{MARKERS}.door").all_inner_texts()), key=int)


def test_on_a_wide_screen_the_map_stands_beside_the_list_with_the_same_numbers(desktop):
    page = desktop.open(FINDER)
    assert numbers(page) == [str(n + 1) for n in range(page.locator(".st > li").count())]
    number = page.locator(f"{MARKERS}.door", has_text=re.compile(r"^2$"))
    row = page.locator(".st > li").nth(1)
    assert row.locator("h3").inner_text() in number.get_attribute("aria-label")
    number.press("Enter")
    expect(row).to_have_attribute("aria-current", "true")
    expect(row).to_be_in_viewport()
    page.locator(".st > li").first.get_by_role("button", name="在图上看 1 号").click()
    page.wait_for_function("() => map_menkou.getZoom() >= 15")
    assert "v=" not in page.url
    assert axe_faults(page) == []


def test_the_map_beside_the_list_follows_its_filters_and_the_way_back(desktop):
    page = desktop.open(FINDER)
    before = numbers(page)
    page.locator("#filters").get_by_text("走路").click()
    page.wait_for_url(re.compile("by=walk"))
    expect(page.locator(".beside .foot")).to_contain_text("走路 30 分钟")
    drawn(page)
    assert page.locator("#map_menkou").count() == page.locator("path.reach").count() == 1
    page.go_back()
    expect(page.locator(".beside .foot")).to_contain_text("电动车 30 分钟")
    assert numbers(page) == before


def test_a_phone_fetches_no_map_with_the_list(phone):
    here = phone()
    asked = []
    here.page.on("request", lambda request: asked.append(request.url))
    page = here.open(FINDER)
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if "map" in url or "leaflet" in url or "beside" in url] == []


# Names that would like to be more than words


HOSTILE = (
    "${document.title='owned'}`;document.title='owned';`",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "\u202e站作工保医\u202c &lt;b&gt;",
)


@contextmanager
def served(app):
    """`app` on a port of its own, in this process."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def phone_at(chromium, server):
    context = chromium.new_context(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    context.set_default_timeout(15_000)
    try:
        yield Phone(context, server)
    finally:
        context.close()


@pytest.fixture
def own_app(demo_sqlite, tmp_path):
    """An app on a copy of the demo that a test may write to, with settings of its own."""
    made = []

    def make(**settings):
        copy = shutil.copy(demo_sqlite, tmp_path / f"{len(made)}.sqlite3")
        made.append(make_app(f"sqlite:///{copy}", tmp_path, **settings))
        return made[-1]

    yield make
    for app in made:
        app.extensions["db"].engine.dispose()


def test_a_hostile_name_is_shown_as_it_is_and_runs_nowhere(chromium, own_app):
    app = own_app()
    with app.extensions["db"].writing() as session:
        stations = session.scalars(sa.select(Station).order_by(Station.code).limit(len(HOSTILE))).all()
        for number, (station, name) in enumerate(zip(stations, HOSTILE, strict=True)):
            station.name = name
            station.mx, station.my = stations[0].mx + number * 150, stations[0].my
        place = stations[0].lat, stations[0].lon
        session.commit()
    with served(app) as server, phone_at(chromium, server) as here:
        page = drawn(here.open(f"/stations/map?v={place[0]:.5f},{place[1]:.5f},16"))
        title = page.title()
        labels = [pin.get_attribute("aria-label") for pin in page.locator(f"{MARKERS}.door").all()]
        shown = page.locator("[data-here] li b").all_inner_texts()
        for name in HOSTILE:
            assert any(name in label for label in labels)
            assert name in shown
        for pin in page.locator(f"{MARKERS}.door").all():
            pin.dispatch_event("click")
        assert page.title() == title
        assert page.locator("script:not([src]), img").count() == 0
        assert here.faults == []


def test_stations_of_one_doorstep_stand_side_by_side_at_the_nearest_view(chromium, own_app):
    """A number too large for names leads to the list of that spot."""
    app = own_app()
    with app.extensions["db"].writing() as session:
        row = dict(session.execute(sa.select(Station.__table__).where(Station.open)).mappings().first())
        spot = f"{row['lat']:.5f},{row['lon']:.5f},18"
        copies = [row | {"id": f"c{n:03}", "code": f"370102001{n:03}Z9"} for n in range(100)]
        session.execute(sa.insert(Station.__table__), copies[:5])
        session.commit()
        with served(app) as server, phone_at(chromium, server) as here:
            page = drawn(here.open(f"/stations/map?v={spot}"))
            pins = [pin.bounding_box() for pin in page.locator(f"{MARKERS}.door").all()]
            assert len(pins) == 6
            for n, one in enumerate(pins):
                for other in pins[:n]:
                    assert abs(one["x"] - other["x"]) >= 43 or abs(one["y"] - other["y"]) >= 43
        session.execute(sa.insert(Station.__table__), copies[5:])
        session.commit()
        with served(app) as server, phone_at(chromium, server) as here:
            page = drawn(here.open(f"/stations/map?v={spot}"))
            page.locator(f"{MARKERS}.many").click()
            page.wait_for_url(re.compile(r"/stations\?lat="))
            expect(page.locator(".st > li")).to_have_count(20)


def test_on_a_narrow_phone_the_number_at_the_provinces_edge_can_be_read_whole(chromium, own_app):
    app = own_app()
    with app.extensions["db"].writing() as session:
        east, west = session.scalars(sa.select(Station).where(Station.open).limit(2)).all()
        east.mx, east.my = pixel_of(Place(37.17, 122.4))  # 荣成
        west.mx, west.my = pixel_of(Place(35.29, 115.8))  # 菏泽
        session.flush()
        rebuild(session)
        session.commit()
    with served(app) as server, phone_at(chromium, server) as here:
        page = drawn(here.open("/stations/map"))
        expect(page.locator(f"{MARKERS}.many")).to_have_count(3)
        buttons = [button.bounding_box() for button in page.locator(f"{MARKERS}.many").all()]
        assert [box for box in buttons if box["x"] < 0 or box["x"] + box["width"] > 360] == []


# Tiles


class _Broken(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)

    def log_message(self, *_):
        return


def test_a_tile_server_that_is_down_leaves_a_map_that_works(chromium, own_app, monkeypatch):
    tiles = ThreadingHTTPServer(("127.0.0.1", 0), _Broken)
    thread = threading.Thread(target=tiles.serve_forever)
    thread.start()
    host = f"http://127.0.0.1:{tiles.server_port}"
    from maps.tiles import SERVICES

    down = SERVICES["tianditu"]._replace(layers=(host + "/{z}/{y}/{x}?a=1",), hosts=host)
    monkeypatch.setitem(SERVICES, "tianditu", down)
    asked = []
    try:
        with served(own_app(map_tiles="tianditu", map_key="testkey1")) as server, phone_at(chromium, server) as here:
            here.page.on("request", lambda request: asked.append(request.url))
            page = drawn(here.open(NEAR))
            page.locator(f"{MARKERS}.door").first.click()
            expect(page.locator("[data-picked]")).to_be_visible()
            expect(page.locator(".map .foot")).to_contain_text("底图：天地图")
            assert not [fault for fault in here.faults if host not in fault]
    finally:
        tiles.shutdown()
        thread.join()
        tiles.server_close()
    abroad = [url for url in asked if not url.startswith(server)]
    assert abroad
    assert all(url.startswith(host) and "tk=testkey1" in url for url in abroad)


def test_first_markers_come_with_less_than_100_kilobytes(phone):
    """Everything the browser fetched before borders, as it came over the wire: no other host, and not much."""
    here = phone()
    here.devtools.send("Network.enable")
    sizes: dict[str, int] = {}
    urls: dict[str, str] = {}
    here.devtools.on(
        "Network.requestWillBeSent", lambda event: urls.update({event["requestId"]: event["request"]["url"]})
    )
    here.devtools.on(
        "Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]})
    )
    page = drawn(here.open(NEAR))
    page.wait_for_load_state("networkidle")
    fetched = {urls[id_]: size for id_, size in sizes.items() if "counties.json" not in urls[id_]}
    assert any("/api/v1/stations/map" in url for url in fetched)
    assert sum(fetched.values()) <= 100_000, fetched
