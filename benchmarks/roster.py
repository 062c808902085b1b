"""Bringing in a roster of 35,000 stations as an operator does: seconds and memory of `flask stations import`."""

import os
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks import databases
from benchmarks.server import PYTHON
from benchmarks.table import Row, at_most, say
from tools.step import ROOT


def measure() -> list[Row]:
    rows = []
    with tempfile.TemporaryDirectory(dir=databases.FOLDER) as folder:
        csv, database = Path(folder, "roster.csv"), Path(folder, "new.sqlite3")
        say("roster: writing the file")
        databases.flask(["stations", "export", str(csv)], database=databases.demo())
        databases.flask(["db", "upgrade"], database=database)
        databases.flask(["demo", "load", "--stations", "0"], database=database)
        for what in ("first import", "the same file again"):
            say(f"roster: {what}")
            seconds, megabytes = run(["stations", "import", str(csv), "--datum", "wgs84"], database)
            rows.append(at_most(f"roster of 35,000: {what}", seconds, 20, "s"))
            rows.append(at_most("  its memory at most", megabytes, 300, "MB", digits=0))
        count = stations(database)
        rows.append(Row("  stations in the database", "35000", str(count), count == 35_000))
    return rows


def run(words: list[str], database: Path) -> tuple[float, float]:
    """Seconds and the most memory it ever held, in MB, of a command of the application."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(PYTHON), "-m", "flask", "--app", "app", *words],
        cwd=ROOT,
        env=os.environ | databases.environment(database),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _pid, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"flask {' '.join(words)} ended with {process.returncode}")
    return time.perf_counter() - began, _megabytes(used)


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / 1024


def stations(database: Path) -> int:
    connection = databases.sqlite_module().connect(database)
    (count,) = connection.execute("SELECT count(*) FROM station").fetchone()
    connection.close()
    return int(count)
