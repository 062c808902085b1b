"""What becomes of a case when the province answers: taken, refused, decided, decided twice, too late, or about nobody. Both databases."""

import re
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import Role
from cases import province, sync_keeping
from cases.drafts import Refused
from cases.filing import PaperNeed
from cases.models import Case, CaseEvent, Desk, Paper, State
from cases.news import CHANNEL
from cases.operations import take_step
from cases.transitions import CLOCK, PROVINCE, Step
from common import db
from sync.inbox import FAILED, receive
from sync.models import InboxEntry, OutboxEntry, OutState
from tests.cases.steps import ANSWERS, SN, Way
from tests.conftest import NOW, on_sqlite

CODE = "204817"


@pytest.fixture
def helper(make):
    return make.actor(Role.HELPER, station_code=make.station())


@pytest.fixture
def clerk(make, helper):
    return make.actor(Role.CLERK, station_code=helper.station_code)


@pytest.fixture
def officer(make):
    return make.actor(Role.COUNTY_OFFICER)


@pytest.fixture
def approved(app, make, helper, clerk):
    """A case that waits for the province; approved(family="resident_enrol")."""

    def begin(**facts):
        one = Way(app, make.case(by=helper, answers=ANSWERS, state=State.ACCEPTED, code=CODE, **facts))
        one.take(Step.APPROVE, clerk)
        return one

    return begin


def text(answer):
    return re.sub(r"\s+", "", BeautifulSoup(answer.text, "html.parser").text)


def seen_by(app, make, actor, one):
    return text(make.signed_in(app.test_client(), actor).get(f"/cases/{one.ref}"))


def read_at_home(app, one):
    client = app.test_client()
    client.post("/follow", data={"ref": one.ref, "code": CODE})
    return text(client.get("/follow"))


def bring_paper(session, one):
    facts = {"sha256": "0" * 64, "mime": "image/jpeg", "size": 1, "county_code": "370102"}
    session.add(Paper(case_id=one.case.id, kind="other", state="received", at=NOW, **facts))
    session.commit()


@pytest.mark.parametrize(
    ("family", "stas", "state", "desk", "step"),
    [
        ("remote_care", "approved", State.DONE, None, Step.CONFIRM),
        ("resident_enrol", "approved", State.PENDING_PAYMENT, None, Step.CONFIRM),
        ("newborn_enrol", "approved", State.PENDING_PAYMENT, None, Step.CONFIRM),
        ("stop_enrol", "approved", State.DONE, None, Step.CONFIRM),
        ("remote_care", "returned", State.IN_REVIEW, Desk.COUNTY, Step.RETURN),
        ("remote_care", "supplement", State.NEEDS_SUPPLEMENT, Desk.COUNTY, Step.ASK),
    ],
)
def test_a_decision_becomes_a_step(approved, session, family, stas, state, desk, step):
    one = approved(family=family)
    one.ack_all()
    assert one.decide(stas, "就医地与证明不一致") is True
    assert (one.case.state, one.case.desk) == (state, desk)
    last = session.scalars(sa.select(CaseEvent).order_by(CaseEvent.seq.desc())).first()
    assert (last.step, last.actor_role) == (step, PROVINCE)
    assert (one.case.province_sn is None) == (step is Step.RETURN), "what waits for a paper lies there still"


def test_a_decision_told_twice_is_one_step(approved, session):
    one = approved()
    for _ in range(3):
        assert one.decide("approved") is True
    steps = session.scalars(sa.select(CaseEvent.step)).all()
    assert steps.count(Step.CONFIRM) == 1


def test_a_decision_may_come_before_the_answer_to_the_filing(approved):
    one = approved()
    one.decide("approved")
    one.ack_all()
    assert one.case.state == State.DONE


@pytest.mark.parametrize(("stas", "number"), [("returned", None), ("supplement", SN)])
def test_a_number_that_comes_after_a_return_counts_no_more(approved, helper, stas, number):
    one = approved()
    one.decide(stas, "请核对")
    one.ack_all()
    assert one.case.province_sn == number
    one.take(Step.WITHDRAW, helper)
    assert len(one.bodies("case_cancel")) == (number is not None)


