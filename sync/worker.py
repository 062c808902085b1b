"""The worker: leases what is owed, sends it, writes down what became of it. Room `sync`, floor 2.

Between two small transactions nothing is locked: lease a few requests (with msgid and "sent at", before a byte leaves) ·
send them one after the other · their outcomes. No two of them are of one case, so its order holds. Killed anywhere, the
lease runs out and the next worker finds what may have been sent, to ask for first.
"""

import json
import logging
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import Database
from common.ids import new_id
from common.sealing import CannotUnseal
from sync import outbox
from sync.brake import Brake
from sync.channel import Channel
from sync.channels import calm, hold, note_ok, pause_for, paused, sign_no
from sync.envelope import compact
from sync.models import OutboxEntry
from sync.talking import Talk
from sync.transport import Transport
from sync.verdicts import Judged

AT_ONCE = 100  # entries looked at per lease
AHEAD = 10  # requests leased in one transaction: what a killed worker leaves to be asked for, at most
BURST_S = 1.0  # after it none of them is begun any more: a person's pause waits no longer than that
log = logging.getLogger("menkou.sync")


@dataclass(frozen=True)
class Handlers:
    """What rooms above want to hear, handed down by app.py. Called inside the transaction that writes the outcome; one
    that raises undoes that outcome, and the province is asked again later.

    acked, rejected  session, logical, aggregate, what the province answered (or its words), now. rejected is for what the
                     platform itself refused, not for what a gateway did not let through.
    decided          session, a row of G203, now. False: we do not know that case.
    """

    acked: Callable[[Session, str, str, Any, datetime], None] = lambda *_: None
    rejected: Callable[[Session, str, str, str, datetime], None] = lambda *_: None
    decided: Callable[[Session, dict[str, Any], datetime], bool] = lambda *_: False


