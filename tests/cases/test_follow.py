"""A resident follows a case by receipt and code, in plain words, and nobody else can; receipts are verified by anybody."""

import io
import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from accounts.policy import Role
from cases import follow_pass, receipts
from cases.models import Case, CaseEvent, Desk, Paper, State
from cases.paper_store import shelf_of
from common.ids import new_id
from common.models import AuditEntry
from common.sealing import public_receipt_key
from tests.common.pictures import photo
from tests.statements import statements_of

CODE = "204817"
NOT_FOUND = "没查到。请照着回执"


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine) as session:
        yield session


@pytest.fixture
def helper(make):
    return make.actor(Role.HELPER, station_code=make.station(phone="0531-0000128"))


def text(response):
    return re.sub(r"\s+", "", BeautifulSoup(response.text, "html.parser").text)


def follow(client, ref, code=CODE):
    return client.post("/follow", data={"ref": ref, "code": code})


def ask(session, ref, at, kind="residence_proof", name="居住证明", words="居住证看不清，请重拍。"):
    case = session.scalars(sa.select(Case).where(Case.ref == ref)).one()
    session.add(
        CaseEvent(
            county_code=case.county_code,
            case_id=case.id,
            seq=2,
            step="ask",
            state=case.state,
            desk=case.desk,
            at=at,
            actor_role="clerk",
            actor_name="孙丽",
            details={"words": words, "asked": [{"kind": kind, "name": name}]},
        )
    )
    session.commit()
    return case.id


def bring(session, make, case_id, kind="residence_proof", at=None):
    session.rollback()
    session.add(
        Paper(
            county_code="370102",
            case_id=case_id,
            kind=kind,
            sha256="0" * 64,
            mime="image/jpeg",
            size=9,
            state="received",
            at=at or make.now + timedelta(minutes=5),
        )
    )
    session.commit()


def op(page):
    soup = BeautifulSoup(page.text, "html.parser")
    return {name: soup.select_one(f"input[name={name}]")["value"] for name in ("op", "version")}


@pytest.mark.parametrize("typed", ["{ref}", "{said}", " {low} ", "{wide}"])
def test_number_and_code_of_the_receipt_show_the_case(app, make, client, session, helper, typed):
    ref = make.case(by=helper)
    wide = "".join(chr(ord(c) + 0xFEE0) for c in ref)
    said = receipts.say_ref(ref)
    answer = follow(client, typed.format(ref=ref, said=said, low=said.lower(), wide=wide), "２０４ ８１７")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/follow")
    page = client.get("/follow")
    for words in (
        said,
        "交上去了",
        "正在办的：解放路街道医保站",
        "帮您交的：大桥村医保工作站赵敏",
        "11月24日周二前出结果",
        "0531-0000128",
    ):
        assert words in text(page), words
    assert "王玉兰" not in page.text
    assert "379801195208170020" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert client.get("/follow").status_code == 200, "a reload works"
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["case.follow"]


def test_a_station_without_a_telephone_leads_to_its_page_and_not_to_an_error(make, client):
    station = make.station("没电话的站")
    ref = make.case(by=make.actor(Role.HELPER, station_code=station))
    follow(client, ref)
    page = client.get("/follow")
    assert (page.status_code, f"/stations/{station}" in page.text) == (200, True)


def test_following_costs_five_statements(app, make, client, helper):
    follow(client, make.case(by=helper))
    client.get("/follow")
    with statements_of(app.extensions["db"].engine) as said:
        client.get("/follow")
    assert len(said) <= 5, "\n".join(said)


def test_a_wrong_number_and_a_wrong_code_get_the_same_sentence(make, client, helper):
    ref = make.case(by=helper)
    nobodys = receipts.new_ref()
    pages = [follow(client, ref, "999999"), follow(client, nobodys)]
    assert {page.status_code for page in pages} == {422}
    assert all(NOT_FOUND in page.text for page in pages)
    said = [re.sub(f'{ref}|{nobodys}|999999|{CODE}|nonce-[^"]*|nonce="[^"]*"', "", page.text) for page in pages]
    assert said[0] == said[1]


