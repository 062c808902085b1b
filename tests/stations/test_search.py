"""The one search box over everything: a checked-in table of what people say, and what each result leads to."""

import csv
from pathlib import Path

import pytest

from common.clock import local_date
from maps.place import Place
from services_catalog.operations import load_shipped
from stations import search
from stations.division_import import load_divisions
from tests.builders import SQUARE
from tests.conftest import NOW, on_sqlite

TABLE = Path(__file__).parent.parent / "services_catalog" / "search_queries.csv"
ENOUGH = 63  # of 66


def named(result: search.Result) -> set[str]:
    kind = "village" if result.kind == "division" and len(result.ref) == 12 else result.kind
    return {f"{kind}:{result.ref}", f"{kind}:{result.title}"}


def test_what_people_say_finds_the_right_thing_in_the_top_three(loaded, session, make):
    load_divisions(session)
    session.commit()
    make.station("历山路医保工作站", SQUARE)
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    missed = []
    for row in rows:
        top = search.find(session, row["query"], on=local_date(NOW))[:3]
        if not set(row["expected"].split("|")) & set().union(*map(named, top)):
            missed.append(f"{row['query']} → {[(r.kind, r.title) for r in top]}, not {row['expected']}")
    assert len(rows) >= 66
    assert len(rows) - len(missed) >= ENOUGH, "\n".join(missed)


@pytest.fixture
def villages(make):
    make.station("大桥村医保工作站", SQUARE)
    make.division("370102001003", "甘露堂", Place(36.66, 117.12))
    make.division("370102001004", "张庄", SQUARE)
    make.division("370103", "市中区")
    make.division("370103001", "大观园街道")
    make.division("370103001005", "张庄", SQUARE)


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("甘露堂", ("division", "370102001003")),
        ("ganlutang", ("division", "370102001003")),
        ("glt", ("division", "370102001003")),
        ("甘录堂", ("division", "370102001003")),  # a homophone
        ("露堂", ("division", "370102001003")),  # the middle of a name
        ("历下区张庄", ("division", "370102001004")),
        ("济南市中区张庄", ("division", "370103001005")),
        ("历下", ("division", "370102")),
        ("解放路街道", ("division", "370102001")),
        ("大桥村医保工作站", ("station", None)),
        ("daqiaocun", ("station", None)),
    ],
)
def test_a_place_is_found_however_it_is_typed(session, villages, typed, first):
    found = search.find(session, typed, on=local_date(NOW))[0]
    assert found.kind == first[0]
    assert first[1] in (None, found.ref)


@pytest.mark.parametrize(
    ("typed", "firsts"),
    [
        ("买药", {"20", "19", "21"}),
        ("大病", {"19", "29"}),
        ("交医保", {"1", "3"}),
        ("北京住院", {"18", "23"}),
        ("去北京看病", {"17", "18"}),
        ("上门", {"33"}),
        ("住院", {"23"}),
        ("门特", {"19"}),
        ("丢了", {"10"}),
    ],
)
def test_a_word_of_insurance_comes_before_places_that_only_sound_or_begin_like_it(loaded, session, make, typed, firsts):
    make.division("370102001005", "上门家", SQUARE)
    make.division("370102001006", "朱园", SQUARE)  # sounds like 住院
    make.division("370102001007", "麦腰村", SQUARE)  # like 买药
    make.division("370102009", "北京路街道", SQUARE)
    found = search.find(session, typed, on=local_date(NOW))
    assert {result.ref for result in found[: len(firsts)]} == firsts
    places = [result.kind in ("division", "station") for result in found]
    assert places == sorted(places)


def test_a_place_named_like_a_word_is_found_by_its_whole_name(loaded, session, make):
    make.division("370102001005", "上门家", SQUARE)
    assert search.find(session, "上门家", on=local_date(NOW))[0].ref == "370102001005"
    assert "370102001005" in {result.ref for result in search.find(session, "上门", on=local_date(NOW))}


@pytest.mark.parametrize("typed", ["", "   ", "%", "_", "'", "%%%", "\u202e", "🏥", "\x00", "<b>"])
@on_sqlite
def test_what_is_not_a_word_finds_nothing_and_breaks_nothing(session, villages, typed):
    assert search.find(session, typed, on=local_date(NOW)) == []


def test_a_story_is_refused_with_a_sentence(client):
    response = client.get("/search", query_string={"q": "字" * 61})
    assert response.status_code == 422
    assert "话太长了，请用几个字说，最多 60 个" in response.text


def test_ten_thousand_characters_are_refused_too(client):
    assert client.get("/search", query_string={"q": "x" * 10_000}).status_code == 422


def test_results_lead_where_they_say(client, session, villages):
    load_shipped(session, NOW)
    session.commit()
    assert 'href="/services/items/2"' in client.get("/search?q=新生儿").text
    assert 'href="/answers/' in client.get("/search?q=高血压药报多少").text
    assert 'href="/stations/areas/370102"' in client.get("/search?q=历下区").text
    assert 'href="/stations?area=370102001003"' in client.get("/search?q=甘露堂").text
    assert "没找到" in client.get("/search?q=披萨").text
