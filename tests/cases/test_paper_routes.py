"""Papers arrive one a request, once; only who may work on their draft or case sees them, and nothing of them lies open."""

import base64
import io
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from PIL import Image
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from cases import paper_operations, papers
from cases.models import Case, CaseEvent, Paper, State
from cases.paper_store import shelf_of
from cases.papers import SIGNATURE
from common.clock import Clock
from common.ids import new_id
from common.models import AuditEntry
from tests.cases import handed_in
from tests.cases.holding import Holding, case, draft
from tests.common.pictures import photo
from tests.conftest import NOW, on_sqlite

SCRIPT = {"Accept": "application/json"}


@pytest.fixture
def session(database) -> Iterator[Session]:
    """Outside of any application context: each request reads what is there when it comes."""
    with Session(database.engine) as session:
        yield session


@pytest.fixture
def holding(app) -> Holding:
    found = app.extensions["paper_rights"] = Holding()
    return found


@pytest.fixture
def mine(session, holding) -> str:
    """The id of a draft that is theirs who ask."""
    id = draft(session).id
    session.rollback()
    holding.ids.add(id)
    return id


@pytest.fixture
def my_case(session, holding) -> str:
    id = case(session).id
    session.rollback()
    holding.ids.add(id)
    return id


def send(client, where: str, body: bytes, kind: str = "id_front", headers=SCRIPT, name="IMG_王芳.jpg", **more):
    form = {"kind": kind, "paper": FileStorage(io.BytesIO(body), name, content_type="image/jpeg")} | more
    boundary, data = encode_multipart(form)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post(f"/papers/{where}", data=data, headers=headers, content_type=kind)


def rows(session) -> list[Paper]:
    session.rollback()
    return list(session.scalars(sa.select(Paper).order_by(Paper.id)))


def test_a_photo_is_taken_and_can_be_looked_at(client, session, mine, app):
    said = send(client, f"draft/{mine}", photo(2000, 1500))
    assert said.status_code == 200
    full, small = client.get(said.json["full"]), client.get(said.json["small"])
    assert Image.open(io.BytesIO(full.data)).size == (1600, 1200)
    assert Image.open(io.BytesIO(small.data)).size == (320, 240)
    (row,) = rows(session)
    assert (row.draft_id, row.case_id, row.kind, row.mime, row.state) == (
        mine,
        None,
        "id_front",
        "image/jpeg",
        "received",
    )
    assert (row.width, row.height, row.size, row.by_account) == (1600, 1200, len(full.data), "helper-1")
    assert row.county_code == "371302"


def test_what_is_looked_at_is_kept_by_nobody_and_does_nothing(client, mine):
    said = send(client, f"draft/{mine}", photo()).json
    for url in (said["full"], said["small"]):
        headers = client.get(url).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Disposition"] == 'inline; filename="paper.jpg"'
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_a_pdf_is_taken_and_has_no_thumbnail(client, mine):
    said = send(client, f"draft/{mine}", handed_in.pdf(3)).json
    assert (said["pages"], said["small"]) == (3, None)
    shown = client.get(said["full"])
    assert (shown.mimetype, shown.data) == ("application/pdf", handed_in.pdf(3))
    assert client.get(f"/papers/{said['id']}/small").status_code == 404


def test_without_scripts_the_form_goes_back_to_its_page(client, mine):
    answer = send(client, f"draft/{mine}", photo(), headers={}, back="/stations?at=x")
    assert (answer.status_code, answer.location) == (303, "/stations?at=x")
    foreign = send(client, f"draft/{mine}", photo(), headers={}, back="https://evil.example/")
    assert foreign.location == "/"


def test_the_same_photo_a_second_time_is_the_same_paper(client, session, mine, app):
    first, second = (send(client, f"draft/{mine}", photo()).json for _ in range(2))
    assert first == second
    assert len(rows(session)) == 1
    assert list(shelf_of(app).ids()) == [first["id"]]
    other = send(client, f"draft/{mine}", photo(), kind="id_back").json
    assert other["id"] != first["id"]