@pytest.mark.parametrize(
    ("ref", "code", "sentence"),
    [
        ("", CODE, "请填写回执号"),
        ("K7M2-4Q9Z", CODE, "回执号不对，请照着回执再核一遍"),
        ("x" * 41, CODE, "回执号太长了"),
        ("GOOD", "", "请填写查询码"),
        ("GOOD", "12345", "查询码是 6 位数字"),
        ("GOOD", "一二三四五六", "查询码是 6 位数字"),
        ("GOOD", "1" * 21, "查询码太长了"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field(make, client, helper, ref, code, sentence):
    answer = follow(client, make.case(by=helper) if ref == "GOOD" else ref, code)
    assert (answer.status_code, sentence in answer.text) == (422, True)


def test_whoever_guesses_is_slowed_down_by_receipt_and_the_right_code_waits_too(app, make, helper):
    ref = make.case(by=helper)
    answers = [follow(app.test_client(), ref, f"{n:06}").status_code for n in range(8)]
    assert answers[:4] == [422] * 4
    assert answers[-1] == 429
    late = follow(app.test_client(), ref)
    assert (late.status_code, "分钟再试" in late.text) == (429, True)
    other = make.case(by=helper)
    assert follow(app.test_client(), other).status_code == 303


@pytest.mark.parametrize(
    ("address", "stopped"),
    [("192.0.2.7", True), ("127.0.0.1", False), ("::1", False)],  # a proxy of one's own is everybody
)
def test_one_address_cannot_try_many_receipts(client, address, stopped):
    tried = [{"ref": receipts.new_ref(), "code": "204817"} for _ in range(33)]
    answers = [client.post("/follow", data=one, environ_base={"REMOTE_ADDR": address}).status_code for one in tried]
    assert answers == [422] * 30 + [429 if stopped else 422] * 3


@pytest.mark.parametrize("value", ["", "x", "WyJYIl0.abc", "a.b.c"])
def test_a_cookie_that_is_not_ours_shows_the_form(make, client, helper, value):
    client.set_cookie(follow_pass.COOKIE, value)
    page = client.get("/follow")
    assert (page.status_code, "照着回执填两样" in page.text) == (200, True)


def test_the_pass_ends_after_half_an_hour_with_leaving_and_with_a_new_code(app, make, client, session, helper):
    ref = make.case(by=helper)
    case = session.scalars(sa.select(Case)).one()
    secret = app.config["SETTINGS"].secret_key
    client.set_cookie(
        follow_pass.COOKIE, follow_pass.sign(secret, ref, case.follow_hash, make.now - timedelta(minutes=31))
    )
    assert "照着回执填两样" in client.get("/follow").text
    follow(client, ref)
    assert receipts.say_ref(ref) in client.get("/follow").text
    staff = make.signed_in(app.test_client(), helper)
    assert staff.post(f"/cases/{ref}/code").status_code == 200
    assert "照着回执填两样" in client.get("/follow").text
    assert client.post("/follow/leave").status_code == 303


def test_what_is_missing_by_when_and_that_the_clock_stands_still_is_said(make, client, session, helper):
    ref = make.case(
        by=helper, state=State.NEEDS_SUPPLEMENT, supplement_due_on=date(2026, 12, 1), due_on=date(2026, 11, 25)
    )
    ask(session, ref, make.now)
    follow(client, ref)
    page = text(client.get("/follow"))
    for words in (
        "还差：居住证明",
        "居住证看不清，请重拍。",
        "12月1日周二前补上",
        "还有6个工作日",
        "等您的这几天不算办理时间",
        "补上以后，2个工作日内出结果",
        "等您补材料",
    ):
        assert words in page, words


def test_a_resident_hands_in_what_was_missing_and_the_case_goes_on(make, client, session, helper):
    ref = make.case(by=helper, state=State.NEEDS_SUPPLEMENT, desk=Desk.COUNTY, supplement_due_on=date(2026, 12, 1))
    case_id = ask(session, ref, make.now)
    follow(client, ref)
    early = client.post("/follow/supply", data=op(client.get("/follow")))
    assert (early.status_code, "还差：居住证明" in early.text) == (422, True)
    bring(session, make, case_id)
    said = op(client.get("/follow"))
    assert "材料齐了，交上去" in client.get("/follow").text
    for _ in range(2):
        assert client.post("/follow/supply", data=said).status_code == 303
    session.rollback()
    assert session.get(Case, case_id).state == State.IN_REVIEW
    assert "县里正在看" in client.get("/follow?done=supply").text


def test_a_resident_takes_the_case_back_once(make, client, session, helper):
    ref = make.case(by=helper)
    follow(client, ref)
    said = op(client.get("/follow"))
    for _ in range(2):
        assert client.post("/follow/withdraw", data=said).status_code == 303
    again = client.post("/follow/withdraw", data=said | {"op": new_id()})
    assert again.status_code == 409
    session.rollback()
    case = session.scalars(sa.select(Case)).one()
    assert (case.state, case.version, case.live) == (State.WITHDRAWN, 2, False)
    event = session.scalars(sa.select(CaseEvent).where(CaseEvent.step == "withdraw")).one()
    assert (event.actor_role, event.actor_id) == ("resident", None)
    assert "您自己撤回了" in client.get("/follow").text


def test_without_the_pass_nothing_is_done(make, client, session, helper):
    make.case(by=helper)
    for path in ("withdraw", "supply"):
        answer = client.post(f"/follow/{path}", data={"op": new_id(), "version": 1})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/follow")
    assert session.scalars(sa.select(Case.version)).all() == [1]


def test_a_pass_opens_the_papers_of_its_case_only(app, make, client, session, helper):
    ref, other = (
        make.case(by=helper, state=State.NEEDS_SUPPLEMENT),
        make.case(by=helper, state=State.NEEDS_SUPPLEMENT, code="111111"),
    )
    ids = {one.ref: one.id for one in session.scalars(sa.select(Case))}
    follow(client, ref)
    own = client.post(f"/papers/case/{ids[ref]}", data={"kind": "id"})
    assert own.status_code == 422, "let in, and told that the photo is missing"
    assert client.post(f"/papers/case/{ids[other]}", data={"kind": "id"}).status_code == 404
    assert app.test_client().post(f"/papers/case/{ids[ref]}", data={"kind": "id"}).status_code == 404


class SlowPhone(io.BytesIO):
    """A body during which something happens elsewhere: `meanwhile` is called when its first byte is asked for."""

    def __init__(self, body, meanwhile):
        super().__init__(body)
        self.meanwhile = meanwhile

    def read(self, size=-1):
        self._at_first()
        return super().read(size)

    def readinto(self, buffer):
        self._at_first()
        return super().readinto(buffer)

    def _at_first(self):
        if self.tell() == 0:
            self.meanwhile()


@pytest.mark.parametrize(
    ("change", "status"),
    [({}, 200), ({"state": State.IN_REVIEW}, 409), ({"follow_hash": "0" * 64}, 409), ({"state": State.DONE}, 409)],
    ids=["nothing", "the case goes on", "another code", "it is over"],
)
def test_what_a_slow_phone_sends_is_kept_only_for_whoever_may_still_bring_it(
    app, make, client, session, helper, change, status
):
    ref = make.case(by=helper, state=State.NEEDS_SUPPLEMENT)
    id = session.scalars(sa.select(Case.id)).one()
    session.rollback()
    follow(client, ref)

    def meanwhile():
        if change:
            session.execute(sa.update(Case).where(Case.ref == ref).values(change))
            session.commit()

    form = {"kind": "id", "paper": FileStorage(io.BytesIO(photo()), "x.jpg", content_type="image/jpeg")}
    boundary, body = encode_multipart(form)
    answer = client.post(
        f"/papers/case/{id}",
        input_stream=SlowPhone(body, meanwhile),
        content_length=len(body),
        content_type=f'multipart/form-data; boundary="{boundary}"',
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == status, answer.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Paper)) == (status == 200)
    assert len(list(shelf_of(app).ids())) == (status == 200), "nothing that belongs to nobody stays on the shelf"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.ACCEPTED, "正在办"),
        (State.APPROVED, "等省医保平台确认"),
        (State.PENDING_PAYMENT, "等您缴费"),
        (State.DONE, "办好了"),
        (State.WITHDRAWN, "撤回了"),
        (State.REFUSED, "没办成"),
    ],
)
def test_every_state_has_words_of_its_own(make, client, helper, state, words):
    ref = make.case(by=helper, state=state)
    follow(client, ref)
    assert words in client.get("/follow").text
    client.set_cookie("lang", "en")
    assert client.get("/follow").status_code == 200


