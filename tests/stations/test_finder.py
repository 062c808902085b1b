"""The finder: from where, what suits, what it says when nothing does. Page and JSON."""

from datetime import UTC, date, datetime

import pytest
from bs4 import BeautifulSoup

from maps.place import Place
from stations.models import Channel
from tests.builders import SQUARE
from tests.conftest import make_app, on_sqlite

HERE = {"lat": SQUARE.lat, "lon": SQUARE.lon}


def north(metres: float) -> Place:
    return Place(SQUARE.lat + metres / 111_000, SQUARE.lon)


def names(response) -> list[str]:
    return [tag.get_text() for tag in BeautifulSoup(response.text, "html.parser").select("ol.st h3")]


def test_the_nearest_comes_first_with_all_a_resident_needs(client, make):
    make.station("远站", north(700))
    make.station("近站", north(300), phone="0531-0000128", address="解放路 1 号")

    response = client.get("/stations", query_string=HERE)

    assert names(response) == ["近站", "远站"]
    first = BeautifulSoup(response.text, "html.parser").select_one("ol.st li")
    words = first.get_text(" ", strip=True)
    for said in ("历下区·解放路街道", "现在营业·12:00 关门", "走路约 6 分钟·300 米", "估算", "办理 3 件"):
        assert said in words
    assert first.select_one("a[href='tel:0531-0000128']")
    links = [link["href"] for link in first.select(".ways a")]
    assert [link.split("/")[2] if "//" in link else link[:4] for link in links] == [
        "uri.amap.com",
        "api.map.baidu.com",
        "apis.map.qq.com",
        "geo:",
    ]
    assert first.select_one("[data-copy='解放路 1 号']")


def test_fifteen_minutes_on_foot_is_the_default_and_the_next_circle_is_offered(client, make):
    make.station("近站", north(300))
    make.station("远站", north(1200))
    make.station("很远", north(5000))

    response = client.get("/stations", query_string=HERE)

    assert names(response) == ["近站"]
    assert "15 分钟内有 1 个" in response.text
    assert "放宽到 30 分钟，再看 1 个" in response.text
    assert names(client.get("/stations", query_string=HERE | {"m": 30})) == ["近站", "远站"]
    assert names(client.get("/stations", query_string=HERE | {"by": "car"})) == ["近站", "远站", "很远"]
    assert names(client.get("/stations", query_string=HERE | {"m": 0})) == ["近站", "远站", "很远"]


def test_when_nothing_is_in_reach_the_nearest_is_shown_anyway(client, make):
    make.station("最近的", north(2100))

    response = client.get("/stations", query_string=HERE)

    assert "走路 15 分钟内没有" in response.text
    assert "最近的一个骑电动车约 12 分钟·2.1 公里（估算）。" in response.text
    assert "看骑电动车能到的" in response.text
    assert names(response) == ["最近的"]


def test_far_from_everything_it_still_answers(client, make):
    make.station("最近的", SQUARE)
    response = client.get("/stations", query_string={"lat": 39.9, "lon": 116.4, "by": "car"})
    assert response.status_code == 200
    assert names(response) == ["最近的"]


@pytest.mark.parametrize("lat", [90, 89.9, -90])
def test_a_place_at_the_pole_costs_no_more_than_another(client, database, make, lat):
    for number in range(40):
        make.station(f"站{number}", north(number))
    client.get("/stations", query_string=HERE)  # loads what is kept in memory
    database.sql_count.n = 0
    assert client.get("/stations", query_string={"lat": lat, "lon": 180, "m": 0}).status_code == 200
    assert database.sql_count.n <= 3


@pytest.mark.parametrize("today", ["", "06:00-07:30", "23:00-24:00"])
def test_a_county_that_is_closed_for_a_day_or_for_now_has_nothing_open(client, database, make, today):
    for number in range(40):
        make.station(f"站{number}", north(number), exceptions={date(2026, 11, 23): today})
    client.get("/stations", query_string=HERE)
    database.sql_count.n = 0
    response = client.get("/stations", query_string=HERE | {"open": 1, "m": 0})
    assert "没有符合条件的站点" in response.text
    assert database.sql_count.n <= 3


