"""Whatever is typed or sent, a form answers with sentences: it never fails, and never gives back what it was sent."""

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.families import FAMILIES, check
from cases.filing import Level
from tests.cases import common_lines, enrol_lines, remote_care_lines
from tests.cases.lines import AT_TOWN, VILLAGE, insured, live

LONGEST_ECHO = 50
GOOD = [line for table in (common_lines, enrol_lines, remote_care_lines) for line in table.LINES if line.item]

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=80),
    st.text(alphabet="0123456789Xx-. ０１９", max_size=30),
    st.text(min_size=60, max_size=300),
    st.sampled_from(
        ["1", "on", "new", "change", "cancel", "paper", "commitment", "died", "other", "no", "self", "\ud800"]
    ),
    st.dates().map(date.isoformat),
    st.sampled_from(
        ["379801195208170020", "371302", "370100", "310000", "2027", "9" * 5000, "٢٠٢٧", "２０２６-１１-２３"]
    ),
)
values = st.one_of(scalars, st.lists(scalars, max_size=5), st.dictionaries(st.text(max_size=5), scalars, max_size=2))
circumstances = st.builds(
    lambda changes: replace(AT_TOWN, **changes),
    st.fixed_dictionaries(
        {},
        optional={
            "station": st.sampled_from([None, VILLAGE, replace(VILLAGE, item_mode=None)]),
            "by_role": st.sampled_from([None, "helper"]),
            "known": st.sampled_from(
                [None, insured(), insured("310", "12"), insured(died=True, breach_on=date(2026, 1, 1))]
            ),
            "live": st.sampled_from([(), (live(14, "110000", 20260524),), (live(2, key="2", same_person=False),)]),
            "divisions": st.just({}),
            "today": st.sampled_from([date(2027, 1, 1), date(2028, 2, 29), date(2026, 9, 1)]),
        },
    ),
)


@st.composite
def filings(draw):
    """A good form with some fields replaced by anything, or anything at all."""
    line = draw(st.sampled_from(GOOD))
    item = draw(st.sampled_from([line.item, *sorted(FAMILIES)]))
    names = sorted(FAMILIES[item].shape.model_fields)
    wild = draw(st.dictionaries(st.sampled_from([*names, "admin"]), values, max_size=6))
    return item, (line.typed if draw(st.booleans()) else {}) | wild


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


def strings(value):
    """All texts anywhere in what was sent."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one)


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(filing=filings(), about=circumstances)
def test_any_form_gets_an_answer_that_echoes_nothing_long(app, filing, about):
    item, typed = filing
    with app.app_context():
        got = check(item, typed, about)
        again = check(item, got.answers, about)  # what is kept can be opened and checked again
    said = [*got.errors.values(), *(remark.words for remark in got.remarks)]
    assert all(words and len(words) < 200 for words in said)
    for text in strings(typed):
        if len(text) > LONGEST_ECHO:
            assert not any(text in words for words in said)
    json.dumps(got.answers, ensure_ascii=False).encode()
    asked = {name for _heading, names in FAMILIES[item].sections for name in names}
    assert {*got.errors, *(remark.field for remark in got.remarks)} <= {*asked, "form", "papers"}
    assert got.exit is None or not got.errors
    if got.ok:
        assert got.subject is not None
        assert again.answers == got.answers
    assert all(remark.level in Level for remark in got.remarks)


@pytest.mark.parametrize("typed", [None, [], "text", 7, [["certno", "1"]]])
def test_what_is_no_form_is_an_empty_form(app, typed):
    with app.app_context():
        assert check(1, typed, AT_TOWN).errors == check(1, {}, AT_TOWN).errors


def test_mistakes_are_told_in_the_order_in_which_is_asked(app):
    with app.app_context():
        errors = list(check(15, {"certno": "1"}, replace(AT_TOWN, station=replace(VILLAGE, item_mode=None))).errors)
    asked = ["form", *(name for _heading, names in FAMILIES[15].sections for name in names)]
    assert errors == sorted(errors, key=asked.index)
    assert errors[:3] == ["form", "certno", "psn_name"]
