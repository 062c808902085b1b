"""What is over is deleted in its time, a person gets everything about themselves, papers that never come end a case."""

import json
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Role
from app import create_app
from cases import drafts, news, province, receipts, retention
from cases.models import Authorisation, Case, CaseEvent, Consent, Draft, Paper, State
from common.models import AuditEntry
from common.sealing import public_receipt_key
from common.settings import WrongSetting
from sync import inbox
from sync.models import InboxEntry, OutboxEntry
from tests.conftest import on_sqlite

NUMBER = "379801195208170020"


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine) as session:
        yield session


@pytest.fixture
def helper(make):
    return make.actor(Role.HELPER, station_code=make.station())


def run(app, *words, **more):
    return app.test_cli_runner().invoke(args=["cases", *words], **more)


def add_beside(session, make):
    """A paper, an authorisation and a consent for every case."""
    for case in session.scalars(sa.select(Case)):
        facts = {"county_code": case.county_code, "case_id": case.id}
        session.add(
            Paper(**facts, kind="id", sha256="0" * 64, mime="image/jpeg", size=9, state="received", at=make.now)
        )
        facts["person_index"] = case.person_index
        session.add(
            Authorisation(
                **facts,
                kind="written_photo",
                agent={"agnter_name": "张明"},
                items="15",
                starts_on=date(2026, 1, 1),
                ends_on=date(2026, 2, 1),
                made_at=make.now,
            )
        )
        session.add(Consent(**facts, kind="notice", notice_version=1, given_by="self", at=make.now))
    session.commit()


def days_ago(make, n):
    return make.now - timedelta(days=n)


def test_every_class_says_how_long_and_who_says_so():
    assert set(retention.classes()) == {"papers", "answers", "requests"}
    assert all(one.months > 0 and one.source for one in retention.classes().values())


def test_retention_takes_the_person_out_of_what_ended_long_ago_and_nothing_else(app, make, session, helper):
    open_case = make.case(by=helper, state_at=days_ago(make, 900))
    waits = make.case(by=helper, state=State.PENDING_PAYMENT, state_at=days_ago(make, 900))
    half = make.case(by=helper, state=State.DONE, state_at=days_ago(make, 300))
    fresh = make.case(by=helper, state=State.DONE, state_at=days_ago(make, 20))
    old = make.case(by=helper, state=State.WITHDRAWN, state_at=days_ago(make, 800))
    add_beside(session, make)
    dry = run(app, "retention", "--dry-run")
    assert (dry.exit_code, "材料 2 份、1 件的个人信息" in dry.output) == (0, True), dry.output
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Paper)) == 5
    done = run(app, "retention")
    assert "材料 2 份、1 件的个人信息" in done.output
    session.rollback()
    cases = {case.ref: case for case in session.scalars(sa.select(Case))}
    papers = set(session.scalars(sa.select(Paper.case_id)))
    assert papers == {cases[ref].id for ref in (open_case, waits, fresh)}
    for ref in (open_case, waits, half, fresh):
        assert cases[ref].subject["name"] == "王玉兰"
    gone = cases[old]
    assert NUMBER not in json.dumps([gone.subject, gone.answers])
    assert "王" not in json.dumps([gone.subject, gone.answers], ensure_ascii=False)
    assert gone.person_index != cases[half].person_index
    assert session.scalars(sa.select(Consent).where(Consent.case_id == gone.id)).all() == []
    assert session.scalars(sa.select(Authorisation).where(Authorisation.case_id == gone.id)).all() == []
    assert session.scalars(sa.select(CaseEvent.actor_name).where(CaseEvent.case_id == gone.id)).all() == [None]
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["case.forget"]
    assert "草稿 0 份、材料 0 份、0 件的个人信息" in run(app, "retention").output
    clerk = make.actor(Role.CLERK)
    assert make.signed_in(app.test_client(), clerk).get(f"/cases/{old}").status_code == 200


def test_of_a_forgotten_person_no_trace_is_left_in_the_case_or_in_what_was_sent(app, make, session, helper):
    ref = make.case(by=helper, state=State.DONE, state_at=days_ago(make, 800), guardian_index="a" * 32)
    with app.app_context(), app.extensions["db"].writing() as writing:
        case = writing.scalars(sa.select(Case).where(Case.ref == ref)).one()
        before = (case.person_index, case.phone_index, case.guardian_index, case.answers_sha256)
        news.tell(writing, case, make.now)
        told = {"rid": case.id, "ver": 1, "stas": "?", "memo": "王玉兰"}
        inbox.receive(writing, "province", "case_status", told, province.decided, make.now)
        writing.commit()
    run(app, "retention")
    session.rollback()
    case = session.scalars(sa.select(Case)).one()
    after = (case.person_index, case.phone_index, case.guardian_index, case.answers_sha256)
    assert not set(before) & set(after)
    assert session.scalars(sa.select(OutboxEntry)).all() == []
    heard = session.scalars(sa.select(InboxEntry)).one()
    assert (heard.state, heard.body) == (inbox.OLD, {}), "told again, it is not heard again"


