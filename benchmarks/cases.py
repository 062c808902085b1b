"""A station's working day on PostgreSQL that waits for its disk: 50 requests a second, one in five files a case.

The requests come when they are due, whether or not the last ones were answered; a wait counts from then. Papers are up
already. Afterwards the rows are counted against the receipts that were given.
"""

import http.client
import json
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask

from accounts.policy import Actor, Role
from app import create_app
from benchmarks.server import CLOCK, Server, serving
from benchmarks.table import Row, at_least, at_most, note, say
from cases.models import Case, Draft, Paper
from common.ids import new_id
from common.sealing import make_keys
from common.settings import read_settings
from services_catalog.operations import load_shipped
from tests import postgres
from tests.builders import Make
from tests.conftest import migrate
from tests.statements import statements_of

NOW = datetime.fromisoformat(CLOCK)
RATE = 50  # requests a second
SECONDS = 30
CLIENTS = 24
THERE = 400  # open cases at the desk
AGAIN = 10  # every so many submits is sent twice, as an impatient finger does
P95_MS = 150
SECRET = "b" * 40
SERVER = (
    "exec .venv/bin/python -m granian --interface wsgi --factory --workers 2 --blocking-threads 4"
    " --host 127.0.0.1 --port $PORT --no-ws --log-level warning app:server"
)


class Ask(NamedTuple):
    """One request. `kind`: queue, case, draft, submit, again."""

    kind: str
    method: str
    path: str
    body: bytes = b""
    headers: dict[str, str] = {}  # noqa: RUF012


class Answer(NamedTuple):
    kind: str
    status: int
    ms: float  # from the moment it was due
    ref: str
    done: float  # seconds from the start of all


def measure() -> list[Row]:
    binaries = postgres.find_binaries()
    if binaries is None:
        return [note("cases", "not measured: PostgreSQL is not installed")]
    server = postgres.Server(binaries, durable=True)
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _measure(server, Path(folder))
    finally:
        server.stop()


def _measure(server: postgres.Server, folder: Path) -> list[Row]:
    server.sql("CREATE DATABASE bench")
    url = server.url("bench")
    migrate(url)
    make_keys(folder / "keys")
    environment = {
        "DATABASE_URL": url,
        "MENKOU_DATA_DIR": str(folder),
        "MENKOU_KEY_DIR": str(folder / "keys"),
        "MENKOU_SECRET_KEY": SECRET,
        "MENKOU_CLOCK": CLOCK,
        "MENKOU_LOG_REQUESTS": "false",
    }
    app = create_app(read_settings(_env_file=None, **_settings(url, folder)))
    say(f"cases: {THERE} at the desk, then {RATE} requests a second for {SECONDS} s")
    day = Day(app)
    rows = day.statements()
    with serving(["sh", "-c", SERVER], "/healthz", environment) as running:
        Load(running, day.asks(RATE * 2), day.cookie, rate=RATE).run()  # both workers have loaded what they keep
        asked, before = day.asks(RATE * SECONDS), running.cpu_seconds()
        seen = Load(running, asked, day.cookie, rate=RATE).run()
        cpu = (running.cpu_seconds() - before) / len(seen) * 1000
    rows += [*day.judge(asked, seen), note("  CPU of one, the web server's", f"{cpu:.1f} ms")]
    app.extensions["db"].engine.dispose()
    return rows


def _settings(url: str, folder: Path) -> dict[str, Any]:
    return {
        "DATABASE_URL": url,
        "data_dir": folder,
        "key_dir": folder / "keys",
        "secret_key": SECRET,
        "clock": CLOCK,
        "log_requests": False,
    }


