"""How long `make run` takes when everything is there already, until the first page answers."""

import shutil
import tempfile
from pathlib import Path
from statistics import median

from benchmarks import databases
from benchmarks.server import serving
from benchmarks.table import Row, at_most, say

TURNS = 3


def measure() -> list[Row]:
    seconds = []
    with tempfile.TemporaryDirectory(dir=databases.FOLDER) as folder:
        database = Path(folder, "menkou.sqlite3")
        shutil.copy(databases.demo(), database)
        for number in range(TURNS):
            say(f"second start: {number + 1} of {TURNS}")
            with serving(["make", "run"], "/healthz", databases.environment(database)) as server:
                seconds.append(server.started_in)
    return [at_most("second start, make run to first answer", median(seconds), 3, "s")]
