"""Reading what the province tells, page after page by cursor. Room `sync`, floor 2.

Decisions count row by row (inbox.py). A list that we follow (lists.py) is read whole before anything of it counts; where it
would end many, a person must release it.
"""

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from common.db import Database
from common.i18n import gettext as _
from sync import inbox, outbox
from sync.channels import hold, note_ok, pause_for, paused
from sync.lists import NAMES, Followed
from sync.models import PullCursor
from sync.talking import Talk
from sync.verdicts import Judged
from sync.worker import Handlers, Worker, reason_of

DECISIONS = "case_status"
LIMIT = 100  # rows a page
LIST_LIMIT, MOST_PAGES = 500, 4_000
log = logging.getLogger("menkou.sync")


@dataclass
class Puller:
    """Reads the lists of one channel when they are due. Two of them on one database take turns."""

    database: Database
    talk: Talk
    clock: Callable[[], datetime]
    handlers: Handlers = field(default_factory=Handlers)
    lists: Mapping[str, Followed] = field(default_factory=dict)  # by logical name
    chance: random.Random = field(default_factory=random.SystemRandom)
    scale: float = 1.0
    _look_at: datetime | None = None
    _reading: "_Reading | None" = None  # a list that is not at its end: between two pages the worker sends
    _tidy_at: datetime | None = None

    def step(self) -> int:
        """Read one page of what is due; how many rows it had. 0: nothing is due or nothing new is there."""
        now = self.clock()
        if self._look_at is not None and now < self._look_at:
            return 0
        self._look_at = now + timedelta(seconds=self.scale)  # a second of the wall's clock
        names = self.talk.channel.profile.transactions
        done = self._decisions(now) if DECISIONS in names else 0
        if not done and self._reading is None:
            self._reading = next(filter(None, (self._begin(name, now) for name in self.lists if name in names)), None)
        if not done and self._reading is not None:
            done = self._page(self._reading)
        return done

    def tidy(self) -> None:
        """Once a day: drop what the inbox need not know any more."""
        now = self.clock()
        if self._tidy_at is not None and now < self._tidy_at:
            return
        self._tidy_at = now + timedelta(days=1)
        before, many = now - timedelta(days=self.talk.channel.profile.keep_days), inbox.AT_ONCE
        while many == inbox.AT_ONCE:
            with self.database.writing() as session:
                many = inbox.forget(session, self.talk.channel.name, DECISIONS, before)
                session.commit()

    def _decisions(self, now: datetime) -> int:
        cursor = self._claim(DECISIONS, now)
        if cursor is None:
            return 0
        judged = self._ask(DECISIONS, cursor, LIMIT)
        page = page_of(judged, cursor)
        if page is None:
            self._failed(DECISIONS, cursor, judged)
            return 0
        now = self.clock()
        with self.database.writing() as session:
            for row in sorted(page.rows, key=inbox.name_of):  # as a worker does: see Worker._tell
                inbox.receive(session, self.talk.channel.name, DECISIONS, row, self.handlers.decided, now)
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

    # Lists: a page a step, kept in memory until the last one

    def _begin(self, logical: str, now: datetime) -> "_Reading | None":
        began = self._claim(logical, now)
        if began is None:
            return None
        return _Reading(logical, began, "" if self.lists[logical].afresh else began)

    def _page(self, reading: "_Reading") -> int:
        """Read one page of it; after the last one the list counts. How many rows, at least 1 while it goes on."""
        self._look_at = None
        if not self._still_mine(reading):
            self._reading = None
            return 0
        judged = self._ask(reading.logical, reading.cursor, LIST_LIMIT)
        page = page_of(judged, reading.cursor)
        problem = reading.take(page) if page is not None else ("no-list" if judged.outcome == "done" else judged.kind)
        if page is None or problem:
            self._reading = None
            self._failed(reading.logical, reading.began, judged, problem)
            return 0
        if not page.more:
            self._reading = None
            try:
                self._follow(reading)
            except OperationalError:
                raise
            except Exception as why:  # its words may quote a row; the worker goes on with what is owed
                log.warning("%s: could not be followed: %s", reading.logical, type(why).__name__)
                self._failed(reading.logical, reading.began, judged, f"handler-{type(why).__name__}")
                return 0
        return max(1, len(page.rows))

    def _still_mine(self, reading: "_Reading") -> bool:
        """Before each page: nobody has begun anew or paused the channel; the lease begins again."""
        now = self.clock()
        with self.database.writing() as session:
            mine = self._cursor(session, reading.logical, now)
            if mine.cursor != reading.began or paused(session, self.talk.channel.name, now):
                mine.next_at = now
                still = False
            else:
                mine.next_at, still = now + self._lease(), True
            session.commit()
        return still

    def _follow(self, reading: "_Reading") -> None:
        """Compare a list that was read to its end with ours, and do what it says, or hold it."""
        logical, followed, channel = reading.logical, self.lists[reading.logical], self.talk.channel
        with self.database.read_session() as session:
            planned = followed.plan(session, reading.rows, reading.full, self.clock())
        with self.database.writing() as session:
            now = self.clock()
            mine = self._cursor(session, logical, now)
            if mine.cursor != reading.began:
                return
            mine.faults, mine.error_kind = 0, None
            shown, many = dict(planned.differs), len(planned.ending)
            if not followed.may_end(planned, mine.allowed):
                shown |= {code: _("%(name)s：放行就没有了", name=name) for code, name in planned.ending.items()}
                mine.held, mine.next_at = many, now
                log.warning("%s: held, it would end %d of %d", logical, many, planned.open_now)
            else:
                if planned.facts:
                    followed.apply(session, planned, now)
                mine.cursor = "" if followed.afresh else reading.cursor
                mine.allowed, mine.ok_at = None, now
                mine.next_at = now + timedelta(seconds=channel.profile.roster_s)
            inbox.note(session, channel.name, logical, planned.wrong, shown, reading.told(), now)
            note_ok(session, channel.name, now)
            session.commit()

    def _ask(self, logical: str, cursor: str, limit: int) -> Judged:
        """One page. An answer that says it is of another list, or of another place in it, is none."""
        judged = self.talk.ask(logical, {"cursor": cursor, "limit": limit})
        said = judged.output if isinstance(judged.output, dict) else {}
        infno = self.talk.channel.profile.transactions[logical].infno
        if judged.outcome == "done" and (said.get("infno", infno), said.get("cursor", cursor)) != (infno, cursor):
            return replace(judged, outcome="retry", kind="other-answer", output=None)
        return judged

    def _claim(self, logical: str, now: datetime) -> str | None:
        """The cursor to read from when the list is due; nobody else reads it meanwhile."""
        with self.database.read_session() as session:
            found = session.get(PullCursor, (self.talk.channel.name, logical))
            if found is not None and (found.next_at > now or found.held is not None):
                return None
        with self.database.writing() as session:
            mine = self._cursor(session, logical, now)
            if mine.next_at > now or mine.held is not None or paused(session, self.talk.channel.name, now):
                session.commit()  # a row just made says when it is due: it must not be made anew at every look
                return None
            mine.next_at = now + self._lease()
            session.commit()
            return mine.cursor

    def _lease(self) -> timedelta:
        return timedelta(seconds=self.talk.channel.profile.limits.lease_s * self.scale)

    def _cursor(self, session: Session, logical: str, now: datetime) -> PullCursor:
        # A list that was never read waits for its time too, or for `flask sync pull`.
        first = timedelta(seconds=self.talk.channel.profile.roster_s if logical in NAMES else 0)
        return cursor_of(session, self.talk.channel.name, logical, now + first)

    def _failed(self, logical: str, cursor: str, judged: Judged, kind: str = "") -> None:
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
                mine.error_kind = (kind or ("no-list" if judged.outcome == "done" else judged.kind))[:24]
                if judged.outcome == "pause":
                    pause_for(session, self.talk.channel.name, reason_of(judged), now)
                elif judged.retry_after is not None:  # meant for all that we send and ask
                    hold(session, self.talk.channel.name, reason_of(judged), now, now + wait)
            session.commit()
        if judged.outcome == "sign_in":
            self.talk.sign_in()


