"""The map: what a box holds, what it costs, what is wrong with a box, and that its counts stay true."""

import math
import os
import random
import re
from collections import Counter
from datetime import date
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from common.editions import bump
from maps.borders import borders
from maps.cells import MOST_CELLS, cells_in, place_at
from maps.overview import overview
from maps.place import Place, pixel_of
from maps.shell import shell
from stations import clusters, roster_import, shares
from stations.models import Channel, Division, Station, StationCluster
from tests.builders import SQUARE
from tests.conftest import NOW, make_app
from tests.page_watcher import plain

VIEW = "/api/v1/stations/map"
BROTLI = {"Accept-Encoding": "br"}
NEXT_DOOR = Place(SQUARE.lat + 0.0001, SQUARE.lon)  # 11 m
ACROSS_TOWN = Place(SQUARE.lat + 0.05, SQUARE.lon + 0.05)


def box(place: Place, half: float) -> str:
    return f"{place.lon - half},{place.lat - half},{place.lon + half},{place.lat + half}"


def look(client, place: Place = SQUARE, half: float = 0.01, zoom: int = 14, **filters):
    response = client.get(VIEW, query_string={"box": box(place, half), "z": zoom, **filters})
    assert response.status_code == 200, response.text
    return response.json


def count(session) -> list[tuple]:
    session.rollback()
    table = StationCluster.__table__
    return [tuple(row) for row in session.execute(sa.select(table).order_by(table.c.zoom, table.c.cx, table.c.cy))]


@pytest.fixture
def counted(database):
    """Counts every station anew, as an import does."""

    def rebuild() -> None:
        with database.writing() as session:
            clusters.rebuild(session)
            session.commit()

    return rebuild


# What is shown


def test_a_station_by_itself_is_shown_by_name_with_its_town_and_whether_it_is_open(make, client):
    code = make.station("泉城站")
    assert look(client) == {
        "clusters": [],
        "stations": [
            {
                "code": code,
                "name": "泉城站",
                "area": "历下区·解放路街道",
                "lat": 36.6512,
                "lon": 117.1201,
                "state": "open",
            }
        ],
        "total": 1,
        "open_now": False,
    }


def test_neighbours_are_a_number_until_the_map_is_near_enough(make, client, counted):
    for place in (SQUARE, NEXT_DOOR, ACROSS_TOWN):
        make.station(place=place)
    counted()
    assert [cluster[2] for cluster in look(client, half=1, zoom=8)["clusters"]] == [3]
    at_13 = look(client, half=0.1, zoom=13)
    assert ([cluster[2] for cluster in at_13["clusters"]], len(at_13["stations"])) == ([2], 1)
    assert len(look(client, zoom=16, half=0.001)["stations"]) == 2


@pytest.mark.parametrize("zoom", range(19))
def test_at_every_zoom_all_stations_of_the_box_are_counted_once(make, client, counted, zoom):
    chance = random.Random(zoom)
    half = 0.4 / 2**zoom * 90
    places = [
        Place(SQUARE.lat + chance.uniform(-1, 1) * half, SQUARE.lon + chance.uniform(-1, 1) * half) for _ in range(9)
    ]
    for place in places:
        make.station(place=place)
    counted()
    found = look(client, half=min(half, 20), zoom=zoom)
    assert found["total"] == 9
    assert sum(cluster[2] for cluster in found["clusters"]) + len(found["stations"]) == 9


def test_a_box_is_widened_to_whole_cells_so_that_neighbours_ask_for_the_same(make, client):
    make.station()
    assert look(client, half=0.01) == look(client, half=0.0101)


@pytest.mark.parametrize("zoom", [0, 7, 8, 9, 11, 13, 16])
def test_filters_count_only_what_suits(make, client, loaded, counted, zoom):
    make.station("甲", items=(18,), channels=1)
    make.station("乙", items=(), assist=(18,), channels=2)
    make.station("丙", items=(), consult=(18,))
    make.station("丁", items=(7,), open=False)
    counted()
    half = 0.001
    assert look(client, half=half, zoom=zoom)["total"] == 3
    assert look(client, half=half, zoom=zoom, item=18)["total"] == 2  # where it is done or helped with
    assert look(client, half=half, zoom=zoom, item=7)["total"] == 0
    assert look(client, half=half, zoom=zoom, channel=Channel.ASSISTED.value)["total"] == 1
    assert look(client, half=half, zoom=zoom, channel=Channel.ASSISTED.value, item=18)["total"] == 1


