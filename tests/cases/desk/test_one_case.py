"""One case at the desk: what its page says, every step, full values, papers. On both databases."""

import re
import threading
from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import Role
from cases import receipts
from cases.filling import code_of_receipt
from cases.form_view import say_day
from cases.models import Authorisation, CaseEvent, Draft, KeptOperation, Paper, State
from common.ids import new_id
from common.models import AuditEntry
from tests.builders import WOMAN
from tests.cases.desk.arranged import paper_of, with_papers
from tests.cases.desk.pressed import take, text, version
from tests.conftest import on_sqlite

COUNTY = "370102"


def test_a_case_page_says_everything_masked(make, as_, session, helper, clerk):
    ref = with_papers(make, session, helper, paper="residence_proof").ref
    page = as_(clerk).get(f"/cases/{ref}")
    words = text(page)
    for said in (
        receipts.say_ref(ref),
        "王*兰",
        "379801********0020",
        "154****0001",
        "居住证明",
        "没标",
        "张*",
        "379801********003X",
        "屏幕上签字",
        "有效到2027-01-01",
        "看过个人信息告知",
        "同意收短信",
        "提交",
        "赵敏",
    ):
        assert said in words, said
    for secret in ("王玉兰", "379801195208170020", "15400000001", "张明", "37980119900512003X", "15400000003"):
        assert secret not in page.text
    assert words.count("看过个人信息告知") == 1
    assert page.headers["Cache-Control"] == "private, no-store"


def test_a_case_page_says_words_not_codes_and_nothing_twice(make, as_, helper, clerk):
    ref = make.case(by=helper, item_no=1, family="resident_enrol", answers={"naty": "01", "insu_admdvs": COUNTY})
    away = make.case(by=helper, answers={"begndate": "2026-11-24"})
    words = text(as_(clerk).get(f"/cases/{ref}"))
    assert "汉族" in words
    assert words.count("王*兰") == words.count("379801********0020") == 1
    assert "2026年11月24日" in text(as_(clerk).get(f"/cases/{away}"))


def test_a_case_that_is_approved_waits_for_the_province(make, as_, helper, clerk):
    ref = make.case(by=helper, state=State.ACCEPTED)
    assert take(as_(clerk), ref, "approve").status_code == 303
    assert "待同步" in as_(clerk).get(f"/cases/{ref}").text
    assert "现在不用您办" in as_(clerk).get(f"/cases/{ref}").text
    assert take(as_(clerk), ref, "withdraw", 2).status_code == 409, "nobody knows yet whether the province has it"


