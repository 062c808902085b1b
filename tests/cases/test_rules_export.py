"""The rules of one field, as data: whoever reads only the data comes to what the server says."""

import csv
import json
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cases.circumstances import About
from cases.families import ALL, FAMILIES, check
from cases.rules_export import export
from common.i18n import speaking
from common.sheets import CLEANERS, SheetForm, read_day, read_one
from tests.cases.lines import AT_TOWN
from tests.cases.remote_care_lines import R15, R18


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture(autouse=True)
def _words(app):
    with app.app_context():
        yield


def rules(item):
    """As a phone gets them: through JSON."""
    return json.loads(json.dumps(export(FAMILIES[item], About(item, AT_TOWN))))


def judge(data, field, typed):
    """What a phone does with the data alone: the kept value, or None and a sentence."""
    rule, says = data["fields"][field], data["fields"][field]["sentences"]
    if not typed.strip():
        return None, says["missing"] if rule["must"] else None
    if rule["widget"] == "tick":
        return typed.strip().lower() in {"1", "on", "true", "yes"}, None
    if rule["widget"] == "date":
        day = read_day(typed)
        return (day.isoformat(), None) if day else (None, says["wrong"])
    value = CLEANERS[rule["clean"]](typed)
    if rule["options"] and not rule["pattern"]:
        by_words = {words: option for option, words in reversed(rule["options"])}
        fits = value in [option for option, _words in rule["options"]] + rule["also"]
        chosen = value if fits else by_words.get(value)
        return (chosen, None) if chosen is not None else (None, says["wrong"])
    if value and len(value) < rule["least"]:
        return None, says["least"]
    if len(value) > rule["most"]:
        return None, says["most"]
    if rule["clean"] == "name" and not re.fullmatch(data["name_pattern"], value):
        return None, says["characters"]
    if value and rule["pattern"] and not re.fullmatch(rule["pattern"], value):
        return None, says["wrong"]
    return value or None, None


def shown(data, field, values, facts):
    """Whether a phone asks for that field."""
    return all(
        (facts if when["field"] in facts else values).get(when["field"], "0") in when["among"]
        and (when["field"] in facts or shown(data, when["field"], values, facts))
        for when in data["fields"][field]["when"]
    )


def examples():
    with Path(__file__).with_name("field_rules.csv").open(encoding="utf-8", newline="") as lines:
        return [tuple(row.values()) for row in csv.DictReader(lines)]


@pytest.mark.parametrize(("item", "field", "typed", "kept", "sentence"), examples())
def test_the_data_say_of_each_example_what_the_table_says(item, field, typed, kept, sentence):
    assert judge(rules(int(item)), field, typed) == (kept or None, sentence or None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_data_and_the_server_judge_any_text_alike(data, app):
    with app.app_context():
        family = data.draw(st.sampled_from(ALL))
        item = min(family.items)
        about = About(item, AT_TOWN)
        fields = rules(item)
        name = data.draw(st.sampled_from(sorted(n for n, f in fields["fields"].items() if f["widget"] != "choices")))
        typed = data.draw(st.text(alphabet="0123456789Xx王玉兰·•. -年月日１", max_size=60)).strip()
        if not typed:
            return
        value, sentence = read_one(SheetForm(family.shape, {}, about=about).ask(name), typed)
        value = value.isoformat() if isinstance(value, date) else value
        assert judge(fields, name, typed) == (value, sentence)


@pytest.mark.parametrize("item", sorted(FAMILIES))
def test_every_field_stands_in_one_section_and_every_condition_names_something(item):
    data = rules(item)
    listed = [name for section in data["sections"] for name in section["fields"]]
    assert len(listed) == len(set(listed))
    # what a family inherits and never asks for is never shown either
    assert set(listed) <= set(data["fields"])
    for name in set(data["fields"]) - set(listed):
        assert not data["fields"][name]["must"] or data["fields"][name]["when"]
    for rule in data["fields"].values():
        for when in rule["when"]:
            assert when["field"] in data["facts"] or when["field"] in data["fields"]
        if rule["follows"]:
            assert rule["follows"] in data["fields"]


@pytest.mark.parametrize(("item", "typed"), [(15, R15), (18, R18)])
def test_a_phone_asks_for_the_fields_the_server_asks_for(item, typed):
    data, form = rules(item), check(item, typed, AT_TOWN).form
    values = {name: str(rule["start"] or "0") for name, rule in data["fields"].items()} | typed
    for name in data["fields"]:
        assert shown(data, name, values, form.facts) == form.shown(name), name


def test_the_words_are_in_the_readers_language():
    with speaking("en"):
        label = rules(15)["fields"]["rloc_admdvs"]["label"]
    assert (label, rules(15)["fields"]["rloc_admdvs"]["label"]) == ("Place of care", "就医地")
