"""What may go wrong between us and the platform, all at once and by seed: the simulator in this process, two workers that die,
sleep and are taken for dead, a network that loses, delays and doubles, an operator who replays. And the count at the end.

Nothing is awaited: both ends believe one clock that is turned by hand. `python -m benchmarks.chaos` runs it long.
"""

import hashlib
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from common.db import Database
from platform_sim import faults
from platform_sim.book import Book
from platform_sim.checks import Gate
from platform_sim.keys import make_keys
from platform_sim.service import Answer, Service
from platform_sim.transactions import Office
from sync import outbox
from sync.channel import SHIPPED, Channel, read_channel
from sync.models import OutboxEntry, OutState
from sync.pulls import puller_beside
from sync.transport import Reply, Transport
from sync.worker import Handlers, Worker
from tests.platform_sim.caller import appy, matt
from tests.sync.working import Hands

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RATE = 0.5  # of calls that the platform or its gateway spoils; the network's own faults come on top
KILLS, STALLS, LATE = 0.25, 0.04, 0.04  # of steps, of calls, of calls
WRONG = 0.03  # of cases: their last message is one that the platform must refuse
CANCELS, PULLS = 0.3, 0.1  # of filings that arrived, of turns
KINDS = sorted(faults.KINDS)
OURS = re.compile(r"BEGIN|SAVEPOINT|ROLLBACK|RELEASE|COMMIT")


class Killed(BaseException):
    """A worker ends here, as with SIGKILL: its transaction is rolled back, nobody tidies up."""


@dataclass
class Doom:
    """Where a step ends, once: before or after its nth call, or at its nth statement before the first call ("take") or
    after it ("settle"). "" for not at all."""

    place: str = ""
    after: int = 0
    called: bool = False

    def at(self, place: str) -> None:
        """We are there."""
        self.called = self.called or place == "after"
        if place == "sql":
            place = "settle" if self.called else "take"
        if place == self.place:
            self.after -= 1
            if self.after <= 0:
                self.place = ""
                raise Killed(place)


@dataclass
class Found:
    """The count at the end. faults: share of calls while things went wrong."""

    seed: int
    ops: int
    faults: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)  # by place
    stalls: int = 0
    replays: int = 0
    sent: int = 0
    acked: int = 0
    refused: int = 0
    doubled: list[Any] = field(default_factory=list)
    lost: list[Any] = field(default_factory=list)
    disorder: list[Any] = field(default_factory=list)
    reused: list[str] = field(default_factory=list)
    left: list[Any] = field(default_factory=list)
    told: list[Any] = field(default_factory=list)  # news that a room heard twice, never, or that is none
    cancelled: int = 0
    decided: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def wrong(self) -> dict[str, list[Any]]:
        """What must be empty."""
        names = ("doubled", "lost", "disorder", "reused", "left", "told")
        return {name: getattr(self, name)[:5] for name in names if getattr(self, name)}


@dataclass
class World:
    """The platform, the network and the clock."""

    service: Service
    hands: Hands
    chance: random.Random
    doom: Doom = field(default_factory=Doom)
    calm: bool = False
    closed_until: datetime = START
    late: list[tuple[datetime, str, dict[str, str], bytes]] = field(default_factory=list)
    bodies: dict[str, str] = field(default_factory=dict)  # msgid → what was sent under it
    reused: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    spoiled: int = 0
    stalls: int = 0
    meanwhile: Callable[[], None] | None = None  # what others do while a call takes long

    def carry(self, infno: str, headers: dict[str, str], raw: bytes) -> Reply:
        """One call over this network."""
        self._note_number(raw)
        self._bring_late()
        self.doom.at("before")
        self._sleep()
        self.calls += not self.calm
        if self.hands() < self.closed_until:
            self._spoil("closed")
            return Reply(None, kind="connect", arrived=False)
        if not self.calm and self.chance.random() < LATE:  # given up here, there later
            self._spoil("late")
            self.late.append((self.hands() + timedelta(seconds=self.chance.uniform(1, 170)), infno, headers, raw))
            return Reply(None, kind="timeout")
        answer = self._there(infno, headers, raw)
        self.doom.at("after")
        self._sleep()
        return self._back(answer)

    def _there(self, infno: str, headers: dict[str, str], raw: bytes) -> Answer:
        hits = sum(rule.hits for rule in self.service.plan.rules)
        answer = self.service.answer(infno, headers, raw)
        if sum(rule.hits for rule in self.service.plan.rules) > hits:
            self._spoil(str(self.service.book.row("SELECT fault FROM journal ORDER BY id DESC LIMIT 1")[0]))
        return answer

    def _back(self, answer: Answer) -> Reply:
        if answer.way == "refuse":
            self.closed_until = self.hands() + timedelta(seconds=answer.seconds)
            return Reply(None, kind="connect", arrived=False)
        if answer.way in {"slow", "drip"}:
            return Reply(None, kind="timeout")
        if not answer.status or answer.way == "truncated":
            return Reply(None, kind="broken")
        asked = answer.headers.get("Retry-After")
        return Reply(answer.status, answer.body, float(asked) if asked else None)

    def _spoil(self, kind: str) -> None:
        self.kinds[kind] += 1
        self.spoiled += not self.calm

    def _sleep(self) -> None:
        """Sometimes this worker sleeps until it is taken for dead, and wakes up after another did its work."""
        if self.meanwhile and not self.calm and self.chance.random() < STALLS:
            others, self.meanwhile = self.meanwhile, None
            self.stalls += 1
            self.hands.turn(seconds=self.chance.choice((20, 100, 310, 900)))
            doom, self.doom = self.doom, Doom()
            others()
            self.doom = doom

    def _bring_late(self) -> None:
        due = [one for one in self.late if one[0] <= self.hands()]
        self.late = [one for one in self.late if one[0] > self.hands()]
        for _at, infno, headers, raw in due:
            self.service.answer(infno, headers, raw)

    def _note_number(self, raw: bytes) -> None:
        said = json.loads(raw)
        body = hashlib.sha256(json.dumps([said["infno"], said["input"]]).encode()).hexdigest()
        if self.bodies.setdefault(said["msgid"], body) != body:
            self.reused.append(said["msgid"])