@dataclass
class Worker:
    """One worker of one channel. `clock` gives the time (scaled in demos), `scale` how fast it runs, `chance` the jitter
    (seeded in tests), `burst_s` for how many seconds of the wall's clock it sends of one lease (longer in tests)."""

    database: Database
    channel: Channel
    transport: Transport
    clock: Callable[[], datetime]
    handlers: Handlers = field(default_factory=Handlers)
    chance: random.Random = field(default_factory=random.SystemRandom)
    scale: float = 1.0
    burst_s: float = BURST_S
    owner: str = field(default_factory=new_id)
    smaller: dict[str, int] = field(default_factory=dict)  # logical → batch, after the platform said 413
    brake: Brake = field(default_factory=Brake)
    _tidy_at: datetime | None = None
    _doubts_at: datetime | None = None  # when expired and doubtful entries go before new ones again: once a second
    _calm: bool = False  # the channel's row need not be told of another success

    def __post_init__(self) -> None:
        self.talk = Talk(self.database, self.channel, self.transport, self.clock)

    def step(self) -> int:
        """Send a few requests; how many entries that settled or tried. 0: nothing is due, or the channel is paused."""
        try:
            requests, until = self._take(self.clock())
        except CannotUnseal:
            return self._refuse_sealed(self.clock())
        if not requests:
            return 0
        enough = time.monotonic() + self.burst_s
        told: list[tuple[_Request, Judged]] = []
        brakes = 0
        for request in requests:
            first = request[0]
            asks = first.doubtful and self._asks_first(first.logical)
            judged = self._ask(first) if asks else self._send(request)
            told.append((request, judged))
            brakes = self.brake.heard(first.logical, self._parts(request, judged))
            enough_of_it = judged.outcome in ("pause", "sign_in") or judged.retry_after is not None or brakes > 0
            if enough_of_it or self.transport.stopping or time.monotonic() > enough or self.clock() >= until:
                break
        self._settle(told, requests[len(told) :], brakes)
        return sum(len(request) for request, _ in told)

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

    def _take(self, now: datetime) -> tuple[list["_Request"], datetime]:
        """What to send now, and until when it is ours."""
        profile = self.channel.profile
        until = now + timedelta(seconds=profile.limits.lease_s * self.scale)
        with self.database.writing() as session:
            if paused(session, self.channel.name, now):
                return [], until
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
                until=until,
                most=AT_ONCE,
                most_chars=profile.limits.input_chars,
                new_first=not look_at_doubts,
                batches={name: self.smaller.get(name, t.batch) for name, t in profile.transactions.items()},
                requests=AHEAD,
            )
            new = [entries for entries in taken if entries[0].msgid is None]
            numbers = outbox.next_msgids(session, profile.envelope.fixmedins_code, now, len(new)) if new else []
            requests = []
            for entries in taken:
                number = entries[0].msgid or numbers.pop(0)
                requests.append([_Held.of(entry, number, signed) for entry in entries])
                for entry in entries:
                    outbox.leaves(entry, number, now)
            session.commit()
            return requests, until

    def _refuse_sealed(self, now: datetime) -> int:
        """Of what is due, refuse what cannot be opened (changed, or its key is lost): a person must look, the others go on.
        How many."""
        names = tuple(self.channel.profile.transactions)
        with self.database.writing() as session:
            refused = outbox.refuse_sealed(session, self.channel.name, now=now, most=AT_ONCE, names=names)
            session.commit()
        log.error("%d entries of the outbox cannot be opened", refused)
        if not refused:  # something else cannot: the loop waits and tells
            raise CannotUnseal("channel_state")
        return refused

    # Sending, with nothing locked

    def _send(self, request: "_Request") -> Judged:
        first = request[0]
        transaction = self.channel.profile.transactions[first.logical]
        bodies = ",".join(held.body for held in request)  # as frozen: nothing is written anew
        node = compact(transaction.node)
        body = f"{{{node}:[{bodies}]}}" if transaction.repeatable else f"{{{node}:{bodies}}}"
        return self.talk.post(first.logical, body, first.msgid, first.sign_no)

    def _ask(self, held: "_Held") -> Judged:
        """Whether the province has what we may have sent: done when it has, sent again with its old number when not."""
        query = self.channel.profile.transactions[held.logical].query
        about = held.about()
        judged = self.talk.ask(query, about)
        if judged.outcome in ("pause", "sign_in"):
            return judged
        rows = _told_about(judged.output, about)
        if judged.outcome != "done" or rows is None:
            return replace(judged, outcome="unknown", kind=f"query-{judged.kind}"[:24], output=None)
        known = _row_of(rows, about)
        return self._send([held]) if known is None else replace(judged, kind="found", output=known)

    def _parts(self, request: "_Request", judged: Judged) -> list[tuple[str, Judged]]:
        """The aggregates of a request, each with its part of the answer."""
        alone, most = len(request) == 1, self.channel.profile.limits.input_chars
        return [(held.aggregate, _for_one(judged, held, alone=alone, most_chars=most)) for held in request]

    # Second transaction: what became of them

    def _settle(self, told: Sequence[tuple["_Request", Judged]], unsent: Sequence["_Request"], brakes: int = 0) -> None:
        now = self.clock()
        for request, judged in told:
            log.info("%s ×%d: %s (%s)", request[0].logical, len(request), judged.outcome, judged.kind)
        held = {one.id: one for request in [*(request for request, _ in told), *unsent] for one in request}
        with self.database.writing() as session:
            mine = sa.select(OutboxEntry).where(OutboxEntry.id.in_(held), OutboxEntry.lease_owner == self.owner)
            # Those that are missing: our lease ran out, another worker has them.
            entries = {entry.id: entry for entry in session.scalars(mine.order_by(OutboxEntry.id).with_for_update())}
            outcomes = [one for request, judged in told for one in self._outcomes(request, judged, entries, now)]
            for request in unsent:
                for one in request:
                    if one.id in entries:
                        one.stayed(entries[one.id])
            self._tell(session, outcomes, now)
            self._halve(session, told, entries, now)
            for _, judged in told:
                self._note(session, judged, now)
            if brakes:
                refused = (part for _, part, *_ in reversed(outcomes) if part.outcome == "reject")
                reason = reason_of(next(refused, told[-1][1]))
                pause_for(session, self.channel.name, reason, now, again=brakes - 1)
            session.commit()
        for request, judged in told:
            self._size(request, judged)
        if brakes:
            self.smaller[told[-1][0][0].logical] = 1  # after the pause one is tried, not a batch
        if told[-1][1].outcome == "sign_in":
            self.talk.sign_in()

    def _outcomes(
        self, request: "_Request", judged: Judged, entries: Mapping[str, OutboxEntry], now: datetime
    ) -> list["_Outcome"]:
        """One for each entry of the request that is still ours."""
        alone, most = len(request) == 1, self.channel.profile.limits.input_chars
        ours = [
            (entries[held.id], _for_one(judged, held, alone=alone, most_chars=most))
            for held in request
            if held.id in entries
        ]
        # One wait for all that went together, so that they go together again.
        attempts = max((entry.attempts for entry, _ in ours), default=0)
        later = now + outbox.delay(self.channel.profile.backoff, attempts, self.chance, judged.retry_after)
        if len({part.outcome for _, part in ours}) > 1:
            for entry, part in ours:
                if part.outcome not in ("done", "reject"):
                    entry.msgid = None  # what is sent again is another batch, so it is another message
        return [(entry, part, later, alone) for entry, part in ours]

    def _tell(self, session: Session, outcomes: Sequence["_Outcome"], now: datetime) -> None:
        """Write the outcomes and tell the rooms above. Where a room fails, neither: that entry is asked for again later."""
        # Case by case in the order of their ids, as pulls do: two workers that lock several never wait in a ring.
        outcomes = sorted(outcomes, key=lambda outcome: outcome[0].aggregate)
        try:
            with session.begin_nested():
                for entry, judged, later, _ in outcomes:
                    self._write(entry, judged, now, later)
                session.flush()  # all at once: a room's first question would write each alone
                for entry, judged, *_ in outcomes:
                    self._say(session, entry, judged, now)
        except sa.exc.OperationalError:
            raise
        except Exception as problem:
            if len(outcomes) > 1:
                for outcome in outcomes:
                    self._tell(session, [outcome], now)
                return
            entry, _, later, alone = outcomes[0]
            entry.msgid = entry.msgid if alone else None  # without the others it is another message
            log.warning("a handler of %s failed: %s", entry.logical, type(problem).__name__)
            outbox.again(entry, doubtful=True, at=later, kind=f"handler-{type(problem).__name__}"[:24])

    def _halve(
        self,
        session: Session,
        told: Sequence[tuple["_Request", Judged]],
        entries: Mapping[str, OutboxEntry],
        now: datetime,
    ) -> None:
        """A batch that was refused as a whole goes again as two, each under its number: what is wrong with one of them is
        found by itself, the others arrive."""
        for request, judged in told:
            ours = [entries[held.id] for held in request if held.id in entries]
            if judged.outcome != "reject" or len(request) == 1 or not ours:
                continue
            numbers = outbox.next_msgids(session, self.channel.profile.envelope.fixmedins_code, now, 2)
            for place, entry in enumerate(ours):
                entry.msgid = numbers[place < len(ours) // 2]

    def _note(self, session: Session, judged: Judged, now: datetime) -> None:
        """What this answer says about the channel."""
        if judged.outcome == "done" and not self._calm:
            note_ok(session, self.channel.name, now)
            self._calm = True
        elif judged.outcome == "pause":
            pause_for(session, self.channel.name, reason_of(judged), now)
        elif judged.retry_after is not None:  # meant for all that we send, not for this one
            asked = outbox.delay(self.channel.profile.backoff, 0, self.chance, judged.retry_after)
            hold(session, self.channel.name, reason_of(judged), now, now + asked)

    def _size(self, request: "_Request", judged: Judged) -> None:
        """What this answer says about the size of batches."""
        logical, many = request[0].logical, len(request)
        if judged.outcome == "smaller" and many > 1:
            self.smaller[logical] = many // 2
        elif judged.outcome == "done" and logical in self.smaller:  # one stray 413 does not make it slow for ever
            self.smaller[logical] = min(self.smaller[logical] + 1, self.channel.profile.transactions[logical].batch)

    def _write(self, entry: OutboxEntry, judged: Judged, now: datetime, later: datetime) -> None:
        match judged.outcome:
            case "done":
                keep = timedelta(days=self.channel.profile.keep_days)
                outbox.acked(entry, answer=judged.output, refmsgid=judged.refmsgid, now=now, keep=keep)
            case "reject" | "resync":
                outbox.rejected(entry, infcode=judged.infcode, words=judged.words, kind=judged.kind)
            case "smaller":
                entry.msgid = None  # another batch is another message
                outbox.again(entry, doubtful=False, at=now, kind=judged.kind, words=judged.words)
            case "pause":
                entry.doubtful = entry.doubtful or judged.astray or judged.kind == "answer-signature"
                entry.infcode, entry.error, entry.error_kind = judged.infcode, judged.words or None, judged.kind
                outbox.put_back(entry, at=now)
            case _:
                doubtful = judged.outcome == "unknown" or judged.astray
                outbox.again(
                    entry, doubtful=doubtful, at=later, kind=judged.kind, infcode=judged.infcode, words=judged.words
                )

    def _say(self, session: Session, entry: OutboxEntry, judged: Judged, now: datetime) -> None:
        """To the rooms above: it has arrived, or the platform itself refuses it."""
        if judged.outcome == "done":
            self.handlers.acked(session, entry.logical, entry.aggregate, judged.output, now)
        elif judged.outcome in ("reject", "resync") and judged.kind == "business":
            self.handlers.rejected(session, entry.logical, entry.aggregate, judged.words, now)


@dataclass(frozen=True)
class _Held:
    """What a worker needs of an entry while it holds no transaction. had: its number, "sent at" and "tried since" before
    this lease."""

    id: str
    logical: str
    aggregate: str
    doubtful: bool
    msgid: str
    had: tuple[str | None, datetime | None, datetime | None]
    sign_no: str = field(repr=False)
    body: str = field(repr=False)

    @classmethod
    def of(cls, entry: OutboxEntry, msgid: str, sign_no: str) -> "_Held":
        """As it is leased, before `leaves` is written."""
        had = (entry.msgid, entry.sent_at, entry.tried_since)
        return cls(entry.id, entry.logical, entry.aggregate, entry.doubtful, msgid, had, sign_no, entry.body)

    def stayed(self, entry: OutboxEntry) -> None:
        """Not a byte of it has left."""
        msgid, sent_at, tried_since = self.had
        outbox.stayed(entry, msgid=msgid, sent_at=sent_at, tried_since=tried_since)

    def about(self) -> dict[str, Any]:
        """By what the province finds it again."""
        said = json.loads(self.body)
        return {"rid": said.get("rid"), "ver_no": said.get("ver_no")}


_Request = list[_Held]  # what goes in one envelope, under one number
# And when to try again, where it comes to that; whether it went alone.
_Outcome = tuple[OutboxEntry, Judged, datetime, bool]


def reason_of(judged: Judged) -> str:
    """Why a channel pauses, for people who may not see what was sent: kind and code. A platform's words may quote it; where
    there is no code the words are ours ("HTTP 404")."""
    if judged.kind == "answer-signature":
        return judged.kind
    if judged.infcode is None:
        return f"{judged.kind}: {judged.words}".rstrip(": ")
    return f"{judged.kind}: {judged.infcode}" if re.fullmatch(r"-?[0-9]{1,4}", judged.infcode) else judged.kind


def _for_one(judged: Judged, held: _Held, *, alone: bool, most_chars: int) -> Judged:
    """The part of a batch's answer that is about this entry: `result` with one row per rid. One bad row holds up only itself;
    a row that is missing was not done. What is too large alone is refused only when it is larger than we agreed on."""
    if judged.outcome == "smaller" and alone:
        return replace(judged, outcome="reject" if len(held.body) > most_chars else "retry")
    if judged.outcome == "reject" and not alone:
        return replace(judged, outcome="smaller")  # who of them is meant is not said
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


def _told_about(output: Any, about: dict[str, Any]) -> list[Any] | None:
    """The rows of an answer about this record; None when it says nothing of it, as a page of decisions (`cursor`) does. That it
    is not there says only a list that names this record and version beside it."""
    rows, rid = output.get("list") if isinstance(output, dict) else None, about["rid"]
    if not isinstance(rows, list) or "cursor" in output or output.get("rid", rid) != rid:
        return None
    if _row_of(rows, about) is not None:
        return rows
    to_this_question = "rid" in output and _number(output.get("ver_no", about["ver_no"])) == _number(about["ver_no"])
    of_this_record = not rows or any(isinstance(row, dict) and row.get("rid") == rid for row in rows)
    return rows if to_this_question and of_this_record else None


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
    except (TypeError, ValueError, OverflowError):  # JSON can say Infinity
        return -1