def test_the_town_asks_for_a_paper_hands_up_and_the_county_decides(make, as_, session, helper, clerk, officer):
    ref = make.case(by=helper, due_on=date(2026, 11, 27))
    town, county = as_(clerk), as_(officer)
    assert take(town, ref, "accept").status_code == 303
    assert version(session, ref).handler_id == clerk.account_id
    asked = take(town, ref, "ask", 2, asked=["residence_proof"], words="居住证看不清，请重拍。")
    assert asked.status_code == 303
    page = text(town.get(f"/cases/{ref}"))
    assert "等居民补材料" in page
    assert "居住证看不清，请重拍。" in page
    early = take(as_(helper), ref, "supply", 3)
    assert (early.status_code, "还差：居住证明" in early.text) == (422, True)
    case = version(session, ref)
    session.add(paper_of(case, "residence_proof", at=make.now + timedelta(minutes=5)))
    session.commit()
    assert take(as_(helper), ref, "supply", 3).status_code == 303
    assert take(town, ref, "hand_up", 4).status_code == 303
    assert town.get(f"/cases/{ref}").status_code == 200, "the town still sees it"
    assert receipts.say_ref(ref) not in town.get("/cases").text
    unlooked = take(county, ref, "approve", 5, words="照办")
    assert (unlooked.status_code, "还有 1 份材料没标是否合格。请先标" in unlooked.text) == (422, True)
    assert "照办" in unlooked.text
    assert take(county, ref, "approve", 5, unseen=1).status_code == 303
    assert "通过（1份材料没标是否合格）" in text(county.get(f"/cases/{ref}"))
    steps = session.scalars(sa.select(CaseEvent.step).order_by(CaseEvent.seq)).all()
    assert steps == ["submit", "accept", "ask", "supply", "hand_up", "approve"]
    assert version(session, ref).state == State.APPROVED
    entries = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.seq)).all()
    assert entries == ["case.accept", "case.ask", "case.supply", "case.hand_up", "case.approve"]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"step": "ask"}, "请勾选要补哪些材料"),
        ({"step": "ask", "asked": ["id"]}, "请勾选要补哪些材料"),
        ({"step": "ask", "words": "请补"}, "请勾选要补哪些材料"),
        ({"step": "ask", "words": "请补", "asked": ["nonsense"]}, "请勾选要补哪些材料"),
        ({"step": "accept", "version": "x"}, "这一页不完整"),
        ({"step": "lapse"}, "没有这一步"),
        ({"step": "confirm"}, "没有这一步"),
        ({"step": "dance"}, "这一页不完整"),
        ({"step": "accept", "op": "1"}, "这一页不完整"),
        ({"step": "hand_over", "handler": "f" * 32}, "请选择交给哪位同事"),
        ({"step": "ask", "words": "字" * 301, "asked": ["id"]}, "太长了"),
    ],
)
@on_sqlite
def test_what_is_missing_is_said_and_what_was_typed_stays(make, as_, session, helper, clerk, said, sentence):
    ref = make.case(by=helper)
    answer = as_(clerk).post(f"/cases/{ref}/step", data={"op": new_id(), "version": 1} | said)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert version(session, ref).version == 1
    if said.get("step") == "ask" and "words" in said:
        assert said["words"] in answer.text


def test_of_two_clerks_at_once_the_second_sees_what_is_new_and_loses_nothing(make, as_, session, helper, clerk):
    ref = make.case(by=helper)
    colleague = make.actor(Role.CLERK, name="钱进")
    assert take(as_(clerk), ref, "accept").status_code == 303
    late = take(as_(colleague), ref, "ask", 1, asked=["residence_proof"], words="请带居住证来。")
    assert late.status_code == 409
    assert "刚被改过" in late.text
    assert "请带居住证来。" in late.text
    page = BeautifulSoup(late.text, "html.parser")
    assert page.select_one("input[value=residence_proof]").has_attr("checked")
    assert page.select_one("input[name=version]")["value"] == "2"
    assert "已受理" in late.text
    assert version(session, ref).version == 2


def test_a_double_click_is_one_step(make, as_, session, helper, clerk):
    ref, client = make.case(by=helper), as_(clerk)
    said = {"op": new_id(), "step": "accept", "version": 1}
    assert [client.post(f"/cases/{ref}/step", data=said).status_code for _ in range(3)] == [303] * 3
    assert version(session, ref).version == 2
    other = client.post(f"/cases/{ref}/step", data=said | {"step": "hand_up"})
    assert other.status_code == 409
    assert version(session, ref).version == 2


def test_a_case_is_handed_to_a_colleague_at_the_same_desk_only(make, as_, session, helper, clerk):
    ref = make.case(by=helper)
    colleague, stranger = make.actor(Role.CLERK, name="钱进"), make.actor(Role.CLERK, area="370102002", name="外人")
    page = as_(clerk).get(f"/cases/{ref}/hand-over")
    assert "钱进" in page.text
    assert "外人" not in page.text
    assert take(as_(clerk), ref, "hand_over", handler=stranger.account_id).status_code == 422
    assert take(as_(clerk), ref, "hand_over", handler=colleague.account_id).status_code == 303
    assert version(session, ref).handler_id == colleague.account_id
    assert "交给钱进" in as_(colleague).get(f"/cases/{ref}").text
    assert receipts.say_ref(ref) in as_(colleague).get("/cases?tab=mine").text


