"""Whatever another program sends, and whatever a browser is made to send to a form, gets an answer a person or a program can
use: never a failure, never somebody else's data, and what is refused leaves the database as it was.

`make test` sends a few thousand inputs, `make fuzz` fifty thousand and more (FUZZ=200000 make fuzz).
"""

import json
import os
import re
import shutil
from typing import Any, NamedTuple

import pytest
import schemathesis
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi import checks
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from accounts.policy import Actor, Role
from cases.families import FAMILIES
from cases.filing import Subject
from cases.masks import mask_name
from cases.models import Case, CaseEvent, Consent, Desk, Draft, KeptOperation, Paper, State
from cases.scope import reaches
from common.db import Database, sqlite_module
from common.ids import new_id
from common.models import AuditEntry
from services_catalog.operations import load_shipped
from sync.models import OutboxEntry
from tests.builders import Make
from tests.cases.test_acceptance import LINES
from tests.conftest import NOW, make_app
from tests.test_fuzz import HOSTILE, check

FUZZ = int(os.environ.get("FUZZ", "2000"))  # inputs in all
pytestmark = pytest.mark.timeout(120 + FUZZ)  # seconds for one test; fifty thousand take their time
TABLES = (Case, CaseEvent, Consent, Draft, KeptOperation, Paper, AuditEntry, OutboxEntry)
CONFORMS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
TOWN, COUNTY = "371302103", "371302"
GOOD = [line for line in LINES if line.item in FAMILIES and not line.errors]


def share(part: float) -> Any:
    """Settings for a test that sends this part of all inputs."""
    return settings(
        max_examples=max(10, round(FUZZ * part)),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


class World(NamedTuple):
    """Clients by role, and for each role what is none of its business: receipt numbers and names."""

    app: Flask
    clients: dict[str, FlaskClient]
    actors: dict[str, Actor]
    drafts: dict[str, str]
    own: list[str]
    foreign: dict[str, set[str]]
    looking: Any  # a connection that never writes: its data_version moves when another one commits
    sent: list[int]
    last: list[Any]  # the census after the last write

    def __repr__(self) -> str:
        return "world"

    def open(self, role: str, url: str, method: str = "POST", **given: Any) -> TestResponse:
        """Ask as this role; what nobody may see is not in the answer, and a refusal changes nothing."""
        self.sent[0] += 1
        before = self.data_version()
        answer = self.clients[role].open(url, method=method, **given)
        said = answer.get_data(as_text=True) if answer.mimetype in {"application/json", "text/html"} else ""
        assert [words for words in self.foreign[role] if words in said] == [], (
            f"{role} sees what is not theirs at {url}"
        )
        if self.data_version() != before:  # something was written; now and then only that somebody is there
            now, kept = self.census(), answer.mimetype == "text/html" and answer.status_code in {409, 422}
            if method == "GET" or (answer.status_code >= 400 and not kept):
                assert now == self.last[0], f"{answer.status_code} wrote: {url}"
            self.last[0] = now
        return answer

    def data_version(self) -> int:
        return int(self.looking.execute("PRAGMA data_version").fetchone()[0])

    def census(self) -> tuple[int, ...]:
        return tuple(
            self.looking.execute(f"SELECT count(*) FROM {model.__tablename__}").fetchone()[0] for model in TABLES
        ) + tuple(self.looking.execute("SELECT total(version) FROM case_file").fetchone())


@pytest.fixture(scope="module")
def world(request, tmp_path_factory, empty_sqlite):
    folder = tmp_path_factory.mktemp("fuzz-api")
    file = shutil.copy(empty_sqlite, folder / "fuzz.sqlite3")
    app = make_app(f"sqlite:///{file}", folder)
    database: Database = app.extensions["db"]
    with database.writing() as session:
        load_shipped(session, NOW)
        session.commit()
    make = Make(database, NOW)
    for code, name in (("371300", "临沂市"), (COUNTY, "兰山区"), ("371311", "罗庄区"), (TOWN, "枣园镇")):
        make.division(code, name)
    here = {"items": range(1, 34), "county_code": COUNTY, "town_code": TOWN, "level": "town"}
    station = make.station("枣园镇医保工作站", **here)
    actors = {
        "helper": make.actor(Role.HELPER, area=TOWN, station_code=station),
        "clerk": make.actor(Role.CLERK, area=TOWN, station_code=station),
        "county": make.actor(Role.COUNTY_OFFICER, area=COUNTY),
    }
    elsewhere = {
        "station": make.station("邻村医保工作站", **here),
        "town": make.station("邻镇医保工作站", **here | {"town_code": "371302104"}),
        "county": make.station("邻县医保工作站", **here | {"county_code": "371311", "town_code": "371311001"}),
    }
    secret: dict[str, set[str]] = {}
    for number, (far, code) in enumerate(elsewhere.items()):
        name = f"诸葛{'甲乙丙'[number]}{'龘靐齉'[number]}"
        about = Subject(name, "01", f"37980119520817{number:02}2X", "2", None, f"1990000000{number}")
        place = {"station_code": code, "county_code": "371311" if far == "county" else COUNTY}
        place["town_code"] = {"station": TOWN, "town": "371302104", "county": "371311001"}[far]
        refs = [make.case(subject=about, state=state, desk=desk, **place) for state, desk in STATES]
        secret[far] = {*refs, name, mask_name(name), str(about.certno), str(about.mobile)}
    foreign = {
        "helper": secret["station"] | secret["town"] | secret["county"],
        "clerk": secret["town"] | secret["county"],
        "county": secret["county"],
        "stranger": secret["station"] | secret["town"] | secret["county"],
    }
    mine = [make.case(by=actors["helper"], county_code=COUNTY, town_code=TOWN, state=s, desk=d) for s, d in STATES * 3]
    foreign["stranger"] |= set(mine)
    app.testing = False  # a failure becomes a 500 here as it would for a reader
    clients = {role: make.signed_in(app.test_client(), actor) for role, actor in actors.items()}
    clients["stranger"] = app.test_client()
    drafts = {
        role: clients[role].post("/work/drafts", data={"item": "15"}).location.split("?")[0].rsplit("/", 1)[1]
        for role in ("helper", "clerk")
    }
    looking = sqlite_module().connect(file)
    world = World(app, clients, actors, drafts, mine, foreign, looking, [0], [None])
    world.last[0] = world.census()
    yield world
    reach_is_what_it_was(world)
    terminal = request.config.pluginmanager.getplugin("terminalreporter")
    if terminal is not None:
        terminal.write_line(f" {world.sent[0]} inputs")
    looking.close()
    database.engine.dispose()


def reach_is_what_it_was(world: World) -> None:
    """In the end everybody sees the cases in their reach, and no others."""
    with Session(world.app.extensions["db"].engine) as session:
        cases = session.scalars(sa.select(Case).order_by(Case.filed_at.desc()).limit(100)).all()
    for role, actor in world.actors.items():
        for case in cases:
            status = world.clients[role].get(f"/api/v1/cases/{case.ref}").status_code
            assert status == (200 if reaches(actor, case) else 404), f"{role} {case.ref}"


STATES = (
    (State.SUBMITTED, Desk.TOWN),
    (State.ACCEPTED, Desk.TOWN),
    (State.IN_REVIEW, Desk.COUNTY),
    (State.NEEDS_SUPPLEMENT, Desk.TOWN),
)
roles = st.sampled_from(["helper", "helper", "clerk", "clerk", "county", "stranger"])

# What is sent

words = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=30),
    st.text(alphabet="0123456789Xx-. ０１９", max_size=30),
    st.sampled_from(
        ["\0", "a\0b", "\ud800", "王\udfff", "长" * 10_000, "x" * 10_000, "1", "on", "new", "371302", "2026-11-23"]
    ),
    st.dates().map(str),
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), words)
values = st.one_of(
    scalars,
    st.lists(scalars, max_size=4),
    st.dictionaries(st.text(max_size=5), scalars, max_size=2),
    st.integers(1, 200).map(lambda deep: _nested(deep)),
)


