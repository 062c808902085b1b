"""Reading what the province tells: lists by cursor, each row heard once. Room `sync`, floor 2.

A row is known by its rid and the province's own version of it (`ver`): the same one again changes nothing, nor does an
older one. What cannot be heard (a case we do not know, a state that is in no contract) is kept as `failed` and shown.
The list of stations is read whole before anything of it counts; where it would close many, a person must release it.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from common.db import Database
from common.sealing import fingerprint
from sync import outbox
from sync.channels import note_ok, pause_for, paused
from sync.models import InboxEntry, OutboxEntry, PullCursor
from sync.talking import Talk
from sync.verdicts import Judged
from sync.worker import Handlers, Roster, reason_of

DECISIONS, ROSTER = "case_status", "roster"
LIMIT = 100  # rows a page
ROSTER_LIMIT, MOST_PAGES = 500, 4_000
MOST_WRONG = 500  # rows of a list of stations that are kept because they cannot be right
MAY_CLOSE, MAY_CLOSE_SHARE = 20, 0.05  # the larger of the two: more than that is held for a person
APPLIED, OLD, FAILED = "applied", "old", "failed"
log = logging.getLogger("menkou.sync")


@dataclass
class Puller:
    """Reads the lists of one channel when they are due. Two of them on one database take turns."""

    database: Database
    talk: Talk
    clock: Callable[[], datetime]
    handlers: Handlers = field(default_factory=Handlers)
    chance: random.Random = field(default_factory=random.SystemRandom)
    scale: float = 1.0
    _look_at: datetime | None = None

    def step(self) -> int:
        """Read one page of what is due; how many rows it had. 0: nothing is due or nothing new is there."""
        now = self.clock()
        if self._look_at is not None and now < self._look_at:
            return 0
        self._look_at = now + timedelta(seconds=self.scale)  # a second of the wall's clock
        names = self.talk.channel.profile.transactions
        done = self._decisions(now) if DECISIONS in names else 0
        if not done and ROSTER in names and self.handlers.roster is not None:
            done = self._stations(now, self.handlers.roster)
        return done

    def _decisions(self, now: datetime) -> int:
        cursor = self._claim(DECISIONS, now)
        if cursor is None:
            return 0
        judged = self.talk.ask(DECISIONS, {"cursor": cursor, "limit": LIMIT})
        page = page_of(judged)
        if page is None:
            self._failed(DECISIONS, cursor, judged)
            return 0
        now = self.clock()
        with self.database.writing() as session:
            for row in sorted(page.rows, key=_name):  # as a worker does: see Worker._tell
                receive(session, self.talk.channel.name, DECISIONS, row, self.handlers.decided, now)
            mine = self._cursor(session, DECISIONS, now)
            if mine.cursor == cursor:  # else somebody began anew meanwhile
                mine.cursor = page.next_cursor or cursor
                goes_on = page.more and mine.cursor != cursor
                mine.next_at = now if goes_on else now + timedelta(seconds=self.talk.channel.profile.pull_s)
                mine.faults, mine.error_kind = 0, None
                mine.ok_at = mine.ok_at if goes_on else now
            note_ok(session, self.talk.channel.name, now)
            session.commit()
        if page.more:
            self._look_at = None
        return len(page.rows)

    def _stations(self, now: datetime, roster: Roster) -> int:
        began = self._claim(ROSTER, now)
        if began is None:
            return 0
        rows: list[Any] = []
        cursor, full = began, False
        for _ in range(MOST_PAGES):
            judged = self.talk.ask(ROSTER, {"cursor": cursor, "limit": ROSTER_LIMIT})
            page = page_of(judged)
            if page is None:
                self._failed(ROSTER, began, judged)
                return 0
            rows, full = rows + page.rows, full or (page.full and not rows)
            goes_on = page.more and page.next_cursor not in ("", cursor)
            cursor = page.next_cursor or cursor
            if not goes_on:
                break
        with self.database.read_session() as session:
            planned = roster.plan(session, rows, full, now)
        with self.database.writing() as session:
            now = self.clock()
            mine = self._cursor(session, ROSTER, now)
            if mine.cursor != began:
                return 0
            mine.faults, mine.error_kind = 0, None
            if planned.closing > max(MAY_CLOSE, planned.open_now * MAY_CLOSE_SHARE, mine.allowed or 0):
                mine.held, mine.next_at = planned.closing, now
                log.warning("roster: held, it would close %d of %d stations", planned.closing, planned.open_now)
            else:
                if planned.facts:
                    roster.apply(session, planned, now)
                _note_wrong(session, self.talk.channel.name, planned.wrong, now)
                mine.cursor, mine.allowed, mine.ok_at = cursor, None, now
                mine.next_at = now + timedelta(seconds=self.talk.channel.profile.roster_s)
            session.commit()
        return len(rows)

    def _claim(self, logical: str, now: datetime) -> str | None:
        """The cursor to read from when the list is due; nobody else reads it meanwhile."""
        lease = timedelta(seconds=self.talk.channel.profile.limits.lease_s * self.scale)
        with self.database.read_session() as session:
            found = session.get(PullCursor, (self.talk.channel.name, logical))
            if found is not None and (found.next_at > now or found.held is not None):
                return None
        with self.database.writing() as session:
            mine = self._cursor(session, logical, now)
            if mine.next_at > now or mine.held is not None or paused(session, self.talk.channel.name, now):
                return None
            mine.next_at = now + lease
            session.commit()
            return mine.cursor

    def _cursor(self, session: Session, logical: str, now: datetime) -> PullCursor:
        # A list of stations that was never read waits for its time too, or for `flask sync pull`.
        first = timedelta(seconds=self.talk.channel.profile.roster_s if logical == ROSTER else 0)
        return cursor_of(session, self.talk.channel.name, logical, now + first)

    def _failed(self, logical: str, cursor: str, judged: Judged) -> None:
        """Write down why a page could not be read, and when to try again. A cursor that is too old: from the beginning."""
        now = self.clock()
        with self.database.writing() as session:
            mine = self._cursor(session, logical, now)
            if judged.outcome == "resync" and cursor:
                log.warning("%s: the cursor has expired, reading from the beginning", logical)
                mine.cursor, mine.next_at, mine.error_kind = "", now, "resync"
            else:
                wait = outbox.delay(self.talk.channel.profile.backoff, mine.faults, self.chance, judged.retry_after)
                mine.next_at, mine.faults = now + wait, mine.faults + 1
                mine.error_kind = "no-list" if judged.outcome == "done" else judged.kind[:24]
                if judged.outcome == "pause":
                    pause_for(session, self.talk.channel.name, reason_of(judged), now)
            session.commit()
        if judged.outcome == "sign_in":
            self.talk.sign_in()


@dataclass(frozen=True)
class Page:
    """One answer to a pull."""

    rows: list[Any]
    next_cursor: str
    more: bool
    full: bool = False


def page_of(judged: Judged) -> Page | None:
    """The page in an answer; None when it holds none."""
    said = judged.output if judged.outcome == "done" else None
    if not isinstance(said, dict) or not isinstance(said.get("list"), list):
        return None
    following = said.get("next_cursor")
    return Page(
        said["list"],
        following[:100] if isinstance(following, str) else "",
        said.get("more") in (True, "1", 1, "true"),
        said.get("full_flag") in (True, "1", 1, "true"),
    )


def cursor_of(session: Session, channel: str, logical: str, next_at: datetime) -> PullCursor:
    """How far a list was read: the row, locked; made where there is none, to be read at `next_at`."""
    key = (channel, logical)
    found = session.get(PullCursor, key, with_for_update=True)
    if found is None:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        first = {"channel": channel, "logical": logical, "cursor": "", "next_at": next_at, "faults": 0}
        session.execute(dialect.insert(PullCursor).values(first).on_conflict_do_nothing())
        found = session.get_one(PullCursor, key, with_for_update=True)
    return found


def release(session: Session, channel: str, logical: str, now: datetime) -> int | None:
    """Let through what is held, up to what was counted. How many it may close; None when nothing is held."""
    mine = cursor_of(session, channel, logical, now)
    held = mine.held
    if held is not None:
        mine.allowed, mine.held, mine.next_at = held, None, now
    return held


def _note_wrong(session: Session, channel: str, wrong: Mapping[str, str], now: datetime) -> None:
    """Rows of the last list of stations that could not be used: kept to be seen, gone once they are right."""
    of_list = (InboxEntry.channel == channel, InboxEntry.logical == ROSTER)
    session.execute(sa.delete(InboxEntry).where(*of_list))
    for code, words in islice(wrong.items(), MOST_WRONG):
        entry = InboxEntry(county_code="", channel=channel, logical=ROSTER, rid=code[:40], ver=0, at=now, body={})
        entry.state, entry.error = FAILED, words[:200]
        session.add(entry)


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
    rid, ver = _name(row), _version(row)
    alike = (InboxEntry.channel == channel, InboxEntry.logical == logical, InboxEntry.rid == rid)
    known = {entry.ver: entry for entry in session.scalars(sa.select(InboxEntry).where(*alike))}
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
        said = {} if row is None else row
        entry = InboxEntry(county_code=county, channel=channel, logical=logical, rid=rid, ver=ver, body=said, at=now)
        session.add(entry)
    entry.state, entry.error = state, error
    session.flush()
    return state


def hear_again(
    session: Session, entry: InboxEntry, hear: Callable[[Session, dict[str, Any], datetime], bool], now: datetime
) -> str:
    """Once more what could not be heard, after somebody mended the cause."""
    return receive(session, entry.channel, entry.logical, entry.body, hear, now)


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


def _name(row: Any) -> str:
    """Its rid; for what has none, a name made from all it says, so that it is kept once too."""
    rid = row.get("rid") if isinstance(row, dict) else None
    if isinstance(rid, str) and 0 < len(rid) <= 40 and rid.isprintable():
        return rid
    return "?" + fingerprint(row)[:39]


def _version(row: Any) -> int:
    ver = row.get("ver") if isinstance(row, dict) else None
    if isinstance(ver, str) and ver.isascii() and ver.isdigit():
        ver = int(ver[:9])
    return ver if isinstance(ver, int) and not isinstance(ver, bool) and 0 <= ver < 2**31 else -1