def test_a_correction_withdraws_and_begins_a_draft_with_the_old_answers(loaded, make, as_, session, helper):
    ref = make.case(by=helper, answers={"promise": True, "begndate": "2026-12-01"})
    answer = as_(helper).post(f"/cases/{ref}/correct", data={"op": new_id(), "version": 1})
    draft = session.scalars(sa.select(Draft)).one()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/work/drafts/{draft.id}")
    assert draft.answers["begndate"] == "2026-12-01"
    assert "promise" not in draft.answers
    assert version(session, ref).state == State.WITHDRAWN


def test_a_second_tap_on_a_correction_finds_the_first_ones_draft(loaded, make, as_, session, helper):
    ref, client, sent = make.case(by=helper), as_(helper), {"op": new_id(), "version": 1}
    first, second = (client.post(f"/cases/{ref}/correct", data=sent) for _tap in range(2))
    assert (first.status_code, second.status_code, first.location) == (303, 303, second.location)
    assert session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 1
    assert client.post(f"/cases/{ref}/correct", data=sent | {"op": new_id()}).status_code == 409
    assert client.post(f"/cases/{ref}/correct", data=sent | {"version": 2}).status_code == 409


# Full values


def test_a_full_value_is_shown_once_for_a_reason_that_is_kept(make, as_, session, helper, clerk):
    ref = make.case(by=helper)
    answer = as_(clerk).post(f"/cases/{ref}/reveal", data={"field": "certno", "purpose": "和居住证核对"})
    assert answer.status_code == 200
    assert "379801195208170020" in answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "379801195208170020" not in as_(clerk).get(f"/cases/{ref}").text
    entry = session.scalars(sa.select(AuditEntry)).one()
    assert (entry.action, entry.purpose, entry.facts) == ("case.reveal", "和居住证核对", {"field": "certno"})
    assert version(session, ref).version == 1


REFERRED = {
    "diag_name": "肺恶性肿瘤",
    "trafout_fixmedins_name": "历下区某医院",
    "refl_date": "2026-11-20",
    "begndate": "2026-11-24",
    "emp_name": "某公司",
    "no_phone": True,
}
BORN = {"birth_hospital": "某妇幼保健院", "brdy": "2026-11-05", "gend": "2", "multi_birth_no": 2}


@pytest.mark.parametrize(
    ("of", "open_", "hidden"),
    [
        (
            {"item_no": 16, "family": "remote_care", "answers": REFERRED},
            ("2026年11月24日", "某公司", "没有手机是"),
            {"diag_name": "****", "trafout_fixmedins_name": "****", "refl_date": "2026-**-**"},
        ),
        (
            {"item_no": 2, "family": "newborn_enrol", "answers": BORN},
            ("女",),
            {"birth_hospital": "****", "brdy": "2026-**-**"},
        ),
        (  # R15-08: of a child under 14 everything is sensitive
            {"item_no": 15, "family": "remote_care", "answers": REFERRED | BORN | {"brdy": "2016-09-01"}},
            ("2026年11月24日",),
            {"emp_name": "****", "brdy": "2016-**-**"},
        ),
    ],
    ids=["referral", "newborn", "child of 10"],
)
@on_sqlite
def test_what_is_sensitive_is_masked_and_shown_only_for_a_reason(make, as_, session, helper, clerk, of, open_, hidden):
    born = date.fromisoformat(of["answers"].get("brdy", "1952-08-17"))
    ref = make.case(by=helper, subject=replace(WOMAN, born=born), **of)
    case = version(session, ref)
    for who in (helper, clerk):
        page = as_(who).get(f"/cases/{ref}")
        for words in open_:
            assert words in text(page), words
        for field, mask in hidden.items():
            assert case.answers[field] not in page.text, field
            assert (
                not field.endswith(("brdy", "_date"))
                or say_day(date.fromisoformat(case.answers[field])) not in page.text
            )
            assert mask in text(page), field
    for field in hidden:
        answer = as_(clerk).post(f"/cases/{ref}/reveal", data={"field": f"answers.{field}", "purpose": "核对"})
        assert case.answers[field] in answer.text
        assert (
            as_(helper).post(f"/cases/{ref}/reveal", data={"field": f"answers.{field}", "purpose": "看"}).status_code
            == 403
        )
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).where(AuditEntry.action == "case.reveal")) == len(hidden)


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ({"field": "certno", "purpose": ""}, 422, "请填写为什么要看"),
        ({"field": "certno", "purpose": "字" * 61}, 422, "太长了"),
        ({"field": "answers", "purpose": "核对"}, 404, "没有这一项"),
        ({"field": "answers.nothing", "purpose": "核对"}, 404, "没有这一项"),
        ({"field": "masked_name", "purpose": "核对"}, 404, "没有这一项"),
        ({"purpose": "核对"}, 422, "这一"),
    ],
)
@on_sqlite
def test_without_a_reason_nothing_is_shown(make, as_, session, helper, clerk, said, status, sentence):
    ref = make.case(by=helper)
    answer = as_(clerk).post(f"/cases/{ref}/reveal", data=said)
    assert (answer.status_code, sentence in answer.text) == (status, True)
    assert "379801195208170020" not in answer.text
    assert session.scalars(sa.select(AuditEntry)).all() == []


