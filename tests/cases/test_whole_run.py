"""One filing from the sofa to the decision, and then: nothing that a person typed lies, travels or is kept where it should not."""

import io
import logging
import zipfile
from typing import ClassVar
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.routing import BuildError

from accounts.policy import Role
from cases.models import Case, Paper
from common.ids import new_id
from common.models import AuditEntry
from tests.addresses import NOT_PAGES
from tests.cases.forms_typed import MATTER, WHO, Filler, wrong
from tests.cases.handed_in import signature
from tests.common.pictures import photo
from tests.conftest import on_sqlite
from tests.leaks import find_leaks, watch_logs
from tests.page_watcher import WatchingClient

AGENT = {
    "by_agent": "1",
    "agnter_name": "张明远",
    "agnter_cert_type": "01",
    "agnter_certno": "37980119900512003X",
    "agnter_tel": "15400000003",
    "agnter_rlts": "child",
    "auth_kind": "drawn_signature",
}
MISTYPED = "379801195208170021"
ASKED, LEFT, WHY, BASIS = "王玉兰大娘的居住证看不清", "她儿子张明远明天来", "核对王玉兰的手机", "村里说她住某路 1 号"
PERSONAL = [
    *(WHO[name] for name in ("psn_name", "certno", "mob")),
    *(AGENT[name] for name in ("agnter_name", "agnter_certno", "agnter_tel")),
    MATTER["resout_addr"],
    *(MISTYPED, ASKED, LEFT, WHY, BASIS),
]


class Travelling(WatchingClient):
    """Remembers what every browser was sent and asked for."""

    heard: ClassVar[list] = []

    def open(self, *args, **kwargs):
        answer = super().open(*args, **kwargs)
        self.heard.append(answer)
        return answer


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def people(loaded, app, make):
    """Clients of everybody who has to do with it, and of some who have not."""
    app.test_client_class = Travelling
    Travelling.heard = []
    station = make.station("解放路街道医保工作站", items=(1, 2, 15, 18), level="town")
    actors = {
        "helper": make.actor(Role.HELPER, station_code=station),
        "clerk": make.actor(Role.CLERK, station_code=station, name="孙丽"),
        "officer": make.actor(Role.COUNTY_OFFICER, name="周海"),
        "elsewhere": make.actor(Role.HELPER, station_code=make.station("远站", items=(15,)), name="李远"),
        "keeper": make.actor(Role.SYSTEM_ADMIN, area="370102", name="钱进"),
        "auditor": make.actor(Role.SECURITY_AUDITOR, area="370102", name="吴正"),
    }
    return {who: make.signed_in(app.test_client(), actor) for who, actor in actors.items()}


def upload(client, where, kind, body):
    sent = FileStorage(io.BytesIO(body), f"{WHO['psn_name']}.jpg", content_type="image/jpeg")
    answer = client.post(where, data={"kind": kind, "paper": sent}, headers={"Accept": "application/json"})
    assert answer.status_code == 200, answer.text
    return answer.json["full"]


def at_home(client):
    """Fills it in, with a mistake first; the code."""
    resident = Filler(client, "/file/draft")
    client.post("/file", data={"item": "15"})
    said = {name: value for name, value in (WHO | AGENT).items() if name != "ident_by"}
    assert resident.fill(1, said | {"certno": MISTYPED}).status_code == 422
    assert resident.fill(1, said).status_code == 303
    client.post("/file/draft/save", data={"resout_addr": MATTER["resout_addr"]})
    assert resident.fill(2, MATTER).status_code == 303
    client.post("/file/draft/code")
    page = BeautifulSoup(client.get("/file/draft/code").text, "html.parser")
    return page.find(class_="digits").get_text().replace(" ", "")


def at_the_station(client, code):
    """Loads it, looks at the paper, takes the signature, hands it in; receipt number and code."""
    answer = client.post("/work/load", data={"code": code, "tail": WHO["certno"][-4:]})
    helper = Filler(client, answer.location.split("?")[0])
    assert helper.fill(1, WHO | AGENT).status_code == 303
    kind = helper.page(4).find("form", attrs={"data-sign": True}).find("input", attrs={"name": "kind"})["value"]
    upload(client, f"/papers/draft/{helper.at.rsplit('/', 1)[1]}", kind, signature())
    answer = helper.hand_in()
    assert answer.status_code == 303, wrong(answer)
    shown = BeautifulSoup(client.get(answer.location).text, "html.parser").get_text()
    return answer.location.split("/")[2], shown


def step(client, session, ref, name, **said):
    session.rollback()
    version = session.scalars(sa.select(Case.version).where(Case.ref == ref)).one()
    answer = client.post(f"/cases/{ref}/step", data={"op": new_id(), "step": name, "version": version} | said)
    assert answer.status_code == 303, answer.text
    assert client.get(answer.location).status_code == 200


