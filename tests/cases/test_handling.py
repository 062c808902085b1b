"""The desk through HTTP: queue, one case, every step, who may and who may not, on both databases."""

import re
import threading
from datetime import date, timedelta
from itertools import product

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Role
from cases import receipts
from cases.filling import code_of_receipt
from cases.models import Authorisation, Case, CaseEvent, Consent, Desk, Draft, KeptOperation, Paper, State
from cases.transitions import RULES, Step
from common.ids import new_id
from common.models import AuditEntry
from tests.conftest import on_sqlite
from tests.statements import statements_of

TOWN, COUNTY = "370102001", "370102"


@pytest.fixture
def session(app):
    """To arrange with and look through. Without the app's context: requests would share it, and who asked first."""
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def station(make):
    return make.station()


@pytest.fixture
def helper(make, station):
    return make.actor(Role.HELPER, station_code=station)


@pytest.fixture
def clerk(make, station):
    return make.actor(Role.CLERK, station_code=station, name="孙丽")


@pytest.fixture
def officer(make):
    return make.actor(Role.COUNTY_OFFICER, name="周海")


@pytest.fixture
def as_(app, make):
    """as_(actor): a client of theirs."""
    return lambda actor: make.signed_in(app.test_client(), actor)


def version(session, ref):
    session.rollback()
    return session.scalars(sa.select(Case).where(Case.ref == ref)).one()


def take(client, ref, step, v=1, **said):
    return client.post(f"/cases/{ref}/step", data={"op": new_id(), "step": step, "version": v} | said)


def text(response):
    return re.sub(r"\s+", "", BeautifulSoup(response.text, "html.parser").text)


# The queue


def test_a_queue_shows_what_lies_at_the_desk_with_masked_names(make, as_, helper, clerk, officer):
    at_town = make.case(by=helper)
    at_county = make.case(by=helper, state=State.IN_REVIEW, desk=Desk.COUNTY)
    over = make.case(by=helper, state=State.WITHDRAWN)
    for actor, seen in ((helper, {at_town, at_county}), (clerk, {at_town}), (officer, {at_county})):
        page = as_(actor).get("/cases").text
        assert {ref for ref in (at_town, at_county, over) if receipts.say_ref(ref) in page} == seen
        assert "王*兰" in page
        assert "王玉兰" not in page
        assert "379801195208170020" not in page


@pytest.mark.parametrize(
    ("facts", "tab", "words"),
    [
        ({"due_on": date(2026, 11, 24)}, "soon", "剩1天"),
        ({"due_on": date(2026, 11, 23)}, "soon", "今天到期"),
        ({"due_on": date(2026, 11, 20)}, "overdue", "超期1天"),
        ({"due_on": date(2026, 12, 4)}, "new", "剩9天"),
        ({"due_on": date(2026, 12, 4), "due_estimated": True}, "new", "剩9天（估算）"),
        ({"due_on": date(2026, 11, 20), "state": State.NEEDS_SUPPLEMENT}, "waiting", "暂停计时"),
        ({"due_on": None}, "new", "没有期限"),
    ],
)
@on_sqlite
def test_a_deadline_is_said_in_working_days(make, as_, helper, clerk, facts, tab, words):
    make.case(by=helper, **facts)
    page = as_(clerk).get(f"/cases?tab={tab}")
    assert words in text(page)
    assert "共1件" in text(page)


def test_tabs_count_and_paging_goes_on(make, as_, helper, clerk):
    refs = [make.case(by=helper, due_on=date(2026, 12, 1) + timedelta(days=n)) for n in range(23)]
    client = as_(clerk)
    first, second = client.get("/cases").text, client.get("/cases?page=2").text
    said = [receipts.say_ref(ref) for ref in refs]
    assert [ref for ref in said if ref in first] == said[:20]
    assert [ref for ref in said if ref in second] == said[20:]
    assert "第21–23件，共23件" in re.sub(r"\s", "", second)
    assert "page=3" not in second


def test_a_queue_can_be_cut_to_one_item(make, as_, helper, clerk):
    one, other = make.case(by=helper, item_no=15), make.case(by=helper, item_no=1, family="resident_enrol")
    page = as_(clerk).get("/cases?item=1").text
    assert receipts.say_ref(other) in page
    assert receipts.say_ref(one) not in page


@pytest.mark.parametrize(
    "query", ["tab=nonsense", "page=0", "page=99999", "page=-1", "page=x", "item=x", "item=999", "page=²"]
)
@on_sqlite
def test_an_odd_address_shows_a_queue(make, as_, helper, clerk, query):
    make.case(by=helper)
    assert as_(clerk).get(f"/cases?{query}").status_code == 200