def _nested(deep: int) -> Any:
    value: Any = "x"
    for _ in range(deep):
        value = [value]
    return value


@st.composite
def answers(draw: Any) -> dict[str, Any]:
    """A good form with some fields replaced by anything, or anything at all."""
    line = draw(st.sampled_from(GOOD))
    names = sorted(FAMILIES[line.item].shape.model_fields)
    wild = draw(st.dictionaries(st.one_of(st.sampled_from([*names, "admin"]), st.text(max_size=5)), values, max_size=5))
    said = (line.typed if draw(st.integers(0, 3)) else {}) | wild
    return {"item_no": line.item, "answers": said}


filings = st.one_of(
    answers(),
    st.builds(
        lambda one, more: one | more,
        answers(),
        st.dictionaries(
            st.sampled_from(["item_no", "answers", "channel", "confirmed", "draft", "x"]), values, max_size=3
        ),
    ),
)
op_ids = st.one_of(
    st.just(""), st.builds(new_id), st.sampled_from(["0" * 32, "f" * 32, "x", "0" * 33, "\xff"]), st.uuids().map(str)
)
kinds = st.sampled_from(
    ["application/json"] * 8
    + [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
        "application/json; charset=gbk",
        "application/vnd.x+json",
        "",
    ]
)


def body_of(value: Any, twice: bool) -> bytes:
    """JSON as a careless program writes it: halves of characters, NaN, a name that stands twice."""
    text = json.dumps(value, ensure_ascii=True)
    if twice and text.startswith("{") and len(text) > 2:
        text = text[:-1] + ", " + text[1:]
    return text.encode()


