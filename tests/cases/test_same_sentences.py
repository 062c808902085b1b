"""Page and JSON say the same: every line of the acceptance table as a browser's form and as JSON; some through the doors."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from accounts.policy import Role
from cases import families, form_steps
from cases.api_schema import FilingIn
from cases.families import FAMILIES
from cases.filing import Subject
from cases.form_steps import Step
from cases.models import Case, CitySetting, Paper, State
from common import db, editions
from common.forms import Form
from common.ids import new_id
from tests.cases.forms_typed import Filler
from tests.cases.lines import TODAY, TOWN
from tests.cases.test_acceptance import LINES
from tests.conftest import NOW, on_sqlite

WITH_FORM = [line for line in LINES if line.item in FAMILIES]


@pytest.fixture
def database_url(sqlite_url):
    """What is said does not depend on the database."""
    return sqlite_url


def names(lines):
    return [f"{line.case}-{number}" for number, line in enumerate(lines)]


def from_a_page(line):
    """What a browser's form of all its pages would be kept as."""
    family, sent = FAMILIES[line.item], MultiDict(line.typed)
    kept = {}
    for step in (Step.WHO, Step.MATTER, Step.SIGN):
        kept |= form_steps.typed_of(family, sent, form_steps.fields_of(family, step))
    return kept


def as_json(line):
    """The same as a program writes it: boxes true or false, years as numbers."""
    family = FAMILIES[line.item]

    def value(name, typed):
        if name in family.shape.model_fields and form_steps.ask_of(family, name).widget == "tick":
            return typed == "1"
        if isinstance(typed, list):
            return [int(one) if str(one).isdigit() else one for one in typed]
        return typed

    return {name: value(name, typed) for name, typed in line.typed.items()}


def test_the_table_is_tried_on_many_lines():
    assert len(WITH_FORM) > 150


@pytest.mark.parametrize("line", WITH_FORM, ids=names(WITH_FORM))
@on_sqlite
def test_a_line_says_the_same_as_a_form_and_as_json(app, line):
    sent = json.dumps({"item_no": line.item, "answers": as_json(line)}, ensure_ascii=False)
    with app.app_context():
        form = Form.read(FilingIn, json.loads(sent))
        assert form.errors == {}
        page = families.check(line.item, from_a_page(line), line.at)
        program = families.check(line.item, form.value.answers, line.at)
    assert program.errors == page.errors == line.errors
    assert program.remarks == page.remarks
    assert program.answers == page.answers
    assert (program.papers, program.missing, program.live_key) == (page.papers, page.missing, page.live_key)


# Through the doors. What the province would know is not known there, so some lines say something else than the table: what
# counts is that both doors say it.

SAMPLE = [
    line for line in WITH_FORM if line.at.station in (TOWN, None) and not line.at.live and line.at.today == TODAY
][::4]


@pytest.fixture
def counter(loaded, app, make):
    """A clerk's client at the station of the table, in a city that has said when it collects."""
    with app.app_context(), db.writing() as session:
        session.add(
            CitySetting(
                city_code="371300",
                name="collection_periods",
                value=[{"year": 2027, "start": "2026-09-01", "end": "2026-12-31"}],
                effective_on=TODAY,
                source="test",
            )
        )
        editions.bump(session, "city_rules")
        session.commit()
    for code, name in (("371300", "临沂市"), ("371302", "兰山区"), ("371311", "罗庄区"), ("371302103", "枣园镇")):
        make.division(code, name)
    station = make.station(
        TOWN.name, items=range(1, 34), level="town", county_code="371302", town_code="371302103", code=TOWN.code
    )
    return make.signed_in(app.test_client(), make.actor(Role.CLERK, area="371302103", station_code=station))


def said_by_pages(client, line, filler=None):
    """All sentences about mistakes on the last page, and its whole text. `filler`: of a draft that was begun already."""
    family, filler = FAMILIES[line.item], filler or Filler(client).begin(line.item)
    for step in (Step.WHO, Step.MATTER):
        here = form_steps.fields_of(family, step)
        filler.fill(step, {name: typed for name, typed in line.typed.items() if name in here})
    signed = {name: typed for name, typed in line.typed.items() if name in form_steps.fields_of(family, Step.SIGN)}
    signed |= {form_steps.CONFIRMED: sorted(line.at.confirmed)} if line.at.confirmed else {}
    last = BeautifulSoup(client.get(f"{filler.at}?step=4").text, "html.parser")
    hidden = {name: last.find("input", attrs={"name": name}) for name in ("op", "seen")}
    answer = filler.fill(4, signed | {name: tag["value"] if tag else "" for name, tag in hidden.items()})
    page = BeautifulSoup(answer.text, "html.parser")
    return answer, {row.get_text(strip=True) for row in page.select("#errors li")}, page.get_text()


def test_the_sample_is_large_and_of_every_kind():
    assert len(SAMPLE) >= 20
    assert {line.item for line in SAMPLE} >= {1, 2, 14, 15, 16, 17, 18}
    assert sum(bool(line.errors) for line in SAMPLE) >= 10