def puller_beside(worker: Worker, lists: Mapping[str, Followed] | None = None) -> Puller:
    """The puller of a worker's own process. Both talk through one Talk: an answer that one of them had is no answer to the
    other."""
    return Puller(
        worker.database,
        worker.talk,
        worker.clock,
        worker.handlers,
        lists or {},
        chance=worker.chance,
        scale=worker.scale,
    )


@dataclass(frozen=True)
class Page:
    """One answer to a pull."""

    rows: list[Any]
    next_cursor: str
    more: bool
    full: bool = False
    ver: str = ""  # of the list as a whole


@dataclass
class _Reading:
    """A list between its first page and its last. began: where our cursor stood, while nobody else moves it."""

    logical: str
    began: str
    cursor: str  # the page that comes next
    rows: list[Any] = field(default_factory=list)
    full: bool = False
    ver: str = ""
    pages: int = 0

    def take(self, page: Page) -> str:
        """Add a page; why the list cannot be whole, or "". Places in a list that changes meanwhile are no longer the same."""
        if self.pages and page.ver != self.ver:
            return "list-changed"
        if page.full and not page.rows and not self.rows:
            return "empty"  # nobody has no stations
        if page.more and (page.next_cursor in ("", self.cursor) or self.pages >= MOST_PAGES):
            return "no-end"
        if not self.pages:
            self.full, self.ver = page.full and not self.cursor, page.ver  # from the middle on nothing is whole
        self.rows += page.rows
        self.cursor, self.pages = page.next_cursor or self.cursor, self.pages + 1
        return ""

    def told(self) -> set[str] | None:
        """The codes it spoke of; None: all there are."""
        return None if self.full else {str(row.get("code")) for row in self.rows if isinstance(row, dict)}


def page_of(judged: Judged, cursor: str) -> Page | None:
    """The page in an answer to a question at `cursor`; None when it holds none. The contract (docs/sync.md) has no `more`: where
    an answer does not say so, there is more while it has rows and names another place."""
    said = judged.output if judged.outcome == "done" else None
    if not isinstance(said, dict) or not isinstance(said.get("list"), list):
        return None
    named, more = said.get("next_cursor"), said.get("more")
    following = str(named)[:100] if isinstance(named, str | int) and not isinstance(named, bool) else ""
    goes_on = bool(said["list"]) and following not in ("", cursor)
    return Page(
        said["list"],
        following,
        goes_on if more is None else more in (True, "1", 1, "true"),
        said.get("full_flag") in (True, "1", 1, "true"),
        str(said.get("ver") or "")[:40],
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
    """Let through what is held, up to what was counted. How many it may end; None when nothing is held."""
    mine = cursor_of(session, channel, logical, now)
    held = mine.held
    if held is not None:
        mine.allowed, mine.held, mine.next_at = held, None, now
    return held
