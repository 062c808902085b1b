"""What becomes of a case when the province answers. Room `cases`, floor 4. Handed down to sync by app.py. Never commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.models import Case, CaseEvent, State
from cases.news import SUBMIT
from cases.operations import take_step
from cases.transitions import PROVINCE, Step, rule_for


def rejected(session: Session, logical: str, aggregate: str, words: str, now: datetime) -> None:
    """The platform does not take a filing: back to the county with its reason. A work order it refuses holds up nobody."""
    if logical == SUBMIT:
        _returned(session, aggregate.removeprefix("case:"), words, now)


def decided(session: Session, row: dict[str, Any], now: datetime) -> bool:
    """A row of G203: the province has decided. False for a case we do not know. A second telling changes nothing."""
    case = _locked(session, str(row.get("rid", ""))[:32])
    if case is None:
        return False
    said = str(row.get("stas", ""))
    if said == "approved":
        if rule_for(Step.CONFIRM, State(case.state), None):
            take_step(session, case, Step.CONFIRM, by=PROVINCE, now=now)
    elif said in {"returned", "supplement"}:
        _returned(session, case.id, str(row.get("memo") or "")[:300], now)
    else:
        raise ValueError("a state that the contract does not know")
    return True


def _returned(session: Session, case_id: str, words: str, now: datetime) -> None:
    case = _locked(session, case_id)
    if case is not None and rule_for(Step.RETURN, State(case.state), None):
        take_step(session, case, Step.RETURN, by=PROVINCE, now=now, words=words)


def _locked(session: Session, case_id: str) -> Case | None:
    return session.scalars(sa.select(Case).where(Case.id == case_id).with_for_update()).one_or_none()


def last_return(events: Sequence[CaseEvent]) -> str:
    """Why the province gave it back, when that is where it stands; empty otherwise."""
    returned = [event for event in events if event.step == Step.RETURN]
    return str(returned[-1].details.get("words", "")) if returned and returned[-1].seq == events[-1].seq else ""