def test_hours_in_a_year_without_a_holiday_plan_say_so(database_url, tmp_path):
    from tests.builders import Make

    moment = datetime(2027, 2, 8, 2, 0, tzinfo=UTC)  # 正月初三, which only the plan would tell
    app = make_app(database_url, tmp_path, clock=moment)
    code = Make(app.extensions["db"], moment).station("近站", north(300))
    client = app.test_client()
    for path in (f"/stations?lat={SQUARE.lat}&lon={SQUARE.lon}", f"/stations/{code}"):
        assert "放假安排还没公布，去之前先打电话" in client.get(path).text
    assert client.get("/api/v1/stations", query_string=HERE).json["stations"][0]["hours_estimated"] is True
    app.extensions["db"].engine.dispose()


def test_far_from_everything_the_way_on_reaches_the_nearest(client, make):
    make.station("最近的", north(467_000))
    response = client.get("/stations", query_string=HERE)
    assert "不限远近，看最近的" in response.text
    make.station("开车到", north(15_000))
    assert "看开车能到的" in client.get("/stations", query_string=HERE).text
    assert names(client.get("/stations", query_string=HERE | {"by": "car", "m": 60})) == ["开车到"]


@on_sqlite
def test_what_one_came_for_stands_first_on_the_stations_page(client, make, loaded):
    code = make.station(items=range(1, 34))
    page = BeautifulSoup(client.get(f"/stations/{code}?item=33").text, "html.parser")
    first = page.select_one("ul.cells a.cell")
    assert first["href"].startswith("/services/items/33")
    assert "您要办的" in first.text
    assert len(page.select("a[href^='/services/items/33']")) == 1
    assert "您要办的" not in client.get(f"/stations/{code}").text


@on_sqlite
def test_a_closed_station_sends_nobody_there(client, make, loaded):
    code = make.station(open=False, phone="0531-0000128", address="解放路 1 号")
    page = client.get(f"/stations/{code}").text
    assert "这个站点已经停办" in page
    assert "找附近的站点" in page
    for gone in ("tel:0531", "能办", "几点开门", "今天", "怎么去", "公示单", "/card"):
        assert gone not in page, gone


def test_without_stations_it_says_so(client):
    response = client.get("/stations", query_string=HERE)
    assert "没有符合条件的站点" in response.text
    assert "去掉条件，看所有站点" in response.text


def test_only_stations_that_do_or_help_with_the_item_count(client, make, loaded):
    make.station("能办", north(300), items=(18,))
    make.station("帮办", north(200), items=(), assist=(18,))
    make.station("只解答", north(100), items=(), consult=(18,))
    make.station("没承办", north(50), items=(1,))

    response = client.get("/stations", query_string=HERE | {"item": 18})

    assert names(response) == ["帮办", "能办"]
    assert "哪里能办" in response.text
    assert "替您交上去" in response.text
    assert "当场办好" in response.text


@pytest.mark.parametrize(
    ("moment", "said", "found"),
    [
        (datetime(2026, 11, 23, 2, 0, tzinfo=UTC), "现在营业·12:00 关门", True),
        (datetime(2026, 11, 23, 3, 45, tzinfo=UTC), "快关门了·12:00 关门", True),
        (datetime(2026, 11, 23, 4, 30, tzinfo=UTC), "现在关门·今天 13:30 开门", False),
        (datetime(2026, 11, 23, 12, 0, tzinfo=UTC), "现在关门·明天 8:30 开门", False),
        (datetime(2026, 11, 28, 2, 0, tzinfo=UTC), "现在关门·周一 8:30 开门", False),
        (datetime(2026, 10, 1, 2, 0, tzinfo=UTC), "现在关门·10月8日 周四 8:30 开门", False),  # 国庆
        (datetime(2026, 10, 10, 2, 0, tzinfo=UTC), "现在营业·12:00 关门", True),  # a Saturday people work
    ],
)
def test_open_now_in_words_and_as_a_filter(database_url, tmp_path, moment, said, found):
    from tests.builders import Make

    app = make_app(database_url, tmp_path, clock=moment)
    Make(app.extensions["db"], moment).station("近站", north(300))
    client = app.test_client()
    assert said in client.get("/stations", query_string=HERE).text
    assert (names(client.get("/stations", query_string=HERE | {"open": 1})) == ["近站"]) is found
    app.extensions["db"].engine.dispose()


