"""What becomes of a case when the province answers. Room `cases`, floor 4. Handed down to sync by app.py. Never commits."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.filing import PaperNeed
from cases.models import Case, State
from cases.news import SUBMIT, aggregate_of
from cases.operations import take_step
from cases.transitions import PROVINCE, Step, rule_for
from common.i18n import gettext as _
from sync.stands import last_key

MOST_WORDS = 300
MOST_SN = 30


def acked(session: Session, logical: str, aggregate: str, answer: Any, _now: datetime) -> None:
    """The platform has taken a filing: its number is what cancelling needs."""
    number = answer.get("trt_dcla_detl_sn") if isinstance(answer, dict) else None
    if logical == SUBMIT and isinstance(number, str) and 0 < len(number) <= MOST_SN:
        case_id = aggregate.removeprefix("case:")
        session.execute(sa.update(Case).where(Case.id == case_id).values(province_sn=number))


def rejected(session: Session, logical: str, aggregate: str, words: str, now: datetime) -> None:
    """The platform does not take a filing: back to the county with its reason. A work order it refuses holds up
    nobody (sync/outbox.py: WHOLE) and stays to be seen."""
    case = _locked(session, aggregate.removeprefix("case:")) if logical == SUBMIT else None
    if case is not None:
        _step(session, case, Step.RETURN, words, now)


def decided(session: Session, row: dict[str, Any], now: datetime) -> bool:
    """A row of G203: the province has decided. False for a case we do not know. A second telling changes nothing, nor does
    what was decided on an earlier version of the filing. ValueError for what the contract does not know."""
    case = _locked(session, str(row.get("rid", ""))[:32])
    if case is None:
        return False
    said, words = str(row.get("stas", "")), str(row.get("memo") or "")[:MOST_WORDS]
    step = {"approved": Step.CONFIRM, "returned": Step.RETURN, "supplement": Step.ASK}.get(said)
    if step is None:
        raise ValueError("a decision that the contract does not know")
    filed = _filed_version(session, case)
    decided_on = _version(row.get("ver_no"))
    if filed is None or decided_on > filed:
        raise ValueError("a decision on what was never filed")
    if decided_on == filed:
        _step(session, case, step, words, now)
    return True


def _step(session: Session, case: Case, step: Step, words: str, now: datetime) -> None:
    """CONFIRM, RETURN or ASK, while it waits for the province; otherwise somebody was faster."""
    if case.state != State.APPROVED or not rule_for(step, State.APPROVED, None):
        return
    if step is Step.CONFIRM:
        take_step(session, case, step, by=PROVINCE, now=now)
        return
    case.province_sn = None  # there is nothing left there to be cancelled
    if step is Step.ASK:
        words = words or _("省里要再看一份材料，请问站点的工作人员。")
        take_step(session, case, step, by=PROVINCE, now=now, words=words, asked=[PaperNeed("other", _("省里要的材料"))])
    else:
        take_step(session, case, step, by=PROVINCE, now=now, words=words[:MOST_WORDS])


def _filed_version(session: Session, case: Case) -> int | None:
    key = last_key(session, aggregate_of(case), SUBMIT)
    return int(key.rsplit(":", 1)[1]) if key else None


def _version(said: Any) -> int:
    """ver_no: our own version of the filing, as a number or as digits."""
    if isinstance(said, int) and not isinstance(said, bool):
        return said
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        return int(said)
    raise ValueError("a decision without a version")


def _locked(session: Session, case_id: str) -> Case | None:
    return session.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one_or_none()
