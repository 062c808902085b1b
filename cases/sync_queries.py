"""What a bureau's page of the province's channel is drawn from. Room `cases`, floor 4: only here is it known whose case it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from cases.models import Case
from sync.models import InboxEntry, OutboxEntry
from sync.stands import to_look_at, unheard_of

PAGE = 20
MAX_PAGES = 50


@dataclass(frozen=True)
class ToLookAt:
    """A message that was refused or is in doubt, and its case; None for what is about no case."""

    entry: OutboxEntry
    case: Case | None


@dataclass(frozen=True)
class Unheard:
    """A decision of the province that the case could not follow. said: approved, returned, supplement, or anything."""

    id: str
    case: Case | None
    said: str
    at: datetime


def unheard(session: Session, channel: str, area: str, everybodys: bool) -> list[Unheard]:
    """The oldest of them, PAGE at most. One SELECT."""
    wanted = (
        sa.select(InboxEntry, Case)
        .outerjoin(Case, InboxEntry.rid == Case.id)
        .options(defer(Case.answers))
        .where(unheard_of(area, channel, everybodys))
        .order_by(InboxEntry.at, InboxEntry.id)
        .limit(PAGE)
    )
    return [
        Unheard(row.InboxEntry.id, row.Case, _said(row.InboxEntry.body), row.InboxEntry.at)
        for row in session.execute(wanted)
    ]


def _said(body: object) -> str:
    return str(body.get("stas") or "")[:20] if isinstance(body, dict) else ""


def for_settling(session: Session, id: str, channel: str, area: str, everybodys: bool) -> InboxEntry | None:
    """One of them, locked; None when it is not of this area or nobody must look at it."""
    wanted = sa.select(InboxEntry).where(InboxEntry.id == id, unheard_of(area, channel, everybodys))
    return session.scalars(wanted.with_for_update()).one_or_none()


def list_of(session: Session, channel: str, area: str, number: int, whole: bool) -> tuple[Sequence[ToLookAt], bool]:
    """One page of what a person must look at, the oldest first, and whether there is more. whole: with the answers of each
    case, so that whom a platform quotes can be masked. One SELECT."""
    without = [defer(OutboxEntry.body), defer(OutboxEntry.answer), *([] if whole else [defer(Case.answers)])]
    wanted = (
        sa.select(OutboxEntry, Case)
        .outerjoin(Case, OutboxEntry.aggregate == sa.literal("case:") + Case.id)
        .options(*without)
        .where(to_look_at(area, channel))
        .order_by(OutboxEntry.state, OutboxEntry.made_at, OutboxEntry.id)
    )
    rows = session.execute(wanted.offset((number - 1) * PAGE).limit(PAGE + 1)).all()
    found = [ToLookAt(row.OutboxEntry, row.Case) for row in rows[:PAGE]]
    return found, len(rows) > PAGE and number < MAX_PAGES


def for_replay(session: Session, id: str, channel: str, area: str) -> ToLookAt | None:
    """One of them, locked; None when it is not of this area or nobody must look at it."""
    wanted = sa.select(OutboxEntry).where(OutboxEntry.id == id, to_look_at(area, channel)).with_for_update()
    entry = session.scalars(wanted.options(defer(OutboxEntry.body))).one_or_none()  # which may be what cannot be opened
    if entry is None:
        return None
    return ToLookAt(entry, session.get(Case, entry.aggregate.removeprefix("case:")))
