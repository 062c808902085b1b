"""The one search box over everything: a checked-in table of what people say, and what each result leads to."""

import csv
from pathlib import Path

import pytest

from common.clock import local_date
from maps.place import Place
from services_catalog.operations import load_shipped
from stations import search
from stations.operations import load_divisions
from tests.builders import SQUARE
from tests.conftest import NOW

TABLE = Path(__file__).parent.parent / "services_catalog" / "search_queries.csv"
ENOUGH = 54  # of 60


def named(result: search.Result) -> set[str]:
    kind = "village" if result.kind == "division" and len(result.ref) == 12 else result.kind
    return {f"{kind}:{result.ref}", f"{kind}:{result.title}"}


def test_what_people_say_finds_the_right_thing_in_the_top_three(session, make):
    load_shipped(session, NOW)
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
    assert len(rows) >= 60
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


@pytest.mark.parametrize("typed", ["", "   ", "%", "_", "'", "%%%", "\u202e", "🏥", "\x00", "<b>"])
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
