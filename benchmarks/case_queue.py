"""The work queue of a county over 100,000 open cases: statements, p50 and p95 of a page, on SQLite and on PostgreSQL.

Asked in this process through the application, sign-in and page included.
"""

import gc
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from statistics import quantiles

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from accounts.policy import Actor, Role
from benchmarks.table import Row, at_most, note, say
from cases.masks import sealed_subject
from cases.models import Case, Desk, State
from cases.queries import Tab
from common.ids import new_id
from tests import postgres
from tests.builders import WOMAN, Make
from tests.conftest import NOW, make_app, migrate
from tests.statements import statements_of

OPEN, AT_TOWN, OVER = 100_000, 20_000, 20_000
COUNTY, TOWN = "370102", "370102001"
ASKED = 300
BATCH = 5_000
TODAY = date(2026, 11, 23)


def measure() -> list[Row]:
    rows: list[Row] = []
    for kind in ("sqlite", "postgresql"):
        with _database(kind) as url, tempfile.TemporaryDirectory() as folder:
            if url is None:
                rows.append(note(f"queue, {kind}", "not installed"))
                continue
            migrate(url)
            app = make_app(url, Path(folder))
            app.test_client_class = FlaskClient  # no watcher that reads each page
            rows += _measure(app, kind)
            app.extensions["db"].engine.dispose()
    return rows


@contextmanager
def _database(kind: str) -> Iterator[str | None]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{folder}/queue.sqlite3"
        return
    binaries = postgres.find_binaries()
    if binaries is None:
        yield None
        return
    server = postgres.Server(binaries)
    server.sql("CREATE DATABASE queue")
    yield server.url("queue")
    server.stop()


def _measure(app: Flask, kind: str) -> list[Row]:
    make = Make(app.extensions["db"], NOW)
    with app.app_context():
        station = make.station()
    officer = make.actor(Role.COUNTY_OFFICER)
    clerk = make.actor(Role.CLERK, station_code=station)
    helper = make.actor(Role.HELPER, station_code=station)
    say(f"queue: {OPEN + AT_TOWN + OVER:,} cases on {kind}")
    began = time.perf_counter()
    _fill(app, station, officer, clerk)
    rows = [note(f"queue, {kind}: filling", f"{time.perf_counter() - began:.0f} s")]
    gc.collect()
    gc.freeze()
    for who, actor, open_cases in (
        ("county", officer, OPEN),
        ("town", clerk, AT_TOWN),
        ("helper", helper, (AT_TOWN + OPEN) // 500),
    ):
        client = make.signed_in(app.test_client(), actor)
        paths = _paths(len(rows))
        for path in paths[:20]:
            client.get(path)
        took, worked, most = [], [], 0
        with statements_of(app.extensions["db"].engine) as said:
            for path in paths:
                said.clear()
                start, cpu = time.perf_counter(), time.process_time()
                answer = client.get(path)
                took.append((time.perf_counter() - start) * 1000)
                worked.append((time.process_time() - cpu) * 1000)
                if answer.status_code != 200:
                    raise RuntimeError(f"{path}: {answer.status_code}")
                # "Last seen" is written every few minutes, by whoever asks then.
                most = max(most, len([one for one in said if not one.startswith("UPDATE sign_in_session")]))
        cuts = quantiles(took, n=20)
        name = f"queue, {kind}: {who}, {open_cases:,} open"
        rows += [
            at_most(f"{name}: SQL statements", most, 4, "", digits=0),
            at_most(f"{name}: p95 of a page", cuts[18], 50, "ms"),
            note(f"{name}: p50", f"{cuts[9]:.1f} ms; CPU of this process p95 {quantiles(worked, n=20)[18]:.1f} ms"),
        ]
    ref = make.case(station_code=station, state=State.IN_REVIEW, desk=Desk.COUNTY)
    client = make.signed_in(app.test_client(), officer)
    client.get(f"/cases/{ref}")
    with statements_of(app.extensions["db"].engine) as said:
        client.get(f"/cases/{ref}")
    return [*rows, at_most(f"case page, {kind}: SQL statements", len(said), 6, "", digits=0)]


def _paths(seed: int) -> list[str]:
    chance = random.Random(seed)
    tabs = [f"/cases?tab={tab}" for tab in Tab]
    return [f"{chance.choice(tabs)}&page={chance.choice((1, 1, 1, 2, 5, 20))}" for _ in range(ASKED)]


def _fill(app: Flask, station: str, officer: Actor, clerk: Actor) -> None:
    """Rows as they are after years of work, straight into the table."""
    chance = random.Random(20251119)
    database = app.extensions["db"]
    subject = sealed_subject(WOMAN)
    kinds = [("county", OPEN), ("town", AT_TOWN), ("over", OVER)]
    for kind, count in kinds:
        for start in range(0, count, BATCH):
            rows = [
                _row(kind, chance, station, subject, officer, clerk) | {"ref": f"{kind[0]}{start + n:07}"}
                for n in range(min(BATCH, count - start))
            ]
            with database.writing() as session:
                session.execute(sa.insert(Case), rows)
                session.commit()
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _row(kind: str, chance: random.Random, station: str, subject: dict, officer: Actor, clerk: Actor) -> dict:
    waits = chance.random() < 0.25
    states = {
        "county": [State.IN_REVIEW, State.IN_REVIEW, State.SUBMITTED],
        "town": [State.SUBMITTED, State.ACCEPTED],
        "over": [State.DONE, State.WITHDRAWN],
    }
    state = State.NEEDS_SUPPLEMENT if waits and kind != "over" else chance.choice(states[kind])
    mine = chance.random() < 0.05
    handler = {"county": officer, "town": clerk}.get(kind)
    return {
        "id": new_id(),
        "county_code": COUNTY,
        "item_no": chance.choice((1, 15, 17, 18)),
        "family": "remote_care",
        "form_version": 1,
        "station_code": station if chance.random() < 0.002 else f"{COUNTY}{chance.randrange(2, 500):03}001Z1",
        "town_code": TOWN if kind == "town" else f"{COUNTY}{chance.randrange(1, 21):03}",
        "channel": "window",
        "state": state,
        "desk": {"county": Desk.COUNTY, "town": Desk.TOWN}.get(kind),
        "live": kind != "over",
        "live_key": new_id(),
        "version": 1,
        "person_index": new_id(),
        "phone_index": None,
        "subject": subject,
        "answers": {"rloc_admdvs": "320100"},
        "answers_sha256": "0" * 64,
        "identity_how": "original",
        "identity_checked_by": clerk.account_id,
        "filed_by": clerk.account_id,
        "handler_id": handler.account_id if handler and mine else None,
        "filed_at": NOW,
        "state_at": NOW,
        "due_on": TODAY + timedelta(days=chance.randrange(-3, 30)),
        "due_estimated": False,
        "supplement_due_on": TODAY + timedelta(days=5) if waits else None,
        "to_county": kind == "county",
        "follow_hash": "0" * 32,
    }
