"""The outbox: owing a message, leasing it to a worker, and what becomes of it. Room `sync`, floor 2. Never commits.

States: pending → sending → acked | rejected | unknown → (asked for) → acked | pending. Within an aggregate ("case:…")
entries go one after the other: a later one waits until all before it are acked; a rejected one holds its own aggregate only,
and not even that where the next one says all of it anew (WHOLE).
"""

import functools
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from common.clock import SHANGHAI
from common.ids import new_id
from sync import sm
from sync.channel import Backoff
from sync.envelope import compact
from sync.models import MsgidCounter, OutboxEntry, OutState

PER_SECOND = 10_000
WHOLE = ("work_order",)  # says all of its matter each time: refused it holds up nobody, the next one says it anew
AT_ONCE = 200  # entries whose bodies are forgotten in one transaction
_box: sa.Table = OutboxEntry.__table__  # type: ignore[assignment]
_counter: sa.Table = MsgidCounter.__table__  # type: ignore[assignment]


def owe(
    session: Session,
    *,
    county_code: str,
    channel: str,
    aggregate: str,
    logical: str,
    key: str,
    body: dict[str, Any],
    now: datetime,
) -> bool:
    """Promise the province a message, in the transaction of what it tells. False when this fact is owed already (`key`).

    body: the `input` of the envelope, national field names; frozen here. One INSERT. The caller holds the aggregate's own
    row locked, so two of its messages cannot take the same number.
    """
    text = compact(body)
    last = sa.select(sa.func.coalesce(sa.func.max(_box.c.agg_seq), 0) + 1).where(_box.c.aggregate == aggregate)
    row = {
        "id": new_id(),
        "county_code": county_code,
        "channel": channel,
        "aggregate": aggregate,
        "agg_seq": last.scalar_subquery(),
        "logical": logical,
        "key": key,
        "body": text,
        "body_sm3": sm.sm3(text.encode()).hex(),
        "chars": len(text),
        "state": OutState.PENDING.value,
        "doubtful": False,
        "attempts": 0,
        "made_at": now,
        "next_at": now,
    }
    inserted = session.execute(_insert(session, _box).values(row).on_conflict_do_nothing(index_elements=["key"]))
    return bool(inserted.rowcount)  # type: ignore[attr-defined]


# Leases


def lease(
    session: Session,
    channel: str,
    *,
    owner: str,
    now: datetime,
    until: datetime,
    most: int,
    most_chars: int,
    batches: Mapping[str, int],
    new_first: bool = False,
) -> list[OutboxEntry]:
    """Take what goes into one request: entries that are due and first in their aggregate, oldest first, of one transaction.

    An expired lease counts as due: whoever held it was killed, perhaps after sending, so it comes back as `unknown`.
    until: when this lease runs out. most: entries looked at. most_chars: of the request; an entry that is longer goes
    alone. batches: how many of a logical name may go together; names that are not in it stay where they are. new_first:
    expired and doubtful ones only when nothing new is due (two statements less).
    """
    found = _due(session, channel, now=now, most=most, logical=tuple(batches), new_first=new_first)
    if not found:
        return []
    first = found[0]
    if first.msgid:  # what went out together goes out together again: the same number says the same
        chosen = _sent_together(session, first.msgid, now)
    else:
        alike = [row for row in found if row.logical == first.logical and row.msgid is None]
        chosen = [row.id for row in _fitting(alike[: batches[first.logical]], most_chars)]
    taken = list(session.scalars(sa.select(OutboxEntry).where(OutboxEntry.id.in_(chosen)).order_by(OutboxEntry.id)))
    for entry in taken:
        if entry.state == OutState.SENDING:  # its worker died, perhaps after the last byte had left
            entry.doubtful = True
        entry.state, entry.lease_owner, entry.lease_until = OutState.SENDING, owner, until
        entry.sent_at, entry.tried_since = now, entry.tried_since or now
    return taken


def _due(
    session: Session, channel: str, *, now: datetime, most: int, logical: tuple[str, ...], new_first: bool
) -> list[Any]:
    """Rows of id, logical, msgid, chars. Expired ones first, then by the time they are due. Bodies are not read; on PostgreSQL the rows are locked."""
    waits, given = _waits(), {"channel": channel, "now": now, "names": logical, "most": most}
    for query in (waits[2], *waits[:2]) if new_first else waits:
        found = session.execute(query, given).all()
        if found:
            return list(found)
    return []


@functools.cache
def _waits() -> tuple[Any, Any, Any]:
    """Expired, doubtful, new; built once, which takes longer than asking. One state at a time, as the index is sorted: an
    OR would read and sort all that waits."""
    earlier = aliased(OutboxEntry)
    blocked = sa.exists().where(
        earlier.aggregate == OutboxEntry.aggregate,
        earlier.agg_seq < OutboxEntry.agg_seq,
        earlier.state != OutState.ACKED,
        sa.or_(earlier.state != OutState.REJECTED, earlier.logical.not_in(WHOLE)),
    )
    now = sa.bindparam("now", type_=OutboxEntry.__table__.c.next_at.type)
    mine = (
        sa.select(OutboxEntry.id, OutboxEntry.logical, OutboxEntry.msgid, OutboxEntry.chars)
        .where(
            OutboxEntry.channel == sa.bindparam("channel"),
            OutboxEntry.logical.in_(sa.bindparam("names", expanding=True)),
        )
        .order_by(OutboxEntry.next_at, OutboxEntry.id)
        .limit(sa.bindparam("most", type_=sa.Integer))
        .with_for_update(skip_locked=True, of=OutboxEntry)
    )
    return (
        mine.where(OutboxEntry.state == OutState.SENDING, OutboxEntry.lease_until < now),
        mine.where(OutboxEntry.state == OutState.UNKNOWN, OutboxEntry.next_at <= now, ~blocked),
        mine.where(OutboxEntry.state == OutState.PENDING, OutboxEntry.next_at <= now, ~blocked),
    )


