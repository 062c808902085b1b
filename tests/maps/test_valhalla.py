"""Travel times from an operator's Valhalla: believed when they can be true, done without when not. A real HTTP server answers."""

import json
import logging

import pytest

from maps.place import Place
from maps.reach import DEFAULT_POLICIES, Mode
from maps.valhalla import FAILURES, MOST_TARGETS, PAUSE_S, Valhalla, Way
from tests.builders import SQUARE
from tests.maps.valhalla_standin import answer

WALK = DEFAULT_POLICIES[Mode.WALK]
NEAR, FAR = Place(SQUARE.lat + 0.0027, SQUARE.lon), Place(SQUARE.lat, SQUARE.lon + 0.0112)  # 300 m, 1,000 m


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def valhalla(standin, clock) -> Valhalla:
    return Valhalla(standin.url, clock)


def matrix(*cells, **more) -> dict:
    return {"sources_to_targets": [list(cells)], "units": "kilometers"} | more


def test_minutes_and_metres_come_in_the_order_of_the_question(valhalla):
    near, far = valhalla.ways(SQUARE, [NEAR, FAR], WALK)
    assert (near.minutes, round(near.metres, -1)) == (6, 450)
    assert (far.minutes, round(far.metres, -1)) == (21, 1500)


@pytest.mark.parametrize(
    ("mode", "costing", "options"),
    [
        (Mode.WALK, "pedestrian", {"pedestrian": {"walking_speed": 4.5}}),
        (Mode.EBIKE, "bicycle", {"bicycle": {"cycling_speed": 15.0}}),
        (Mode.CAR, "auto", None),
    ],
)
def test_each_way_of_going_asks_for_its_costing_at_the_speed_of_the_policy(valhalla, standin, mode, costing, options):
    valhalla.ways(SQUARE, [NEAR], DEFAULT_POLICIES[mode])
    (asked,) = standin.asked
    assert standin.paths == ["/sources_to_targets"]
    assert (asked["costing"], asked["units"], asked.get("costing_options")) == (costing, "kilometers", options)
    assert asked["sources"] == [{"lat": 36.6512, "lon": 117.1201}]
    assert asked["targets"] == [{"lat": round(NEAR.lat, 6), "lon": round(NEAR.lon, 6)}]


def test_an_operators_address_may_have_a_path(standin):
    Valhalla(standin.url + "/valhalla").ways(SQUARE, [NEAR], WALK)
    assert standin.paths == ["/valhalla/sources_to_targets"]


def test_only_twenty_are_asked_about_and_none_beyond_fifty_kilometres(valhalla, standin):
    ways = valhalla.ways(SQUARE, [Place(38.2, 117.1)] + [NEAR] * 25, WALK)
    assert len(standin.asked[0]["targets"]) == MOST_TARGETS - 1
    assert ways[0] is None
    assert [isinstance(way, Way) for way in ways[1:]] == [True] * 19 + [False] * 6
    assert valhalla.ways(SQUARE, [Place(38.2, 117.1)], WALK) == [None]
    assert len(standin.asked) == 1


def test_where_no_road_leads_is_said(valhalla, standin):
    standin.say = lambda _asked: matrix(answer(0, None), answer(1, 1200))
    assert valhalla.ways(SQUARE, [NEAR, FAR], WALK) == ["none", Way(16, 1200.0)]


UNUSABLE = {
    "status 500": (500, "application/json", b'{"error":"oops"}'),
    "status 302": (302, "text/html", b""),
    "status 204": (204, "application/json", b""),
    "a page": (200, "text/html", b"<!doctype html><title>Welcome to nginx</title>"),
    "nothing": b"",
    "half of it": json.dumps(matrix(answer(0, 450), answer(1, 1500))).encode()[:-30],
    "another thing": {"routes": []},
    "a list": b"[1, 2]",
    "deep nonsense": b"[" * 100_000,
    "not UTF-8": b'{"sources_to_targets": "\xff\xfe"}',
    "an endless answer": b" " * 400_000 + json.dumps(matrix(answer(0, 450), answer(1, 1500))).encode(),
    "one answer too few": matrix(answer(0, 450)),
    "one answer too many": matrix(answer(0, 450), answer(1, 1500), answer(2, 1500)),
    "two rows": {"sources_to_targets": [[answer(0, 450)], [answer(1, 1500)]]},
    "another order": matrix(answer(1, 450), answer(0, 1500)),
    "miles": matrix(answer(0, 450), answer(1, 1500), units="miles"),
    "a null among the numbers": matrix({"to_index": 0, "distance": 0.45, "time": None}, answer(1, 1500)),
    "words for numbers": matrix({"to_index": 0, "distance": "0.45", "time": "360"}, answer(1, 1500)),
    "truth for numbers": matrix({"to_index": 0, "distance": True, "time": True}, answer(1, 1500)),
    "negative distance": matrix(answer(0, -450, 360), answer(1, 1500)),
    "negative time": matrix(answer(0, 450, -360), answer(1, 1500)),
    "not a number": matrix(answer(0, 450, float("nan")), answer(1, 1500)),
    "endless": matrix(answer(0, 450, float("inf")), answer(1, 1500)),
    "a number of 400 digits": b'{"sources_to_targets":[[{"distance":1%s,"time":1},{"distance":1,"time":1}]]}'
    % (b"0" * 400),
    "shorter than the straight line": matrix(answer(0, 450), answer(1, 600)),
    "more than twenty times as long": matrix(answer(0, 450), answer(1, 25_000)),
    "there in no time": matrix(answer(0, 450), answer(1, 1500, 0)),
    "on foot at 90 km/h": matrix(answer(0, 450), answer(1, 1500, 60)),
    "a day and a half": matrix(answer(0, 450), answer(1, 1500, 130_000)),
}


