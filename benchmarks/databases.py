"""The two databases the finder is measured on: the demo's 35,000 stations, and 1,000,000. Kept in var/bench/ until their
making changes.

The million is the demo and copies of it, each copy moved by some kilometres in a random direction: 28 stations where
there was one, as crowded as no province is. Everything else (divisions, catalogue, hours) is the demo's own.
"""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random

from benchmarks.server import CLOCK, PYTHON
from benchmarks.table import say
from common.db import sqlite_module
from common.ids import new_id
from maps.place import Place, pixel_of
from tools.step import ROOT

FOLDER = ROOT / "var" / "bench"
MILLION = 1_000_000
SEED = 20251119
SCATTER = 0.07  # degrees; a copy lies about 8 km from its model
_MADE_BY = ("benchmarks/databases.py", "stations/demo.py", "stations/models.py", "migrations/versions/*.py")
_MADE_FROM = ("stations/data/*", "services_catalog/data/*")


def demo() -> Path:
    """35,000 stations, as `make run` loads them. About half a minute the first time."""
    file = FOLDER / f"demo-{_edition()}.sqlite3"
    if not file.exists():
        _forget("demo-*")
        say("making the demo database, 35,000 stations")
        making = _making(file)
        for words in (["db", "upgrade"], ["demo", "load"]):
            flask(words, database=making)
        _finish(making, file)
    return file


def million() -> Path:
    """1,000,000 stations. About a minute the first time, 1 GB."""
    file = FOLDER / f"million-{_edition()}.sqlite3"
    if not file.exists():
        _forget("million-*")
        model = demo()
        say("making the large database, 1,000,000 stations")
        making = _making(file)
        making.write_bytes(model.read_bytes())
        _multiply(making)
        _finish(making, file)
    return file


def flask(words: list[str], *, database: Path) -> None:
    """Run a command of the application on that database. RuntimeError with its words when it fails."""
    done = subprocess.run(
        [str(PYTHON), "-m", "flask", "--app", "app", *words],
        cwd=ROOT,
        env=os.environ | environment(database),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(words)} failed:\n{(done.stdout + done.stderr)[-3000:]}")


def environment(database: Path) -> dict[str, str]:
    """Settings under which every measured process runs: this database, our clock, no log."""
    return {
        "DATABASE_URL": f"sqlite:///{database}",
        "MENKOU_DATA_DIR": str(FOLDER),
        "MENKOU_CLOCK": CLOCK,
        "MENKOU_LOG_REQUESTS": "false",
    }


def places(count: int, database: Path) -> list[Place]:
    """Where readers stand: up to some kilometres from a station, the same ones every time."""
    chance = Random(SEED)
    with sqlite_module().connect(database) as connection:
        stations = connection.execute("SELECT lat, lon FROM station ORDER BY code LIMIT 35000").fetchall()
    connection.close()
    return [_moved(Place(*chance.choice(stations)), chance, 0.008) for _ in range(count)]


def _moved(place: Place, chance: Random, scatter: float) -> Place:
    return Place(round(place.lat + chance.gauss(0, scatter), 6), round(place.lon + chance.gauss(0, scatter), 6))


def _multiply(file: Path) -> None:
    connection = sqlite_module().connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=OFF")
    connection.execute("PRAGMA synchronous=OFF")
    columns = [row[1] for row in connection.execute("PRAGMA table_info(station)")]
    rows = connection.execute(f"SELECT {', '.join(columns)} FROM station ORDER BY code")
    models = [dict(zip(columns, row, strict=True)) for row in rows]
    # Indexes are made again at the end: sorted once instead of a million times put in place.
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'station' AND sql IS NOT NULL"
    ).fetchall()
    connection.execute("BEGIN")
    for name, _sql in indexes:
        connection.execute(f"DROP INDEX {name}")
    insert = f"INSERT INTO station ({', '.join(columns)}) VALUES ({', '.join(f':{name}' for name in columns)})"
    connection.executemany(insert, _copies(models, MILLION - len(models)))
    for _name, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.close()


def _copies(models: list[dict], count: int) -> Iterator[dict]:
    chance = Random(SEED)
    for number in range(count):
        model = chance.choice(models)
        place = _moved(Place(model["lat"], model["lon"]), chance, SCATTER)
        pixel = pixel_of(place)
        yield model | {
            "id": new_id(),
            "code": f"{model['town_code']}{number:07}B1",
            "lat": place.lat,
            "lon": place.lon,
            "mx": pixel.mx,
            "my": pixel.my,
        }


def _edition() -> str:
    """Changes when what makes or fills the databases changes."""
    digest = hashlib.sha256()
    for pattern in (*_MADE_BY, *_MADE_FROM):
        for file in sorted(ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


def _making(file: Path) -> Path:
    FOLDER.mkdir(parents=True, exist_ok=True)
    making = file.with_suffix(".making")
    making.unlink(missing_ok=True)
    return making


def _finish(making: Path, file: Path) -> None:
    """Out of WAL into one file, and only then under its name: an interrupted one is made again."""
    connection = sqlite_module().connect(making)
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    making.rename(file)


def _forget(pattern: str) -> None:
    for old in FOLDER.glob(pattern):
        old.unlink()
