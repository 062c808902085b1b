"""What becomes of a case when the province answers. Room `cases`, floor 4. Handed down to sync by app.py. Never commits."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.filing import PaperNeed
from cases.models import Case, CaseEvent, State
from cases.news import CANCEL, SUBMIT, aggregate_of
from cases.operations import take_step
from cases.transitions import PROVINCE, Step
from common.i18n import gettext as _
from sync.set_aside import set_aside
from sync.stands import RETURNED, SET_ASIDE, newest

MOST_WORDS = 300
MOST_SN = 30


def acked(session: Session, logical: str, aggregate: str, answer: Any, _now: datetime) -> None:
    """The platform has taken a filing: its number is what cancelling needs. A number that comes too late counts no more:
    the filing was returned meanwhile, or there is a newer one."""
    number = answer.get("trt_dcla_detl_sn") if isinstance(answer, dict) else None
    if logical != SUBMIT or not isinstance(number, str) or not 0 < len(number) <= MOST_SN:
        return
    mine = Case.id == aggregate.removeprefix("case:")
    state = session.scalar(
        sa.select(Case.state).where(mine).with_for_update()
    )  # first: it may be approved anew just now
    filed = newest(session, aggregate, SUBMIT)
    waits = state == State.APPROVED or (state == State.NEEDS_SUPPLEMENT and _asked_by_province(session, aggregate))
    if waits and filed is not None and filed.arrived:
        session.execute(sa.update(Case).where(mine).values(province_sn=number))


def rejected(session: Session, logical: str, aggregate: str, words: str, now: datetime) -> None:
    """The platform does not take a filing: back to the county with its reason, and never again sent as it was. One that no
    longer counts, since there is a newer one or the case went another way, is nobody's any more. A work order
    it refuses holds up nobody (sync/outbox.py: WHOLE) and stays to be seen."""
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
    if decided_on == filed and not _so_already(session, case, step, words):
        _step(session, case, step, words, now)
        set_aside(session, aggregate_of(case), SUBMIT, now)  # a gateway refused it, and yet it had arrived
    return True


def _so_already(session: Session, case: Case, step: Step, words: str) -> bool:
    """Whether the case stands already as the province has decided. False: it waits for the province, so the step can be
    taken. ValueError: neither; it went another way here. At most two SELECTs, none while it waits for the first decision."""
    if case.state == State.APPROVED:
        return False
    asked, last = _heard_before(session, case.id)
    if case.state == State.NEEDS_SUPPLEMENT and asked is not None and asked.actor_role == PROVINCE:
        return step is Step.ASK and asked.details.get("words") == words
    ended = case.state in {State.REFUSED, State.WITHDRAWN}
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


def _asked_by_province(session: Session, aggregate: str) -> bool:
    asked, _last = _heard_before(session, aggregate.removeprefix("case:"))
    return asked is not None and asked.actor_role == PROVINCE


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


def _version(said: Any) -> int:
    """ver_no: our own version of the filing, as a number or as digits."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        return int(said)
    raise ValueError("a decision without a version")


def _locked(session: Session, case_id: str) -> Case | None:
    return session.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