@pytest.mark.parametrize("told", ["answer", "decision"])
@pytest.mark.parametrize("ends", [Step.LAPSE, Step.WITHDRAW])
def test_what_was_asked_for_a_paper_before_its_number_came_is_cancelled_there_once(approved, clerk, ends, told):
    one = approved()
    number = {"trt_dcla_detl_sn": SN} if told == "decision" else {}
    one.decide("supplement", "请再交一份", **number)
    one.take(ends, CLOCK if ends is Step.LAPSE else clerk, words="不去了")
    assert len(one.bodies("case_cancel")) == len(number)
    for _ in range(2):
        one.ack_all()
        one.decide("supplement", "请再交一份", trt_dcla_detl_sn=SN)
    (cancelled,) = one.bodies("case_cancel")
    assert (cancelled["trt_dcla_detl_sn"], cancelled["memo"]) == (SN, "不去了")


@pytest.mark.parametrize("ends", [Step.REFUSE, Step.WITHDRAW])
def test_the_number_that_comes_after_the_paper_was_brought_is_what_cancels_it_there(
    approved, officer, clerk, ends, session
):
    one = approved()
    one.decide("supplement", "请再交一份")
    bring_paper(session, one)
    one.take(Step.SUPPLY, officer)
    one.ack_all()
    assert one.case.province_sn == SN
    words = {"words": "不合规定", "basis": "规程第三条"}
    one.take(ends, officer if ends is Step.REFUSE else clerk, **(words if ends is Step.REFUSE else {}))
    assert [body["trt_dcla_detl_sn"] for body in one.bodies("case_cancel")] == [SN]


@pytest.mark.parametrize("number", [None, "", 7, "9" * 31, ["9"]], ids=str)
def test_a_decision_that_names_no_number_leaves_the_one_that_is_known(approved, number):
    one = approved()
    one.ack_all()
    one.decide("supplement", "请再交一份", trt_dcla_detl_sn=number)
    assert one.case.province_sn == SN


def test_a_refused_work_order_needs_nobody_once_the_next_one_has_arrived(app, make, approved, clerk, officer):
    one = approved()
    one.refuse("work_order", "station_no 不存在")
    assert "平台退回：station_no不存在" in seen_by(app, make, clerk, one)
    one.ack_first("case_submit")
    assert "平台退回" in seen_by(app, make, clerk, one), "the next work order has not come yet"
    one.decide("returned", "请核对")
    one.ack_first("work_order")
    assert "平台退回：station" not in seen_by(app, make, clerk, one)
    one.take(Step.ASK, officer, words="请补", asked=[PaperNeed("residence_proof", "居住证明")])
    one.refuse("work_order", "station_no 不存在")
    assert "平台退回：station_no不存在" in seen_by(app, make, clerk, one), "the newest one was not taken"


def test_the_number_of_an_earlier_filing_is_not_taken_for_that_of_a_later_one(approved, officer):
    one = approved()
    one.decide("returned", "请核对")
    one.take(Step.APPROVE, officer)
    one.ack_first("case_submit")
    assert one.case.province_sn is None
    with pytest.raises(Refused, match="还没有回音"):
        one.take(Step.WITHDRAW, officer)
    one.ack_all()
    assert one.case.province_sn == SN


def test_a_refusal_of_an_earlier_filing_does_not_return_a_later_one(app, make, approved, officer):
    one = approved()
    one.decide("returned", "请核对")
    one.take(Step.APPROVE, officer)
    one.refuse("case_submit", "经办机构不存在")
    assert one.case.state == State.APPROVED
    one.ack_all()
    assert one.case.province_sn == SN
    page = seen_by(app, make, officer, one)
    assert "平台退回：" not in page
    assert "拿回县里改" not in page
    assert "省里已收到" in read_at_home(app, one)
    with pytest.raises(Refused, match="不能拿回来"):
        one.take(Step.RECALL, officer)
    one.decide("approved")
    assert one.case.state == State.DONE