def test_a_queue_costs_four_statements_and_a_case_six(app, make, as_, helper, clerk, officer):
    refs = [make.case(by=helper) for _ in range(3)] + [make.case(by=helper, state=State.IN_REVIEW, desk=Desk.COUNTY)]
    for actor, ref in ((helper, refs[0]), (clerk, refs[0]), (officer, refs[3])):
        client = as_(actor)
        for url, most in (("/cases", 4), ("/cases?tab=overdue&item=15", 4), (f"/cases/{ref}", 6)):
            client.get(url)  # reference data into memory
            with statements_of(app.extensions["db"].engine) as said:
                assert client.get(url).status_code == 200
            assert len(said) <= most, "\n".join(said)


# Search


@pytest.mark.parametrize(
    "typed",
    ["{ref}", "{said}", "379801195208170020", "３７９８０１１９５２０８１７００２０", "15400000001", "154 0000 0001"],
)
def test_a_case_is_found_by_its_receipt_or_a_whole_number(make, as_, session, helper, clerk, typed):
    ref = make.case(by=helper)
    answer = as_(clerk).post("/cases/search", data={"q": typed.format(ref=ref, said=receipts.say_ref(ref).lower())})
    if answer.status_code == 303:
        assert answer.headers["Location"] == f"/cases/{ref}"
    else:
        assert receipts.say_ref(ref) in answer.text
        assert session.scalars(sa.select(AuditEntry.action)).all() == ["case.search"]


@pytest.mark.parametrize("typed", ["37980119520817", "1540000", "王玉兰王玉兰", "222222", "x" * 41, ""])
@on_sqlite
def test_a_part_of_a_number_finds_nothing(make, as_, helper, clerk, typed):
    ref = make.case(by=helper)
    answer = as_(clerk).post("/cases/search", data={"q": typed})
    assert receipts.say_ref(ref) not in answer.text
    assert answer.status_code in {200, 422}


def test_search_reaches_no_further_than_the_queue(make, as_, helper):
    ref = make.case(by=helper)
    elsewhere = make.actor(Role.CLERK, area="370102002", station_code=None)
    for typed in (ref, "379801195208170020", "15400000001"):
        answer = as_(elsewhere).post("/cases/search", data={"q": typed})
        assert (answer.status_code, receipts.say_ref(ref) in answer.text) == (200, False)


# A case


