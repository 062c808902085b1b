"""After a backup came back: what it calls not yet sent may have been sent since. Room `sync`, floor 2. Never commits."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sync.models import OutboxEntry, OutState


def ask_first(session: Session) -> None:
    """Put everything that waits in doubt: the platform is asked whether it has it before it is sent. One UPDATE."""
    waits = OutboxEntry.state.in_((OutState.PENDING, OutState.SENDING))
    session.execute(
        sa.update(OutboxEntry)
        .where(waits)
        .values(
            state=OutState.UNKNOWN,
            doubtful=True,
            next_at=sa.func.coalesce(OutboxEntry.next_at, OutboxEntry.made_at),
            lease_owner=None,
            lease_until=None,
        )
    )