def test_what_is_refused_of_a_withdrawn_case_needs_nobody_any_more(app, make, approved, helper):
    one = approved()
    one.decide("supplement", "请再交一份")
    one.take(Step.WITHDRAW, helper)
    one.refuse("case_submit", "经办机构不存在")
    one.ack_all()
    assert "平台退回：" not in seen_by(app, make, helper, one)


def test_a_newer_filing_that_waits_or_has_arrived_is_not_taken_back_for_an_older_one(app, approved, officer, session):
    one = approved()
    one.decide("returned", "请核对")
    one.take(Step.APPROVE, officer)
    one.stop_at_gateway("case_submit")
    for then in ("pending", "acked"):
        newest = "UPDATE outbox SET state = :s, acked_at = made_at WHERE key LIKE :key"
        session.execute(sa.text(newest), {"s": then, "key": f"case_submit:{one.case.id}:{one.case.version}"})
        session.commit()
        with pytest.raises(Refused, match="不能拿回来"):
            one.take(Step.RECALL, officer)


@pytest.mark.parametrize("late", ["approved", "returned", "supplement"])
def test_what_was_decided_on_an_earlier_version_changes_nothing(approved, officer, late):
    one = approved()
    first = one.bodies("case_submit")[0]["ver_no"]
    one.decide("returned", "请核对")
    one.take(Step.APPROVE, officer)
    assert one.decide(late, ver_no=first, ver=1) is True
    assert one.case.state == State.APPROVED
    one.decide("approved", ver=2)
    assert one.case.state == State.DONE


def test_a_decision_on_a_case_that_nobody_has_is_said_to_be_unknown(approved):
    one = approved()
    assert one.decide("approved", rid="f" * 32) is False
    assert one.decide("approved", rid="x" * 500) is False
    assert one.decide("approved", rid=one.case.id + "0") is False, "a longer name is another's"
    assert one.case.state == State.APPROVED


@pytest.mark.parametrize(
    "row",
    [
        {"stas": "lost"},
        {"stas": ""},
        {"stas": None},
        {"ver_no": None},
        {"ver_no": "x"},
        {"ver_no": "-1"},
        {"ver_no": True},
        {"ver_no": 99},
    ],
    ids=str,
)
def test_a_decision_that_cannot_be_read_fails_and_changes_nothing(approved, row):
    one = approved()
    with pytest.raises(ValueError, match="a decision"):
        one.decide(**({"stas": "approved"} | row))
    assert one.case.state == State.APPROVED


def test_a_decision_on_what_was_never_filed_fails(app, make, helper):
    one = Way(app, make.case(by=helper))
    with pytest.raises(IndexError):  # nothing was owed, so there is no version to speak of
        one.decide("approved")
    with pytest.raises(ValueError, match="never filed"):
        decide_raw(app, one.case.id)


def decide_raw(app, rid):
    with app.app_context(), db.writing() as session:
        province.decided(session, {"rid": rid, "ver_no": 1, "stas": "approved"}, NOW)


@pytest.mark.parametrize("memo", ["", None, "长" * 2_000, "一行\n两行"], ids=["none", "null", "long", "lines"])
def test_whatever_the_province_writes_beside_a_decision_is_kept_and_cut(approved, memo):
    for stas, state in (("returned", State.IN_REVIEW), ("supplement", State.NEEDS_SUPPLEMENT)):
        one = approved()
        one.decide(stas, memo)
        assert one.case.state == state


