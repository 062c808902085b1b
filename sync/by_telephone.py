"""What a person was told by telephone of a message in doubt, where asking the platform never ends the doubt. Room `sync`, floor 2.

Never commits. Which messages, who may say so and what it means for a case: cases/sync_keeping.py.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from sync import outbox
from sync.models import OutboxEntry, OutState
from sync.stands import SET_ASIDE

KEEP = timedelta(days=30)  # for so long its body stays readable, as the shipped channel keeps what arrived


def called_for(entry: OutboxEntry, now: datetime, alarm: timedelta) -> bool:
    """Whether a person is called about it: in doubt, and tried for longer than the channel's alarm_h."""
    return entry.state == OutState.UNKNOWN and entry.tried_since is not None and entry.tried_since < now - alarm


def arrived(session: Session, entry: OutboxEntry, answer: dict[str, Any], now: datetime) -> None:
    """The province has it. answer: what it would have answered, as far as it was told."""
    outbox.apart(session, entry, now)
    outbox.acked(entry, answer=answer, refmsgid=None, now=now, keep=KEEP)


def send_again(session: Session, entry: OutboxEntry, now: datetime) -> None:
    """The province does not have it: it goes once more without being asked for, under the number it has, so that a platform
    that knows its numbers does nothing twice even when somebody was mistaken."""
    outbox.apart(session, entry, now)
    entry.doubtful, entry.attempts, entry.tried_since = False, 0, None
    entry.infcode = entry.error = entry.error_kind = None
    outbox.put_back(entry, at=now)


def drop(session: Session, entry: OutboxEntry, now: datetime) -> None:
    """The province does not have it, and it is not wanted there any more: settled, never sent again."""
    outbox.apart(session, entry, now)
    entry.state, entry.error_kind, entry.next_at = OutState.ACKED, SET_ASIDE, now