def test_a_day_off_and_a_day_on_by_exception_win_over_the_week(client, make):
    today = date(2026, 11, 23)
    make.station("今天休息", north(100), exceptions={today: ""})
    make.station("今天加班", north(200), hours="Su 09:00-10:00", exceptions={today: "08:00-20:00"})
    assert names(client.get("/stations", query_string=HERE | {"open": 1})) == ["今天加班"]
    assert "现在关门·明天 8:30 开门" in client.get("/stations", query_string=HERE).text


def test_a_channel_can_be_asked_for(client, make):
    make.station("窗口", north(100), channels=1)
    make.station("视频", north(200), channels=1 | 1 << list(Channel).index(Channel.VIDEO))
    assert names(client.get("/stations", query_string=HERE | {"channel": "video"})) == ["视频"]


def test_a_closed_down_station_is_left_out(client, make):
    make.station("停办", north(100), open=False)
    assert names(client.get("/stations", query_string=HERE)) == []


def test_no_more_than_twenty_are_listed(client, make):
    for number in range(23):
        make.station(f"站{number:02}", north(10 + number))
    response = client.get("/stations", query_string=HERE)
    assert names(response) == [f"站{number:02}" for number in range(20)]
    assert "15 分钟内最近的 20 个" in response.text
    assert "放宽到" not in response.text


def test_a_rough_position_says_so_and_offers_villages(client, make):
    make.station()
    response = client.get("/stations", query_string=HERE | {"acc": 2000})
    assert "误差约 2.0 公里" in response.text
    assert "挑您所在的村，更准" in response.text


def test_step_by_step_from_city_to_village(client, make, loaded):
    make.station("近站", north(100))
    make.division("370102001003", "历山路", north(50))
    assert 'href="/stations/areas/370100?item=18"' in client.get("/stations/areas?item=18").text
    assert 'href="/stations/areas/370102?item=18"' in client.get("/stations/areas/370100?item=18").text
    assert 'href="/stations/areas/370102001?item=18"' in client.get("/stations/areas/370102?item=18").text
    page = client.get("/stations/areas/370102001?item=18").text
    assert 'href="/stations?area=370102001003&amp;item=18"' in page
    response = client.get("/stations?area=370102001003&item=18")
    assert "历下区·解放路街道·历山路" in response.text
    assert names(response) == ["近站"]


def test_a_typed_village_is_where_distances_start(client, make):
    make.station("近站", north(100))
    make.division("370102001003", "后坡街", north(50))
    response = client.get("/stations", query_string={"at": "后坡街"})
    assert "后坡街" in response.text
    assert names(response) == ["近站"]


def test_a_village_without_a_point_is_found_from_its_town(client, make):
    make.division("370102001", "解放路街道", north(50))
    make.station("近站", north(100))
    make.division("370102001003", "后坡街")
    for query in ({"area": "370102001003"}, {"at": "后坡街"}):
        response = client.get("/stations", query_string=query)
        assert names(response) == ["近站"]
        assert '<span lang="zh-CN">济南市·历下区·解放路街道</span>' in response.text


def test_a_name_that_many_villages_have_asks_which(client, make):
    make.station()
    make.division("370102001003", "张庄", SQUARE)
    make.division("370102001004", "张庄", SQUARE)
    response = client.get("/stations", query_string={"at": "张庄"})
    assert "您说的是哪一个？" in response.text
    assert "area=370102001003" in response.text
    assert "area=370102001004" in response.text