def test_short_messages_can_be_refused_later_at_the_desk_and_at_home(app, make, session, helper):
    for path in ("desk", "home"):
        ref = make.case(by=helper)
        session.rollback()
        case = session.scalars(sa.select(Case).where(Case.ref == ref)).one()
        facts = {"county_code": case.county_code, "case_id": case.id, "person_index": case.person_index}
        for kind in ("notice", "sms"):
            session.add(Consent(**facts, kind=kind, notice_version=1, given_by="self", at=make.now))
        session.commit()
        if path == "desk":
            client = make.signed_in(app.test_client(), helper)
            assert "居民不要短信了" in client.get(f"/cases/{ref}").text
            post = f"/cases/{ref}/no-sms"
        else:
            client = app.test_client()
            client.post("/follow", data={"ref": ref, "code": "204817"})
            assert "不要短信提醒了" in client.get("/follow").text
            post = "/follow/no-sms"
        assert [client.post(post).status_code for _twice in range(2)] == [303, 303]
        session.rollback()
        held = session.scalars(sa.select(Consent).where(Consent.case_id == case.id)).all()
        assert {one.kind: one.withdrawn_at is not None for one in held} == {"notice": False, "sms": True}
        wanted = sa.select(AuditEntry.actor_role).where(
            AuditEntry.action == "consent.withdraw", AuditEntry.about_id == case.id
        )
        assert session.scalars(wanted).all() == ["helper" if path == "desk" else "resident"]
        assert "不要短信" not in client.get("/follow" if path == "home" else f"/cases/{ref}").text.split("经过")[0]
    stranger = app.test_client()
    assert stranger.post("/follow/no-sms").location == "/follow"


OWN = "class,months,what,source\npapers,{months},x,y\nanswers,121,x,y\nrequests,1,x,y\n"


@on_sqlite
def test_a_bureaus_own_periods_are_what_is_deleted_by_and_what_residents_are_told(
    app, make, session, helper, tmp_path, monkeypatch
):
    make.case(by=helper, state=State.DONE, state_at=days_ago(make, 800))
    own = tmp_path / "own.csv"
    own.write_text(OWN.format(months=120), encoding="utf-8")
    settings = app.config["SETTINGS"].model_copy(update={"retention": own})
    bureau = create_app(settings)
    assert "0 件的个人信息" in run(bureau, "retention").output
    told = bureau.test_client().get("/privacy").text
    assert "办结后 120 个月删" in told
    assert "办结后 121 个月删" in told
    for broken in ("", "class,months\npapers,1\n", OWN.format(months=0), OWN.replace("requests", "letters")):
        own.write_text(broken, encoding="utf-8")
        with pytest.raises(WrongSetting, match="MENKOU_RETENTION"):
            create_app(settings)


def test_expired_drafts_go_with_their_papers(app, make, session, helper):
    with app.extensions["db"].writing() as writing:
        for days in (40, 1):
            draft, _secret = drafts.begin(
                writing, 15, now=days_ago(make, days), by=helper, answers={"psn_name": "王玉兰"}
            )
            writing.add(
                Paper(
                    county_code="370102",
                    draft_id=draft.id,
                    kind="id",
                    sha256="0" * 64,
                    mime="image/jpeg",
                    size=9,
                    state="received",
                    at=make.now,
                )
            )
        writing.commit()
    assert "草稿 1 份" in run(app, "retention").output
    assert session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(Paper)) == 1


def test_papers_that_never_came_end_a_case(app, make, session, helper):
    late = make.case(by=helper, state=State.NEEDS_SUPPLEMENT, supplement_due_on=date(2026, 11, 20))
    today = make.case(by=helper, state=State.NEEDS_SUPPLEMENT, supplement_due_on=date(2026, 11, 23))
    assert "撤回了 1 件" in run(app, "lapse").output
    assert "撤回了 0 件" in run(app, "lapse").output
    states = dict(session.execute(sa.select(Case.ref, Case.state)).all())
    assert states == {late: State.WITHDRAWN, today: State.NEEDS_SUPPLEMENT}


