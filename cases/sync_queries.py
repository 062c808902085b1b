"""What a bureau's page of the province's channel is drawn from. Room `cases`, floor 4: only here is it known whose case it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session, defer
from sqlalchemy.orm.attributes import set_committed_value

from cases.models import Case
from common.sealing import CannotUnseal
from sync.models import InboxEntry, OutboxEntry
from sync.stands import to_look_at, unheard_of

# What may be what cannot be opened: it holds up nobody who only settles or sends again.
SEALED_OUT = defer(OutboxEntry.body), defer(OutboxEntry.answer), defer(OutboxEntry.error)
SEALED_IN = defer(InboxEntry.body), defer(InboxEntry.error)
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
        for row in _readable(session, wanted, InboxEntry.body)
    ]


def _readable(session: Session, wanted: sa.Select[Any, Any], sealed: InstrumentedAttribute[Any]) -> Sequence[Any]:
    """The rows; where some of them cannot be opened any more, without what is sealed of those. One SELECT if all can."""
    try:
        return session.execute(wanted).all()
    except CannotUnseal:
        rows = session.execute(wanted.options(defer(sealed))).all()
    for entry, _case in rows:
        try:
            getattr(entry, sealed.key)
        except CannotUnseal:
            set_committed_value(entry, sealed.key, None)
    return rows


def _said(body: object) -> str:
    return str(body.get("stas") or "")[:20] if isinstance(body, dict) else ""


def for_settling(session: Session, id: str, channel: str, area: str, everybodys: bool) -> InboxEntry | None:
    """One of them, locked; None when it is not of this area or nobody must look at it."""
    wanted = sa.select(InboxEntry).where(InboxEntry.id == id, unheard_of(area, channel, everybodys))
    return session.scalars(wanted.with_for_update().options(*SEALED_IN)).one_or_none()


def list_of(session: Session, channel: str, area: str, number: int, whole: bool) -> tuple[Sequence[ToLookAt], bool]:
    """One page of what a person must look at, the oldest first, and whether there is more. whole: with the answers of each
    case, so that whom a platform quotes can be masked. One SELECT."""
    without = [*SEALED_OUT[:2], *([] if whole else [defer(Case.answers)])]
    wanted = (
        sa.select(OutboxEntry, Case)
        .outerjoin(Case, OutboxEntry.aggregate == sa.literal("case:") + Case.id)
        .options(*without)
        .where(to_look_at(area, channel))
        .order_by(OutboxEntry.state, OutboxEntry.made_at, OutboxEntry.id)
    )
    rows = _readable(session, wanted.offset((number - 1) * PAGE).limit(PAGE + 1), OutboxEntry.error)
    found = [ToLookAt(row.OutboxEntry, row.Case) for row in rows[:PAGE]]
    return found, len(rows) > PAGE and number < MAX_PAGES


def for_replay(session: Session, id: str, channel: str, area: str) -> ToLookAt | None:
    """One of them, and its case, locked; None when it is not of this area or nobody must look at it."""
    wanted = sa.select(OutboxEntry).where(OutboxEntry.id == id, to_look_at(area, channel)).with_for_update()
    entry = session.scalars(wanted.options(*SEALED_OUT)).one_or_none()
    if entry is None:
        return None
    mine = sa.select(Case).where(Case.id == entry.aggregate.removeprefix("case:")).with_for_update()
    return ToLookAt(entry, session.scalars(mine.execution_options(populate_existing=True)).one_or_none())