class Wire(Transport):
    """Our transport to its last step; then the world instead of a socket."""

    def __init__(self, channel: Channel, world: World):
        super().__init__(channel)
        self.world = world

    def _read(
        self, url: str, content: bytes, headers: dict[str, str], read_s: float, until: float | None = None
    ) -> Reply:
        return self.world.carry(url.rsplit("/", 1)[1], {k.lower(): v for k, v in headers.items()}, content)


@dataclass
class Owed:
    """Messages of invented cases, in the order in which each case owes them."""

    chance: random.Random
    database: Database
    hands: Hands
    cases: dict[str, list[tuple[str, int]]] = field(default_factory=dict)  # rid → (infno, version), right ones
    open: dict[str, int] = field(default_factory=dict)  # rid → number of the case, where more may come
    wrong: set[str] = field(default_factory=set)  # keys
    replayed: set[tuple[str, int]] = field(default_factory=set)  # rid and version of work orders that others overtook
    many: int = 0

    def cancel(self, most: int) -> None:
        """Sometimes a filing that arrived is taken back: the last thing its case says."""
        with self.database.writing() as session:
            arrived = session.execute(sa.text("SELECT rid, ver, sn FROM news WHERE what = 'case_submit'")).all()
            for rid, version, sn in arrived:
                newest = rid in self.open and self.cases[rid][-1] == ("G201", version)
                if newest and sn and most > 0 and self.chance.random() < CANCELS:
                    most -= 1
                    body = {"trt_dcla_detl_sn": sn, "psn_no": "37", "memo": "不去了", "rid": rid, "ver_no": version + 1}
                    self._owe(session, "case_cancel", rid, version + 1, body)
                    self.cases[rid].append(("G202", version + 1))
                    del self.open[rid]
                    self.many += 1
            session.commit()

    def _owe(self, session: Any, logical: str, rid: str, version: int, body: dict[str, Any]) -> str:
        key = f"{logical}:{rid}:{version}"
        owed = {"aggregate": f"case:{rid}", "logical": logical, "key": key, "body": body, "now": self.hands()}
        for _ in range(1 + (self.chance.random() < 0.05)):  # the same fact told twice is owed once
            outbox.owe(session, county_code="371302", channel="province", **owed)
        return key

    def some(self, most: int) -> None:
        """A few more, of cases old and new, in one transaction."""
        with self.database.writing() as session:
            for _ in range(min(most, self.chance.randint(1, 25))):
                self._one(session)
            session.commit()

    def _one(self, session: Any) -> None:
        if self.open and self.chance.random() < 0.7:
            rid = self.chance.choice(list(self.open))
        else:
            number = len(self.cases) + 1
            rid = f"{number:032x}"
            self.cases[rid], self.open[rid] = [], number
        number, version = self.open[rid], len(self.cases[rid]) + 1
        filing = self.chance.random() < 0.4
        body = appy(number, version) if filing else matt(number, version)
        body |= {"psn_name": self.chance.choice(("王玉兰", "𠮷田一", "买买提·艾力"))}
        logical, infno = ("case_submit", "G201") if filing else ("work_order", "G101")
        wrong = self.chance.random() < WRONG
        if wrong:
            body["certno"] = "379801195208170021"  # its check digit is wrong
            del self.open[rid]
        else:
            self.cases[rid].append((infno, version))
            if version >= 6:
                del self.open[rid]
        key = self._owe(session, logical, rid, version, body)
        if wrong:
            self.wrong.add(key)
        self.many += 1