def test_twenty_requests_at_once_with_one_photo_make_one_paper(app, session, mine):
    answers = []
    sent = photo()

    def go():
        answers.append(send(app.test_client(), f"draft/{mine}", sent))

    threads = [threading.Thread(target=go) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert len(rows(session)) == 1
    assert len(list(shelf_of(app).ids())) == 1


def test_a_paper_in_place_of_another_takes_its_place(client, session, mine, app):
    first = send(client, f"draft/{mine}", photo(300, 200)).json
    second = send(client, f"draft/{mine}", photo(400, 200), instead=first["id"]).json
    assert [row.id for row in rows(session)] == [second["id"]]
    assert list(shelf_of(app).ids()) == [second["id"]]
    assert client.get(first["full"]).status_code == 404


def test_a_paper_of_a_draft_that_is_taken_away_is_gone(client, session, mine, app):
    said = send(client, f"draft/{mine}", photo()).json
    answer = client.post(said["remove"], data={"back": "/stations"})
    assert (answer.status_code, answer.location) == (303, "/stations")
    assert rows(session) == []
    assert list(shelf_of(app).ids()) == []
    assert client.get(said["full"]).status_code == 404
    assert client.post(said["remove"]).status_code == 404
    again = send(client, f"draft/{mine}", photo())
    assert again.status_code == 200
    assert client.get(again.json["full"]).status_code == 200


def test_a_case_remembers_that_a_paper_was_replaced_or_taken_away(client, session, my_case):
    first = send(client, f"case/{my_case}", photo(300, 200)).json
    second = send(client, f"case/{my_case}", photo(400, 200), instead=first["id"]).json
    assert client.get(first["full"]).status_code == 200  # whoever decided looked at it
    assert client.post(second["remove"], headers=SCRIPT).json == {"removed": second["id"]}
    assert client.get(second["full"]).status_code == 404
    assert {row.id: row.state for row in rows(session)} == {first["id"]: "replaced", second["id"]: "removed"}


def test_the_photo_from_before_is_not_the_one_that_was_asked_for(client, session, my_case):
    first = send(client, f"case/{my_case}", photo()).json
    asked = rows(session)[0].at + timedelta(minutes=1)
    facts = {"county_code": "371302", "case_id": my_case, "actor_role": "clerk", "details": {}}
    session.add(CaseEvent(**facts, seq=1, step="ask", state=State.NEEDS_SUPPLEMENT, at=asked))
    session.commit()
    again = send(client, f"case/{my_case}", photo())
    assert (again.status_code, again.json["message"]) == (409, "这张以前交过了，请重新拍一张。")
    session.execute(sa.update(CaseEvent).values(at=asked - timedelta(minutes=2)))
    session.commit()
    assert send(client, f"case/{my_case}", photo()).json == first  # a request that was sent twice


def test_whoever_opens_adds_or_removes_a_paper_of_a_case_is_in_the_audit(client, session, my_case):
    said = send(client, f"case/{my_case}", photo()).json
    assert client.get(said["small"]).status_code == client.get(said["full"]).status_code == 200
    assert client.post(said["remove"], headers=SCRIPT).status_code == 200
    session.rollback()
    entries = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [entry.action for entry in entries] == ["paper.add", "paper.glance", "paper.open", "paper.remove"]
    assert {(entry.about_id, entry.actor_id) for entry in entries} == {(my_case, "helper-1")}


def test_a_page_of_thumbnails_is_one_look_a_day_and_a_draft_is_ones_own(client, session, my_case, mine, app):
    own = send(client, f"draft/{mine}", photo()).json["small"]
    small = [send(client, f"case/{my_case}", photo(900 + n, 700)).json["small"] for n in range(3)]
    for path in (own, *small, *small):
        assert client.get(path).status_code == 200
    app.extensions["clock"] = Clock(NOW + timedelta(days=1))
    assert client.get(small[0]).status_code == 200
    session.rollback()
    looks = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "paper.glance")).all()
    assert [(one.about_id, (one.day - looks[0].day).days) for one in looks] == [(my_case, 0), (my_case, 1)]


