"""The worker: leases what is owed, sends it, writes down what became of it. Room `sync`, floor 2.

Between three small transactions nothing is locked: lease (with msgid and "sent at", before a byte leaves) · send · outcome.
Killed anywhere, the lease runs out and the next worker finds either something never sent, or something to ask for first.
"""

import json
import logging
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import Database
from common.ids import new_id
from sync import outbox
from sync.channel import Channel
from sync.channels import calm, note_ok, pause_for, paused, sign_no
from sync.envelope import compact
from sync.models import OutboxEntry
from sync.talking import Talk
from sync.transport import Transport
from sync.verdicts import Judged

AT_ONCE = 100  # entries looked at per lease
log = logging.getLogger("menkou.sync")


class Planned(Protocol):
    """What a list of stations would do here."""

    @property
    def closing(self) -> int:
        """How many open stations it would close."""
        ...

    @property
    def open_now(self) -> int:
        """Of how many."""
        ...

    @property
    def facts(self) -> Sequence[Any]:
        """What would change; empty when nothing would."""
        ...

    @property
    def wrong(self) -> Mapping[str, str]:
        """Code of a row that cannot be used → why."""
        ...


@dataclass(frozen=True)
class Roster:
    """plan: session to read, the rows, whether they are the whole list, now. apply: session, the plan, now."""

    plan: Callable[[Session, list[Any], bool, datetime], Planned]
    apply: Callable[[Session, Any, datetime], object]


@dataclass(frozen=True)
class Handlers:
    """What rooms above want to hear, handed down by app.py. Called inside the transaction that writes the outcome; one
    that raises undoes that outcome, and the province is asked again later.

    acked, rejected  session, logical, aggregate, what the province answered (or its words), now. rejected is for what the
                     platform itself refused, not for what a gateway did not let through.
    decided          session, a row of G203, now. False: we do not know that case.
    roster           what compares a list of stations with ours, and keeps it.
    """

    acked: Callable[[Session, str, str, Any, datetime], None] = lambda *_: None
    rejected: Callable[[Session, str, str, str, datetime], None] = lambda *_: None
    decided: Callable[[Session, dict[str, Any], datetime], bool] = lambda *_: False
    roster: Roster | None = None