class Rooms:
    """What hears the news here: rows in the same database, so what is undone was not heard. Now and then one fails."""

    def __init__(self, chance: random.Random, world: "World"):
        self.chance, self.world = chance, world

    def handlers(self) -> Handlers:
        return Handlers(acked=self.acked, decided=self.decided)

    def acked(self, session: Any, logical: str, aggregate: str, answer: Any, _now: datetime) -> None:
        self._note(session, logical, aggregate.removeprefix("case:"), answer)

    def decided(self, session: Any, row: dict[str, Any], _now: datetime) -> bool:
        self._note(session, "decided", row["rid"], row | {"ver_no": row["ver"]})
        return True

    def _note(self, session: Any, what: str, rid: str, said: Any) -> None:
        if not self.world.calm and what != "decided" and self.chance.random() < 0.02:
            raise ValueError("a room fails")
        said = said if isinstance(said, dict) else {}
        row = {"what": what, "rid": rid, "ver": said.get("ver_no", -1), "sn": said.get("trt_dcla_detl_sn") or ""}
        session.execute(sa.text("INSERT INTO news (what, rid, ver, sn) VALUES (:what, :rid, :ver, :sn)"), row)


def run(database: Database, folder: Path, *, seed: int, ops: int, rate: float = RATE) -> Found:
    """`ops` messages through a bad day, then a calm evening. folder: for keys."""
    began = time.monotonic()
    chance, hands = random.Random(seed), Hands(START)
    keys = make_keys(folder / "channel", folder / "platform")
    channel = read_channel(SHIPPED, folder / "channel")
    book = Book(":memory:")
    service = Service(book, keys, _Clock(hands), Gate(keys), Office(book, seed, timedelta()), faults.Plan(seed))
    world = World(service, hands, chance)
    owed = Owed(chance, database, hands)
    found = Found(seed, ops)
    with database.writing() as session:
        session.execute(sa.text("CREATE TABLE news (what TEXT, rid TEXT, ver INTEGER, sn TEXT)"))
        session.commit()
    rooms = Rooms(chance, world)
    with deadly(database, world):
        workers = [new_worker(database, channel, world, seed + n, rooms) for n in range(2)]
        service.plan.put([faults.read_rule({"kinds": KINDS, "rate": rate, "seconds": 3})])
        quiet = 0
        while owed.many < ops or quiet < 25:
            if owed.many < ops and chance.random() < 0.3:
                owed.some(ops - owed.many)
                owed.cancel(ops - owed.many)
            me = chance.randrange(2)
            world.meanwhile = lambda other=workers[1 - me]: _few(other)
            world.doom = _doom(chance)
            try:
                done = puller_beside(workers[me]).step() if chance.random() < PULLS else workers[me].step()
            except Killed as end:
                found.kills[str(end)] += 1
                workers[me], done = new_worker(database, channel, world, chance.random(), rooms), 1
            world.doom = Doom()
            quiet = 0 if done else quiet + 1
            hands.turn(seconds=chance.choice((1, 10, 60, 400)) if not done else chance.uniform(0, 2))
            if chance.random() < 0.005:
                found.replays += replay(database, hands, owed)
        world.calm = True
        service.plan.put([])
        for _ in range(200):
            hands.turn(minutes=35)
            found.replays += replay(database, hands, owed)
            worked = [w.step() for w in workers]
            while any(worked):
                worked = [w.step() for w in workers]
            if not _waiting(database, owed.wrong):
                break
        world._bring_late()
        for _ in range(200):  # until there was nothing new twice
            hands.turn(minutes=35)
            if not puller_beside(workers[0]).step() and not puller_beside(workers[0]).step():
                break
    count(found, world, owed, database)
    for worker in workers:
        worker.transport.close()
    book.close()
    found.seconds = time.monotonic() - began
    return found


def new_worker(database: Database, channel: Channel, world: World, seed: float, rooms: Rooms) -> Worker:
    wire, heard = Wire(channel, world), rooms.handlers()
    return Worker(database, channel, wire, world.hands, heard, chance=random.Random(seed), burst_s=3_600)