def test_a_case_that_was_taken_back_stays_so_and_an_approval_is_seen_unless_it_was_cancelled_there(approved, clerk):
    one = approved()
    one.ack_all()
    one.take(Step.WITHDRAW, clerk)
    for stas in ("returned", "supplement"):
        assert one.decide(stas) is True
    with pytest.raises(ValueError, match="fits no step"):
        one.decide("approved")
    assert one.case.state == State.WITHDRAWN
    one.ack_all()  # the cancelling: it came after the approval
    assert one.decide("approved") is True
    assert one.case.state == State.WITHDRAWN


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (["supplement", "approved"], State.DONE),
        (["supplement", "returned"], State.IN_REVIEW),
        (["supplement", "supplement", "approved", "approved"], State.DONE),
        (["returned", "returned"], State.IN_REVIEW),
    ],
    ids=" then ".join,
)
def test_the_province_may_decide_again(approved, said, state):
    one = approved()
    for ver, stas in enumerate(said, 1):
        assert one.decide(stas, "请核对", ver=ver) is True
    assert one.case.state == state
    assert one.case.version == 2 + len(set(said)), "what was so already is no step"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (["approved", "returned"], State.DONE),
        (["approved", "supplement"], State.DONE),
        (["returned", "approved"], State.IN_REVIEW),
        (["returned", "supplement"], State.IN_REVIEW),
    ],
    ids=" then ".join,
)
def test_a_later_decision_that_fits_no_step_is_not_swallowed(app, approved, session, said, state):
    one = approved()
    one.decide(said[0], "请核对")
    row = {"rid": one.case.id, "ver_no": 2, "ver": 2, "stas": said[1], "memo": "改了"}
    with app.app_context(), db.writing() as writing:
        assert receive(writing, CHANNEL, "case_status", row, province.decided, NOW) == FAILED
        writing.commit()
    assert one.case.state == state
    assert session.scalars(sa.select(InboxEntry.state)).all() == [FAILED]


def test_another_paper_may_be_asked_for_while_one_is_waited_for(app, approved):
    one = approved()
    one.decide("supplement", "请补居住证明")
    one.decide("supplement", "请补转诊证明", ver=2)
    assert one.case.state == State.NEEDS_SUPPLEMENT
    assert "请补转诊证明" in read_at_home(app, one)


def test_what_the_county_asks_for_is_not_ended_by_a_decision_on_what_was_returned(approved, officer):
    one = approved()
    one.decide("returned", "请核对")
    one.take(Step.ASK, officer, words="请补居住证明", asked=[PaperNeed("residence_proof", "居住证明")])
    with pytest.raises(ValueError, match="fits no step"):
        one.decide("approved", ver=2)
    assert one.case.state == State.NEEDS_SUPPLEMENT


@pytest.mark.parametrize("ends", [Step.LAPSE, Step.WITHDRAW])
def test_what_ends_while_the_province_waits_for_a_paper_is_cancelled_there(approved, clerk, ends):
    one = approved()
    one.ack_all()
    one.decide("supplement", "请补居住证明")
    one.take(ends, CLOCK if ends is Step.LAPSE else clerk)
    assert [body["trt_dcla_detl_sn"] for body in one.bodies("case_cancel")] == [SN]


# What a gateway does not let through


def test_a_filing_that_a_gateway_refuses_comes_back_to_the_countys_desk_and_is_filed_anew(approved, officer, clerk):
    one = approved()
    one.stop_at_gateway("case_submit")
    assert one.case.state == State.APPROVED
    with pytest.raises(Refused, match="没报进省里"):
        one.take(Step.WITHDRAW, clerk)
    one.take(Step.RECALL, officer)
    assert (one.case.state, one.case.desk) == (State.IN_REVIEW, Desk.COUNTY)
    one.take(Step.APPROVE, officer)
    assert [body["ver_no"] for body in one.bodies("case_submit")] == [2, 4]
    one.ack_all()
    one.decide("approved")
    assert one.case.state == State.DONE


def test_what_is_on_its_way_or_there_is_not_taken_back(approved, officer, session):
    one = approved()
    for state in ("pending", "sending", "unknown", "acked"):
        session.execute(sa.text("UPDATE outbox SET state = :s WHERE logical = 'case_submit'"), {"s": state})
        session.commit()
        with pytest.raises(Refused, match="不能拿回来"):
            one.take(Step.RECALL, officer)
    assert one.case.state == State.APPROVED


