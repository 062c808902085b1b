"""The worker: leases what is owed, sends it, writes down what became of it; pulls what the province tells. Room `sync`.

Between three small transactions nothing is locked: lease (with msgid and "sent at", before a byte leaves) · send · outcome.
Killed anywhere, the lease runs out and the next worker finds either something never sent, or something to ask for first.
"""

import json
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from common.db import Database
from common.ids import new_id
from sync import envelope, outbox
from sync.channel import Channel
from sync.channels import note_ok, pause_for, paused, sign_no, signed_in
from sync.models import OutboxEntry, OutState
from sync.transport import Transport
from sync.verdicts import Judged, judge

AT_ONCE = 100  # entries looked at per lease
log = logging.getLogger("menkou.sync")


@dataclass(frozen=True)
class Handlers:
    """What rooms above want to hear, handed down by app.py. Called inside the transaction that writes the outcome.

    acked, rejected: session, logical, aggregate, what the province answered (or its words), now.
    """

    acked: Callable[[Session, str, str, Any, datetime], None] = lambda *_: None
    rejected: Callable[[Session, str, str, str, datetime], None] = lambda *_: None


@dataclass
class Worker:
    """One worker of one channel. `clock` gives the time (scaled in demos), `chance` the jitter (seeded in tests)."""

    database: Database
    channel: Channel
    transport: Transport
    clock: Callable[[], datetime]
    handlers: Handlers = field(default_factory=Handlers)
    chance: random.Random = field(default_factory=random.SystemRandom)
    owner: str = field(default_factory=new_id)
    smaller: dict[str, int] = field(default_factory=dict)  # logical → batch, after the platform said 413

    def step(self) -> int:
        """Send one request; how many entries it settled or tried. 0: nothing is due, or the channel is paused."""
        now = self.clock()
        taken = self._take(now)
        if not taken:
            return 0
        first = taken[0]
        if first.doubtful and self._asks_first(first.logical):
            self._ask(first)
            return 1
        self._send(taken)
        return len(taken)

    def _asks_first(self, logical: str) -> bool:
        transaction = self.channel.profile.transactions[logical]
        return bool(transaction.query) and not transaction.repeatable

    # First transaction: lease, number, "sent at"

    def _take(self, now: datetime) -> list["_Held"]:
        profile = self.channel.profile
        batches = {name: self.smaller.get(name, t.batch) for name, t in profile.transactions.items()}
        with self.database.writing() as session:
            if paused(session, self.channel.name, now):
                return []
            found = outbox.lease(session, self.channel.name, owner=self.owner, now=now, most=AT_ONCE, batches=batches)
            taken = outbox.fit(found, profile.limits.input_chars)
            for entry in found:
                if entry not in taken:
                    outbox.put_back(entry, at=now)
            if taken and taken[0].msgid is None:
                number = outbox.next_msgid(session, profile.envelope.fixmedins_code, now)
                for entry in taken:
                    entry.msgid = number
            held = [_Held(e.id, e.logical, e.doubtful, str(e.msgid), e.body) for e in taken]
            for entry in taken:
                entry.state, entry.sent_at = OutState.SENDING, now
            session.commit()
            return held

    # Sending, with nothing locked

    def _send(self, taken: Sequence["_Held"]) -> None:
        logical = taken[0].logical
        transaction = self.channel.profile.transactions[logical]
        if transaction.batch > 1:
            body = envelope.compact({transaction.node: [json.loads(held.body) for held in taken]})
        else:
            body = envelope.compact({transaction.node: json.loads(taken[0].body)})
        self._settle(taken, self._post(logical, body, taken[0].msgid))

    def _post(self, logical: str, body: str, msgid: str) -> Judged:
        now = self.clock()
        with self.database.read_session() as session:
            number = sign_no(session, self.channel.name)
        said = envelope.request(self.channel, logical, body, msgid=msgid, now=now, sign_no=number)
        return judge(self.channel, logical, self.transport.post(logical, said, now))

    def _ask(self, held: "_Held") -> None:
        """Whether the province has what we may have sent: acked when it has, sent again with its old number when not."""
        query = self.channel.profile.transactions[held.logical].query
        about = json.loads(held.body)
        asked = {"rid": about.get("rid"), "ver_no": about.get("ver_no")}
        node = self.channel.profile.transactions[query].node
        with self.database.writing() as session:
            number = outbox.next_msgid(session, self.channel.profile.envelope.fixmedins_code, self.clock())
            session.commit()
        judged = self._post(query, envelope.compact({node: asked}), number)
        if judged.outcome != "done":
            self._settle([held], judged if judged.outcome == "pause" else Judged("unknown", f"query-{judged.kind}"))
            return
        known = _row_of(judged.output, asked)
        if known is None:
            self._send([held])
        else:
            self._settle([held], Judged("done", "found", output=known, refmsgid=judged.refmsgid, infcode="0"))

    def _sign_in(self) -> None:
        """A new number from 9001; what was refused for want of it goes out again with its old msgid."""
        constants = self.channel.profile.envelope
        node = self.channel.profile.transactions["sign_in"].node
        with self.database.writing() as session:
            number = outbox.next_msgid(session, constants.fixmedins_code, self.clock())
            session.commit()
        body = envelope.compact({node: {"opter_no": constants.opter, "mac": "", "ip": ""}})
        judged = self._post("sign_in", body, number)
        given = judged.output.get("signinoutb") if isinstance(judged.output, dict) else None
        if judged.outcome == "done" and isinstance(given, dict) and isinstance(given.get("sign_no"), str):
            with self.database.writing() as session:
                signed_in(session, self.channel.name, given["sign_no"][:30])
                session.commit()

    # Third transaction: what became of it

    def _settle(self, taken: Sequence["_Held"], judged: Judged) -> None:
        now = self.clock()
        log.info("%s ×%d: %s (%s)", taken[0].logical, len(taken), judged.outcome, judged.kind)
        with self.database.writing() as session:
            for held in taken:
                entry = session.get(OutboxEntry, held.id, with_for_update=True)
                if entry is None or entry.lease_owner != self.owner:  # our lease ran out: another worker has it
                    continue
                self._one(session, entry, _for_one(judged, held), now)
            if judged.outcome == "done":
                note_ok(session, self.channel.name, now)
            elif judged.outcome == "pause":
                pause_for(session, self.channel.name, f"{judged.kind}: {judged.words}"[:200], now)
            session.commit()
        if judged.outcome == "sign_in":
            self._sign_in()
        if judged.outcome == "smaller":
            self.smaller[taken[0].logical] = max(1, len(taken) // 2)

    def _one(self, session: Session, entry: OutboxEntry, judged: Judged, now: datetime) -> None:
        backoff = self.channel.profile.backoff
        too_big = judged.outcome == "smaller" and entry.chars > self.channel.profile.limits.input_chars // 2
        match judged.outcome:
            case "done":
                outbox.acked(entry, answer=judged.output, refmsgid=judged.refmsgid, now=now)
                self.handlers.acked(session, entry.logical, entry.aggregate, judged.output, now)
            case "reject":
                self._reject(session, entry, judged, now)
            case "smaller" if too_big:
                self._reject(session, entry, judged, now)
            case "smaller":
                entry.msgid = None  # another batch is another message
                outbox.again(entry, doubtful=False, at=now, kind=judged.kind, words=judged.words)
            case "pause":
                entry.doubtful = entry.doubtful or judged.kind == "answer-signature"
                outbox.put_back(entry, at=now)
            case "retry" | "unknown" if now - entry.made_at > timedelta(hours=backoff.give_up_h):
                self._reject(session, entry, judged, now)
            case _:
                later = now + outbox.delay(backoff, entry.attempts, self.chance, judged.retry_after)
                doubtful = judged.outcome == "unknown"
                outbox.again(
                    entry, doubtful=doubtful, at=later, kind=judged.kind, infcode=judged.infcode, words=judged.words
                )

    def _reject(self, session: Session, entry: OutboxEntry, judged: Judged, now: datetime) -> None:
        outbox.rejected(entry, infcode=judged.infcode, words=judged.words, kind=judged.kind)
        self.handlers.rejected(session, entry.logical, entry.aggregate, judged.words, now)


@dataclass(frozen=True)
class _Held:
    """What a worker needs of an entry while it holds no transaction."""

    id: str
    logical: str
    doubtful: bool
    msgid: str
    body: str = field(repr=False)


def _for_one(judged: Judged, held: _Held) -> Judged:
    """The part of a batch's answer that is about this entry: `result` with one row per rid. One bad row holds up only itself;
    a row that is missing was not done."""
    output = judged.output
    if judged.outcome != "done" or not isinstance(output, dict) or not isinstance(output.get("result"), list):
        return judged
    about = json.loads(held.body)
    row = _row_of(output, {"rid": about.get("rid"), "ver_no": about.get("ver_no")}, rows="result")
    if row is None:
        return replace(judged, outcome="unknown", kind="no-result", output=None)
    code = str(row.get("code", "0"))
    if code == "0":
        return replace(judged, output=row)
    return replace(judged, outcome="reject", kind="business", words=str(row.get("msg") or "")[:500], infcode=code[:12])


def _row_of(output: Any, about: dict[str, Any], rows: str = "list") -> dict[str, Any] | None:
    """The row with this rid, of this version or a later one; None when there is none, or nothing that can be read."""
    found = output.get(rows) if isinstance(output, dict) else None
    for row in found if isinstance(found, list) else ():
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