def test_closed_stations_are_left_out_from_zoom_12_on_and_exceptions_of_today_count(make, client, counted):
    today = date(2026, 11, 23)
    make.station("照常开")
    make.station("今天不开", exceptions={today: ""})
    make.station("今天上午不开", exceptions={today: "14:00-17:00"})
    make.station("今天也开", hours=None, exceptions={today: "09:00-17:00"})
    make.station("周末才开", hours="Sa-Su 09:00-12:00; PH off", exceptions={today: "09:00-12:00"})
    counted()
    for zoom in (12, 14, 17):
        found = look(client, zoom=zoom, half=0.001, open="1")
        assert (found["total"], found["open_now"]) == (2, True)
    far = look(client, zoom=11, half=0.001, open="1")
    assert (far["total"], far["open_now"]) == (5, False)


def test_two_stations_at_one_spot_come_apart_however_they_are_asked_for(make, client, loaded):
    for name in ("甲", "乙"):
        make.station(name, items=(18,), channels=1)
    make.station("周末才开", items=(18,), hours="Sa-Su 09:00-12:00; PH off")
    for filters in ({"open": "1"}, {"open": "1", "item": 18}, {"open": "1", "channel": "window"}):
        found = look(client, zoom=18, half=0.0005, **filters)
        assert (found["clusters"], [s["name"] for s in found["stations"]]) == ([], ["甲", "乙"])
        assert {s["state"] for s in found["stations"]} == {"open"}


def test_many_stations_at_one_door_stay_a_number_however_near(make, client, session):
    make.station()
    row = dict(session.execute(sa.select(Station.__table__)).mappings().one())
    copies = [row | {"id": f"copy{n:03}", "code": f"370102001{n:03}Z9"} for n in range(200)]
    session.execute(sa.insert(Station), copies)
    session.commit()
    found = look(client, zoom=18, half=0.0005)
    assert ([cluster[2] for cluster in found["clusters"]], found["stations"]) == ([201], [])


# What is no box

WRONG = [
    ({}, {"box", "z"}),
    ({"box": "", "z": "7"}, {"box"}),
    ({"box": "117,36,118", "z": "7"}, {"box"}),
    ({"box": "117,36,118,37,38", "z": "7"}, {"box"}),
    ({"box": "a,b,c,d", "z": "7"}, {"box"}),
    ({"box": "nan,36,118,37", "z": "7"}, {"box"}),
    ({"box": "-inf,36,inf,37", "z": "7"}, {"box"}),
    ({"box": "118,36,117,37", "z": "7"}, {"form"}),  # inverted, or across the date line
    ({"box": "179,36,-179,37", "z": "7"}, {"form"}),
    ({"box": "117,37,118,36", "z": "7"}, {"form"}),
    ({"box": "117,36,181,37", "z": "2"}, {"form"}),
    ({"box": "117,36,118,91", "z": "2"}, {"form"}),
    ({"box": "1e308,36,1e309,37", "z": "2"}, {"box"}),
    ({"box": "-180,-85,180,85", "z": "9"}, {"form"}),  # huge
    ({"box": "117,36,118,37", "z": "-1"}, {"z"}),
    ({"box": "117,36,118,37", "z": "30"}, {"z"}),
    ({"box": "117,36,118,37", "z": "7.5"}, {"z"}),
    ({"box": "117,36,118,37", "z": "7", "item": "61"}, {"item"}),
    ({"box": "117,36,118,37", "z": "7", "channel": "pigeon"}, {"channel"}),
]