def test_only_the_county_takes_it_back(approved, clerk, helper):
    one = approved()
    one.stop_at_gateway("case_submit")
    for who in (clerk, helper):
        with pytest.raises(Refused, match="不归您"):
            one.take(Step.RECALL, who)


def test_the_countys_page_says_that_it_did_not_get_through_and_takes_it_back(app, make, approved, officer, clerk):
    one = approved()
    client = make.signed_in(app.test_client(), officer)
    assert "拿回县里改" not in text(client.get(f"/cases/{one.ref}"))
    one.stop_at_gateway("case_submit")
    page = client.get(f"/cases/{one.ref}")
    assert "没报进省里：网关出错（422）" in text(page)
    assert "平台退回" not in text(page)
    assert "拿回县里改" in text(page)
    assert "拿回县里改" not in seen_by(app, make, clerk, one)
    assert "还没报进省里，县里在处理" in read_at_home(app, one)
    said = {"op": "a" * 32, "step": "recall", "version": one.case.version}
    assert client.post(f"/cases/{one.ref}/step", data=said).status_code == 303
    assert one.case.state == State.IN_REVIEW
    assert "没报进省里，县里拿回来改" in text(client.get(f"/cases/{one.ref}"))


@pytest.mark.parametrize(
    ("stas", "state"),
    [("approved", State.DONE), ("returned", State.IN_REVIEW), ("supplement", State.NEEDS_SUPPLEMENT)],
)
def test_what_a_gateway_refused_and_the_province_decided_needs_nobody_any_more(approved, stas, state):
    one = approved()
    one.stop_at_gateway("case_submit")
    one.decide(stas, "请核对")
    assert one.case.state == state
    assert OutState.REJECTED not in {entry.state for entry in one.owed()}


# What people read (R16-12 among it)


def test_a_refused_filing_tells_the_clerk_why_and_the_resident_that_the_county_looks_again(
    app, make, approved, clerk, officer
):
    one = approved()
    one.refuse("case_submit", "379801195208170020 在该险种未参保")
    for who in (clerk, officer):
        page = seen_by(app, make, who, one)
        assert "平台退回：379***20在该险种未参保" in page
        assert "省平台退回" in page
        assert "379801195208170020" not in page
    queue = text(make.signed_in(app.test_client(), officer).get("/cases"))
    assert "平台退回" in queue
    home = read_at_home(app, one)
    assert "省里退回来了，县里再看" in home
    assert "成功" not in home
    assert "省里已收到" not in home


def test_whoever_the_province_quotes_is_masked(app, make, helper, clerk):
    answers = ANSWERS | {"agnter_name": "张明远", "agnter_certno": "C1234567", "agnter_cert_type": "08"}
    one = Way(app, make.case(by=helper, answers=answers, state=State.ACCEPTED, code=CODE))
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "王玉兰的代办人张明远（C1234567）住南京市某路 1 号，未授权")
    client = make.signed_in(app.test_client(), clerk)
    for page in (client.get(f"/cases/{one.ref}").text, str(client.get(f"/api/v1/cases/{one.ref}").json)):
        assert "未授权" in page
        for personal in ("王玉兰", "张明远", "C1234567", "南京市某路"):
            assert personal not in page


def test_whoever_the_province_quotes_is_masked_at_home_too(app, approved):
    one = approved()
    one.decide("supplement", "王玉兰 379801195208170020 的居住证明看不清，电话 15400000001")
    home = read_at_home(app, one)
    assert "的居住证明看不清" in home
    for personal in ("王玉兰", "379801195208170020", "15400000001"):
        assert personal not in home


def test_two_ticks_only_once_the_province_has_it(app, make, approved, clerk):
    one = approved()
    assert "省里还没回话" in read_at_home(app, one)
    assert "待同步" in seen_by(app, make, clerk, one)
    assert "刷新，看省里回了没有" in seen_by(app, make, clerk, one)
    one.ack_all()
    assert "省里已收到" in read_at_home(app, one)
    assert "已同步" in seen_by(app, make, clerk, one)
    one.decide("approved")
    home = read_at_home(app, one)
    assert "办好了" in home
    assert "省里确认了" in home