@pytest.mark.parametrize("said", UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_answer_that_cannot_be_true_is_no_answer(valhalla, standin, said):
    standin.say = lambda _asked: said
    assert valhalla.ways(SQUARE, [NEAR, FAR], WALK) is None


@pytest.mark.parametrize(
    "cells",
    [
        (answer(0, 20), answer(1, 990)),  # both ends are moved to the nearest road
        (answer(0, 0, 0), answer(1, 1500)),  # the same bit of road
        (answer(0, 5900), answer(1, 19_000)),  # round a lake
    ],
)
def test_an_odd_answer_that_may_be_true_is_believed(valhalla, standin, cells):
    standin.say = lambda _asked: matrix(*cells)
    assert all(isinstance(way, Way) for way in valhalla.ways(SQUARE, [NEAR, FAR], WALK))


@pytest.mark.parametrize("drip", [0.0, 0.2])
def test_a_slow_server_is_not_waited_for(valhalla, standin, drip):
    if drip:
        standin.drip = drip  # 250 bytes, each of them in time
    else:
        standin.hold.clear()
    assert valhalla.ways(SQUARE, [NEAR, FAR], WALK) is None


def test_a_server_that_is_down_is_no_answer(standin, clock):
    url = standin.url
    standin.stop()
    assert Valhalla(url, clock).ways(SQUARE, [NEAR], WALK) is None


def test_after_three_failures_it_is_left_alone_for_a_minute_and_then_tried_once(valhalla, standin, clock):
    standin.say = lambda _asked: (500, "text/plain", b"")
    for _time in range(FAILURES + 4):
        assert valhalla.ways(SQUARE, [NEAR], WALK) is None
    assert len(standin.asked) == FAILURES

    clock.seconds = PAUSE_S
    valhalla.ways(SQUARE, [NEAR], WALK)
    valhalla.ways(SQUARE, [NEAR], WALK)
    assert len(standin.asked) == FAILURES + 1  # still ill: another minute

    clock.seconds = 2 * PAUSE_S
    standin.say = lambda _asked: matrix(answer(0, 450))
    assert valhalla.ways(SQUARE, [NEAR], WALK) == [Way(6, 450.0)]
    standin.say = lambda _asked: b""
    for _time in range(FAILURES):
        valhalla.ways(SQUARE, [NEAR], WALK)
    assert len(standin.asked) == 2 * FAILURES + 2  # well again, so three more may fail


def test_a_place_off_its_map_does_not_count_as_a_failure(valhalla, standin):
    """One reader far away may not switch it off for all."""
    standin.say = lambda _asked: (
        400,
        "application/json",
        b'{"error_code":171,"error":"No suitable edges near location"}',
    )
    for _time in range(FAILURES + 2):
        assert valhalla.ways(SQUARE, [NEAR], WALK) is None
    assert len(standin.asked) == FAILURES + 2


def test_where_people_are_is_never_logged(valhalla, standin, caplog):
    caplog.set_level(logging.DEBUG)
    valhalla.ways(SQUARE, [NEAR], WALK)
    standin.say = lambda _asked: b"<html>36.6512"
    valhalla.ways(SQUARE, [NEAR], WALK)
    assert "did not help: Unusable" in caplog.text
    assert "36.65" not in caplog.text
    assert "117.1" not in caplog.text


def test_a_proxy_of_the_environment_hears_nothing(valhalla, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert isinstance(valhalla.ways(SQUARE, [NEAR], WALK)[0], Way)