def test_a_paper_of_ones_own_draft_is_looked_at_without_an_entry(client, session, mine):
    assert client.get(send(client, f"draft/{mine}", photo()).json["full"]).status_code == 200
    session.rollback()
    assert session.scalars(sa.select(AuditEntry)).all() == []


def test_evidence_does_not_vanish_from_a_case_that_somebody_decides_on(client, session, my_case, app):
    said = send(client, f"case/{my_case}", photo()).json
    for change in (sa.update(Case).values(state=State.IN_REVIEW), sa.update(Paper).values(state="fit")):
        session.execute(change)
        session.commit()
        answer = client.post(said["remove"], headers=SCRIPT)
        assert (answer.status_code, answer.json["message"][:12]) == (409, "这份材料已经交上去了，不"), answer.json
        assert send(client, f"case/{my_case}", photo(300, 200), instead=said["id"]).status_code == 409
        session.execute(sa.update(Case).values(state=State.NEEDS_SUPPLEMENT))
        session.commit()
    assert client.get(said["full"]).status_code == 200


def test_a_resident_with_the_receipt_does_not_remove_what_staff_photographed(client, session, my_case, holding):
    theirs = send(client, f"case/{my_case}", photo()).json
    holding.account = lambda: None
    own = send(client, f"case/{my_case}", photo(300, 200)).json
    assert client.post(theirs["remove"], headers=SCRIPT).status_code == 409
    assert client.post(own["remove"], headers=SCRIPT).status_code == 200


def test_who_may_only_read_a_case_puts_nothing_to_it(client, my_case, holding):
    said = send(client, f"case/{my_case}", photo()).json
    holding.changes = False
    assert client.get(said["full"]).status_code == 200
    assert send(client, f"case/{my_case}", photo(400, 300)).status_code == 404
    assert client.post(said["remove"]).status_code == 404


@pytest.mark.parametrize("state", [State.DONE, State.REFUSED, State.WITHDRAWN, State.APPROVED])
def test_a_case_that_is_over_takes_no_paper(client, session, my_case, state, app):
    session.execute(sa.update(Case).values(state=state))
    session.commit()
    answer = send(client, f"case/{my_case}", photo())
    assert (answer.status_code, answer.json["message"]) == (409, "这件事已经不收材料了。请刷新看看。")
    assert list(shelf_of(app).ids()) == []


def test_a_stranger_finds_nothing(client, session, mine, holding):
    said = send(client, f"draft/{mine}", photo()).json
    holding.ids.clear()
    foreign = [client.get(said["full"]), client.get(said["small"]), client.post(said["remove"])]
    foreign += [send(client, f"draft/{mine}", photo()), send(client, f"case/{mine}", photo())]
    unknown = [client.get(f"/papers/{new_id()}"), client.get("/papers/x"), client.get("/papers/..%2Fx/small")]
    assert {answer.status_code for answer in foreign + unknown} == {404}
    assert len(rows(session)) == 1


def test_nobody_may_anything_before_the_rules_are_handed_in(client, session):
    id = draft(session).id
    session.rollback()
    assert send(client, f"draft/{id}", photo()).status_code == 404


def test_whose_right_ends_is_refused_before_the_body_is_read(client, mine, holding):
    holding.ids.clear()
    answer = client.post(f"/papers/draft/{mine}", data=b"", headers=SCRIPT | {"Content-Length": "60000000"})
    assert answer.status_code == 404


