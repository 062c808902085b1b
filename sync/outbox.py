"""The outbox: owing a message, leasing it to a worker, and what becomes of it. Room `sync`, floor 2. Never commits.

States: pending → sending → acked | rejected | unknown → (asked for) → acked | pending. Within an aggregate ("case:…")
entries go one after the other: a later one waits until all before it are acked; a rejected one holds its own aggregate only.
"""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from common.clock import SHANGHAI
from sync import sm
from sync.channel import Backoff
from sync.envelope import compact
from sync.models import MsgidCounter, OutboxEntry, OutState

PER_SECOND = 10_000
LEASE = timedelta(
    minutes=5
)  # longer than the longest time-out; a worker that was killed gives its entries back after it


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
) -> OutboxEntry | None:
    """Promise the province a message, in the transaction of what it tells. None when this fact is owed already (`key`).

    body: the `input` of the envelope, national field names; frozen here. One SELECT and one INSERT. The caller holds the
    aggregate's own row locked, so two of its messages cannot take the same number.
    """
    last, known = session.execute(
        sa.select(sa.func.max(OutboxEntry.agg_seq), sa.func.max(sa.case((OutboxEntry.key == key, 1), else_=0))).where(
            OutboxEntry.aggregate == aggregate
        )
    ).one()
    if known:
        return None
    text = compact(body)
    entry = OutboxEntry(
        county_code=county_code,
        channel=channel,
        aggregate=aggregate,
        agg_seq=(last or 0) + 1,
        logical=logical,
        key=key,
        body=text,
        body_sm3=sm.sm3(text.encode()).hex(),
        chars=len(text),
        state=OutState.PENDING,
        doubtful=False,
        attempts=0,
        made_at=now,
        next_at=now,
    )
    session.add(entry)
    return entry


# Leases


def lease(
    session: Session, channel: str, *, owner: str, now: datetime, most: int, batches: dict[str, int]
) -> list[OutboxEntry]:
    """Take up to `most` entries that are due and first in their aggregate, oldest first, all of one transaction.

    Expired leases count as due: whoever held them was killed, perhaps after sending, so they come back as `unknown` if
    they were sent (`sent_at`). batches: how many of a logical name may go together.
    """
    earlier = aliased(OutboxEntry)
    blocked = sa.exists().where(
        earlier.aggregate == OutboxEntry.aggregate,
        earlier.agg_seq < OutboxEntry.agg_seq,
        earlier.state != OutState.ACKED,
    )
    due = sa.or_(
        sa.and_(OutboxEntry.state.in_([OutState.PENDING, OutState.UNKNOWN]), OutboxEntry.next_at <= now),
        sa.and_(OutboxEntry.state == OutState.SENDING, OutboxEntry.lease_until < now),
    )
    wanted = (
        sa.select(OutboxEntry)
        .where(OutboxEntry.channel == channel, due, ~blocked)
        .order_by(OutboxEntry.next_at, OutboxEntry.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    found = list(session.scalars(wanted))
    if not found:
        return []
    for entry in found:
        if entry.state == OutState.SENDING:  # its worker died, perhaps after the last byte had left
            entry.state, entry.doubtful = OutState.UNKNOWN, True
    first = found[0]
    together = [e for e in found if e.logical == first.logical and e.state == first.state]
    if first.msgid:  # what went out together goes out together again: the same number says the same
        taken = [e for e in together if e.msgid == first.msgid]
    else:
        taken = [e for e in together if e.msgid is None][: batches.get(first.logical, 1)]
    for entry in taken:
        entry.lease_owner, entry.lease_until = owner, now + LEASE
    return taken


def fit(entries: Sequence[OutboxEntry], most_chars: int) -> list[OutboxEntry]:
    """The first of them that fit one request: batches are cut by size, not by number."""
    taken: list[OutboxEntry] = []
    chars = 40  # the node around them
    for entry in entries:
        if taken and chars + entry.chars + 1 > most_chars:
            break
        taken.append(entry)
        chars += entry.chars + 1
    return taken


def next_msgid(session: Session, code: str, now: datetime) -> str:
    """A message number that was never given before: code, second, four digits. The counter is a row; a second holds 10,000,
    then the next second begins early. A clock that went back changes nothing."""
    second = f"{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
    counter = session.get(MsgidCounter, code, with_for_update=True)
    if counter is None:
        counter = MsgidCounter(code=code, second=second, n=0)
        session.add(counter)
    elif second > counter.second:
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
        return timedelta(seconds=min(max(asked, 0), backoff.longest_s))
    most = min(backoff.first_s * 2 ** min(attempts, 30), backoff.longest_s)
    return timedelta(seconds=chance.uniform(0, most))


def acked(entry: OutboxEntry, *, answer: Any, refmsgid: str | None, now: datetime) -> None:
    """The province has it."""
    entry.state, entry.acked_at, entry.answer = OutState.ACKED, now, answer
    entry.refmsgid = refmsgid or entry.refmsgid
    entry.infcode, entry.error, entry.error_kind = "0", None, None
    _released(entry)


def rejected(entry: OutboxEntry, *, infcode: str | None, words: str, kind: str) -> None:
    """The province does not take it: a person must look. What comes after it in its aggregate waits."""
    entry.state, entry.infcode, entry.error, entry.error_kind = OutState.REJECTED, infcode, words, kind
    _released(entry)


def again(
    entry: OutboxEntry, *, doubtful: bool, at: datetime, kind: str, infcode: str | None = None, words: str = ""
) -> None:
    """Not this time. doubtful: it may have been done there; once in doubt it stays so until the province was asked."""
    entry.doubtful = entry.doubtful or doubtful
    entry.attempts += 1
    entry.infcode, entry.error, entry.error_kind = infcode, words or None, kind
    put_back(entry, at=at)


def put_back(entry: OutboxEntry, *, at: datetime) -> None:
    """As it was before the lease: a worker that stops, a channel that is paused. Costs no attempt."""
    entry.state = OutState.UNKNOWN if entry.doubtful else OutState.PENDING
    entry.next_at = at
    _released(entry)


def replay(entry: OutboxEntry, now: datetime) -> None:
    """After somebody mended the cause: once more, with a number of its own (the old one was answered with a refusal)."""
    if entry.state == OutState.REJECTED:
        entry.state, entry.msgid, entry.sent_at, entry.next_at = OutState.PENDING, None, None, now
        entry.attempts, entry.doubtful = 0, False


def _released(entry: OutboxEntry) -> None:
    entry.lease_owner = entry.lease_until = None
