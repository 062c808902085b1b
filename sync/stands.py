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
RETURNED = "returned"  # error_kind of what was refused and lies on a desk again: not to be sent as it was
UNSETTLED = (OutState.PENDING, OutState.SENDING, OutState.UNKNOWN, OutState.REJECTED)


class Stand(IntEnum):
    """How far the messages of one aggregate are: the worst of them counts."""

    NOTHING = 0  # nothing was ever owed
    SYNCED = 1  # 已同步
    WAITING = 2  # 待同步
    DOUBTFUL = 3  # 待核实
    REJECTED = 4  # 平台退回


def _refused() -> sa.ColumnElement[bool]:
    return sa.or_(OutboxEntry.state == OutState.REJECTED, sa.func.coalesce(OutboxEntry.error_kind, "") == RETURNED)


def _rank() -> sa.Case[int]:
    return sa.case(
        (_refused(), int(Stand.REJECTED)),
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
    """A column: the platform's words for what was refused last, NULL where nothing was."""
    return _of_last_refused(OutboxEntry.error, aggregate)


def kind_of(aggregate: sa.ColumnElement[str]) -> Any:
    """A column: the kind of that refusal."""
    return _of_last_refused(OutboxEntry.error_kind, aggregate)


def _of_last_refused(column: Any, aggregate: sa.ColumnElement[str]) -> Any:
    refused = sa.select(column).where(OutboxEntry.aggregate == aggregate, _refused())
    return refused.order_by(OutboxEntry.agg_seq.desc()).limit(1).scalar_subquery()


# What an area owes


@dataclass(frozen=True)
class Count:
    """So many entries of one state and one kind of failure; `oldest`: since when the first of them is owed; `long`: of how
    many that wait the first attempt was before `called`."""

    state: str
    kind: str
    n: int
    oldest: datetime
    long: int = 0


def counts(session: Session, channel: str, area: str, called: datetime) -> list[Count]:
    """What is not settled in the counties of an area (a prefix of two digits or more), by state and kind; what was tried before
    `called` calls a person. One SELECT."""
    kind = sa.func.coalesce(OutboxEntry.error_kind, "")
    too_long = sa.and_(OutboxEntry.state != OutState.REJECTED, OutboxEntry.tried_since < called)
    long = sa.func.sum(sa.case((too_long, 1), else_=0))
    wanted = (
        sa.select(OutboxEntry.state, kind, sa.func.count(), sa.func.min(OutboxEntry.made_at), long)
        .where(OutboxEntry.state.in_(UNSETTLED), OutboxEntry.channel == channel, *_within(area))
        .group_by(OutboxEntry.state, kind)
        .order_by(OutboxEntry.state, kind)
    )
    return [Count(*row) for row in session.execute(wanted)]


@dataclass(frozen=True)
class Newest:
    """The newest message of one kind in an aggregate. `arrived`: the province has it; `refused`: it, or a gateway, does not
    take it."""

    key: str
    arrived: bool
    refused: bool


def newest(session: Session, aggregate: str, logical: str) -> Newest | None:
    """None where there never was one. One SELECT."""
    wanted = sa.select(OutboxEntry.key, OutboxEntry.state, OutboxEntry.acked_at).where(
        OutboxEntry.aggregate == aggregate, OutboxEntry.logical == logical
    )
    found = session.execute(wanted.order_by(OutboxEntry.agg_seq.desc()).limit(1)).one_or_none()
    if found is None:
        return None
    arrived = found.state == OutState.ACKED and found.acked_at is not None
    return Newest(found.key, arrived, found.state == OutState.REJECTED)


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
    """The channel itself. `unheard`: decisions on cases of the area that could not be heard."""

    state: ChannelState | None
    unheard: int


def unheard_of(area: str, channel: str, everybodys: bool = False) -> sa.ColumnElement[bool]:
    """For WHERE: decisions on cases of an area that could not be heard; everybodys: also those about no case we know."""
    mine = InboxEntry.county_code.startswith(area[:6], autoescape=True)
    return sa.and_(
        InboxEntry.channel == channel,
        InboxEntry.logical == DECISIONS,
        InboxEntry.state == FAILED,
        sa.or_(mine, InboxEntry.county_code == "") if everybodys else mine,
    )


def line(session: Session, channel: str, area: str, everybodys: bool = False) -> Line:
    """How the channel is. One SELECT."""
    one = sa.select(sa.literal(1).label("one")).subquery()
    unheard = sa.select(sa.func.count()).where(unheard_of(area, channel, everybodys))
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