def test_what_is_in_doubt_is_said_to_be_so(app, make, approved, clerk, session):
    one = approved()
    session.execute(sa.text("UPDATE outbox SET state = 'unknown', doubtful = TRUE WHERE logical = 'case_submit'"))
    session.commit()
    assert "待核实" in seen_by(app, make, clerk, one)
    assert "省里还没回话" in read_at_home(app, one)


def test_a_paper_that_the_province_asks_for_is_asked_of_the_resident_and_filed_again(
    app, make, approved, session, officer
):
    one = approved()
    one.decide("supplement", "请补交能看清的证明材料")
    home = read_at_home(app, one)
    assert "请补交能看清的证明材料" in home
    assert "等您补材料" in home
    bring_paper(session, one)
    one.take(Step.SUPPLY, officer)
    one.take(Step.APPROVE, officer, unseen=1)
    assert [body["ver_no"] for body in one.bodies("case_submit")] == [2, 5]
    assert one.bodies("case_submit")[-1]["att_cnt"] == 1
    one.decide("approved", ver=2)
    assert one.case.state == State.DONE


@on_sqlite
def test_an_approval_with_a_number_of_what_has_ended_here_is_cancelled(approved):
    one = approved()
    one.decide("supplement", "请再交一份")  # the answer to the filing was lost: no number yet
    one.take(Step.LAPSE, CLOCK)
    assert one.bodies("case_cancel") == []
    for _ in range(2):
        one.decide("approved", "", ver=2, trt_dcla_detl_sn=SN)
    assert (one.case.state, one.case.province_sn) == (State.WITHDRAWN, SN)
    assert len(one.bodies("case_cancel")) == 1


on_postgresql = pytest.mark.parametrize(
    "database_url", ["postgresql"], indirect=True
)  # SQLite has one writer at a time


@on_postgresql
def test_a_withdrawal_meanwhile_is_seen_where_the_case_was_read_before(app, approved, clerk):
    one = approved()
    one.ack_all()
    filed = one.bodies("case_submit")[-1]["ver_no"]
    row = {"rid": one.case.id, "ver_no": filed, "stas": "approved", "memo": "", "trt_dcla_detl_sn": SN}
    with app.app_context(), db.writing() as session:
        read = session.scalars(sa.select(Case)).one()  # as another of the person's cases has it read
        one.take(Step.WITHDRAW, clerk)
        assert province.decided(session, row, NOW)
        session.commit()
        assert read.state == State.WITHDRAWN
    assert one.case.state == State.WITHDRAWN


@on_postgresql
def test_what_is_told_by_telephone_waits_for_whoever_ends_the_case(app, make, approved, officer):
    one = approved()
    with app.app_context(), db.writing() as session:
        doubt = {"state": OutState.UNKNOWN, "doubtful": True, "tried_since": NOW - timedelta(days=9)}
        session.execute(sa.update(OutboxEntry).where(OutboxEntry.logical == "case_submit").values(doubt))
        asked = session.scalars(sa.select(OutboxEntry.id).where(OutboxEntry.logical == "case_submit")).one()
        session.commit()
    one.decide("supplement", "请再交一份")

    def tell():
        with app.app_context(), db.writing() as session:
            sync_keeping.told(session, asked, True, SN, by=officer, now=NOW, alarm=timedelta(hours=72))
            session.commit()

    telling = threading.Thread(target=tell)
    with app.app_context(), db.writing() as session:
        case = session.scalars(sa.select(Case).with_for_update()).one()
        take_step(session, case, Step.LAPSE, by=CLOCK, now=NOW)
        session.flush()
        telling.start()
        telling.join(0.5)  # time to come to the case
        session.commit()
    telling.join()
    assert one.case.state == State.WITHDRAWN
    assert len(one.bodies("case_cancel")) == 1
