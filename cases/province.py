"""What becomes of a case when the province answers. Room `cases`, floor 4. Handed down to sync by app.py. Never commits."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.filing import PaperNeed
from cases.models import Case, CaseEvent, State
from cases.news import CANCEL, SUBMIT, WORK_ORDER, aggregate_of, owe_cancelling
from cases.operations import take_step
from cases.transitions import ENDED_WITHOUT, PROVINCE, Step
from common.i18n import gettext as _
from sync.set_aside import set_aside, set_aside_before
from sync.stands import RETURNED, SET_ASIDE, newest

MOST_WORDS = 300
MOST_SN = 30


def acked(session: Session, logical: str, aggregate: str, answer: Any, now: datetime) -> None:
    """The platform has taken a filing: its number is what cancelling needs. The number of one that lies there no more does
    not count: it was returned meanwhile, or there is a newer one. A work order that arrived says anew what was refused
    before."""
    if logical == WORK_ORDER:
        set_aside_before(session, aggregate, WORK_ORDER, now)
    number = _number(answer)
    if logical != SUBMIT or number is None:
        return
    case = _locked(session, aggregate.removeprefix("case:"))  # first: it may be approved anew just now
    filed = newest(session, aggregate, SUBMIT)
    if case is None or filed is None or not filed.arrived:
        return
    if case.state == State.APPROVED:
        case.province_sn = number
        return
    _asked, last = _heard_before(session, case.id)  # its decision was heard before its number
    if last is None or last.step != Step.RETURN:
        _lies_there(session, case, number, now)


def rejected(session: Session, logical: str, aggregate: str, words: str, now: datetime) -> None:
    """The platform does not take a filing: back to the county with its reason, and never again sent as it was. One that no
    longer counts, since there is a newer one or the case went another way, is nobody's any more. A work order
    it refuses holds up nobody (sync/outbox.py: WHOLE) and stays to be seen until a later one arrives."""
    case = _locked(session, aggregate.removeprefix("case:")) if logical == SUBMIT else None
    if case is None:
        return
    filed = newest(session, aggregate, SUBMIT)
    back = case.state == State.APPROVED and filed is not None and filed.refused  # not an older one
    if back:
        _step(session, case, Step.RETURN, words, now)
    set_aside(session, aggregate, SUBMIT, now, RETURNED if back else SET_ASIDE)


def decided(session: Session, row: dict[str, Any], now: datetime) -> bool:
    """A row of G203: the province has decided. False for a case we do not know. A second telling changes nothing, nor does
    what was decided on an earlier version of the filing. ValueError for what the contract does not know, and for a decision
    that the case as it stands cannot follow: a person must hear of it."""
    case = _locked(session, str(row.get("rid", "")))
    if case is None:
        return False
    said, words = str(row.get("stas", "")), str(row.get("memo") or "")[:MOST_WORDS]
    step = {"approved": Step.CONFIRM, "returned": Step.RETURN, "supplement": Step.ASK}.get(said)
    if step is None:
        raise ValueError("a decision that the contract does not know")
    if step is Step.ASK:
        words = words or _("省里要再看一份材料，请问站点的工作人员。")
    filed = _filed_version(session, case)
    decided_on = _version(row.get("ver_no"))
    if filed is None or decided_on > filed:
        raise ValueError("a decision on what was never filed")
    if decided_on == filed:
        number = _number(row) if step is not Step.RETURN else None
        if number is not None and case.state in ENDED_WITHOUT:
            _lies_there(session, case, number, now)  # and the cancelling owed for it is the answer to the decision
            return True
        if not _so_already(session, case, step, words):
            _step(session, case, step, words, now)
            set_aside(session, aggregate_of(case), SUBMIT, now)  # a gateway refused it, and yet it had arrived
        if number is not None:
            _lies_there(session, case, number, now)
    return True


def _lies_there(session: Session, case: Case, number: str, now: datetime) -> None:
    """Keep the number of a filing that lies at the province; where the case has ended here meanwhile, owe its cancelling, once."""
    case.province_sn = number
    if case.state in ENDED_WITHOUT and newest(session, aggregate_of(case), CANCEL) is None:
        ending = sa.select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.state.in_(ENDED_WITHOUT))
        ended = session.scalars(ending.order_by(CaseEvent.seq)).first()
        owe_cancelling(session, case, now, str(ended.details.get("words") or "") if ended else "")


def _so_already(session: Session, case: Case, step: Step, words: str) -> bool:
    """Whether the case stands already as the province has decided. False: it waits for the province, so the step can be
    taken. ValueError: neither; it went another way here. At most two SELECTs, none while it waits for the first decision."""
    if case.state == State.APPROVED:
        return False
    asked, last = _heard_before(session, case.id)
    if case.state == State.NEEDS_SUPPLEMENT and asked is not None and asked.actor_role == PROVINCE:
        return step is Step.ASK and asked.details.get("words") == words
    ended = case.state in ENDED_WITHOUT
    if step is Step.CONFIRM:
        cancelled = newest(session, aggregate_of(case), CANCEL) if ended else None
        so = case.state in {State.DONE, State.PENDING_PAYMENT} or (cancelled is not None and cancelled.arrived)
    else:
        so = ended or (last is not None and last.step == step and last.details.get("words") == words)
    if not so:
        raise ValueError("a decision that fits no step")
    return True


def _heard_before(session: Session, case_id: str) -> tuple[CaseEvent | None, CaseEvent | None]:
    """The last request for papers, whoever made it, and the province's last word. One SELECT."""
    wanted = sa.select(CaseEvent).where(
        CaseEvent.case_id == case_id, sa.or_(CaseEvent.step == Step.ASK, CaseEvent.actor_role == PROVINCE)
    )
    events = session.scalars(wanted.order_by(CaseEvent.seq.desc())).all()
    asked = next((event for event in events if event.step == Step.ASK), None)
    return asked, next((event for event in events if event.actor_role == PROVINCE), None)


def _step(session: Session, case: Case, step: Step, words: str, now: datetime) -> None:
    """CONFIRM, RETURN or ASK. Returned there, nothing is left to be cancelled; what waits for a paper lies there still."""
    if step is Step.CONFIRM:
        take_step(session, case, step, by=PROVINCE, now=now)
    elif step is Step.ASK:
        take_step(session, case, step, by=PROVINCE, now=now, words=words, asked=[PaperNeed("other", _("省里要的材料"))])
    else:
        case.province_sn = None
        take_step(session, case, step, by=PROVINCE, now=now, words=words[:MOST_WORDS])


def _filed_version(session: Session, case: Case) -> int | None:
    filed = newest(session, aggregate_of(case), SUBMIT)
    return int(filed.key.rsplit(":", 1)[1]) if filed else None


def _number(said: Any) -> str | None:
    """trt_dcla_detl_sn of an answer or a row; None where it has none."""
    number = said.get("trt_dcla_detl_sn") if isinstance(said, dict) else None
    return number if isinstance(number, str) and 0 < len(number) <= MOST_SN else None


def _version(said: Any) -> int:
    """ver_no: our own version of the filing, as a number or as digits."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        return int(said)
    raise ValueError("a decision without a version")


def _locked(session: Session, case_id: str) -> Case | None:
    """As it is now, also where this transaction has read it before."""
    wanted = sa.select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(wanted).one_or_none()
