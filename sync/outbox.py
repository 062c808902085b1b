"""The outbox: owing a message, leasing it to a worker, and what becomes of it. Room `sync`, floor 2. Never commits.

States: pending → sending → acked | rejected | unknown → (asked for) → acked | pending. Within an aggregate ("case:…")
entries go one after the other: a later one waits until all before it are acked; a rejected one holds its own aggregate only,
and not even that where the next one says all of it anew (WHOLE).
"""

import functools
import random
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased

from common.clock import SHANGHAI
from common.ids import new_id
from common.sealing import CannotUnseal
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
    requests: int = 1,
    new_first: bool = False,
) -> list[list[OutboxEntry]]:
    """Take what goes into the next requests, one list each, oldest first: entries that are due and first in their
    aggregate, so no two of them are of one aggregate.

    An expired lease counts as due: whoever held it was killed, perhaps after sending, so it comes back as `unknown`.
    until: when this lease runs out. most: entries looked at. most_chars: of a request; an entry that is longer goes
    alone. batches: how many of a logical name may go together; names that are not in it stay where they are. requests: at
    most so many. new_first: expired and doubtful ones only when nothing new is due (two statements less).
    """
    found = _due(session, channel, now=now, most=most, logical=tuple(batches), new_first=new_first)
    chosen = _cut(found, batches, most_chars)[:requests]
    numbers = [rows[0].msgid for rows in chosen if rows[0].msgid]
    together = _sent_together(session, numbers, now) if numbers else {}
    ids = [together[rows[0].msgid] if rows[0].msgid else [row.id for row in rows] for rows in chosen]
    mine = sa.select(OutboxEntry).where(OutboxEntry.id.in_([one for some in ids for one in some]))
    entries = {entry.id: entry for entry in session.scalars(mine)} if any(ids) else {}
    for entry in entries.values():
        if entry.state == OutState.SENDING:  # its worker died, perhaps after the last byte had left
            entry.doubtful = True
        entry.state, entry.lease_owner, entry.lease_until = OutState.SENDING, owner, until
    return [[entries[one] for one in sorted(some)] for some in ids if some]


def _due(
    session: Session, channel: str, *, now: datetime, most: int, logical: tuple[str, ...], new_first: bool
) -> list[Any]:
    """Rows of id, logical, msgid, chars. Expired ones first, then by the time they are due. Bodies are not read; on PostgreSQL the rows are locked."""
    waits, given = _waits(), _given(channel, now, logical, most)
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


def _cut(found: Sequence[Any], batches: Mapping[str, int], most_chars: int) -> list[list[Any]]:
    """Rows as requests, in the order of their first rows. What has no number yet is put together by name, and cut by size
    and by number; of what has one, the first row stands for all that carry it."""
    requests: list[list[Any]] = []
    filling: dict[str, tuple[list[Any], int]] = {}
    numbers = set()
    for row in found:
        if row.msgid:
            if row.msgid not in numbers:
                numbers.add(row.msgid)
                requests.append([row])
            continue
        batch, chars = filling.get(row.logical, ([], 0))
        if not batch or len(batch) >= batches[row.logical] or chars + row.chars + 1 > most_chars:
            batch, chars = [], 40  # the node around them
            requests.append(batch)
        batch.append(row)
        filling[row.logical] = batch, chars + row.chars + 1
    return requests


def refuse_sealed(session: Session, channel: str, *, now: datetime, most: int, names: tuple[str, ...]) -> int:
    """Refuse what cannot be opened of what is due and of what went together with it, kind "sealed"; after the right keys are
    back it can be replayed. How many."""
    due = [row for query in _waits() for row in session.execute(query, _given(channel, now, names, most))]
    numbers = {row.msgid for row in due if row.msgid}
    mates = session.execute(_alike(numbers, now).with_for_update(skip_locked=True)) if numbers else ()
    sealed = [one for one in sorted({row.id for row in (*due, *mates)}) if not opens(session, one)]
    for one in sealed:
        values = {"state": OutState.REJECTED.value, "error": None, "answer": None, "error_kind": "sealed"}
        values |= dict.fromkeys(("infcode", "next_at", "lease_owner", "lease_until"))
        session.execute(sa.update(_box).where(_box.c.id == one).values(values))
    if sealed and numbers:  # without it the others are another message
        others = sa.select(_box.c.msgid).where(_box.c.id.in_(sealed), _box.c.msgid.in_(numbers))
        alike = [row.id for row in session.execute(_alike(session.scalars(others).all(), now))]
        session.execute(sa.update(_box).where(_box.c.id.in_(alike)).values(msgid=None))
    return len(sealed)


def opens(session: Session, id: str) -> bool:
    """Whether what is sealed of an entry can be opened."""
    try:
        session.execute(sa.select(_box.c.body, _box.c.error, _box.c.answer).where(_box.c.id == id)).all()
    except CannotUnseal:
        return False
    return True


def _given(channel: str, now: datetime, names: tuple[str, ...], most: int) -> dict[str, Any]:
    return {"channel": channel, "now": now, "names": names, "most": most}