def test_a_helper_does_not_reveal(make, as_, helper):
    ref = make.case(by=helper)
    assert as_(helper).post(f"/cases/{ref}/reveal", data={"field": "name", "purpose": "核对"}).status_code == 403


def test_a_lost_code_is_replaced_and_the_old_one_dies(make, as_, session, helper):
    ref = make.case(by=helper, code="204817")
    answer = as_(helper).post(f"/cases/{ref}/code")
    code = re.sub(r"\D", "", BeautifulSoup(answer.text, "html.parser").select_one(".plate").text)
    assert len(code) == 6
    assert answer.headers["Cache-Control"] == "private, no-store"
    client = as_(helper)
    assert client.post("/follow", data={"ref": ref, "code": "204817"}).status_code == 422
    assert client.post("/follow", data={"ref": ref, "code": code}).status_code == 303
    assert "new_code" in session.scalars(sa.select(CaseEvent.step)).all()


def test_a_receipt_never_shows_a_code_that_is_dead(make, as_, session, helper):
    ref, client = make.case(by=helper, code="204817"), as_(helper)
    case = version(session, ref)
    facts = {
        "county_code": COUNTY,
        "actor_id": helper.account_id,
        "sha256": "0" * 64,
        "case_id": case.id,
        "at": make.now,
    }
    session.add(KeptOperation(op_id=new_id(), answer={"ref": ref, "code": "204817"}, **facts))
    session.commit()
    since = make.now - timedelta(minutes=30)
    assert code_of_receipt(session, case, helper, since) == "204817"
    assert take(client, ref, "withdraw").status_code == 303
    assert code_of_receipt(session, version(session, ref), helper, since) == "204817"
    client.post(f"/cases/{ref}/code")
    assert code_of_receipt(session, version(session, ref), helper, since) is None


# Papers and authorisations


def test_papers_are_marked_and_authorisations_taken_back_once(make, as_, session, helper, clerk):
    ref, _case_id, paper_id, held_id = with_papers(make, session, helper)
    client = as_(clerk)
    for word in ("unfit", "unfit", "fit"):
        assert client.post(f"/cases/{ref}/papers/{paper_id}/{word}").status_code == 303
    assert client.post(f"/cases/{ref}/papers/{paper_id}/nonsense").status_code == 404
    assert as_(helper).post(f"/cases/{ref}/papers/{paper_id}/fit").status_code == 403
    for _ in range(2):
        assert client.post(f"/cases/{ref}/authorisations/{held_id}/revoke").status_code == 303
    session.rollback()
    assert session.get(Paper, paper_id).state == "fit"
    assert session.get(Authorisation, held_id).revoked_at is not None
    assert session.scalars(sa.select(CaseEvent.step).order_by(CaseEvent.seq)).all() == [
        "submit",
        "paper_unfit",
        "paper_fit",
        "revoke",
    ]
    assert "已收回" in client.get(f"/cases/{ref}").text


