"""停保: who leaves the residents' insurance, from when, and who reports a death."""

import pytest

from cases.families import check
from tests.cases.lines import AGENT, ALWAYS, LIU, at, insured, live

STOP = ALWAYS | LIU | {"mob": "15400000004", "stop_reason": "joined_employee", "stop_date": "2026-11-30"}
DIED = STOP | {"stop_reason": "died", "stop_date": "2026-11-20"}
RELATIVE = AGENT | {"auth_kind": ""}
WARNING = "停保后看病不能报销，已缴费用能否退以税务和参保地规定为准"


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.mark.parametrize(
    ("typed", "given", "errors"),
    [
        (STOP, {}, {}),
        (STOP | {"stop_date": "2026-12-24"}, {}, {}),
        (STOP | {"stop_date": "2026-12-25"}, {}, {"stop_date": "停保日期最晚 2026-12-24"}),
        (STOP | {"stop_date": "2026-02-30"}, {}, {"stop_date": "从哪天停请写成 2026-11-23 这样的日期"}),
        (STOP | {"stop_reason": ""}, {}, {"stop_reason": "请选择为什么停保"}),
        (STOP | {"stop_reason": "other"}, {}, {"stop_words": "请写明停保原因"}),
        (STOP | {"stop_reason": "other", "stop_words": "不要了"}, {}, {"stop_words": "停保原因至少 4 个字"}),
        (STOP | {"stop_reason": "other", "stop_words": "长期在国外"}, {}, {}),
        (DIED, {}, {"by_agent": "已故人员请由亲属办理"}),
        (DIED | RELATIVE, {}, {}),
        (DIED | RELATIVE | {"stop_date": "2026-11-24"}, {}, {"stop_date": "去世日期不能晚于今天"}),
        (
            STOP,
            {"live": (live(4, key="4"),)},
            {"form": "“城乡居民停保（终止参保）登记”已经提交过，回执号 Q2M5-9X3K，不用重复办理"},
        ),
    ],
)
def test_each_mistake_has_its_sentence(app, typed, given, errors):
    with app.app_context():
        assert check(4, typed, at(**given)).errors == errors


def test_who_stops_is_warned_once(app):
    with app.app_context():
        assert [one.words for one in check(4, STOP, at()).to_confirm] == [WARNING]
        assert check(4, STOP, at(confirmed=frozenset({"stop_reason"}))).to_confirm == ()


def test_a_death_needs_a_proof_unless_the_province_knows(app):
    with app.app_context():
        told = check(4, DIED | RELATIVE, at())
        known = check(4, DIED | RELATIVE, at(known=insured(died=True)))
    assert [need.kind for need in told.missing] == ["death_proof"]
    assert known.papers == ()
    assert not known.to_county
    assert told.answers["paus_insu_date"] == "2026-11-20"