@pytest.mark.parametrize(("asked", "about"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_is_no_box_is_one_sentence(demo_app, asked, about):
    response = demo_app.test_client().get(VIEW, query_string=asked)
    assert response.status_code == 422
    assert set(response.json["errors"]) == about
    assert all(re.search(r"[\u4e00-\u9fff]", sentence) for sentence in response.json["errors"].values())


@pytest.mark.parametrize(
    "asked",
    [
        {"box": "-180,-90,180,90", "z": "0"},
        {"box": "117.1,36.6,117.1,36.6", "z": "7"},  # empty: the cell that holds it
        {"box": "-180,-90,-180,-90", "z": "18"},
        {"box": "180,90,180,90", "z": "18"},
        {"box": "１１７．１，36.6，117.2，36.7".replace("，", ","), "z": "10"},
    ],
    ids=str,
)
def test_odd_boxes_have_an_answer(demo_app, asked):
    response = demo_app.test_client().get(VIEW, query_string=asked)
    assert response.status_code == 200
    assert response.json["total"] == sum(c[2] for c in response.json["clusters"]) + len(response.json["stations"])


BOXES = int(os.environ.get("MENKOU_TEST_BOXES", "2000"))  # of each database


def a_question(chance: random.Random) -> dict[str, str]:
    """A box of any size near the stations or anywhere, sometimes the wrong way round, with any filters."""
    spread = 10 ** chance.uniform(-5, 2.5)
    lon, lat = chance.choice([(117.12, 36.65), (chance.uniform(-200, 200), chance.uniform(-100, 100))])
    xs, ys = ([chance.gauss(middle, spread) for _ in range(2)] for middle in (lon, lat))
    if chance.random() < 0.8:
        xs, ys = sorted(xs), sorted(ys)
    z = chance.randint(-1, 19)
    if chance.random() < 0.5 and spread < 90:  # as near as the box allows
        z = max(0, min(18, int(8 - math.log2(spread))))
    filters = {
        "item": ["", "1", "7", "18", "33", "61", "x"],
        "channel": ["", *Channel, "pigeon"],
        "open": ["", "1"],
    }
    asked = {name: chance.choice([values[0], chance.choice(values)]) for name, values in filters.items()}
    return {"box": ",".join(map(str, (xs[0], ys[0], xs[1], ys[1]))), "z": str(z)} | asked


def test_random_boxes_with_random_filters_are_answered_or_refused(make, client, loaded, database, counted):
    make.station(items=(18,))
    chance = random.Random(7)
    with database.writing() as session:
        row = dict(session.execute(sa.select(Station.__table__)).mappings().one())
        copies = []
        for n in range(400):
            place = Place(SQUARE.lat + chance.gauss(0, 0.2), SQUARE.lon + chance.gauss(0, 0.2))
            facts = {
                "direct_mask": chance.getrandbits(34) & ~1,
                "channels": chance.getrandbits(5),
                **pixel_of(place)._asdict(),
            }
            copies.append(row | facts | {"id": f"c{n:05}", "code": f"37010200{n:05}Z9"})
        session.execute(sa.insert(Station), copies)
        session.commit()
    counted()
    seen: Counter[int] = Counter()
    for _ in range(BOXES):
        response = client.get(VIEW, query_string=a_question(chance), headers=BROTLI)
        assert len(response.data) <= 8_000
        seen[response.status_code] += 1
    assert set(seen) == {200, 422}
    assert min(seen.values()) > BOXES / 5


def test_no_two_places_of_a_cell_are_told_apart_and_a_place_comes_back():
    for zoom in range(19):
        cells = cells_in(SQUARE.lon, SQUARE.lat, SQUARE.lon, SQUARE.lat, zoom)
        assert (cells.west, cells.north) == (cells.east, cells.south)
        assert cells.first_pixel <= pixel_of(SQUARE) <= cells.last_pixel
    back = place_at(*pixel_of(SQUARE), 18)
    assert abs(back.lat - SQUARE.lat) < 2e-5
    assert abs(back.lon - SQUARE.lon) < 2e-5


# What it costs


def test_the_fullest_answers_stay_below_eight_kilobytes_and_three_statements(
    make, client, loaded, session, counted, database
):
    """A screen of the largest size, with stations in every cell; then as many names as are ever given."""
    make.station("很长很长的村党群服务中心医保工作站")
    row = dict(session.execute(sa.select(Station.__table__)).mappings().one())
    chance = random.Random(1)
    copies = []
    for n in range(6_000):
        place = Place(SQUARE.lat + chance.uniform(-0.5, 0.5), SQUARE.lon + chance.uniform(-0.7, 0.7))
        copies.append(
            row
            | {"id": f"c{n:05}", "code": f"37010200{n:05}Z9", "name": f"{row['name']}{n}", **pixel_of(place)._asdict()}
        )
    session.execute(sa.insert(Station), copies)
    session.commit()
    counted()
    look(client, zoom=16, half=0.001, item=18, open="1")  # loads reference data, once per process
    sizes = []
    for zoom, half in ((9, 1), (11, 0.42), (12, 0.21), (13, 0.105), (14, 0.052), (14, 0.04), (15, 0.026)):
        for more in ({}, {"item": 18}, {"item": 18, "open": 1}, {"channel": "window"}):
            before = database.sql_count.n
            sides = f"{SQUARE.lon - half * 1.2},{SQUARE.lat - half},{SQUARE.lon + half * 1.2},{SQUARE.lat + half}"
            response = client.get(VIEW, query_string={"box": sides, "z": zoom} | more, headers=BROTLI)
            assert response.status_code == 200, response.json
            assert database.sql_count.n - before <= 3
            sizes.append((len(response.data), zoom, len(plain(response))))
    assert max(sizes)[0] <= 8_000, sorted(sizes)[-3:]
    assert max(sizes)[0] > 3_000  # or nothing was tried
    assert MOST_CELLS == 640


def test_answers_may_be_kept_for_a_minute_by_anybody(demo_app):
    response = demo_app.test_client().get(VIEW, query_string={"box": box(SQUARE, 0.01), "z": 14})
    assert response.headers["Cache-Control"] == "public, max-age=60"
    assert "Set-Cookie" not in response.headers


# The counts stay true


def test_a_demo_and_a_second_import_leave_the_counts_true(demo_app, tmp_path):
    database = demo_app.extensions["db"]
    with database.writing() as session:
        before = count(session)
        clusters.rebuild(session)
        rows = session.execute(sa.select(StationCluster.__table__).order_by("zoom", "cx", "cy"))
        assert before == [tuple(row) for row in rows]
    assert sum(row[3] for row in before if row[0] == 0) == 300


def test_an_import_counts_in_the_same_transaction(make, session):
    make.station("旧站", code="A1")
    facts = {"code": "A1", "county_code": "370102", "open": False}
    roster_import.import_roster(session, [facts], source="test", now=NOW)
    session.commit()
    assert count(session) == []
    roster_import.import_roster(session, [facts | {"open": True}], source="test", now=NOW)
    session.commit()
    assert [row[3] for row in count(session)] == [1] * (clusters.DEEPEST + 1)


def test_counting_only_what_moved_comes_to_the_same(make, session, counted):
    for n in range(12):
        make.station(place=Place(SQUARE.lat + n * 0.03, SQUARE.lon - n * 0.05), items=(1, n + 2), channels=n + 1)
    counted()
    moved = session.scalars(sa.select(Station).order_by(Station.code)).first()
    was, now_at = pixel_of(Place(moved.lat, moved.lon)), pixel_of(ACROSS_TOWN)
    moved.mx, moved.my = now_at
    clusters.recount(session, {was, now_at})
    session.commit()
    after = count(session)
    counted()
    assert after == count(session)


def test_the_command_counts_anew(app, make, session):
    make.station()
    result = app.test_cli_runner().invoke(args=["stations", "clusters"])
    assert (result.exit_code, result.output) == (0, f"地图重新数过了：{clusters.DEEPEST + 1} 格。\n")
    assert len(count(session)) == clusters.DEEPEST + 1


# The page and its settings


def test_the_page_has_the_list_without_any_script(make, client, loaded):
    code = make.station("泉城站")
    text = client.get(f"/stations/map?lat={SQUARE.lat}&lon={SQUARE.lon}&item=18").text
    assert f'href="/stations/{code}?item=18"' in text
    assert f'data-circle="{SQUARE.lat:.5f},{SQUARE.lon:.5f},852"' in text
    assert "走路 15 分钟大约能到的范围（估算）" in text


def rows(text: str) -> dict[str, str]:
    """What the page says of each city or county."""
    cells = BeautifulSoup(text, "html.parser").select("#list ul.cells a")
    return {cell.b.text: cell.small.text for cell in cells if cell.small}


def test_the_map_of_the_province_says_how_many_stations_each_city_has_and_how_many_are_verified(make, client, counted):
    make.station("甲", verified_on=date(2026, 11, 2))
    make.station("乙")
    make.station("丙", open=False, verified_on=date(2026, 11, 2))
    counted()
    assert rows(client.get("/stations/map").text) == {"济南市": "2 个站点·核实过 50%"}
    assert rows(client.get("/stations/map?area=370100").text) == {"历下区": "2 个站点·核实过 50%"}
    county = client.get("/stations/map?area=370102&by=car&m=60").text
    assert "历下区</span>·2 个站点·核实过 50%" in county


def test_the_shares_follow_the_filters_and_every_change(make, client, loaded, counted):
    make.station("甲", items=(18,), channels=1)
    make.station("乙", items=(7,), channels=2)
    counted()
    assert rows(client.get("/stations/map").text) == {"济南市": "2 个站点·还没核实"}
    assert rows(client.get("/stations/map?item=18").text) == {"济南市": "1 个站点·还没核实"}
    assert rows(client.get("/stations/map?channel=assisted&item=18").text) == {"济南市": "没有符合条件的站点"}
    make.station("丙", verified_on=date(2026, 11, 2))
    counted()
    assert rows(client.get("/stations/map?area=370100").text) == {"历下区": "3 个站点·核实过 33%"}


def test_a_county_that_went_to_another_city_counts_there(monkeypatch):
    known = {
        code: SimpleNamespace(code=code, became=became, level=3 if code[4:] != "00" else 2)
        for code, became in (("370700", None), ("370200", None), ("370703", "370203"), ("370203", None))
    }
    monkeypatch.setattr(shares, "divisions", lambda session: known)
    monkeypatch.setattr(shares, "successor", lambda session, found: known.get(found.became))
    counted = shares._of_today(None, {"370703": (1, 5), "370203": (0, 7)})
    assert {code: shares._sum(counted, shares._codes(None, code)) for code in known if code != "370703"} == {
        "370700": (0, 0),
        "370200": (1, 12),
        "370203": (1, 12),
    }


def test_the_stations_of_a_merged_county_count_where_it_went(make, client, loaded, counted, session):
    make.station("甲")
    make.station("乙", county_code="370103")
    session.get(Division, "370103").became = "370102"
    bump(session, "divisions")
    session.commit()
    counted()
    assert rows(client.get("/stations/map?area=370100").text) == {"历下区": "2 个站点·还没核实"}
    county = client.get("/stations/map?area=370102&by=car&m=60").text
    assert "历下区</span>·2 个站点·还没核实" in county


def test_without_scripts_the_province_is_a_drawing_of_cities_that_are_links(make, client, counted):
    make.station()
    counted()
    drawing = BeautifulSoup(client.get("/stations/map?item=").text, "html.parser").select_one("noscript svg")
    assert [(a["href"], a.text.split()) for a in drawing.select("a")] == [("/stations/map?area=370100", ["济南", "1"])]
    assert len(drawing.select("path")) == 16
    assert BeautifulSoup(client.get("/stations/map?area=370100").text, "html.parser").select("noscript svg") == []


def test_the_drawing_is_small_and_its_cities_lie_where_they_should():
    drawn = {city.code: city for city in overview().cities}
    assert len(drawn) == 16
    assert sum(len(city.outline) for city in drawn.values()) < 6_000
    heze, weihai, dongying, zaozhuang = (drawn[code] for code in ("371700", "371000", "370500", "370400"))
    assert 0 < heze.x < dongying.x < weihai.x < 360
    assert 0 < dongying.y < zaozhuang.y < overview().height
    assert all(city.outline.startswith("M") and city.outline.endswith("z") for city in drawn.values())


@pytest.mark.parametrize("v", ["x", "36,117", "36,117,19", "86,117,7", "36,181,7", "nan,117,7", "36,117,7,8"])
def test_a_wrong_view_in_the_address_is_a_sentence(demo_app, v):
    response = demo_app.test_client().get("/stations/map", query_string={"v": v})
    assert response.status_code == 422
    assert "地图的位置不对" in response.text


def production(tmp_path, demo_sqlite, **settings):
    given = {"mode": "production", "demo_stations": 0} | settings
    return make_app(f"sqlite:///{demo_sqlite}", tmp_path, **given)


def test_county_lines_are_drawn_in_production_only_with_an_approval_number(tmp_path, demo_sqlite, demo_app):
    address = f"/map/{borders().digest}/counties.json"
    assert demo_app.test_client().get(address).status_code == 200
    bare = production(tmp_path, demo_sqlite).test_client()
    assert bare.get(address).status_code == 404
    assert "data-borders" not in bare.get("/stations/map").text
    assert '<path d="M' not in bare.get("/stations/map").text.split("<noscript>")[1].split("</noscript>")[0]
    approved = production(tmp_path, demo_sqlite, map_approval="鲁SG(2026)001号").test_client()
    page = approved.get("/stations/map").text
    assert approved.get(address).status_code == 200
    assert "data-borders" in page
    assert "鲁SG(2026)001号" in page


@pytest.mark.parametrize(
    ("tiles", "host"), [("tianditu", "https://*.tianditu.gov.cn"), ("sdmap", "https://service.sdmap.gov.cn")]
)
def test_only_the_map_page_may_show_tiles_and_only_of_the_chosen_service(tmp_path, demo_sqlite, tiles, host):
    client = make_app(f"sqlite:///{demo_sqlite}", tmp_path, map_tiles=tiles, map_key="k3y").test_client()
    page = client.get("/stations/map")
    assert f"img-src 'self' data: {host};" in page.headers["Content-Security-Policy"]
    assert "data-borders" not in page.text
    assert "天地图" in page.text
    assert "img-src 'self' data:;" in client.get("/stations").headers["Content-Security-Policy"]
    script = client.get(re.search(r"/map/\w+/shell\.js", page.text).group())
    assert "tk=k3y" in script.text


def test_without_tiles_the_map_names_no_other_host(demo_app):
    page = demo_app.test_client().get("/stations/map")
    assert "img-src 'self' data:;" in page.headers["Content-Security-Policy"]
    assert not re.search(r"https?://", shell("", "").script)


def test_foliums_script_is_the_same_every_time_and_has_an_address_of_its_own(demo_app):
    shell.cache_clear()
    first = shell("", "")
    shell.cache_clear()
    assert shell("", "") == first
    client = demo_app.test_client()
    kept = client.get(f"/map/{first.digest}/shell.js")
    assert "immutable" in kept.headers["Cache-Control"]
    assert client.get("/map/000000000000/shell.js").status_code == 404


def test_the_lines_between_counties_are_drawn_once_and_fit_a_slow_link():
    import brotli

    assert len(brotli.compress(borders().text.encode(), quality=4)) < 25_000


@pytest.mark.parametrize(
    "older",
    [
        lambda session: session.execute(sa.delete(StationCluster)),
        lambda session: session.execute(sa.update(StationCluster).values(by_item=b"\0" * 4 * 19)),
    ],
    ids=["from before the map", "from before the counts by channel"],
)
def test_an_older_database_is_counted_by_the_upgrade(app, session, make, older):
    make.station("近站")
    clusters.rebuild(session)
    counted = session.execute(sa.select(StationCluster.__table__)).all()
    older(session)
    session.commit()
    assert app.test_cli_runner().invoke(args=["db", "upgrade"]).exit_code == 0
    with app.extensions["db"].read_session() as later:
        assert later.execute(sa.select(StationCluster.__table__)).all() == counted
