"""What was refused and need not be sent any more. Room `sync`, floor 2. Never commits.

A refused message holds up its aggregate until somebody mends the cause and sends it again (outbox.replay). Where a later
message says it anew, or the matter is over, nobody will: it is settled as if acked, but without `acked_at`.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sync.models import OutboxEntry, OutState
from sync.stands import SET_ASIDE


def set_aside(session: Session, aggregate: str, logical: str, now: datetime) -> None:
    """Settle the refused messages of this kind: what waits behind them goes on. One UPDATE."""
    refused = (
        OutboxEntry.aggregate == aggregate,
        OutboxEntry.logical == logical,
        OutboxEntry.state == OutState.REJECTED,
    )
    settled = sa.update(OutboxEntry).where(*refused)
    session.execute(settled.values(state=OutState.ACKED, error_kind=SET_ASIDE, next_at=now))
