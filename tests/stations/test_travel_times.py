"""How long the way takes: estimated and said so with its policy, or real where the operator has a Valhalla. Page and JSON."""

from collections.abc import Iterator
from datetime import date

import pytest
from bs4 import BeautifulSoup

from common.editions import bump
from maps.models import ReachRule
from maps.place import Place
from tests.builders import SQUARE
from tests.conftest import make_app
from tests.maps.valhalla_standin import StandIn, answer

HERE = {"lat": SQUARE.lat, "lon": SQUARE.lon}
QUERY = "lat=36.6512&lon=117.1201"


def north(metres: float) -> Place:
    return Place(SQUARE.lat + metres / 111_000, SQUARE.lon)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.stop()


@pytest.fixture
def app(database_url, tmp_path, standin):
    app = make_app(database_url, tmp_path, valhalla_url=standin.url)
    yield app
    app.extensions["db"].engine.dispose()


@pytest.fixture
def two(make) -> None:
    make.station("近站", north(300))
    make.station("远站", north(600))


def cards(page) -> dict[str, str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return {li.h3.get_text(): li.get_text(" ", strip=True) for li in soup.select("ol.st > li")}


def foot(page) -> str:
    return " ".join(tag.get_text(" ", strip=True) for tag in BeautifulSoup(page.text, "html.parser").select(".foot"))


def say_metres(standin, *metres: float | None) -> None:
    standin.say = lambda _asked: {"sources_to_targets": [[answer(n, one) for n, one in enumerate(metres)]]}


def test_real_minutes_replace_the_estimate_and_sort_the_list(client, two, standin):
    say_metres(standin, 1000, 650)  # a river lies between here and the nearer one
    page = client.get("/stations", query_string=HERE)
    assert list(cards(page)) == ["远站", "近站"]
    assert "走路约 9 分钟·650 米" in cards(page)["远站"]
    assert "走路约 14 分钟·1.0 公里" in cards(page)["近站"]
    assert "（估算）" not in page.text
    assert "Valhalla，OpenStreetMap 路网" in foot(page)
    assert "15 分钟内有 2 个" in page.text


def test_the_same_in_json(client, two, standin):
    say_metres(standin, 1000, 650)
    said = client.get("/api/v1/stations", query_string=HERE).json
    assert (said["measure"], said["within"]) == ("roads", True)
    rows = [(row["name"], row["minutes"], row["minutes_estimated"]) for row in said["stations"]]
    assert rows == [("远站", 9, False), ("近站", 14, False)]


def test_who_is_in_reach_is_what_the_roads_say(client, two, standin):
    say_metres(standin, 400, 2000)
    page = client.get("/stations", query_string=HERE)
    assert list(cards(page)) == ["近站"]
    assert "15 分钟内有 1 个" in page.text
    assert "放宽到 30 分钟，再看 1 个" in page.text

    say_metres(standin, 2100, 2000)
    page = client.get("/stations", query_string=HERE)
    assert "走路 15 分钟内没有" in page.text
    assert "最近的一个走路约 27 分钟·2.0 公里。" in page.text
    assert list(cards(page)) == ["远站", "近站"]


def test_a_station_without_a_road_comes_last_and_says_so(client, two, standin):
    say_metres(standin, None, 650)
    page = client.get("/stations", query_string=HERE | {"m": "0"})
    assert list(cards(page)) == ["远站", "近站"]
    assert "没查到通的路·直线 300 米 （估算）" in cards(page)["近站"].replace("（", " （")
    rows = client.get("/api/v1/stations", query_string=HERE | {"m": "0"}).json["stations"]
    assert [row["minutes_estimated"] for row in rows] == [False, True]


@pytest.mark.parametrize("said", [(500, "text/html", b"<h1>500</h1>"), b"{", {"sources_to_targets": [[]]}], ids=str)
def test_without_a_credible_answer_the_estimate_is_shown_and_says_why(client, two, standin, said):
    standin.say = lambda _asked: said
    page = client.get("/stations", query_string=HERE)
    assert list(cards(page)) == ["近站", "远站"]
    assert "走路约 6 分钟·300 米（估算）" in page.text
    assert "路况服务没应答，路上时间按直线距离估算" in foot(page)
    body = client.get("/api/v1/stations", query_string=HERE).json
    assert (body["measure"], body["stations"][0]["minutes_estimated"]) == ("estimate", True)


def test_a_far_away_reader_is_answered_without_asking(client, two, standin):
    page = client.get("/stations?lat=31.23&lon=121.47&m=0")
    assert standin.asked == []
    assert "路上时间按直线距离估算" in foot(page)
    assert "没应答" not in foot(page)


def test_an_empty_list_asks_nobody(client, standin):
    assert client.get("/stations", query_string=HERE).status_code == 200
    assert standin.asked == []


def test_without_the_setting_nobody_is_asked(database_url, tmp_path, make, standin):
    make.station("近站", north(300))
    app = make_app(database_url, tmp_path)
    page = app.test_client().get("/stations", query_string=HERE)
    assert "（估算）" in page.text
    assert standin.asked == []
    app.extensions["db"].engine.dispose()


def test_the_list_says_how_minutes_are_estimated(client, two, standin):
    standin.say = lambda _asked: b""
    how = BeautifulSoup(client.get("/stations", query_string=HERE).text, "html.parser").select_one("details.how")
    assert how.summary.get_text() == "怎么估算的"
    assert "走路每小时 4.5 公里，路按直线的 1.32 倍算" in how.get_text()
    assert "生活圈研究" in how.get_text()


def test_an_operators_own_policy_is_what_the_list_says(client, two, session, standin):
    standin.say = lambda _asked: b""
    rule = ReachRule(
        mode="walk", effective_on=date(2026, 1, 1), km_per_hour=3, detour=1.5, source="本县 <b>实测</b> 2026-01"
    )
    session.add(rule)
    bump(session, "reach")
    session.commit()
    page = client.get("/stations", query_string=HERE)
    words = BeautifulSoup(page.text, "html.parser").select_one("details.how").get_text()
    assert "走路每小时 3 公里，路按直线的 1.5 倍算" in words
    assert "本县 <b>实测</b> 2026-01" in words
    assert "走路约 9 分钟·300 米" in page.text
    assert client.get("/api/v1/stations", query_string=HERE).json["reach"] == {
        "mode": "walk",
        "km_per_hour": 3.0,
        "detour": 1.5,
    }
