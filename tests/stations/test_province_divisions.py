"""The province's list of divisions against ours: names follow it, merged ones end and lead to where they went, nothing ends unsaid."""

import pytest
import sqlalchemy as sa

from cases.form_places import choices
from cases.gathering import gather
from common import editions
from stations import province_divisions, queries
from stations.models import Division
from stations.names import find_names
from tests.conftest import NOW

# What this installation has, down to villages of two towns.
OURS = {
    "370000": "山东省",
    "370100": "济南市",
    "370102": "历下区",
    "370102001": "解放路街道",
    "370102001001": "历山村",
    "370102002": "千佛山街道",
    "370103": "市中区",
    "370103001": "大观园街道",
    "370103001001": "大观村",
}


@pytest.fixture
def ours(make):
    for code, name in OURS.items():
        make.division(code, name)


def row(code, name=None, **more):
    return {"code": code, "name": name or OURS[code], "new_code": None, "vali_flag": "1"} | more


def whole(*rows):
    """The list as it would say what we have, with these rows instead."""
    told = {code: row(code) for code in OURS if len(code) < 12}
    return list((told | {one["code"]: one for one in rows}).values())


def gone(code, into, **more):
    return row(code, vali_flag="0", new_code=into, **more)


def plan(session, rows, full=True, areas=("37",)):
    session.rollback()
    return province_divisions.plan(session, rows, full=full, now=NOW, areas=areas)


def changes(planned):
    """code → name, parent and what it became, of what would change."""
    return {row["code"]: (row["name"], row["parent_code"], row["became"]) for row in planned.facts}


def test_names_parents_and_new_ones_follow_the_list_and_places_stay_ours(ours, make, session):
    make.division("370103", "市中区", place=None)
    rows = whole(
        row("370103", "市中新区"),
        row("370102002", parent="370103"),
        row("370102003", " 泉城路街道 "),
        row("370104", "槐荫区", level=3, parent="370100"),
    )
    planned = plan(session, rows)
    assert changes(planned) == {
        "370103": ("市中新区", "370100", None),
        "370102002": ("千佛山街道", "370103", None),
        "370102003": ("泉城路街道", "370102", None),
        "370104": ("槐荫区", "370100", None),
    }
    assert (len(planned.ending), planned.open_now, planned.wrong, planned.differs) == (0, 7, {}, {})
    province_divisions.apply(session, planned, NOW)
    session.commit()
    assert [hit.code for hit in find_names(session, "泉城路")] == ["370102003"]
    assert [view.code for view in queries.children(session, "370103")] == ["370102002", "370103001"]
    assert plan(session, rows).facts == []


def test_a_merged_county_takes_its_towns_and_villages_along_and_can_come_back(ours, session):
    rows = whole(gone("370102", "370103"))
    rows = [
        one for one in rows if not one["code"].startswith("370102001")
    ]  # the other town: named, and lost its county
    planned = plan(session, rows)
    ended = {"370102", "370102001", "370102001001"}
    assert {code for code, (_n, _p, became) in changes(planned).items() if became == "370103"} == ended
    assert (len(planned.ending), [*planned.wrong], planned.differs) == (2, ["370102002"], {})
    province_divisions.apply(session, planned, NOW)
    session.commit()
    assert plan(session, rows).facts == []
    merged = queries.division(session, "370102001001")
    assert queries.successor(session, merged).code == "370103"
    assert merged.name == "历山村"  # what names it still can
    assert [view.code for view in queries.children(session, "370100")] == ["370103"]
    assert find_names(session, "历下") == []
    assert [hit.code for hit in find_names(session, "历山村")] == []
    planned = plan(session, whole())
    assert {code: became for code, (_n, _p, became) in changes(planned).items()} == {"370102": None, "370102001": None}


def test_mergers_one_after_another_lead_to_where_it_is_now(ours, session):
    for old, into in (("370102", "370103"), ("370103", "370104")):
        planned = plan(session, [row("370104", "槐荫区"), gone(old, into)], full=False)
        province_divisions.apply(session, planned, NOW)
        session.commit()
    assert queries.successor(session, queries.division(session, "370102")).code == "370104"
    assert queries.successor(session, queries.division(session, "370104")) is None


def test_a_circle_of_mergers_ends_somewhere(ours, session):
    session.execute(sa.update(Division).where(Division.code == "370102").values(became="370103"))
    session.execute(sa.update(Division).where(Division.code == "370103").values(became="370102"))
    editions.bump(session, "divisions")
    session.commit()
    assert queries.successor(session, queries.division(session, "370102")).code in {"370102", "370103"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "odd",
    [
        row("370102", " "),
        row("370102", "长" * 61),
        row("370102", "历下\n区"),
        row("370102", 7) | {"name": 7},
        row("370102", level=4),
        row("370102", parent="370200"),
        row("370102", parent="370103"),
        row("3701021", "历下区"),
        row("３７０１０２", "历下区"),
        gone("370102", None),
        gone("370102", "370199"),
        gone("370102", "370102"),
        gone("370102", "370103001"),
        gone("370102001", "370103"),
    ],
)
def test_a_row_that_cannot_be_right_changes_nothing_and_is_named(ours, session, odd):
    planned = plan(session, whole(odd))
    assert (planned.facts, len(planned.ending)) == ([], 0)
    assert [*planned.wrong] == [odd["code"]]
    assert planned.wrong[odd["code"]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_a_whole_list_leaves_out_stays_and_is_shown_what_a_part_leaves_out_is_not(ours, session):
    rows = [one for one in whole() if one["code"] != "370103001"]
    assert plan(session, rows).facts == []
    assert [*plan(session, rows).differs] == ["370103001"]
    assert plan(session, rows, full=False).differs == {}
    assert plan(session, [row("370103")]).differs.keys() == {
        "370102"
    }  # levels that it does not speak of are not missed


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_divisions_of_others_and_rows_that_are_none_are_left_alone(ours, session):
    merged_before = gone("371202", "370116", name="莱城区")
    planned = plan(session, [*whole(), row("370202", "市南区"), merged_before, None, 7], areas=("370102",))
    assert (planned.facts, planned.wrong, planned.differs) == ([], {}, {})
    assert plan(session, [*whole(), merged_before]).facts == []  # we never had it


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_open_stations_in_a_merged_county_are_counted_until_they_are_moved(ours, make, session):
    make.station(town_code="370102002")
    make.station(town_code="370102002", open=False)
    planned = plan(session, whole(gone("370102", "370103"), gone("370102002", "370103001")))
    assert planned.wrong.keys() == {"370102001"}
    assert planned.differs.keys() == {"370102", "370102002"}
    assert "还有 1 个站点" in planned.differs["370102"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_form_offers_no_merged_county_and_says_of_one_that_was_chosen_into_which_it_went(ours, session):
    province_divisions.apply(session, plan(session, [gone("370102", "370103")], full=False), NOW)
    session.commit()
    for name in ("insu_admdvs", "resd_loc_admdvs", "live_division"):
        assert not {code for code, _name in choices(session, name, "370100") if code.startswith("370102")}
    at = gather(session, item_no=18, now=NOW)
    assert at.merged.items() >= {("370102", "370103"), ("370102002", "370103")}
    assert at.divisions["370102"] == "历下区"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_of_a_merged_county_leads_to_the_one_it_is_part_of(ours, session, client):
    province_divisions.apply(session, plan(session, [gone("370102", "370103")], full=False), NOW)
    session.commit()
    assert client.get("/stations/areas/370102001").location == "/stations/areas/370103"
    assert "历下区" not in client.get("/stations/areas/370100").text