def _sent_together(session: Session, msgid: str, now: datetime) -> Sequence[str]:
    """The ids of all that carry this number and wait; none when another worker is at some of them this moment. What was
    answered one by one has lost the number."""
    waits = sa.or_(
        OutboxEntry.state.in_([OutState.PENDING, OutState.UNKNOWN]),
        sa.and_(OutboxEntry.state == OutState.SENDING, OutboxEntry.lease_until < now),
    )
    alike = sa.select(OutboxEntry.id).where(OutboxEntry.msgid == msgid, waits)
    locked = session.scalars(alike.with_for_update(skip_locked=True)).all()
    return locked if set(session.scalars(alike)) == set(locked) else []


def _fitting(rows: Sequence[Any], most_chars: int) -> list[Any]:
    """The first of them that fit one request: batches are cut by size, not by number."""
    taken: list[Any] = []
    chars = 40  # the node around them
    for row in rows:
        if taken and chars + row.chars + 1 > most_chars:
            break
        taken.append(row)
        chars += row.chars + 1
    return taken


def next_msgid(session: Session, code: str, now: datetime) -> str:
    """A message number that was never given before: code, second, four digits. The counter is a row; a second holds 10,000,
    then the next second begins early. A clock that went back changes nothing."""
    second = f"{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
    counter = session.get(MsgidCounter, code, with_for_update=True)
    if counter is None:  # two workers may find none at the same moment: one row, and both wait for it
        first = {"code": code, "second": second, "n": -1}
        session.execute(_insert(session, _counter).values(first).on_conflict_do_nothing())
        counter = session.get_one(MsgidCounter, code, with_for_update=True)
    if second > counter.second:
        counter.second, counter.n = second, 0
    elif counter.n + 1 >= PER_SECOND:
        after = datetime.strptime(counter.second, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI) + timedelta(seconds=1)
        counter.second, counter.n = f"{after:%Y%m%d%H%M%S}", 0
    else:
        counter.n += 1
    session.flush()
    return f"{code}{counter.second}{counter.n:04}"


# What becomes of it


def delay(backoff: Backoff, attempts: int, chance: random.Random, asked: float | None = None) -> timedelta:
    """Before the next attempt: anything between nothing and first · 2ⁿ (full jitter), or what the platform asked for."""
    if asked is not None:
        return timedelta(seconds=min(max(asked, 1), backoff.longest_s))
    most = min(backoff.first_s * 2 ** min(attempts, 30), backoff.longest_s)
    return timedelta(seconds=chance.uniform(0, most))


def acked(entry: OutboxEntry, *, answer: Any, refmsgid: str | None, now: datetime, keep: timedelta) -> None:
    """The province has it. keep: how long its body stays readable."""
    entry.state, entry.acked_at, entry.answer = OutState.ACKED, now, answer
    entry.refmsgid = refmsgid or entry.refmsgid
    entry.infcode, entry.error, entry.error_kind = "0", None, None
    _released(entry, now + keep)


def rejected(entry: OutboxEntry, *, infcode: str | None, words: str, kind: str) -> None:
    """The province does not take it: a person must look. What comes after it in its aggregate waits."""
    entry.state, entry.infcode, entry.error, entry.error_kind = OutState.REJECTED, infcode, words, kind
    _released(entry, None)


def again(
    entry: OutboxEntry, *, doubtful: bool, at: datetime, kind: str, infcode: str | None = None, words: str = ""
) -> None:
    """Not this time. doubtful: it may have been done there; once in doubt it is asked for before every further attempt,
    because what is on its way may still arrive."""
    entry.doubtful = entry.doubtful or doubtful
    entry.attempts += 1
    entry.infcode, entry.error, entry.error_kind = infcode, words or None, kind
    put_back(entry, at=at)


def put_back(entry: OutboxEntry, *, at: datetime) -> None:
    """As it was before the lease: a worker that stops, a channel that is paused. Costs no attempt."""
    entry.state = OutState.UNKNOWN if entry.doubtful else OutState.PENDING
    _released(entry, at)


def replay(entry: OutboxEntry, now: datetime) -> None:
    """After somebody mended the cause: once more, with a number of its own (the old one was answered with a refusal). It is
    asked for first: the refusal may have been the answer to something else, and a new number would do it twice."""
    if entry.state == OutState.REJECTED:
        entry.doubtful = entry.doubtful or entry.sent_at is not None
        entry.msgid = entry.sent_at = entry.tried_since = None
        entry.attempts = 0
        put_back(entry, at=now)


def forget(session: Session, channel: str, now: datetime) -> int:
    """Take the bodies out of what arrived long enough ago (`acked`): that it arrived, when and under which number stays.
    At most AT_ONCE; how many."""
    due = sa.select(OutboxEntry).where(
        OutboxEntry.channel == channel, OutboxEntry.state == OutState.ACKED, OutboxEntry.next_at <= now
    )
    found = session.scalars(due.order_by(OutboxEntry.next_at).limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    for entry in found:
        entry.body, entry.chars, entry.answer, entry.next_at = "", 0, None, None
    return len(found)


def _released(entry: OutboxEntry, next_at: datetime | None) -> None:
    entry.lease_owner = entry.lease_until = None
    entry.next_at = next_at


def _insert(session: Session, table: sa.Table) -> Any:
    """INSERT that can say ON CONFLICT, of the database in use."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