def _sent_together(session: Session, numbers: Sequence[str], now: datetime) -> dict[str, list[str]]:
    """By number, the ids of all that carry it and wait: what went out together goes out together again, because the same
    number says the same. None when another worker is at some of them this moment. What was answered one by one has lost
    the number."""
    alike = _alike(numbers, now)
    locked = {tuple(row) for row in session.execute(alike.with_for_update(skip_locked=True))}
    together: dict[str, list[str]] = {number: [] for number in numbers}
    held = set()
    for one, number in session.execute(alike):
        together[str(number)].append(one)
        if (one, number) not in locked:
            held.add(number)
    return {number: [] if number in held else ids for number, ids in together.items()}


def _alike(numbers: Collection[str], now: datetime) -> sa.Select[str, str | None]:
    """Id and number of all that carry one of these numbers and wait."""
    waits = sa.or_(
        OutboxEntry.state.in_([OutState.PENDING, OutState.UNKNOWN]),
        sa.and_(OutboxEntry.state == OutState.SENDING, OutboxEntry.lease_until < now),
    )
    return sa.select(OutboxEntry.id, OutboxEntry.msgid).where(OutboxEntry.msgid.in_(numbers), waits)


def next_msgids(session: Session, code: str, now: datetime, many: int) -> list[str]:
    """Message numbers that were never given before: code, second, four digits. The counter is a row; a second holds
    10,000, then the next second begins early. A clock that went back changes nothing."""
    second = f"{now.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
    counter = session.get(MsgidCounter, code, with_for_update=True)
    if counter is None:  # two workers may find none at the same moment: one row, and both wait for it
        first = {"code": code, "second": second, "n": -1}
        session.execute(_insert(session, _counter).values(first).on_conflict_do_nothing())
        counter = session.get_one(MsgidCounter, code, with_for_update=True)
    given = []
    for _ in range(many):
        if second > counter.second:
            counter.second, counter.n = second, 0
        elif counter.n + 1 >= PER_SECOND:
            after = datetime.strptime(counter.second, "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI) + timedelta(seconds=1)
            counter.second, counter.n = f"{after:%Y%m%d%H%M%S}", 0
        else:
            counter.n += 1
        given.append(f"{code}{counter.second}{counter.n:04}")
    session.flush()
    return given


def leaves(entry: OutboxEntry, msgid: str, now: datetime) -> None:
    """Written before its first byte leaves: the number under which it goes, and when."""
    entry.msgid, entry.sent_at, entry.tried_since = msgid, now, entry.tried_since or now


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


def put_back(entry: OutboxEntry, *, at: datetime | None) -> None:
    """As it was before the lease: a worker that stops, a channel that is paused. Costs no attempt."""
    entry.state = OutState.UNKNOWN if entry.doubtful else OutState.PENDING
    _released(entry, at)


def stayed(entry: OutboxEntry, *, msgid: str | None, sent_at: datetime | None, tried_since: datetime | None) -> None:
    """Leased, and not a byte of it has left: as before the lease, its number then, its place in the queue."""
    entry.msgid, entry.sent_at, entry.tried_since = msgid, sent_at, tried_since
    put_back(entry, at=entry.next_at)


def replay(entry: OutboxEntry, now: datetime) -> None:
    """After somebody mended the cause: once more. It is asked for first: the refusal may have been the answer to something else.
    What the platform itself refused goes under a new number, the old one is answered; what was stopped on the way keeps its
    number, under which it may have arrived all the same."""
    if entry.state == OutState.REJECTED:
        entry.doubtful = entry.doubtful or entry.sent_at is not None
        if entry.error_kind in {"business", "sealed"}:
            entry.msgid = entry.sent_at = None
        entry.tried_since, entry.attempts = None, 0
        put_back(entry, at=now)


def apart(session: Session, entry: OutboxEntry, now: datetime) -> None:
    """It is settled without the others that were sent under its number: alone they are another message, with a number of its own."""
    if entry.msgid:
        alike = [row.id for row in session.execute(_alike([entry.msgid], now)) if row.id != entry.id]
        session.execute(sa.update(OutboxEntry).where(OutboxEntry.id.in_(alike)).values(msgid=None))


def forget(session: Session, channel: str, now: datetime) -> int:
    """Take the bodies out of what arrived long enough ago (`acked`): that it arrived, when and under which number stays.
    At most AT_ONCE; how many."""
    due = sa.select(OutboxEntry.id).where(  # not the bodies: one that cannot be opened is forgotten like the others
        OutboxEntry.channel == channel, OutboxEntry.state == OutState.ACKED, OutboxEntry.next_at <= now
    )
    ids = session.scalars(due.order_by(OutboxEntry.next_at).limit(AT_ONCE).with_for_update(skip_locked=True)).all()
    if ids:
        emptied = sa.update(OutboxEntry).where(OutboxEntry.id.in_(ids))
        session.execute(emptied.values(body="", chars=0, answer=None, next_at=None))
    return len(ids)


def _released(entry: OutboxEntry, next_at: datetime | None) -> None:
    entry.lease_owner = entry.lease_until = None
    entry.next_at = next_at


def _insert(session: Session, table: sa.Table) -> Any:
    """INSERT that can say ON CONFLICT, of the database in use."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
