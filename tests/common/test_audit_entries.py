"""An auditor reads whose audit the area has, a page at a time, and no long number in it."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from common import audit
from common.audit_entries import counties, entries, masked
from tests.conftest import NOW
from tests.statements import statements_of

DAY = date(2026, 11, 23)


@pytest.fixture
def audited(session):
    for county, n in (("371302", 7), ("371303", 1), ("370102", 2)):
        for number in range(n):
            audit.record(
                session,
                county_code=county,
                actor_id="a" * 32,
                actor_role="clerk",
                action="reveal" if number % 2 else "export_person",
                about=("case", f"{number}"),
                purpose=f"核对 37130219900101001{number} 的电话 138 0000 0000",
                facts={"field": "phone"},
                now=NOW + timedelta(minutes=number),
            )
    session.commit()
    return session


@pytest.mark.parametrize(
    ("area", "found"),
    [
        ("37", {"370102": 2, "371302": 7, "371303": 1}),
        ("3713", {"371302": 7, "371303": 1}),
        ("371302", {"371302": 7}),
        ("371302101", {"371302": 7}),
        ("3714", {}),
    ],
)
def test_an_area_has_the_counties_below_it(audited, area, found):
    assert counties(audited, area, DAY) == found
    assert counties(audited, area, DAY + timedelta(days=1)) == {}


@pytest.mark.parametrize("area", ["", "3", "%", "37%", "__"])
def test_an_area_that_is_none_shows_nothing_of_anybody(audited, area):
    with pytest.raises(ValueError, match="prefix of division codes"):
        counties(audited, area, DAY)


def test_entries_come_newest_first_page_by_page_and_by_action(audited):
    assert [seen.seq for seen in entries(audited, "371302", DAY, limit=4)] == [7, 6, 5, 4]
    assert [seen.seq for seen in entries(audited, "371302", DAY, before=4)] == [3, 2, 1]
    assert [seen.seq for seen in entries(audited, "371302", DAY, action="reveal")] == [6, 4, 2]
    assert entries(audited, "371302", DAY - timedelta(days=1)) == []


def test_a_page_is_two_statements_and_shows_no_long_number(app, audited):
    with statements_of(app.extensions["db"].engine) as statements:
        counties(audited, "3713", DAY)
        page = entries(audited, "371302", DAY)
    assert len(statements) <= 2
    assert page[0].purpose == "核对 371***16 的电话 138***00"
    assert (page[0].action, page[0].facts, page[0].unreadable) == ("export_person", {"field": "phone"}, False)


def test_a_purpose_that_does_not_open_is_said_and_the_rest_is_shown(audited):
    audited.execute(sa.text("UPDATE audit_entry SET purpose = :bad WHERE seq = 6"), {"bad": b"\x01\x00\x01bad"})
    page = entries(audited, "371302", DAY)
    assert [seen.seq for seen in page if seen.unreadable] == [6]
    assert len(page) == 7


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("核对材料", "核对材料"),
        ("第 3 次，2026 年", "第 3 次，2026 年"),
        ("37130219900101001X", "371***1X"),
        ("电话13800000000。", "电话138***00。"),
        ("371302-19900101-0017", "371***17"),
    ],
)
def test_only_long_numbers_are_masked(words, shown):
    assert masked(words) == shown
