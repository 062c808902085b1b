"""What was refused and will not be sent again as it was. Room `sync`, floor 2. Never commits.

A refused message holds up its aggregate until somebody mends the cause and sends it again (outbox.replay). Where a later
message says it anew, or the matter is over, nobody will: it is settled as if acked, but without `acked_at`. RETURNED: it
lies on somebody's desk again; lists say so until a later message or the end of the matter sets it aside.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from sync.models import OutboxEntry, OutState
from sync.stands import RETURNED, SET_ASIDE


def set_aside(session: Session, aggregate: str, logical: str, now: datetime, kind: str = SET_ASIDE) -> bool:
    """Settle the refused messages of this kind: what waits behind them goes on, nobody sends them again. Whether there were
    any. One UPDATE."""
    refused = sa.or_(OutboxEntry.state == OutState.REJECTED, OutboxEntry.error_kind == RETURNED)
    settled = sa.update(OutboxEntry).where(OutboxEntry.aggregate == aggregate, OutboxEntry.logical == logical, refused)
    done = session.execute(settled.values(state=OutState.ACKED, error_kind=kind, next_at=now))
    return bool(done.rowcount)  # type: ignore[attr-defined]


def set_aside_before(session: Session, aggregate: str, logical: str, now: datetime) -> None:
    """Settle the refused messages of this kind that a later one, which has arrived, says anew. One UPDATE."""
    later = aliased(OutboxEntry)
    overtaken = sa.exists().where(
        later.aggregate == aggregate,
        later.logical == logical,
        later.agg_seq > OutboxEntry.agg_seq,
        later.acked_at.is_not(None),
    )
    mine = (OutboxEntry.aggregate == aggregate, OutboxEntry.logical == logical)
    settled = sa.update(OutboxEntry).where(*mine, OutboxEntry.state == OutState.REJECTED, overtaken)
    session.execute(settled.values(state=OutState.ACKED, error_kind=SET_ASIDE, next_at=now))