def replay(database: Database, hands: Hands, owed: Owed) -> int:
    """An operator replays what was refused a while ago; what is wrong indeed is left after a second look."""
    with database.writing() as session:
        refused = session.scalars(
            sa.select(OutboxEntry).where(
                OutboxEntry.state == OutState.REJECTED, OutboxEntry.sent_at < hands() - timedelta(minutes=10)
            )
        ).all()
        again = [entry for entry in refused if entry.key not in owed.wrong]
        for entry in again:
            outbox.replay(entry, hands())
            if entry.logical in outbox.WHOLE:
                owed.replayed.add((entry.aggregate.removeprefix("case:"), int(entry.key.rsplit(":", 1)[1])))
        session.commit()
    return len(again)


def count(found: Found, world: World, owed: Owed, database: Database) -> None:
    """What stands there against what was owed, and what our own book says."""
    effects: dict[str, list[tuple[str, int]]] = {}
    for rid, infno, version in world.service.book.rows("SELECT rid, infno, ver_no FROM effect ORDER BY id"):
        effects.setdefault(rid, []).append((infno, version))
    for rid, right in owed.cases.items():
        there = effects.pop(rid, [])
        times = Counter(there)
        found.doubled += [(rid, *one, n) for one, n in times.items() if n > 1]
        found.cancelled += sum(infno == "G202" for infno, _version in times)
        # A work order that was refused let later ones by: it may come after them, and after a later work order not at all.
        newest = max((version for infno, version in times if infno == "G101"), default=0)
        free = {("G101", version) for whose, version in owed.replayed if whose == rid}
        found.lost += [(rid, *one) for one in right if one not in times and not (one in free and one[1] < newest)]
        if [one for one in dict.fromkeys(there) if one not in free] != [one for one in right if one not in free]:
            found.disorder.append((rid, there, right))
    found.disorder += list(effects.items())  # nobody owed that
    with database.read_session() as session:
        for entry in session.scalars(sa.select(OutboxEntry)):
            if entry.key in owed.wrong:
                found.refused += entry.state == OutState.REJECTED and entry.infcode == "-2"
                right_end = entry.state == OutState.REJECTED
            else:
                found.acked += entry.state == OutState.ACKED
                right_end = entry.state == OutState.ACKED
            if not right_end:
                found.left.append((entry.key, entry.state, entry.error_kind))
    found.told, found.decided = told(database, world)
    found.sent = world.service.book.row("SELECT count(*) FROM journal")[0]
    found.faults = world.spoiled / max(1, world.calls)
    found.stalls, found.kinds, found.reused = world.stalls, world.kinds, world.reused


def told(database: Database, world: World) -> tuple[list[Any], int]:
    """What is wrong with the news that rooms heard, and how many decisions: of every message that arrived one, of every
    filing the newest decision, nothing twice."""
    with database.read_session() as session:
        heard = [tuple(row) for row in session.execute(sa.text("SELECT what, rid, ver FROM news"))]
        arrived = sa.select(OutboxEntry.logical, OutboxEntry.aggregate).where(OutboxEntry.state == OutState.ACKED)
        acked = Counter((logical, case.removeprefix("case:")) for logical, case in session.execute(arrived))
    of_acked = Counter((what, rid) for what, rid, _ver in heard if what != "decided")
    wrong: list[Any] = [(one, of_acked[one], acked[one]) for one in of_acked | acked if of_acked[one] != acked[one]]
    there = [tuple(row) for row in world.service.book.rows("SELECT rid, ver FROM decision ORDER BY seq")]
    decided = Counter((rid, ver) for what, rid, ver in heard if what == "decided")
    wrong += [(one, n) for one, n in decided.items() if n > 1 or one not in set(there)]
    wrong += [("unheard", one) for one in dict(there).items() if one not in decided]
    return wrong, decided.total()


@contextmanager
def deadly(database: Database, world: World) -> Iterator[None]:
    """Every statement may be a worker's last."""

    def before(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not OURS.match(statement):
            world.doom.at("sql")

    sa.event.listen(database.engine, "before_cursor_execute", before)
    try:
        yield
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", before)


def _doom(chance: random.Random) -> Doom:
    if chance.random() >= KILLS:
        return Doom()
    place = chance.choice(("take", "before", "after", "settle"))
    return Doom(place, chance.randint(1, 6 if place in {"take", "settle"} else 4))


def _few(worker: Worker) -> None:
    for _ in range(6):
        worker.step()


def _waiting(database: Database, wrong: set[str]) -> bool:
    with database.read_session() as session:
        return any(
            entry.state != OutState.REJECTED or entry.key not in wrong
            for entry in session.scalars(sa.select(OutboxEntry).where(OutboxEntry.state != OutState.ACKED))
        )


@dataclass
class _Clock:
    """The platform's clock is ours."""

    hands: Hands

    def now(self) -> datetime:
        return self.hands()