def usable(answer: TestResponse) -> Any:
    """JSON with sentences, whatever was asked."""
    assert answer.status_code < 500, answer.get_data(as_text=True)[:300]
    assert answer.mimetype == "application/json", answer.headers
    said = json.loads(answer.get_data(as_text=True), parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    if answer.status_code >= 400:
        sentences = [*said.get("errors", {}).values(), *(one["words"] for one in said.get("remarks", []))]
        sentences = sentences or [said["message"]]
        assert all(re.search("[\u4e00-\u9fff]", sentence) and len(sentence) < 300 for sentence in sentences)
    return said


@share(0.4)
@given(
    role=roles,
    sent=filings,
    op=op_ids,
    kind=kinds,
    url=st.sampled_from(["/cases", "/cases", "/cases/check"]),
    twice=st.integers(0, 20),
)
def test_any_filing_has_an_answer_and_a_refused_one_leaves_nothing(world, role, sent, op, kind, url, twice):
    answer = world.open(
        role, "/api/v1" + url, data=body_of(sent, twice == 0), content_type=kind, headers={"Idempotency-Key": op}
    )
    usable(answer)
    assert answer.status_code in {200, 201, 400, 401, 403, 404, 409, 413, 415, 422}


@share(0.2)
@given(
    role=roles,
    ref=st.integers(0, 400),
    step=st.fixed_dictionaries(
        {},
        optional={
            "step": st.one_of(
                st.sampled_from(["accept", "ask", "supply", "hand_up", "hand_over", "approve", "refuse", "withdraw"]),
                values,
            ),
            "version": st.one_of(st.integers(0, 6), values),
            "words": st.one_of(st.just("请带来"), values),
            "basis": st.one_of(st.just("依据"), values),
            "asked": st.one_of(st.just(["id"]), values),
            "other": values,
            "handler": values,
        },
    ),
    op=op_ids,
)
def test_any_step_of_any_case_has_an_answer(world, role, ref, step, op):
    known = [*world.own, *sorted(one for one in world.foreign["stranger"] if len(one) == 8 and one.isascii())]
    url = f"/api/v1/cases/{known[ref % len(known)]}/steps"
    usable(
        world.open(
            role, url, data=body_of(step, False), content_type="application/json", headers={"Idempotency-Key": op}
        )
    )


typed = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(sorted(FAMILIES[15].shape.model_fields)),
            st.sampled_from(["channel", "confirmed", "op", "seen", "go", "step", "x"]),
            st.text(max_size=5),
        ),
        words,
    ),
    max_size=8,
)


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()


@share(0.25)
@given(
    role=st.sampled_from(["helper", "clerk"]),
    fields=typed,
    step=st.sampled_from(["1", "2", "3", "4", "5", "x", ""]),
    where=st.sampled_from(["", "", "/save"]),
    kind=st.sampled_from(["form"] * 6 + ["multipart", "json", "plain"]),
)
def test_anything_typed_into_a_page_of_a_form_is_answered_with_a_page(world, role, fields, step, where, kind):
    url = f"/work/drafts/{world.drafts[role]}{where}" + (f"?step={step}" if not where else "")
    sent = MultiDict((_utf8(name), _utf8(value)) for name, value in fields)
    given = {
        "form": {"data": sent},
        "multipart": {"data": sent, "content_type": "multipart/form-data"},
        "json": {"data": body_of(dict(fields), False), "content_type": "application/json"},
        "plain": {"data": "&".join(name for name, _ in fields).encode(errors="replace"), "content_type": "text/plain"},
    }[kind]
    answer = world.open(role, url, **given)
    check(answer)


@share(0.05)
@given(
    role=roles,
    raw=st.binary(max_size=200),
    kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]),
    url=st.sampled_from(["/api/v1/cases", "/api/v1/cases/check", "/api/v1/cases/K7M24Q9P/steps"]),
)
def test_any_bytes_have_an_answer(world, role, raw, kind, url):
    usable(world.open(role, url, data=raw, content_type=kind, headers={"Idempotency-Key": new_id()}))


# What the description promises


@pytest.fixture(scope="module")
def promised(world):
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", world.app)


@pytest.mark.parametrize("mode", GenerationMode, ids=str)
def test_every_answer_is_as_the_description_says(world, promised, mode):
    operations = [operation.ok() for operation in promised.get_all_operations()]
    assert len(operations) >= 12
    strategy = st.one_of([one.as_strategy(generation_mode=mode) for one in operations])

    @share(0.05)
    @given(case=strategy, role=roles)
    def every_answer(case: Any, role: str) -> None:
        given = case.as_transport_kwargs()
        method, path = given.pop("method"), given.pop("path")
        given["headers"]["Accept-Encoding"] = "identity"
        answer = world.open(role, path, method, **given)
        case.validate_response(answer, checks=CONFORMS)

    every_answer()