@dataclass
class Worker:
    """One worker of one channel. `clock` gives the time (scaled in demos), `scale` how fast it runs, `chance` the jitter
    (seeded in tests)."""

    database: Database
    channel: Channel
    transport: Transport
    clock: Callable[[], datetime]
    handlers: Handlers = field(default_factory=Handlers)
    chance: random.Random = field(default_factory=random.SystemRandom)
    scale: float = 1.0
    owner: str = field(default_factory=new_id)
    smaller: dict[str, int] = field(default_factory=dict)  # logical → batch, after the platform said 413
    _tidy_at: datetime | None = None
    _doubts_at: datetime | None = None  # when expired and doubtful entries go before new ones again: once a second
    _calm: bool = False  # the channel's row need not be told of another success

    def __post_init__(self) -> None:
        self.talk = Talk(self.database, self.channel, self.transport, self.clock)

    def step(self) -> int:
        """Send one request; how many entries it settled or tried. 0: nothing is due, or the channel is paused."""
        taken = self._take(self.clock())
        if not taken:
            return 0
        first = taken[0]
        if first.doubtful and self._asks_first(first.logical):
            self._ask(first)
        else:
            self._send(taken)
        return len(taken)

    def tidy(self) -> None:
        """Once an hour: forget the bodies of what arrived long ago."""
        now = self.clock()
        if self._tidy_at is not None and now < self._tidy_at:
            return
        self._tidy_at = now + timedelta(hours=1)
        many = outbox.AT_ONCE
        while many == outbox.AT_ONCE:
            with self.database.writing() as session:
                many = outbox.forget(session, self.channel.name, now)
                session.commit()

    def _asks_first(self, logical: str) -> bool:
        transaction = self.channel.profile.transactions[logical]
        return bool(transaction.query) and not transaction.repeatable

    # First transaction: lease, number, "sent at"

    def _take(self, now: datetime) -> list["_Held"]:
        profile = self.channel.profile
        with self.database.writing() as session:
            if paused(session, self.channel.name, now):
                return []
            signed = sign_no(session, self.channel.name)
            self._calm = calm(session, self.channel.name, now)
            look_at_doubts = self._doubts_at is None or now >= self._doubts_at
            if look_at_doubts:
                self._doubts_at = now + timedelta(seconds=self.scale)
            taken = outbox.lease(
                session,
                self.channel.name,
                owner=self.owner,
                now=now,
                until=now + timedelta(seconds=profile.limits.lease_s * self.scale),
                most=AT_ONCE,
                most_chars=profile.limits.input_chars,
                new_first=not look_at_doubts,
                batches={name: self.smaller.get(name, t.batch) for name, t in profile.transactions.items()},
            )
            if taken and taken[0].msgid is None:
                number = outbox.next_msgid(session, profile.envelope.fixmedins_code, now)
                for entry in taken:
                    entry.msgid = number
            held = [_Held(e.id, e.logical, e.doubtful, str(e.msgid), signed, e.body) for e in taken]
            session.commit()
            return held

    # Sending, with nothing locked

    def _send(self, taken: Sequence["_Held"]) -> None:
        logical = taken[0].logical
        transaction = self.channel.profile.transactions[logical]
        bodies = ",".join(held.body for held in taken)  # as frozen: nothing is written anew
        node = compact(transaction.node)
        body = f"{{{node}:[{bodies}]}}" if transaction.batch > 1 else f"{{{node}:{bodies}}}"
        self._settle(taken, self.talk.post(logical, body, taken[0].msgid, taken[0].sign_no))

    def _ask(self, held: "_Held") -> None:
        """Whether the province has what we may have sent: acked when it has, sent again with its old number when not."""
        query = self.channel.profile.transactions[held.logical].query
        about = held.about()
        judged = self.talk.ask(query, about)
        if judged.outcome in ("pause", "sign_in"):
            self._settle([held], judged)
            return
        rows = _told_about(judged.output, about["rid"])
        if judged.outcome != "done" or rows is None:
            self._settle([held], replace(judged, outcome="unknown", kind=f"query-{judged.kind}"[:24], output=None))
            return
        known = _row_of(rows, about)
        if known is None:
            self._send([held])
        else:
            self._settle([held], replace(judged, kind="found", output=known))

    # Third transaction: what became of it

    def _settle(self, taken: Sequence["_Held"], judged: Judged) -> None:
        now = self.clock()
        log.info("%s ×%d: %s (%s)", taken[0].logical, len(taken), judged.outcome, judged.kind)
        alone, most = len(taken) == 1, self.channel.profile.limits.input_chars
        each = {held.id: _for_one(judged, held, alone=alone, most_chars=most) for held in taken}
        with self.database.writing() as session:
            mine = sa.select(OutboxEntry).where(OutboxEntry.id.in_(each), OutboxEntry.lease_owner == self.owner)
            entries = session.scalars(mine.order_by(OutboxEntry.id).with_for_update()).all()
            # Those that are missing: our lease ran out, another worker has them.
            self._tell(session, [(entry, each[entry.id]) for entry in entries], now, judged.retry_after)
            if judged.outcome == "done" and not self._calm:
                note_ok(session, self.channel.name, now)
            elif judged.outcome == "pause":
                pause_for(session, self.channel.name, reason_of(judged), now)
            session.commit()
        if judged.outcome == "sign_in":
            self.talk.sign_in()
        logical = taken[0].logical
        if judged.outcome == "smaller" and len(taken) > 1:
            self.smaller[logical] = len(taken) // 2
        elif judged.outcome == "done" and logical in self.smaller:  # one stray 413 does not make it slow for ever
            self.smaller[logical] = min(self.smaller[logical] + 1, self.channel.profile.transactions[logical].batch)

    def _tell(
        self, session: Session, settled: list[tuple[OutboxEntry, Judged]], now: datetime, asked: float | None
    ) -> None:
        """Write the outcomes and tell the rooms above. Where a room fails, neither: that entry is asked for again later."""
        # One wait for all that went together, so that they go together again.
        attempts = max((entry.attempts for entry, _ in settled), default=0)
        later = now + outbox.delay(self.channel.profile.backoff, attempts, self.chance, asked)
        if len({judged.outcome for _, judged in settled}) > 1:
            for entry, judged in settled:
                if judged.outcome not in ("done", "reject"):
                    entry.msgid = None  # what is sent again is another batch, so it is another message
        try:
            with session.begin_nested():
                for entry, judged in settled:
                    self._one(session, entry, judged, now, later)
        except sa.exc.OperationalError:
            raise
        except Exception as problem:
            if len(settled) > 1:
                for pair in settled:
                    self._tell(session, [pair], now, asked)
                return
            entry = settled[0][0]
            log.warning("a handler of %s failed: %s", entry.logical, type(problem).__name__)
            outbox.again(entry, doubtful=True, at=later, kind=f"handler-{type(problem).__name__}"[:24])

    def _one(self, session: Session, entry: OutboxEntry, judged: Judged, now: datetime, later: datetime) -> None:
        match judged.outcome:
            case "done":
                keep = timedelta(days=self.channel.profile.keep_days)
                outbox.acked(entry, answer=judged.output, refmsgid=judged.refmsgid, now=now, keep=keep)
                self.handlers.acked(session, entry.logical, entry.aggregate, judged.output, now)
            case "reject" | "resync":
                outbox.rejected(entry, infcode=judged.infcode, words=judged.words, kind=judged.kind)
                if judged.kind == "business":
                    self.handlers.rejected(session, entry.logical, entry.aggregate, judged.words, now)
            case "smaller":
                entry.msgid = None  # another batch is another message
                outbox.again(entry, doubtful=False, at=now, kind=judged.kind, words=judged.words)
            case "pause":
                entry.doubtful = entry.doubtful or judged.kind == "answer-signature"
                entry.infcode, entry.error, entry.error_kind = judged.infcode, judged.words or None, judged.kind
                outbox.put_back(entry, at=now)
            case _:
                doubtful = judged.outcome == "unknown"
                outbox.again(
                    entry, doubtful=doubtful, at=later, kind=judged.kind, infcode=judged.infcode, words=judged.words
                )


