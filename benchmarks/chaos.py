"""`make chaos` (OPS=20000): messages to the province through a very bad day, and the count in the evening. Exit code 1 when one
was lost, doubled or came out of order.

Every second seed runs on PostgreSQL where that is installed, the others on SQLite. What goes wrong: tests/sync/chaos.py.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command

from benchmarks.table import say
from common.db import Database
from common.migrate import alembic_config
from common.sealing import make_keys
from tests import postgres
from tests.sync import chaos

PARTS = 2_500  # messages of one seed, at most
COLUMNS = (
    ("seed", 4),
    ("database", 10),
    ("ops", 6),
    ("faults %", 8),
    ("kills", 5),
    ("sleeps", 6),
    ("replays", 7),
    ("sent", 6),
    ("acked", 6),
    ("refused", 7),
    ("cancelled", 9),
    ("decisions", 9),
    ("doubled", 7),
    ("lost", 4),
    ("order", 5),
    ("left", 4),
    ("told", 4),
    ("s", 5),
)


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m benchmarks.chaos", description="Everything fails; nothing is lost.")
    ask.add_argument("--ops", type=int, default=20_000, help="messages in all")
    ask.add_argument("--seed", type=int, default=1, help="the first seed")
    chosen = ask.parse_args()
    logging.getLogger("menkou.sync").setLevel(logging.CRITICAL)  # what fails is counted, not told
    say(f"{chosen.ops} messages in parts of at most {PARTS}; GmSSL says on stderr each time a forged signature fails")
    line([name for name, _width in COLUMNS])
    line(["-" * width for _name, width in COLUMNS])
    with databases() as names:
        size = min(PARTS, -(-chosen.ops // len(names)))  # so that each database gets one
        parts = [size] * (chosen.ops // size) + ([chosen.ops % size] if chosen.ops % size else [])
        wrong = [part(names[n % len(names)], chosen.seed + n, ops) for n, ops in enumerate(parts)]
    for words in filter(None, wrong):
        say(str(words))
    return 1 if any(wrong) else 0


def part(server: postgres.Server | None, seed: int, ops: int) -> dict[str, object]:
    """One seed; its row. What is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/chaos.sqlite3"
        if server:
            server.sql(f"CREATE DATABASE chaos{seed}")
            url = server.url(f"chaos{seed}")
        alembic.command.upgrade(alembic_config(url), "head")
        database = Database(url, make_keys(Path(folder, "keys")))
        found = chaos.run(database, Path(folder), seed=seed, ops=ops)
        database.engine.dispose()
    shown = (seed, "PostgreSQL" if server else "SQLite", ops, f"{found.faults:.0%}", sum(found.kills.values()))
    shown += (
        found.stalls,
        found.replays,
        found.sent,
        found.acked,
        found.refused,
        found.cancelled,
        found.decided,
        len(found.doubled),
        len(found.lost),
    )  # type: ignore[assignment]
    line([*shown, len(found.disorder), len(found.left), len(found.told), round(found.seconds)])
    return found.wrong


def line(cells: list[object]) -> None:
    """One row of the table, as Markdown."""
    print(
        "| " + " | ".join(f"{cell!s:>{width}}" for cell, (_n, width) in zip(cells, COLUMNS, strict=True)) + " |",
        flush=True,
    )


@contextmanager
def databases() -> Iterator[list[postgres.Server | None]]:
    """SQLite, and a PostgreSQL of our own where there is one."""
    binaries = postgres.find_binaries()
    if binaries is None:
        yield [None]
        return
    server = postgres.Server(binaries)
    try:
        yield [None, server]
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