def a_paper(session, ref, kind="residence_proof", state="received", **facts):
    """A paper of the case, committed; its id."""
    case = version(session, ref)
    paper = Paper(
        county_code=COUNTY,
        case_id=case.id,
        kind=kind,
        sha256="0" * 64,
        mime="image/jpeg",
        size=9,
        state=state,
        at=facts.pop("at", case.filed_at),
    )
    session.add(paper)
    session.commit()
    return paper.id


def test_what_was_found_unfit_is_approved_by_nobody_who_does_not_say_so(make, as_, session, helper, clerk):
    ref, client = make.case(by=helper, state=State.ACCEPTED), as_(clerk)
    for state in ("fit", "unfit"):  # one of the kind will do
        a_paper(session, ref, "household_book", state)
    a_paper(session, ref, "residence_proof", "unfit")
    a_paper(session, ref, "work_proof", "replaced")
    refused = take(client, ref, "approve")
    assert (refused.status_code, "有 1 种材料不合格，还没换。请先让居民补" in refused.text) == (422, True)
    page = BeautifulSoup(refused.text, "html.parser")
    assert page.select_one("#decide input[name=unfit]")["value"] == "1"
    assert page.select_one("#decide input[name=unseen]") is None
    assert take(client, ref, "approve", unfit=1).status_code == 303
    assert "通过（1种材料不合格）" in text(client.get(f"/cases/{ref}"))


def test_nobody_approves_past_a_mark_they_have_not_seen(make, as_, session, helper, clerk):
    """And the buttons of one page, which is drawn again after each, work one after the other."""
    ref, colleague = make.case(by=helper, state=State.ACCEPTED), make.actor(Role.CLERK, name="钱进")
    paper = a_paper(session, ref)
    assert as_(colleague).post(f"/cases/{ref}/papers/{paper}/unfit").status_code == 303
    late = take(as_(clerk), ref, "approve", 1, unseen=1)
    assert (late.status_code, "刚被改过" in late.text) == (409, True)
    client = as_(clerk)
    for word in ("fit", "unfit", "fit"):
        assert client.post(f"/cases/{ref}/papers/{paper}/{word}").status_code == 303
    now = BeautifulSoup(client.get(f"/cases/{ref}").text, "html.parser").select_one("input[name=version]")["value"]
    assert take(client, ref, "approve", int(now)).status_code == 303


@on_sqlite
def test_passing_it_on_gives_the_resident_no_new_period_and_takes_none(make, as_, session, helper, clerk):
    waits = {"state": State.NEEDS_SUPPLEMENT, "supplement_due_on": date(2026, 11, 25), "due_on": date(2026, 12, 31)}
    ref, colleague = make.case(by=helper, **waits), make.actor(Role.CLERK, name="钱进")
    assert take(as_(clerk), ref, "hand_over", handler=colleague.account_id).status_code == 303
    passed_on = version(session, ref)
    assert {name: getattr(passed_on, name) for name in waits} == waits


def test_two_clerks_at_the_same_moment_are_one_step_and_one_sentence(app, make, session, helper, clerk):
    colleague = make.actor(Role.CLERK, name="钱进")
    for _ in range(5):
        ref, start = make.case(by=helper), threading.Barrier(2)
        clients = [make.signed_in(app.test_client(), who) for who in (clerk, colleague)]
        answers = []

        def press(client, ref=ref, start=start, answers=answers):
            start.wait()
            answers.append(take(client, ref, "accept").status_code)

        threads = [threading.Thread(target=press, args=(client,)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(answers) == [303, 409]
        case = version(session, ref)
        assert (case.version, case.state) == (2, State.ACCEPTED)
        steps = session.scalars(sa.select(CaseEvent.step).where(CaseEvent.case_id == case.id)).all()
        assert sorted(steps) == ["accept", "submit"]