class Day:
    """A station with a clerk, cases at the desk, and a draft with its paper for each case that will be filed."""

    def __init__(self, app: Flask):
        self.app, self.database, self.number = app, app.extensions["db"], 0
        with self.database.writing() as session:
            load_shipped(session, NOW)
            session.commit()
        make = Make(self.database, NOW)
        station = make.station("解放路街道医保工作站", items=(14, 15, 16, 18), level="town")
        self.clerk: Actor = make.actor(Role.CLERK, station_code=station)
        self.refs = [make.case(by=self.clerk) for _ in range(THERE)]
        client = make.signed_in(app.test_client(), self.clerk)
        self.client = client
        self.cookie = f"session={client.get_cookie('session').value}"
        self.draft = client.post("/work/drafts", data={"item": "15"}).location.split("?")[0]

    def asks(self, count: int) -> list[Ask]:
        """So many requests: of five one files, the others look at the queue, at a case, save a draft, look at a case."""
        asked: list[Ask] = []
        for n in range(count):
            ref = self.refs[n % len(self.refs)]
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            asked.append(
                (
                    Ask("queue", "GET", "/cases?tab=new"),
                    Ask("case", "GET", f"/cases/{ref}"),
                    Ask("draft", "POST", f"{self.draft}/save", f"resout_addr=x{n}".encode(), form),
                    Ask("case", "GET", f"/cases/{ref}"),
                    self.submit(),
                )[n % 5]
            )
        for n, one in list(enumerate(asked)):
            if one.kind == "submit" and n % (5 * AGAIN) == 4 and n >= 5:
                asked[n - 1] = one._replace(kind="again")  # the same at almost the same moment
        return asked

    def submit(self) -> Ask:
        """A filing of somebody new, with its paper."""
        self.number += 1
        draft = new_id()
        with self.database.writing() as session:
            session.add(
                Draft(
                    id=draft,
                    county_code="370102",
                    item_no=15,
                    account_id=self.clerk.account_id,
                    station_code=self.clerk.station_code,
                    answers={},
                    version=1,
                    op_id=new_id(),
                    made_at=NOW,
                    updated_at=NOW,
                    expires_at=NOW.replace(year=2027),
                )
            )
            session.flush()
            session.add(
                Paper(
                    county_code="370102",
                    draft_id=draft,
                    kind="residence_proof",
                    sha256=f"{self.number:064}",
                    mime="image/jpeg",
                    size=300_000,
                    state="received",
                    at=NOW,
                )
            )
            session.commit()
        answers = {
            "certno": _number(self.number),
            "psn_name": "王玉兰",
            "ident_by": "original",
            "insutype": "390",
            "insu_admdvs": "370102",
            "mob": f"154{self.number:08}",
            "filing_act": "new",
            "rloc_admdvs": "320100",
            "begndate": "2026-11-24",
            "resout_addr": "南京市某路 1 号",
            "proof_route": "paper",
            "notice_version": "1",
        }
        body = json.dumps({"item_no": 15, "answers": answers, "draft": draft}).encode()
        return Ask(
            "submit", "POST", "/api/v1/cases", body, {"Content-Type": "application/json", "Idempotency-Key": new_id()}
        )

    def statements(self) -> list[Row]:
        """What the pages and their JSON ask of the database."""
        rows = []
        for what, path, most in (
            ("case page", f"/cases/{self.refs[0]}", 6),
            ("case as JSON", f"/api/v1/cases/{self.refs[0]}", 6),
            ("queue", "/cases", 4),
            ("queue as JSON", "/api/v1/cases", 4),
        ):
            self.client.get(path)
            with statements_of(self.database.engine) as said:
                status = self.client.get(path).status_code
            if status != 200:
                raise RuntimeError(f"{path} answers {status}")
            rows.append(at_most(f"cases: {what}", len(said), most, "SQL", digits=0))
        return rows

    def judge(self, asked: list[Ask], seen: list[Answer]) -> list[Row]:
        """Waits, and rows against receipts."""
        ops = {one.headers["Idempotency-Key"] for one in asked if one.kind in {"submit", "again"}}
        given = {one.ref for one in seen if one.kind in {"submit", "again"} and one.status in {200, 201}}
        with self.database.read_session() as session:
            kept = set(session.scalars(sa.select(Case.ref).where(Case.phone_index.is_not(None), Case.item_no == 15)))
            doubled = session.scalar(
                sa.select(sa.func.count()).select_from(
                    sa.select(Case.person_index)
                    .where(Case.ref.in_(given))
                    .group_by(Case.person_index)
                    .having(sa.func.count() > 1)
                    .subquery()
                )
            )
        span = max(one.done for one in seen)
        failed = sum(one.status not in {200, 201} for one in seen)
        rows = [
            at_least("cases: mixed load on PostgreSQL, one in five files", len(seen) / span, RATE * 0.98, "a second"),
            at_most("cases: p95 of all", _p95(seen), P95_MS, "ms"),
            at_most("cases: p95 of filing", _p95([one for one in seen if one.kind == "submit"]), P95_MS, "ms"),
            at_most(
                "cases: receipts without a case, or filings without an answer",
                len(given - kept) + len(ops) - len(given),
                0,
                "",
                digits=0,
            ),
            at_most("cases: persons with two cases", doubled or 0, 0, "", digits=0),
            at_most("cases: answers that were not 200 or 201", failed, 0, "", digits=0),
        ]
        for kind in ("queue", "case", "draft"):
            rows.append(note(f"  p95 of {kind}", f"{_p95([one for one in seen if one.kind == kind]):.0f} ms"))
        others = sorted({f"{one.kind} {one.status}" for one in seen if one.status not in {200, 201}})
        took = max(one.done for one in seen)
        rows.append(
            note(
                "  filed",
                f"{len(given)} cases, {len(asked)} requests in {took:.0f} s; {', '.join(others) or 'no other answers'}",
            )
        )
        return rows


def _p95(seen: list[Answer]) -> float:
    return quantiles([one.ms for one in seen], n=100)[94]


def _number(n: int) -> str:
    """The n-th identity number of a region that does not exist."""
    first = (
        f"379801{1950 + n // 10000 % 50}0101{n % 1000:03}" if n < 1000 else f"379801{1950 + n // 1000}0102{n % 1000:03}"
    )
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return first + "10X98765432"[sum(int(c) * w for c, w in zip(first, weights, strict=True)) % 11]


class Load:
    """Sends the requests when they are due, on kept-open connections."""

    def __init__(self, server: Server, asks: list[Ask], cookie: str, *, rate: float):
        self.port, self.asks, self.cookie, self.rate = server.port, asks, cookie, rate
        self.next, self.lock = 0, threading.Lock()
        self.seen: list[Answer] = []

    def run(self) -> list[Answer]:
        self.began = time.perf_counter()
        threads = [threading.Thread(target=self._work) for _ in range(CLIENTS)]
        _each(threads, threading.Thread.start)
        _each(threads, threading.Thread.join)
        return self.seen

    def _work(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        while True:
            with self.lock:
                n, self.next = self.next, self.next + 1
            if n >= len(self.asks):
                return
            ask, due = self.asks[n], self.began + n / self.rate
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.request(ask.method, ask.path, ask.body or None, {"Cookie": self.cookie, **ask.headers})
            answer = connection.getresponse()
            said = answer.read()
            ref = json.loads(said)["ref"] if ask.path == "/api/v1/cases" and answer.status in {200, 201} else ""
            self.seen.append(
                Answer(
                    ask.kind, answer.status, (time.perf_counter() - due) * 1000, ref, time.perf_counter() - self.began
                )
            )


def _each(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)