REFUSED = {
    "a program": ({"body": b"MZ" + b"\0" * 900}, 422, "不是照片"),
    "HEIC": ({"body": handed_in.HEIC}, 422, "兼容性最好"),
    "nothing chosen": ({"body": b"", "name": ""}, 422, "还没有选照片"),
    "an empty file": ({"body": b""}, 422, "这个文件是空的"),
    "11 MB": ({"body": b"\xff\xd8\xff" + b"x" * 11_000_000}, 422, "最多 10 MB"),
    "60 MB": ({"body": b"\xff\xd8\xff" + b"x" * 60_000_000}, 413, "最多 10 MB"),
    "a kind that is none": ({"body": photo(), "kind": "../x"}, 422, "这一页不完整"),
    "no kind": ({"body": photo(), "kind": ""}, 422, "请填写材料"),
    "a wrong paper to replace": ({"body": photo(), "instead": "x"}, 422, "这一页不完整"),
}


@pytest.mark.parametrize("headers", [SCRIPT, {}], ids=["script", "form"])
@pytest.mark.parametrize(("sent", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
@on_sqlite
def test_what_is_refused_is_said_in_one_sentence_to_scripts_and_forms(
    client, session, mine, app, sent, status, words, headers
):
    answer = send(client, f"draft/{mine}", headers=headers | {"Referer": "http://localhost/stations"}, **sent)
    assert answer.status_code == status
    assert words in (answer.json["message"] if headers else answer.text)
    if status == 413 and not headers:
        assert 'href="/stations"' in answer.text
    assert rows(session) == []
    assert list(shelf_of(app).ids()) == []


def test_other_routes_still_take_small_bodies_only(client, mine):
    said = send(client, f"draft/{mine}", photo()).json
    assert client.post(said["remove"], data={"back": "/" + "x" * 70_000}).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", ""),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"kind=id_front", "application/x-www-form-urlencoded"),
        (b"--x\r\n" * 5000, "multipart/form-data; boundary=x"),
        (b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nk\r\n' * 50, "multipart/form-data; boundary=x"),
    ],
)
def test_a_body_that_is_no_form_is_refused_without_a_stack_trace(client, mine, body, kind):
    answer = client.post(f"/papers/draft/{mine}", data=body, content_type=kind, headers=SCRIPT)
    assert answer.status_code in {413, 422}


def test_there_is_an_end_to_papers(client, session, mine, monkeypatch):
    monkeypatch.setattr(paper_operations, "MOST_PAPERS", 2)
    first = send(client, f"draft/{mine}", photo(100, 100)).json
    assert send(client, f"draft/{mine}", photo(110, 100)).status_code == 200
    answer = send(client, f"draft/{mine}", photo(120, 100))
    assert (answer.status_code, answer.json["message"]) == (409, "材料太多了，最多 2 份。请先删掉不用的。")
    assert send(client, f"draft/{mine}", photo(120, 100), instead=first["id"]).status_code == 200


def test_a_drawn_name_comes_as_a_field_of_the_form(client, session, mine):
    drawn = papers.DRAWN + base64.b64encode(handed_in.signature()).decode()
    form = {"kind": SIGNATURE, "drawn": drawn, "back": "/"}
    answer = client.post(f"/papers/draft/{mine}", data=form, content_type="multipart/form-data")
    assert answer.status_code == 303
    assert [row.kind for row in rows(session)] == [SIGNATURE]


def test_the_folder_and_the_database_hold_no_open_picture(client, mine, app, tmp_path):
    for body in (photo(), handed_in.pdf(2)):
        assert send(client, f"draft/{mine}", body).status_code == 200
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 3
    for file in files:
        inside = file.read_bytes()
        for mark in (b"\xff\xd8\xff", b"JFIF", b"%PDF", "王芳".encode()):
            assert mark not in inside, file.name


def test_a_look_takes_two_statements(client, mine, database):
    said = send(client, f"draft/{mine}", photo()).json
    for url in (said["full"], said["small"]):
        database.sql_count.n = 0
        client.get(url)
        assert database.sql_count.n <= 2