@pytest.mark.parametrize("line", SAMPLE, ids=names(SAMPLE))
@on_sqlite
def test_a_line_says_the_same_through_both_doors(app, counter, line):
    body = {"item_no": line.item, "answers": as_json(line)}
    checked = counter.post("/api/v1/cases/check", json=body).json
    remarks = {one["words"] for one in checked["remarks"]}
    answer, errors, text = said_by_pages(counter, line)
    filed = counter.post("/api/v1/cases", json=body, headers={"Idempotency-Key": new_id()})
    if checked["ok"]:
        assert answer.status_code == 303
        assert filed.status_code == 422, "the person has filed it already, on the page"
    else:
        assert errors == set(checked["errors"].values())
        assert [words for words in remarks if words not in text] == []
        assert filed.json == {"errors": checked["errors"], "remarks": checked["remarks"]}
    with Session(app.extensions["db"].engine) as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == int(checked["ok"])


# With an earlier case: a second filing, a change, a cancelling. The earlier one is done, its papers lie in the draft, and what the
# province would know of the insurance is typed: so each door must say what the table says, and file what it allows.

SECOND = [line for line in WITH_FORM if line.at.live]
TRIES = [(line, door) for line in SECOND for door in (("page",) if line.errors else ("page", "json"))]


def told(line):
    """The line as somebody types it whom the province does not answer."""
    typed = dict(line.typed)
    insured = line.at.known.insurances if line.at.known and FAMILIES[line.item].name == "remote_care" else ()
    typed |= {"insutype": insured[0].insutype, "retr_flag": "1"} if insured else {}
    return replace(line, typed=typed | ({"commit_mark": "spoken"} if typed.get("commit_mark") else {}))


def file_earlier(app, make, line):
    """What the table says the person, or the guardian's other child, has already: filed, approved, confirmed."""
    keys = app.extensions["keys"]
    own = line.typed.get("certno") or line.typed["birth_cert_no"]
    for one in line.at.live:
        whose = Subject("王某", None, own if one.same_person else "T379900017", "2", one.birth_day, None)
        make.case(
            subject=whose,
            ref=one.ref.replace("-", ""),
            item_no=one.item_no,
            family=FAMILIES[one.item_no].name,
            state=State.PENDING_PAYMENT if one.item_no in {1, 2} else State.DONE,
            live_key=one.live_key,
            answers={"rloc_admdvs": one.place},
            starts_on=one.starts_on,
            ends_on=one.ends_on,
            guardian_index=keys.index(line.typed["grdn_certno"], "certno") if not one.same_person else None,
            filed_at=NOW - timedelta(days=1),
        )


def begun(app, client, line):
    """A draft with the papers that the table says are there."""
    filler = Filler(client).begin(line.item)
    facts = {
        "county_code": "371302",
        "sha256": "0" * 64,
        "mime": "image/jpeg",
        "size": 1,
        "state": "received",
        "at": NOW,
    }
    with Session(app.extensions["db"].engine) as session:
        session.add_all(Paper(draft_id=filler.at.rsplit("/", 1)[1], kind=kind, **facts) for kind in line.at.papers)
        session.commit()
    return filler


@pytest.mark.parametrize(
    ("line", "door"), TRIES, ids=[f"{n}-{line.case}-{door}" for n, (line, door) in enumerate(TRIES)]
)
@on_sqlite
def test_a_line_with_an_earlier_case_says_what_the_table_says_and_is_filed(app, make, counter, line, door):
    line = told(line)
    file_earlier(app, make, line)
    filler = begun(app, counter, line)
    body = {"item_no": line.item, "answers": as_json(line), "draft": filler.at.rsplit("/", 1)[1]}
    body["confirmed"] = sorted(line.at.confirmed)
    checked = counter.post("/api/v1/cases/check", json=body).json
    warned = any(one["level"] == "warn" for one in checked["remarks"])
    assert checked["errors"] == line.errors
    assert set(line.says) <= {(one["level"], one["words"]) for one in checked["remarks"]}
    assert checked["ok"] is not (bool(line.errors) or warned)
    if door == "json":
        filed = counter.post("/api/v1/cases", json=body, headers={"Idempotency-Key": new_id()})
        assert filed.status_code == (201 if checked["ok"] else 422)
    else:
        answer, errors, text = said_by_pages(counter, line, filler)
        assert (answer.status_code, errors) == (303 if checked["ok"] else 422, set(line.errors.values()))
        assert checked["ok"] or [one["words"] for one in checked["remarks"] if one["words"] not in text] == []
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        cases = session.scalars(sa.select(Case).order_by(Case.filed_at)).all()
        assert len(cases) == 1 + checked["ok"]
        ended = checked["ok"] and line.typed.get("filing_act") in {"change", "cancel"}
        assert cases[0].live is not ended


def test_every_act_is_tried_through_the_doors():
    acts = {(line.typed.get("filing_act"), bool(line.errors)) for line in SECOND}
    assert acts >= {("new", True), ("change", True), ("change", False), ("cancel", True), ("cancel", False)}
    assert {line.item for line in SECOND} == {1, 2, 14, 15, 16, 17, 18}