def test_why_it_was_refused_is_said(make, client, session, helper):
    ref = make.case(by=helper, state=State.REFUSED)
    case = session.scalars(sa.select(Case)).one()
    session.add(
        CaseEvent(
            county_code=case.county_code,
            case_id=case.id,
            seq=2,
            step="refuse",
            state="refused",
            at=make.now,
            actor_role="county_officer",
            actor_name="周海",
            details={"words": "参保地不在本县。", "basis": "办法第七条"},
        )
    )
    session.commit()
    follow(client, ref)
    page = client.get("/follow").text
    assert "参保地不在本县。" in page
    assert "办法第七条" in page


# Receipts


def test_a_receipt_is_verified_by_page_and_with_the_public_key_alone(app, make, client, helper, tmp_path):
    token = receipts.sign(
        app.extensions["keys"], receipts.Receipt("K7M24Q9P", 15, helper.station_code, date(2026, 11, 23))
    )
    page = client.get("/receipts/verify", query_string={"t": token})
    assert page.status_code == 200
    for words in ("是真的", "K7M2-4Q9P", "大桥村医保工作站", "2026-11-23"):
        assert words in page.text, words
    pem = client.get("/receipts/key.pem").text
    assert pem == public_receipt_key(app.extensions["keys"])
    assert receipts.verify(token, receipts.read_public_key(pem)) is not None


@pytest.mark.parametrize("token", ["MK1.x", "x" * 500, "MK1.K7M24Q9P.15.LS0001.20261123." + "A" * 86])
def test_what_we_did_not_sign_is_not_ours(client, token):
    page = client.get("/receipts/verify", query_string={"t": token})
    assert (page.status_code, "不是我们的回执" in page.text) == (422, True)