def test_an_officer_takes_out_everything_about_one_person_of_the_county(app, make, session, helper):
    mine = [make.case(by=helper), make.case(by=helper, state=State.DONE)]
    make.case(by=helper, county_code="370103")
    add_beside(session, make)
    client = make.signed_in(app.test_client(), make.actor(Role.COUNTY_OFFICER))
    assert client.get("/cases/export").status_code == 200
    answer = client.post("/cases/export", data={"number": f" {NUMBER} ", "purpose": "本人要一份"})
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    told = json.loads(answer.text)
    assert {case["receipt"] for case in told["cases"]} == {receipts.say_ref(ref) for ref in mine}
    first = told["cases"][0]
    assert first["person"]["name"] == "王玉兰"
    assert first["answers"]["certno"] == NUMBER
    assert first["authorisations"][0]["agent"] == {"agnter_name": "张明"}
    assert first["papers"][0]["kind"] == "本人有效身份证件"
    assert "follow_hash" not in answer.text
    session.rollback()
    entry = session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.purpose, entry.facts) == ("person.export", "本人要一份", {"cases": 2})


def test_it_says_when_a_consent_was_taken_back_and_reads_a_number_as_people_type_it(app, make, session, helper):
    ref = make.case(by=helper)
    add_beside(session, make)
    case = session.scalars(sa.select(Case)).one()
    facts = {"county_code": case.county_code, "case_id": case.id, "person_index": case.person_index}
    session.add(Consent(**facts, kind="sms", notice_version=1, given_by="self", at=make.now))
    session.commit()
    make.signed_in(app.test_client(), helper).post(f"/cases/{ref}/no-sms")
    client = make.signed_in(app.test_client(), make.actor(Role.COUNTY_OFFICER))
    answer = client.post("/cases/export", data={"number": "379801－19520817-００２０", "purpose": "本人要一份"})
    told = json.loads(answer.text)["cases"][0]["consents"]
    assert {one["what"]: one["withdrawn_at"] is not None for one in told} == {
        "看过个人信息告知": False,
        "同意收短信": True,
    }


@on_sqlite
def test_an_operator_may_type_the_number_as_people_do(app, make, helper, tmp_path):
    make.case(by=helper)
    typed = "３７９８０１－19520817-0020\n"
    done = run(app, "export-person", "--purpose", "本人要", "--to", str(tmp_path / "person.json"), input=typed)
    assert done.exit_code == 0, done.output


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"number": NUMBER, "purpose": ""}, "请填写为什么导出"),
        ({"number": "3798", "purpose": "本人要"}, "证件号太短了"),
        ({"number": "37980119900512003X", "purpose": "本人要"}, "本县没有这个号码的办件"),
    ],
)
def test_without_a_whole_number_and_a_reason_nothing_is_taken_out(app, make, helper, said, sentence):
    make.case(by=helper)
    client = make.signed_in(app.test_client(), make.actor(Role.COUNTY_OFFICER))
    answer = client.post("/cases/export", data=said)
    assert (answer.status_code, sentence in answer.text) == (422, True)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.COUNTY_OFFICER])
def test_nobody_else_takes_a_person_out(app, make, role):
    client = make.signed_in(app.test_client(), make.actor(role))
    assert client.get("/cases/export").status_code == 403
    assert client.post("/cases/export", data={"number": NUMBER, "purpose": "本人要"}).status_code == 403


def test_an_operator_exports_to_a_new_file_only(app, make, session, helper, tmp_path):
    make.case(by=helper)
    target = tmp_path / "person.json"
    done = run(app, "export-person", "--purpose", "本人要一份", "--to", str(target), input=NUMBER + "\n")
    assert done.exit_code == 0, done.output
    assert NUMBER not in done.output
    assert len(json.loads(target.read_text())["cases"]) == 1
    assert target.stat().st_mode & 0o777 == 0o600
    again = run(app, "export-person", "--purpose", "本人要一份", "--to", str(target), input=NUMBER + "\n")
    assert again.exit_code == 1
    assert run(app, "export-person", "--purpose", "x", "--to", str(target), input=NUMBER + "\n").exit_code == 1


def test_a_receipt_is_verified_with_the_public_key_alone(app, tmp_path):
    token = receipts.sign(app.extensions["keys"], receipts.Receipt("K7M24Q9P", 15, "LS0001", date(2026, 11, 23)))
    key = tmp_path / "key.pem"
    key.write_text(run(app, "public-key").output)
    assert key.read_text() == public_receipt_key(app.extensions["keys"])
    right = run(app, "verify-receipt", token, "--key", str(key))
    assert (right.exit_code, right.output) == (0, "K7M2-4Q9P，事项 15，站点 LS0001，2026-11-23 收下\n")
    assert run(app, "verify-receipt", token[:-1], "--key", str(key)).exit_code == 1
    for wrong in (tmp_path / "nothing.pem", tmp_path):
        assert "不是回执的公钥" in run(app, "verify-receipt", token, "--key", str(wrong)).output


def test_the_notice_names_the_periods_by_which_we_delete(client):
    periods, words = retention.classes(), client.get("/privacy").text
    for name in ("papers", "answers"):
        assert f"办结后 {periods[name].months} 个月删" in words
