"""What the province told: each row heard once, and what of its lists a person must see. Room `sync`, floor 2.

A row is known by its rid and the province's own version of it (`ver`): the same one again changes nothing, nor does an
older one. What cannot be heard (a case we do not know, a state that is in no contract) is kept as `failed` and shown.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased, defer

from common.sealing import fingerprint
from sync.models import InboxEntry, OutboxEntry

APPLIED, OLD, FAILED, DIFFERS = "applied", "old", "failed", "differs"
MOST_KEPT = 500  # rows of a list that are kept to be seen, of each kind
AT_ONCE = 500  # rows dropped in one transaction
log = logging.getLogger("menkou.sync")


def receive(
    session: Session,
    channel: str,
    logical: str,
    row: Any,
    hear: Callable[[Session, dict[str, Any], datetime], bool],
    now: datetime,
) -> str:
    """Hear one pulled row, once, in a savepoint of its own; what became of it: applied, old, failed. Never raises for what
    the row says or what hearing it does."""
    rid, ver = name_of(row), _version(row)
    alike = (InboxEntry.channel == channel, InboxEntry.logical == logical, InboxEntry.rid == rid)
    before = sa.select(InboxEntry).options(defer(InboxEntry.body)).where(*alike)  # which may be what cannot be opened
    known = {entry.ver: entry for entry in session.scalars(before)}
    entry = known.get(ver)
    if entry is not None and entry.state != FAILED:
        return entry.state
    newest = max((entry.ver for entry in known.values() if entry.state == APPLIED), default=-1)
    error = None
    if not isinstance(row, dict) or ver < 0 or "rid" not in row:
        state, error = FAILED, "no row of the contract"
    elif ver < newest:
        state = OLD
    else:
        state, error = _heard(session, row, hear, now)
    if entry is None:
        of = sa.select(OutboxEntry.county_code).where(OutboxEntry.aggregate == f"case:{rid}").limit(1)
        county = session.scalar(of) or ""
        entry = InboxEntry(county_code=county, channel=channel, logical=logical, rid=rid, ver=ver, at=now)
        session.add(entry)
    entry.state, entry.error = state, error
    entry.body = row if state == FAILED and row is not None else {}  # what was heard stands in the case
    session.flush()
    return state


def hear_again(
    session: Session, entry: InboxEntry, hear: Callable[[Session, dict[str, Any], datetime], bool], now: datetime
) -> str:
    """Once more what could not be heard, after somebody mended the cause."""
    return receive(session, entry.channel, entry.logical, entry.body, hear, now)


def forget(session: Session, channel: str, logical: str, before: datetime) -> int:
    """Drop rows told before then of which a newer version was heard: that one stays, so that none of them is heard again. What
    could not be heard stays until it is. At most AT_ONCE; how many."""
    newer = aliased(InboxEntry)
    superseded = sa.exists().where(
        newer.channel == channel,
        newer.logical == logical,
        newer.rid == InboxEntry.rid,
        newer.ver > InboxEntry.ver,
        newer.state == APPLIED,
    )
    of = (InboxEntry.channel == channel, InboxEntry.logical == logical, InboxEntry.at < before)
    ids = session.scalars(sa.select(InboxEntry.id).where(*of, superseded).limit(AT_ONCE)).all()
    if ids:
        session.execute(sa.delete(InboxEntry).where(InboxEntry.id.in_(ids)))
    return len(ids)


def empty(session: Session, rid: str) -> None:
    """Take out what was said of one that is over, and could not be heard. The row stays, so that it is never heard again. One
    UPDATE."""
    unheard = sa.update(InboxEntry).where(InboxEntry.state == FAILED, InboxEntry.rid == rid)
    session.execute(unheard.values(state=OLD, body={}, error=None))


def note(
    session: Session,
    channel: str,
    logical: str,
    wrong: Mapping[str, str],
    differs: Mapping[str, str],
    told: Collection[str] | None,
    now: datetime,
) -> None:
    """Keep to be seen which rows of a list cannot be used and what is otherwise with us, code → words; gone once they are
    settled, or there are no words of it any more. told: the codes that a part of a list spoke of; None: it was whole."""
    settled = None if told is None else {_name_of_code(code) for code in (*told, *wrong, *differs)}
    kept = sa.select(InboxEntry).where(InboxEntry.channel == channel, InboxEntry.logical == logical)
    for entry in session.scalars(kept.options(defer(InboxEntry.body))):
        if settled is None or entry.rid in settled:
            session.delete(entry)
    session.flush()
    for state, said in (
        (FAILED, wrong),
        (DIFFERS, {code: why for code, why in differs.items() if why and code not in wrong}),
    ):
        for code, words in islice(said.items(), MOST_KEPT):
            rid = _name_of_code(code)
            entry = InboxEntry(county_code="", channel=channel, logical=logical, rid=rid, ver=0, at=now, body={})
            entry.state, entry.error = state, words[:200]
            session.add(entry)


def _heard(
    session: Session, row: dict[str, Any], hear: Callable[[Session, dict[str, Any], datetime], bool], now: datetime
) -> tuple[str, str | None]:
    try:
        with session.begin_nested():
            return (APPLIED, None) if hear(session, row, now) else (FAILED, "no such case here")
    except sa.exc.OperationalError:
        raise
    except Exception as problem:  # its words may quote the row
        log.warning("a pulled row could not be heard: %s", type(problem).__name__)
        return FAILED, f"not understood ({type(problem).__name__})"


def name_of(row: Any) -> str:
    """Its rid; for what has none, a name made from all it says, so that it is kept once too."""
    rid = row.get("rid") if isinstance(row, dict) else None
    if isinstance(rid, str) and 0 < len(rid) <= 40 and rid.isprintable():
        return rid
    return "?" + fingerprint(row)[:39]


def _name_of_code(code: str) -> str:
    """Under which a row of a list is kept: its code, where that can be one."""
    return name_of({"rid": code})


def _version(row: Any) -> int:
    ver = row.get("ver") if isinstance(row, dict) else None
    if isinstance(ver, str) and ver.isascii() and ver.isdigit():
        ver = int(ver[:9])
    return ver if isinstance(ver, int) and not isinstance(ver, bool) and 0 <= ver < 2**31 else -1