def test_an_unknown_name_leads_on(client, make):
    make.station()
    response = client.get("/stations", query_string={"at": "没有这个村"})
    assert "没找到这个地方" in response.text
    assert "按地区挑" in response.text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"lat": "91", "lon": "117"}, "纬度应在 -90 到 90 之间，请核对。"),
        ({"lat": "36", "lon": "181"}, "经度应在 -180 到 180 之间，请核对。"),
        ({"lat": "nan", "lon": "117"}, "位置要填数字，例如纬度 36.65，经度 117.12。"),
        ({"lat": "inf", "lon": "117"}, "位置要填数字，例如纬度 36.65，经度 117.12。"),
        ({"lat": "117.1", "lon": "36.6"}, "经纬度好像填反了，请先填纬度，再填经度。"),
        ({"lat": "36.6"}, "位置只有一半，请再点一次“用我的位置”。"),
        ({"lat": "北", "lon": "117"}, "纬度格式不对"),
        ({**HERE, "item": "99"}, "没有这件事，请重新选"),
        ({**HERE, "item": "61"}, "没有这件事，请重新选"),
        ({**HERE, "channel": "fax"}, "没有这种办法，请重新选"),
        ({**HERE, "by": "horse"}, "请选走路、电动车或开车"),
        ({**HERE, "m": "16"}, "请选 15、30、60 分钟或不限"),
        ({"area": "37"}, "没有这个地区，请重新挑"),
        ({"area": "999999"}, "没有这个地区，请重新挑"),
        ({"at": "长" * 61}, "村名、镇名或站名太长了，最多 60 个字"),
    ],
)
@on_sqlite
def test_each_mistake_is_one_sentence_on_the_page_and_in_json(client, given, sentence):
    page = client.get("/stations", query_string=given)
    assert page.status_code == 422
    assert sentence in page.text
    answer = client.get("/api/v1/stations", query_string=given)
    assert answer.status_code == 422
    assert list(answer.json["errors"].values()) == [sentence]
    block = client.get("/stations", query_string=given, headers={"HX-Request": "true"})
    assert block.status_code == 422
    assert sentence in block.text


def test_a_mistake_leaves_what_was_right(client):
    page = client.get("/stations", query_string={"at": "长" * 61, "by": "ebike", "m": "30", "open": "1", "item": "x"})
    for name, value in (("by", "ebike"), ("m", "30"), ("open", "1")):
        assert f'<input type="hidden" name="{name}" value="{value}">' in page.text
    assert 'name="item"' not in page.text


def test_full_width_numbers_are_understood(client, make):
    make.station("近站")
    assert names(client.get("/stations", query_string={"lat": "３６．６５１２", "lon": "117.1201"})) == ["近站"]


def test_json_says_what_the_page_says(client, make):
    code = make.station("近站", north(300), items=(1, 18), assist=(7,))
    make.station("远站", north(1200))

    answer = client.get("/api/v1/stations", query_string=HERE).json

    assert answer["within"] is True
    assert answer["more"] == 1
    (station,) = answer["stations"]
    assert station["code"] == code
    assert station["metres"] in range(295, 305)
    assert station["minutes"] == 6
    assert station["state"] == "open"
    assert station["items"] == {"direct": [1, 18], "assist": [7], "consult": []}
    one = client.get(f"/api/v1/stations/{code}").json
    assert one["hours"] == "Mo-Fr 08:30-12:00,13:30-17:30; PH off"
    assert client.get("/api/v1/stations/nobody").status_code == 404


def test_htmx_gets_the_results_alone_and_history_the_whole_page(client, make):
    make.station("近站")
    block = client.get("/stations", query_string=HERE, headers={"HX-Request": "true"})
    assert block.text.lstrip().startswith('<div id="results">')
    whole = client.get(
        "/stations", query_string=HERE, headers={"HX-Request": "true", "HX-History-Restore-Request": "true"}
    )
    assert "<h1" in whole.text
    assert "HX-Request" in whole.headers["Vary"]


HOSTILE = ["${alert(1)}", "</script><script>alert(1)</script>", "\u202e站\u200f", "😀" * 10, "'\"&<>", "长" * 60]


@pytest.mark.parametrize("name", HOSTILE)
@on_sqlite
def test_a_hostile_name_is_only_text(client, make, name):
    code = make.station(name)
    for path in (f"/stations?lat={SQUARE.lat}&lon={SQUARE.lon}", f"/stations/{code}", f"/stations/{code}/report"):
        response = client.get(path)
        assert response.status_code == 200
        assert "<script>alert" not in response.text
        assert name in BeautifulSoup(response.text, "html.parser").get_text()


@pytest.mark.parametrize("address", ["/stations", "/stations/map"])
def test_a_typed_place_stays_when_a_filter_changes(client, make, address):
    make.division("370102", "历下区", SQUARE)
    make.station("近站")
    page = client.get(address, query_string={"at": "历下区", "m": "0"})
    form = BeautifulSoup(page.text, "html.parser").select_one("#filters")
    assert form.select_one("input[name=area]")["value"] == "370102"
