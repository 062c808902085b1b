"""Where personal values lie in plain words though they should not: the database's bytes, its columns, the logs, the files.

with leaks.watch_logs() as said:
    ... enter values ...
assert leaks.find_leaks(app, ["张三", "37130219900101001X"], said) == []
"""

import base64
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from flask import Flask


class Said(logging.Handler):
    """Everything that any logger said, with its stack traces."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@contextmanager
def watch_logs() -> Iterator[Said]:
    """What is logged meanwhile, also by loggers that hand nothing on (the request log does not)."""
    said = Said()
    loggers = [logging.getLogger(), *(logging.getLogger(n) for n in list(logging.Logger.manager.loggerDict))]
    deaf = [logger for logger in loggers if not logger.propagate or logger is logging.getLogger()]
    for logger in deaf:
        logger.addHandler(said)
    try:
        yield said
    finally:
        for logger in deaf:
            logger.removeHandler(said)


def find_leaks(app: Flask, values: Iterable[str], logs: Said | Iterable[str] = ()) -> list[str]:
    """["case_file.subject holds '张三'", …]: places that hold one of the values. Empty: nothing leaked.

    Looks at every column of every table as text, at the bytes of the SQLite file and its WAL, at every file of the data
    folder (names too) and at the log lines given. A value counts in UTF-8, as JSON's \\u escapes, percent-encoded, in
    base64 and hexadecimal, in UTF-16, and an ID number or telephone with blanks or hyphens between its digits.
    """
    wanted = {value: _guises(value) for value in values}
    assert all(len(value) >= 2 for value in wanted), "one character is found everywhere"
    found = []
    for place, body in (*_columns(app), *_database_files(app), *_files(app), *_lines(logs)):
        plain = body.lower()
        found += [f"{place} holds {value!r}" for value, guises in wanted.items() if any(g in plain for g in guises)]
    return sorted(set(found))


def _guises(value: str) -> set[bytes]:
    """How a value may look, in lower case (base64 as well: the looked-through bytes are lowered, too)."""
    body = value.encode()
    guises = {body, json.dumps(value)[1:-1].encode(), quote(value).encode(), body.hex().encode()}
    others = (value.encode(code) for code in ("utf-16-le", "utf-16-be", "gb18030"))
    guises |= {other for other in others if len(other) >= 6}  # shorter ones stand in sealed bytes by chance
    if len(body) >= 9:  # below, chance finds it in any larger file
        for shift in range(3):  # in a longer text it may begin at any of three places
            encoded = base64.b64encode(b"\0" * shift + body)
            guises.add(encoded[(shift * 8 + 5) // 6 : (shift + len(body)) * 8 // 6])
    digits = value.rstrip("Xx")
    if digits.isascii() and digits.isdecimal() and len(value) in {11, 15, 18}:
        cuts = {11: (3, 7), 15: (6, 12), 18: (6, 14)}[len(value)]
        for blank in (" ", "-"):
            guises.add(blank.join((value[: cuts[0]], value[cuts[0] : cuts[1]], value[cuts[1] :])).encode())
    return {guise.lower() for guise in guises}


def _columns(app: Flask) -> Iterator[tuple[str, bytes]]:
    """Every table and column that the database has, ours or not; a table at a time, so use it on small databases."""
    engine = app.extensions["db"].engine
    tables = sa.MetaData()
    with engine.connect() as connection:
        tables.reflect(connection)
        for table in tables.sorted_tables:
            for column in table.columns:
                shown = sa.cast(column, sa.Text)
                if isinstance(column.type, sa.LargeBinary):
                    shown = column
                values = connection.scalars(sa.select(shown).where(column.is_not(None)))
                body = b"\n".join(bytes(v) if isinstance(v, bytes | memoryview) else str(v).encode() for v in values)
                yield f"{table.name}.{column.name}", body


def _database_files(app: Flask) -> Iterator[tuple[str, bytes]]:
    engine = app.extensions["db"].engine
    if engine.dialect.name == "sqlite" and engine.url.database:
        for end in ("", "-wal", "-journal"):
            file = Path(engine.url.database + end)
            if file.exists():
                yield f"the database file{end}", file.read_bytes()


def _files(app: Flask) -> Iterator[tuple[str, bytes]]:
    folder = app.config["SETTINGS"].data_dir
    database = app.extensions["db"].engine.url.database or ""
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        yield f"the name of {name.parent}/…", file.name.encode()
        if file.is_file() and not str(file).startswith(database or "\0"):
            yield f"the file {name}", file.read_bytes()


def _lines(logs: Said | Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for line in logs.lines if isinstance(logs, Said) else logs:
        yield "the log", line.encode()
