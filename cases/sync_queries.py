"""What a bureau's page of the province's channel is drawn from. Room `cases`, floor 4: only here is it known whose case it was."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from cases.models import Case
from sync.models import OutboxEntry
from sync.stands import to_look_at

PAGE = 20
MAX_PAGES = 50


@dataclass(frozen=True)
class ToLookAt:
    """A message that was refused or is in doubt, and its case; None for what is about no case."""

    entry: OutboxEntry
    case: Case | None


def list_of(session: Session, channel: str, area: str, number: int) -> tuple[Sequence[ToLookAt], bool]:
    """One page of what a person must look at, the oldest first, and whether there is more. One SELECT."""
    wanted = (
        sa.select(OutboxEntry, Case)
        .outerjoin(Case, OutboxEntry.aggregate == sa.literal("case:") + Case.id)
        .options(defer(OutboxEntry.body), defer(OutboxEntry.answer), defer(Case.answers))
        .where(to_look_at(area, channel))
        .order_by(OutboxEntry.state, OutboxEntry.made_at, OutboxEntry.id)
    )
    rows = session.execute(wanted.offset((number - 1) * PAGE).limit(PAGE + 1)).all()
    found = [ToLookAt(row.OutboxEntry, row.Case) for row in rows[:PAGE]]
    return found, len(rows) > PAGE and number < MAX_PAGES


def for_replay(session: Session, id: str, channel: str, area: str) -> ToLookAt | None:
    """One of them, locked; None when it is not of this area or nobody must look at it."""
    wanted = sa.select(OutboxEntry).where(OutboxEntry.id == id, to_look_at(area, channel)).with_for_update()
    entry = session.scalars(wanted).one_or_none()
    if entry is None:
        return None
    return ToLookAt(entry, session.get(Case, entry.aggregate.removeprefix("case:")))