@dataclass(frozen=True)
class _Held:
    """What a worker needs of an entry while it holds no transaction."""

    id: str
    logical: str
    doubtful: bool
    msgid: str
    sign_no: str = field(repr=False)
    body: str = field(repr=False)

    def about(self) -> dict[str, Any]:
        """By what the province finds it again."""
        said = json.loads(self.body)
        return {"rid": said.get("rid"), "ver_no": said.get("ver_no")}


def reason_of(judged: Judged) -> str:
    """Why a channel pauses, for people who may not see what was sent: words of a platform may quote it."""
    words = re.sub(r"[0-9A-Za-z]{6,}", "…", judged.words)[:100] if judged.kind != "answer-signature" else ""
    return f"{judged.kind}: {words}".rstrip(": ")


def _for_one(judged: Judged, held: _Held, *, alone: bool, most_chars: int) -> Judged:
    """The part of a batch's answer that is about this entry: `result` with one row per rid. One bad row holds up only itself;
    a row that is missing was not done. What is too large alone is refused only when it is larger than we agreed on."""
    if judged.outcome == "smaller" and alone:
        return replace(judged, outcome="reject" if len(held.body) > most_chars else "retry")
    output = judged.output
    if judged.outcome != "done" or not isinstance(output, dict):
        return judged
    if not isinstance(output.get("result"), list):
        about = held.about()
        if "rid" in output and _row_of([{"ver_no": about["ver_no"], **output}], about) is None:
            return replace(judged, outcome="unknown", kind="other-answer", output=None)
        return judged
    row = _row_of(output["result"], held.about())
    if row is None:
        return replace(judged, outcome="unknown", kind="no-result", output=None)
    code = str(row.get("code", "0"))
    if code == "0":
        return replace(judged, output=row)
    words = str(row.get("msg") or "")[:500]
    if code == "-2":
        return Judged("reject", "business", words, code)
    return Judged("retry", "system", words, code[:12])


def _told_about(output: Any, rid: Any) -> list[Any] | None:
    """The rows of an answer about this record. None: only a list can say that it is not there, and only one that does not
    speak of another record."""
    rows = output.get("list") if isinstance(output, dict) else None
    if not isinstance(rows, list) or output.get("rid", rid) != rid:
        return None
    return rows if not rows or any(isinstance(row, dict) and row.get("rid") == rid for row in rows) else None


def _row_of(rows: list[Any], about: dict[str, Any]) -> dict[str, Any] | None:
    """The row with this rid, of this version or a later one; None when there is none."""
    for row in rows:
        if (
            isinstance(row, dict)
            and row.get("rid") == about["rid"]
            and _number(row.get("ver_no")) >= _number(about["ver_no"])
        ):
            return row
    return None


def _number(said: Any) -> int:
    try:
        return int(said)
    except (TypeError, ValueError):
        return -1
