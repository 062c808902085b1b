"""How it stands with the province: what waits, what was refused, what could not be heard. Room `sync`, floor 2."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sync.inbox import DIFFERS, FAILED
from sync.lists import NAMES
from sync.models import ChannelState, InboxEntry, OutboxEntry, OutState, PullCursor
from sync.pulls import DECISIONS

WAITING = (OutState.PENDING, OutState.SENDING, OutState.UNKNOWN)


@dataclass(frozen=True)
class Count:
    """So many entries of this name are in this state, the last time for this reason."""

    logical: str
    state: str
    kind: str | None
    many: int
    oldest: datetime  # when the oldest of them was made


@dataclass(frozen=True)
class Rows:
    """Of a list that was read last, code → words. At most inbox.MOST_KEPT each are kept."""

    unusable: dict[str, str] = field(default_factory=dict)  # cannot be right
    differing: dict[str, str] = field(default_factory=dict)  # otherwise with us, and changes only by a person


@dataclass(frozen=True)
class Standing:
    """Everything at a glance."""

    counts: tuple[Count, ...]  # of what is not acked
    acked: int
    oldest: datetime | None  # of what waits to be sent
    alarmed: int  # tried for longer than the channel's alarm_h
    state: ChannelState | None
    pulls: tuple[PullCursor, ...]
    unheard: int  # decisions that could not be heard
    listed: Mapping[str, "Rows"]  # of lists of which a person must see something


def standing(session: Session, channel: str, now: datetime, *, alarm_h: float = 72) -> Standing:
    """Six statements."""
    mine = OutboxEntry.channel == channel
    grouped = (
        sa.select(
            OutboxEntry.logical,
            OutboxEntry.state,
            OutboxEntry.error_kind,
            sa.func.count(),
            sa.func.min(OutboxEntry.made_at),
        )
        .where(mine, OutboxEntry.state != OutState.ACKED)
        .group_by(OutboxEntry.logical, OutboxEntry.state, OutboxEntry.error_kind)
        .order_by(OutboxEntry.logical, OutboxEntry.state)
    )
    counts = tuple(Count(*row) for row in session.execute(grouped))
    since = now - timedelta(hours=alarm_h)
    long = sa.func.sum(sa.case((sa.and_(OutboxEntry.state.in_(WAITING), OutboxEntry.tried_since < since), 1), else_=0))
    acked = sa.func.sum(sa.case((OutboxEntry.state == OutState.ACKED, 1), else_=0))
    alarmed, arrived = session.execute(sa.select(long, acked).where(mine)).one()
    pulls = session.scalars(sa.select(PullCursor).where(PullCursor.channel == channel).order_by(PullCursor.logical))
    unheard = sa.select(sa.func.count()).where(
        InboxEntry.channel == channel, InboxEntry.logical == DECISIONS, InboxEntry.state == FAILED
    )
    return Standing(
        counts=counts,
        acked=arrived or 0,
        oldest=min((count.oldest for count in counts if count.state in WAITING), default=None),
        alarmed=alarmed or 0,
        state=session.get(ChannelState, channel),
        pulls=tuple(pulls),
        unheard=session.scalar(unheard) or 0,
        listed=listed(session, channel),
    )


def listed(session: Session, channel: str) -> dict[str, Rows]:
    """What of the lists we follow a person must see, by list. One statement."""
    told = sa.select(InboxEntry.logical, InboxEntry.state, InboxEntry.rid, InboxEntry.error).where(
        InboxEntry.channel == channel, InboxEntry.logical.in_(NAMES), InboxEntry.state.in_((FAILED, DIFFERS))
    )
    found: dict[str, Rows] = {}
    for logical, state, code, words in session.execute(told.order_by(InboxEntry.logical, InboxEntry.rid)):
        rows = found.setdefault(logical, Rows())
        (rows.unusable if state == FAILED else rows.differing)[code] = words or ""
    return found
