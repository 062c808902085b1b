"""How far the messages of one aggregate are, and what an area owes: columns and conditions for others. Room `sync`, floor 2.

What reads a list takes these as columns of its own statement: no list costs a statement more for saying how far it is synced.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from sync.inbox import FAILED
from sync.lists import NAMES
from sync.models import ChannelState, InboxEntry, OutboxEntry, OutState, PullCursor
from sync.pulls import DECISIONS
from sync.queries import Rows, listed

SET_ASIDE = "set-aside"  # error_kind of what was refused and need not be sent any more (sync/set_aside.py)
UNSETTLED = (OutState.PENDING, OutState.SENDING, OutState.UNKNOWN, OutState.REJECTED)


class Stand(IntEnum):
    """How far the messages of one aggregate are: the worst of them counts."""

    NOTHING = 0  # nothing was ever owed
    SYNCED = 1  # 已同步
    WAITING = 2  # 待同步
    DOUBTFUL = 3  # 待核实
    REJECTED = 4  # 平台退回


def _rank() -> sa.Case[int]:
    return sa.case(
        (OutboxEntry.state == OutState.REJECTED, int(Stand.REJECTED)),
        (OutboxEntry.state == OutState.UNKNOWN, int(Stand.DOUBTFUL)),
        (sa.and_(OutboxEntry.state == OutState.SENDING, OutboxEntry.doubtful), int(Stand.DOUBTFUL)),
        (OutboxEntry.state != OutState.ACKED, int(Stand.WAITING)),
        else_=int(Stand.SYNCED),
    )


def stand_of(aggregate: sa.ColumnElement[str], logical: str | None = None) -> Any:
    """A column `stand`: the worst of an aggregate's messages, NULL where nothing is owed. With `logical` only of those."""
    which = [OutboxEntry.aggregate == aggregate]
    if logical:
        which.append(OutboxEntry.logical == logical)
    which.append(sa.func.coalesce(OutboxEntry.error_kind, "") != SET_ASIDE)
    return sa.select(sa.func.max(_rank())).where(*which).scalar_subquery()


def words_of(aggregate: sa.ColumnElement[str]) -> Any:
    """A column: the platform's words for what it refused last, NULL where it refused nothing."""
    refused = sa.select(OutboxEntry.error).where(
        OutboxEntry.aggregate == aggregate, OutboxEntry.state == OutState.REJECTED
    )
    return refused.order_by(OutboxEntry.agg_seq.desc()).limit(1).scalar_subquery()


# What an area owes


@dataclass(frozen=True)
class Count:
    """So many entries of one state and one kind of failure; `oldest`: since when the first of them is owed."""

    state: str
    kind: str
    n: int
    oldest: datetime


def counts(session: Session, channel: str, area: str) -> list[Count]:
    """What is not settled in the counties of an area (a prefix of two digits or more), by state and kind. One SELECT."""
    kind = sa.func.coalesce(OutboxEntry.error_kind, "")
    wanted = (
        sa.select(OutboxEntry.state, kind, sa.func.count(), sa.func.min(OutboxEntry.made_at))
        .where(OutboxEntry.state.in_(UNSETTLED), OutboxEntry.channel == channel, *_within(area))
        .group_by(OutboxEntry.state, kind)
        .order_by(OutboxEntry.state, kind)
    )
    return [Count(state, why, n, oldest) for state, why, n, oldest in session.execute(wanted)]


def last_key(session: Session, aggregate: str, logical: str) -> str | None:
    """The key of the newest message of this kind. One SELECT."""
    wanted = sa.select(OutboxEntry.key).where(OutboxEntry.aggregate == aggregate, OutboxEntry.logical == logical)
    return session.scalar(wanted.order_by(OutboxEntry.agg_seq.desc()).limit(1))


def to_look_at(area: str, channel: str) -> sa.ColumnElement[bool]:
    """For WHERE: entries of an area that a person must look at, or that are in doubt."""
    states = OutboxEntry.state.in_((OutState.REJECTED, OutState.UNKNOWN))
    return sa.and_(states, OutboxEntry.channel == channel, *_within(area))


def _within(area: str) -> list[sa.ColumnElement[bool]]:
    """One county is a place in the index; a city or the province a range of them."""
    if len(area) >= 6:
        return [OutboxEntry.county_code == area[:6]]
    return [OutboxEntry.county_code.startswith(area, autoescape=True)]


@dataclass(frozen=True)
class Line:
    """The channel itself. `unheard`: decisions that the province told and we could not hear."""

    state: ChannelState | None
    unheard: int


def line(session: Session, channel: str) -> Line:
    """How the channel is. One SELECT."""
    one = sa.select(sa.literal(1).label("one")).subquery()
    unheard = sa.select(sa.func.count()).where(
        InboxEntry.channel == channel, InboxEntry.logical == DECISIONS, InboxEntry.state == FAILED
    )
    wanted = sa.select(ChannelState, unheard.scalar_subquery().label("unheard"))
    found = session.execute(wanted.select_from(one).outerjoin(ChannelState, ChannelState.name == channel)).one()
    return Line(found.ChannelState, found.unheard or 0)


@dataclass(frozen=True)
class Read:
    """A list that we follow: `at` it was read to its end, and compared or held; `held`: of ours it would end so many, a person
    must release that; `rows`: what of it a person must see."""

    logical: str
    at: datetime | None
    fails: bool
    held: int | None
    rows: Rows


def lists_read(session: Session, channel: str) -> list[Read]:
    """The lists that were read or should have been. Two SELECTs."""
    wanted = sa.select(PullCursor).where(PullCursor.channel == channel, PullCursor.logical.in_(NAMES))
    cursors = {found.logical: found for found in session.scalars(wanted)}
    rows = listed(session, channel)
    return [
        Read(name, found.ok_at, found.faults > 0, found.held, rows.get(name, Rows()))
        for name in NAMES
        if (found := cursors.get(name)) is not None
    ]
