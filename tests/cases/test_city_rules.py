"""The file of what cities decide, and the places forms may name."""

import csv

import pytest

from cases.circumstances import CityRules
from cases.city_rules import read_city_rules, shipped_city_rules
from cases.days import add_months
from cases.places import care_places, ethnic_groups, merged_divisions, nationalities, place_name, pool_area
from common.settings import ROOT
from tests.cases.lines import day

HEAD = "city_code,name,value,effective_on,source"


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


def shandong():
    with (ROOT / "stations/data/divisions.csv").open(encoding="utf-8") as lines:
        return {row["code"]: row["name"] for row in csv.DictReader(lines) if len(row["code"]) == 6}


def test_the_file_says_what_the_code_does():
    defaults = CityRules()
    everywhere = {rule.name: rule.value for rule in shipped_city_rules() if not rule.city_code}
    assert everywhere == {name: getattr(defaults, name) for name in everywhere}
    assert set(everywhere) | {"collection_periods"} == set(vars(defaults))


def test_every_city_has_a_collection_period_marked_as_a_demo_value():
    periods = {rule.city_code: rule for rule in shipped_city_rules() if rule.name == "collection_periods"}
    assert set(periods) == {code for code in shandong() if code.endswith("00") and not code.endswith("0000")}
    for rule in periods.values():
        assert "演示值" in rule.source
        assert rule.value == [{"year": 2027, "start": "2026-09-01", "end": "2026-12-31"}]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("371300,no_such_rule,1,2026-01-01,x", "没有“no_such_rule”"),
        ("371302,validity_months,6,2026-01-01,x", "城市代码"),
        ("371300,validity_months,six,2026-01-01,x", "six"),
        ("371300,validity_months,无,2026-01-01,x", "要有值"),
        ("371300,multi_target,1,2026-01-01,x", "值不对"),
        ("371300,validity_months,6,2026-13-01,x", "month"),
        ("371300,validity_months,6,2026-01-01,", "来源"),
        ("371300,collection_periods,2027,2026-01-01,x", "2027:2026-09-01"),
        ("371300,collection_periods,2027:2026-12-31/2026-09-01,2026-01-01,x", "早于"),
    ],
)
def test_a_wrong_row_is_named_with_its_line(row, problem):
    with pytest.raises(ValueError, match=f"第 2 行：.*{problem}"):
        read_city_rules([HEAD, row])


def test_care_places_are_the_mainland_and_shandong_as_the_product_has_it():
    places = care_places()
    ours = {code: name for code, name in shandong().items() if code.endswith("00")}
    assert {code: place.name for code, place in places.items() if code.startswith("37")} == ours
    provinces = [code for code in places if code.endswith("0000")]
    assert len(provinces) == 32  # 31 and the XPCC
    assert {code[:2] for code in places} == {code[:2] for code in provinces}
    assert {code for code in provinces if places[code].kind == "city"} == {
        "110000",
        "120000",
        "310000",
        "500000",
        "660000",
    }
    assert len({place.name for place in places.values()}) == len(places)


def test_a_county_belongs_to_the_pool_of_its_city_or_municipality():
    assert pool_area("371302") == pool_area("371300") != pool_area("370102")
    assert pool_area("310115") == pool_area("310000")
    assert (place_name("310115"), place_name("371302"), place_name("999999"), place_name(None)) == (
        "上海市",
        "临沂市",
        "",
        "",
    )


def test_a_division_that_is_no_more_leads_to_one_that_is():
    now = shandong()
    for old, merged in merged_divisions().items():
        assert old not in now
        assert now[merged.into] == merged.into_name


def test_the_lists_to_choose_from_are_whole():
    assert len(ethnic_groups()) == 58
    assert dict(nationalities())["JPN"] == "日本"
    assert "CHN" not in dict(nationalities())


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [(20260831, 6, 20270228), (20261123, 12, 20271123), (20261231, 2, 20270228), (20240229, 12, 20250228)],
)
def test_months_end_where_the_calendar_does(start, months, end):
    assert add_months(day(start), months) == day(end)
