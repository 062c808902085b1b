"""The application within this process: what no clock outside can tell, statements and CPU time of one request."""

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import sqlalchemy as sa
from flask import Flask

from app import create_app
from benchmarks.databases import FOLDER
from benchmarks.server import CLOCK
from common.settings import read_settings

BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}


class Cost(NamedTuple):
    cpu_ms: float  # a request, mean
    statements: int  # of the most expensive request
    sent: float  # bytes a page, mean
    stations: float  # shown on a page, mean


@contextmanager
def application(database: Path) -> Iterator[Flask]:
    """The application on that database, with no log and our clock."""
    app = create_app(
        read_settings(
            _env_file=None,
            DATABASE_URL=f"sqlite:///{database}",
            data_dir=FOLDER,
            clock=datetime.fromisoformat(CLOCK),
            log_requests=False,
        )
    )
    gc.collect()
    gc.freeze()  # as app.server() does
    yield app
    app.extensions["db"].engine.dispose()


def cost(app: Flask, paths: Sequence[str]) -> Cost:
    """Ask for each path once, warm. ValueError when one is not answered with 200."""
    said: list[str] = []

    def hear(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):  # SQLite's own; no server hears of it
            said.append(statement)

    client = app.test_client()
    for path in paths[:20]:
        client.get(path, headers=BROWSER)
    sizes, statements, shown, seconds = [], [], [], []
    sa.event.listen(app.extensions["db"].engine, "before_cursor_execute", hear)
    for path in paths:
        said.clear()
        began = time.process_time()
        response = client.get(path, headers=BROWSER)
        seconds.append(time.process_time() - began)
        statements.append(len(said))
        if response.status_code != 200:
            raise ValueError(f"{response.status_code} for {path}")
        sizes.append(len(response.data))
    sa.event.remove(app.extensions["db"].engine, "before_cursor_execute", hear)
    for path in paths[:100]:
        shown.append(client.get(path).text.count("<h3>"))
    return Cost(fmean(seconds) * 1000, max(statements), fmean(sizes), fmean(shown))
