"""The operator's own speeds and detours: set by command, in force from their day, seen by the next reader."""

from datetime import date

import pytest

from maps.queries import reach_policy
from maps.reach import DEFAULT_POLICIES, Mode

TODAY, TOMORROW = date(2026, 11, 23), date(2026, 11, 24)


def flask(app, *words: str):
    return app.test_cli_runner().invoke(args=["reach", *words])


def policy(database, mode: Mode, on: date):
    with database.read_session() as session:
        return reach_policy(session, mode, on)


def test_a_rule_holds_from_its_day_on_and_is_shown(app, database):
    said = flask(
        app, "set", "walk", "--km-per-hour", "3.6", "--detour", "1.5", "--source", "本县实测", "--from", "2026-11-24"
    )
    assert said.output == "2026-11-24起：3.6 公里每小时，绕行 1.5 倍。\n"
    assert policy(database, Mode.WALK, TODAY) == DEFAULT_POLICIES[Mode.WALK]
    assert policy(database, Mode.WALK, TOMORROW).km_per_hour == 3.6
    assert flask(app, "show").output.startswith("walk  4.5 km/h  × 1.32  步行")


def test_the_same_day_twice_keeps_the_later_words(app, database):
    for speed in ("12", "18"):
        flask(app, "set", "ebike", "--km-per-hour", speed, "--detour", "1.2", "--source", "试骑")
    assert policy(database, Mode.EBIKE, TODAY).km_per_hour == 18
    assert "ebike  18 km/h  × 1.2  试骑" in flask(app, "show").output


@pytest.mark.parametrize(
    ("speed", "detour", "words"),
    [("0", "1.3", "速度应大于 0"), ("nan", "1.3", "速度应大于 0"), ("5", "0.9", "绕行系数应在 1 到 5")],
)
def test_numbers_nobody_can_travel_by_are_refused(app, speed, detour, words):
    said = flask(app, "set", "car", "--km-per-hour", speed, "--detour", detour, "--source", "x")
    assert said.exit_code == 1
    assert words in said.output
