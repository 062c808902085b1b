"""What every step leaves behind: an event that people read, an audit entry that auditors read. Room `cases`, floor 4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases.models import Case, CaseEvent, State
from common import audit
from common.i18n import chinese
from common.i18n import gettext as _


def add_event(
    session: Session,
    case: Case,
    step: str,
    by: Actor | str,
    now: datetime,
    *,
    seq: int | None = None,
    device_at: datetime | None = None,
    **details: Any,
) -> None:
    actor = by if isinstance(by, Actor) else None
    last = sa.select(sa.func.max(CaseEvent.seq)).where(CaseEvent.case_id == case.id)
    session.add(
        CaseEvent(
            county_code=case.county_code,
            case_id=case.id,
            seq=seq or (session.scalar(last) or 0) + 1,
            step=str(step),
            state=case.state,
            desk=case.desk,
            at=now,
            device_at=device_at,
            actor_id=actor.account_id if actor else None,
            actor_role=str(actor.role) if actor else str(by),
            actor_name=actor.name if actor else None,
            station_code=actor.station_code if actor else None,
            details=details,
        )
    )
    if seq is None:
        session.flush()


def add_audit(session: Session, case: Case, action: str, by: Actor | str, now: datetime) -> None:
    audit.record(
        session,
        county_code=case.county_code,
        actor_id=by.account_id if isinstance(by, Actor) else None,
        actor_role=str(by.role) if isinstance(by, Actor) else by,
        action=action,
        about=("case", case.id),
        facts={"ref": case.ref, "version": case.version, "state": case.state},
        now=now,
    )


@dataclass(frozen=True)
class Told:
    """What the resident was told when it was filed. `words`: in the language of that page, `zh`: Chinese."""

    words: str
    zh: bool


def told_at_filing(events: Sequence[CaseEvent]) -> list[Told]:
    """Everything of that, in its order."""
    filed = next((event for event in events if event.step == "submit"), None)
    said = (filed.details or {}).get("told", []) if filed else []
    return [Told(words, chinese(words)) for words in said]


def state_word(state: str) -> str:
    """A state as people say it."""
    words = {
        State.SUBMITTED: _("已提交"),
        State.ACCEPTED: _("已受理"),
        State.IN_REVIEW: _("审核中"),
        State.NEEDS_SUPPLEMENT: _("等居民补材料"),
        State.APPROVED: _("已通过，待省平台确认"),
        State.PENDING_PAYMENT: _("待缴费"),
        State.DONE: _("办好了"),
        State.REFUSED: _("没办成"),
        State.WITHDRAWN: _("已撤回"),
    }
    return words[State(state)]