def the_run(people, app, session, code_of):
    """Everything from pre-filling to the person's own copy. Returns the receipt number."""
    home = app.test_client()
    ref, _shown = at_the_station(people["helper"], at_home(home))
    code = code_of(ref)
    step(people["clerk"], session, ref, "accept")
    step(people["clerk"], session, ref, "ask", asked=["residence_proof"], words=ASKED)
    assert home.post("/follow", data={"ref": ref, "code": code}).status_code == 303
    assert ASKED in home.get("/follow").text
    session.rollback()
    case_id = session.scalars(sa.select(Case.id).where(Case.ref == ref)).one()
    full = upload(home, f"/papers/case/{case_id}", "residence_proof", photo())
    page = BeautifulSoup(home.get("/follow").text, "html.parser")
    own = {name: page.select_one(f"input[name={name}]")["value"] for name in ("op", "version")}
    assert home.post("/follow/supply", data=own).status_code == 303
    step(people["clerk"], session, ref, "hand_up", words=LEFT)
    officer = people["officer"]
    for number in (WHO["certno"], WHO["mob"]):
        assert ref in officer.post("/cases/search", data={"q": number}).text
    for field in ("name", "mobile", "answers.resout_addr"):
        answer = officer.post(f"/cases/{ref}/reveal", data={"field": field, "purpose": WHY})
        assert answer.status_code == 200, answer.text
    assert officer.get(full).status_code == 200
    step(officer, session, ref, "approve", words=BASIS, unseen=9)
    copy = officer.post("/cases/export", data={"number": WHO["certno"], "purpose": WHY})
    assert WHO["psn_name"] in copy.text
    assert home.get("/follow").status_code == 200
    return ref


@pytest.fixture
def run(app, people, session, caplog):
    """The run, with everything that was logged meanwhile."""
    from cases.models import KeptOperation

    def code_of(ref):
        session.rollback()
        kept = session.scalars(sa.select(KeptOperation).join(Case, Case.id == KeptOperation.case_id)).all()
        return next(one.answer["code"] for one in kept if one.answer["ref"] == ref and "code" in one.answer)

    caplog.set_level(logging.DEBUG, "menkou.requests")
    with watch_logs() as said:
        ref = the_run(people, app, session, code_of)
    session.rollback()
    return ref, said


def test_nothing_that_was_typed_lies_open_in_the_database_the_logs_the_files_or_an_address(app, run):
    _ref, said = run
    assert len(said.lines) >= 30, "the log was listened to"
    travelled = []
    for answer in Travelling.heard:
        headers = [value for name, value in answer.headers if name != "Content-Security-Policy"]
        travelled += [unquote(answer.request.url), *headers]
    assert find_leaks(app, PERSONAL, [*said.lines, *travelled]) == []
    for file in (app.config["SETTINGS"].data_dir / "papers").rglob("*"):
        assert not file.is_file() or not any(mark in file.read_bytes() for mark in (b"JFIF", b"\x89PNG", b"IHDR"))


@on_sqlite
def test_every_answer_with_something_personal_is_kept_by_no_browser(run):
    told = [answer for answer in Travelling.heard if any(value.encode() in answer.data for value in PERSONAL)]
    pictures = [answer for answer in Travelling.heard if answer.mimetype == "image/jpeg"]
    assert len(told) >= 10
    assert pictures
    for answer in told + pictures:
        assert "no-store" in answer.headers.get("Cache-Control", ""), answer.request.path


@on_sqlite
def test_whoever_has_nothing_to_do_with_it_reads_nothing_of_it_anywhere(app, people, run, session):
    ref, _said = run
    ids = [ref, *session.scalars(sa.select(Case.id)), *session.scalars(sa.select(Paper.id))]
    masked = ["王*兰", "张*远", "154****0001", ref]
    strangers = {who: people[who] for who in ("elsewhere", "keeper", "auditor")} | {"stranger": app.test_client()}
    for who, client in strangers.items():
        for rule in app.url_map.iter_rules():
            if who == "auditor" and rule.rule == "/audit":  # whose work it is to read what was done and why
                continue
            if "GET" not in rule.methods or rule.endpoint.startswith(NOT_PAGES) or len(rule.arguments) > 1:
                continue
            for one in ids if rule.arguments else [""]:
                with app.test_request_context():
                    try:
                        url = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, one))
                    except (BuildError, ValueError):  # another kind of argument: a number
                        continue
                body = client.get(url).data.decode(errors="replace")
                body = body.replace(one or "\0", "")  # the address, said again
                found = [value for value in [*PERSONAL, *masked] if value in body]
                assert not found, f"{who} reads {found} at {rule.rule}"


def test_every_look_is_in_an_audit_that_holds_together(app, run, session):
    actions = session.scalars(sa.select(AuditEntry.action)).all()
    assert actions.count("case.reveal") == 3
    for one in ("draft.load", "case.submit", "case.search", "case.follow", "paper.add", "paper.open", "person.export"):
        assert one in actions, one
    facts = " ".join(str(one) for one in session.scalars(sa.select(AuditEntry.facts)))
    assert not [value for value in PERSONAL if value in facts]
    result = app.test_cli_runner().invoke(args=["audit", "verify"])
    assert result.exit_code == 0, result.output


def test_a_backup_of_it_tells_nobody_anything_without_the_keys(app, run, tmp_path):
    result = app.test_cli_runner().invoke(args=["backup", "make", str(tmp_path / "a.zip")])
    assert result.exit_code == 0, result.output
    with zipfile.ZipFile(tmp_path / "a.zip") as kept:
        lines = [part.decode("latin-1") for name in kept.namelist() for part in kept.read(name).split(b"\n")]
        names = kept.namelist()
    plain = [line.encode("latin-1").decode("utf-8", "replace") for line in lines]
    assert [leak for leak in find_leaks(app, PERSONAL, [*plain, *names]) if "log" in leak] == []
    assert not [name for name in names if name.endswith(".key")]