def test_a_case_page_says_everything_masked(make, as_, session, helper, clerk):
    ref = make.case(by=helper)
    case = session.scalars(sa.select(Case)).one()
    facts = {"county_code": COUNTY, "case_id": case.id, "person_index": case.person_index}
    paper = Paper(
        county_code=COUNTY,
        case_id=case.id,
        kind="residence_proof",
        sha256="0" * 64,
        mime="image/jpeg",
        size=9,
        state="received",
        at=make.now,
    )
    session.add(paper)
    session.add(
        Authorisation(
            **facts,
            kind="drawn_signature",
            agent={"agnter_name": "张明", "agnter_certno": "37980119900512003X", "agnter_tel": "15400000003"},
            items="15",
            starts_on=date(2026, 11, 1),
            ends_on=date(2027, 1, 1),
            made_at=make.now,
        )
    )
    session.add_all(
        Consent(**facts, kind=kind, notice_version=1, given_by="self", at=make.now) for kind in ("notice", "sms")
    )
    session.commit()
    page = as_(clerk).get(f"/cases/{ref}")
    words = text(page)
    for said in (
        receipts.say_ref(ref),
        "王*兰",
        "379801********0020",
        "154****0001",
        "居住证明",
        "没看过",
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
    session.add(
        Paper(
            county_code=COUNTY,
            case_id=case.id,
            kind="residence_proof",
            sha256="0" * 64,
            mime="image/jpeg",
            size=9,
            state="received",
            at=make.now + timedelta(minutes=5),
        )
    )
    session.commit()
    assert take(as_(helper), ref, "supply", 3).status_code == 303
    assert take(town, ref, "hand_up", 4).status_code == 303
    assert town.get(f"/cases/{ref}").status_code == 200, "the town still sees it"
    assert receipts.say_ref(ref) not in town.get("/cases").text
    unlooked = take(county, ref, "approve", 5, words="照办")
    assert (unlooked.status_code, "还有 1 份材料没看过。请先看" in unlooked.text) == (422, True)
    assert "照办" in unlooked.text
    assert take(county, ref, "approve", 5, unseen=1).status_code == 303
    assert "通过（1份材料没看过）" in text(county.get(f"/cases/{ref}"))
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


def test_a_correction_withdraws_and_begins_a_draft_with_the_old_answers(make, as_, session, helper):
    ref = make.case(by=helper, answers={"promise": True, "begndate": "2026-12-01"})
    answer = as_(helper).post(f"/cases/{ref}/correct", data={"op": new_id(), "version": 1})
    draft = session.scalars(sa.select(Draft)).one()
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/work/drafts/{draft.id}")
    assert draft.answers["begndate"] == "2026-12-01"
    assert "promise" not in draft.answers
    assert version(session, ref).state == State.WITHDRAWN


def test_a_second_tap_on_a_correction_finds_the_first_ones_draft(make, as_, session, helper):
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
    ref = make.case(by=helper)
    case = session.scalars(sa.select(Case)).one()
    paper = Paper(
        county_code=COUNTY,
        case_id=case.id,
        kind="id",
        sha256="0" * 64,
        mime="image/jpeg",
        size=9,
        state="received",
        at=make.now,
    )
    held = Authorisation(
        county_code=COUNTY,
        case_id=case.id,
        person_index=case.person_index,
        kind="written_photo",
        agent={},
        items="15",
        starts_on=date(2026, 11, 1),
        ends_on=date(2027, 1, 1),
        made_at=make.now,
    )
    session.add_all([paper, held])
    session.commit()
    paper_id, held_id = paper.id, held.id
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


# Everybody against everything


def expected(role, step, state, desk):
    """What the policy says of this step by somebody of that role in the right place; None: it does not exist there."""
    rules = [r for r in RULES if r.step is step and state in r.frm and (r.at is None or r.at is desk)]
    if Action.READ_CASE not in MAY[role]:
        return 403
    if not rules:
        return 409
    rule = rules[0]
    at = {Role.CLERK: Desk.TOWN, Role.COUNTY_OFFICER: Desk.COUNTY}.get(role)
    own_desk = rule.at is None or step is Step.SUPPLY or at in (None, rule.at)
    return 303 if own_desk and MAY[role] & set(rule.by) else 403


@on_sqlite
def test_every_step_by_every_role_from_every_state_is_as_the_table_says(make, as_, station, session, helper):
    """Through HTTP: the steps that people take, each role in the right place, each state on the desks it may lie on."""
    people = {
        role: make.actor(role, station_code=station if role in {Role.HELPER, Role.CLERK} else None) for role in Role
    }
    clients = {role: as_(actor) for role, actor in people.items()}
    colleague = {role: make.actor(role).account_id for role in Role}
    by_hand = [
        Step.ACCEPT,
        Step.ASK,
        Step.HAND_UP,
        Step.HAND_OVER,
        Step.APPROVE,
        Step.REFUSE,
        Step.WITHDRAW,
        Step.SUPPLY,
    ]
    desks = {
        State.SUBMITTED: Desk,
        State.ACCEPTED: [Desk.TOWN],
        State.IN_REVIEW: [Desk.COUNTY],
        State.NEEDS_SUPPLEMENT: Desk,
    }
    wrong = []
    for state, step, role in product(State, by_hand, Role):
        if Action.READ_CASE not in MAY[role] and state is not State.SUBMITTED:
            continue  # the door is shut before the case is looked at
        for desk in desks.get(state, [None]):
            ref = make.case(by=helper, state=state, desk=desk, province_sn="370000" + "1" * 24)
            said = {"words": "请看", "basis": "依据", "asked": ["id"], "handler": colleague[role]}
            found = take(clients[role], ref, step, **said).status_code
            if found != expected(role, step, state, desk):
                wrong.append((role, step, state, desk, found, expected(role, step, state, desk)))
    assert not wrong


def test_the_page_offers_exactly_the_steps_that_succeed(make, as_, station, session, helper, clerk, officer):
    for state, desk in (
        (State.SUBMITTED, Desk.TOWN),
        (State.ACCEPTED, Desk.TOWN),
        (State.IN_REVIEW, Desk.COUNTY),
        (State.NEEDS_SUPPLEMENT, Desk.TOWN),
        (State.APPROVED, None),
    ):
        for actor in (helper, clerk, officer):
            ref = make.case(by=helper, state=state, desk=desk)
            page = BeautifulSoup(as_(actor).get(f"/cases/{ref}").text, "html.parser")
            offered = {one["value"] for one in page.select("input[name=step]")} - {"correct"}
            if page.select_one(f'a[href="/cases/{ref}/hand-over"]'):
                offered.add("hand_over")
            for step in offered:
                another = make.case(by=helper, state=state, desk=desk)
                colleague = make.actor(actor.role, area=actor.area)
                said = {"words": "请看", "basis": "依据", "asked": ["id"], "handler": colleague.account_id}
                assert take(as_(actor), another, step, **said).status_code == 303, (state, actor.role, step)


def foreign(ref, case_id, paper_id, held_id):
    """Every address that touches a case, with what would succeed in the right hands."""
    step = {"op": new_id(), "step": "withdraw", "version": 1}
    return [
        ("GET", f"/cases/{ref}", {}),
        ("GET", f"/cases/{ref}/hand-over", {}),
        ("POST", f"/cases/{ref}/step", step),
        ("POST", f"/cases/{ref}/correct", {"op": new_id(), "version": 1}),
        ("POST", f"/cases/{ref}/reveal", {"field": "name", "purpose": "看看"}),
        ("POST", f"/cases/{ref}/code", {}),
        ("POST", f"/cases/{ref}/no-sms", {}),
        ("GET", f"/cases/{ref}/receipt", {}),
        ("POST", "/papers/case/" + case_id, {"kind": "id"}),
        ("POST", f"/cases/{ref}/papers/{paper_id}/fit", {}),
        ("POST", f"/cases/{ref}/authorisations/{held_id}/revoke", {}),
        ("GET", f"/papers/{paper_id}", {}),
        ("GET", f"/papers/{paper_id}/small", {}),
        ("POST", f"/papers/{paper_id}/remove", {}),
    ]


def test_a_foreign_case_does_not_exist(app, make, as_, station, session, helper):
    ref = make.case(by=helper)
    case = session.scalars(sa.select(Case)).one()
    paper = Paper(
        county_code=COUNTY,
        case_id=case.id,
        kind="id",
        sha256="0" * 64,
        mime="image/jpeg",
        size=9,
        state="received",
        at=make.now,
    )
    held = Authorisation(
        county_code=COUNTY,
        case_id=case.id,
        person_index=case.person_index,
        kind="written_photo",
        agent={},
        items="15",
        starts_on=date(2026, 11, 1),
        ends_on=date(2027, 1, 1),
        made_at=make.now,
    )
    session.add_all([paper, held])
    session.commit()
    addresses = foreign(ref, case.id, paper.id, held.id)
    other_station = make.station("别的站")
    people = {
        "helper of another station": make.actor(Role.HELPER, station_code=other_station),
        "helper without station": make.actor(Role.HELPER),
        "clerk of another town": make.actor(Role.CLERK, area="370102002"),
        "officer of another county": make.actor(Role.COUNTY_OFFICER, area="370103"),
        **{str(role): make.actor(role, area=COUNTY) for role in Role if Action.READ_CASE not in MAY[role]},
    }
    for who, actor in people.items():
        client = as_(actor)
        for method, url, said in addresses:
            answer = client.open(url, method=method, data=said)
            assert answer.status_code in {403, 404}, (who, method, url, answer.status_code)
            assert "王*兰" not in answer.text
            assert "王玉兰" not in answer.text
    stranger = app.test_client()
    for method, url, said in addresses:
        answer = stranger.open(url, method=method, data=said)
        assert answer.status_code in ({404} if url.startswith("/papers/") else {303, 401}), (method, url)
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith("/sign-in")
    session.rollback()
    assert version(session, ref).version == 1
    assert session.scalars(sa.select(AuditEntry).where(AuditEntry.action != "accounts.seen")).all() == []


@pytest.mark.parametrize("ref", ["K7M24Q9P", "nonsense", "K7M2-4Q9P", "1", "%00"])
def test_a_number_that_is_nobodys_is_not_found(make, as_, clerk, ref):
    client = as_(clerk)
    for path in ("", "/hand-over"):
        assert client.get(f"/cases/{ref}{path}").status_code == 404
    for path in ("/step", "/reveal", "/code", "/correct"):
        assert client.post(
            f"/cases/{ref}{path}",
            data={"op": new_id(), "step": "accept", "version": 1, "field": "name", "purpose": "看看"},
        ).status_code in {404, 403}


@on_sqlite
def test_every_question_of_the_queue_is_a_range_of_an_index(app, make, as_, helper, clerk, officer):
    """What SQLite plans; PostgreSQL has the same indexes (`python -m benchmarks queue` measures both)."""
    engine = app.extensions["db"].engine
    make.case(by=helper)
    heard = []

    def hear(_connection, _cursor, statement, parameters, *_):
        if "case_file" in statement:
            heard.append((statement, parameters))

    for actor in (helper, clerk, officer):
        client = as_(actor)
        for tab in ("all", "new", "mine", "waiting", "soon", "overdue"):
            heard.clear()
            sa.event.listen(engine, "before_cursor_execute", hear)
            client.get(f"/cases?tab={tab}")
            sa.event.remove(engine, "before_cursor_execute", hear)
            assert len(heard) == 2
            for statement, parameters in heard:
                with engine.connect() as connection:
                    plan = [row[3] for row in connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement, parameters)]
                assert not [line for line in plan if line.startswith("SCAN case_file")], plan
                if statement.count("count(") > 1:
                    counted = [line for line in plan if "case_file" in line]
                    assert all("COVERING INDEX ix_case_file_" in line for line in counted), counted
            if actor is not helper and tab in {"all", "new", "waiting", "mine"}:
                rows = [line for line in plan if "TEMP B-TREE" in line] if heard[-1][0].count("count(") <= 1 else []
                assert not rows, plan


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
