"""What the platform remembers: replies by message number, effects, filings, decisions, and a journal of every call. One SQLite file.

No name and no certificate number is written here: filings are kept by rid, state and number only.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

try:
    import pysqlite3 as sqlite3
except ImportError:
    import sqlite3

TABLES = """
CREATE TABLE IF NOT EXISTS reply (
    code TEXT, msgid TEXT, infno TEXT, input_sm3 TEXT, infcode TEXT, output TEXT, err_msg TEXT, refmsgid TEXT, at TEXT,
    body BLOB, PRIMARY KEY (code, msgid)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS effect (
    id INTEGER PRIMARY KEY, infno TEXT, rid TEXT, ver_no INTEGER, code TEXT, msgid TEXT, at TEXT, backwards INTEGER);
CREATE INDEX IF NOT EXISTS effect_rid ON effect (rid, infno, ver_no);
CREATE TABLE IF NOT EXISTS work_order (rid TEXT PRIMARY KEY, ver_no INTEGER, station_no TEXT, matt_stas TEXT);
CREATE TABLE IF NOT EXISTS filing (
    rid TEXT PRIMARY KEY, ver_no INTEGER, sn TEXT UNIQUE, ref TEXT, dcla_type TEXT, stas TEXT, memo TEXT, ver INTEGER,
    due TEXT, wish TEXT, changed TEXT);
CREATE INDEX IF NOT EXISTS filing_due ON filing (due) WHERE due IS NOT NULL;
CREATE TABLE IF NOT EXISTS decision (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, rid TEXT, ver_no INTEGER, ver INTEGER, sn TEXT, stas TEXT, memo TEXT, at TEXT);
CREATE TABLE IF NOT EXISTS wish (name TEXT PRIMARY KEY, stas TEXT, memo TEXT);
CREATE TABLE IF NOT EXISTS added (id INTEGER PRIMARY KEY, infno TEXT, line TEXT);
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY, at TEXT, infno TEXT, code TEXT, msgid TEXT, rids TEXT, http INTEGER, infcode TEXT, note TEXT,
    fault TEXT);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT);
"""


class BookBroken(RuntimeError):
    """The file is no book of ours, or is damaged."""


class Book:
    """One connection, one writer at a time: a call is done, answered and written down in one transaction."""

    def __init__(self, file: Path | str):
        self._lock = threading.RLock()
        self._at = sqlite3.connect(str(file), check_same_thread=False, isolation_level=None)
        self._at.row_factory = sqlite3.Row
        try:
            self._at.execute("PRAGMA journal_mode=WAL")
            self._at.execute("PRAGMA synchronous=NORMAL")
            self._at.executescript(TABLES)
        except sqlite3.DatabaseError:
            raise BookBroken(
                f"{file} cannot be used as the simulator's database: remove it, it holds only what was tried."
            ) from None

    @contextmanager
    def writing(self) -> Iterator["Book"]:
        """All of it or nothing."""
        with self._lock:
            self._at.execute("BEGIN IMMEDIATE")
            try:
                yield self
            except BaseException:
                self._at.execute("ROLLBACK")
                raise
            self._at.execute("COMMIT")

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Every row."""
        with self._lock:
            return list(self._at.execute(sql, values))

    def row(self, sql: str, *values: Any) -> Any:
        """The first row or None."""
        with self._lock:
            return self._at.execute(sql, values).fetchone()

    def do(self, sql: str, *values: Any) -> int:
        """Change something; the number of the last row."""
        with self._lock:
            return int(self._at.execute(sql, values).lastrowid or 0)

    def number(self, name: str) -> int:
        """The next of a counter."""
        value = self.kept(name, 0) + 1
        self.keep(name, value)
        return int(value)

    def kept(self, name: str, default: Any = None) -> Any:
        """A value by name."""
        found = self.row("SELECT value FROM kept WHERE name = ?", name)
        return json.loads(found[0]) if found else default

    def keep(self, name: str, value: Any) -> None:
        """Keep a value by name."""
        self.do("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)", name, json.dumps(value))

    def note_effect(self, infno: str, rid: str, ver_no: int, code: str, msgid: str, at: datetime) -> None:
        """Something was done. Done twice for the same version under two numbers, it stands here twice."""
        latest = self.row("SELECT max(ver_no) FROM effect WHERE rid = ? AND infno = ?", rid, infno)[0]
        self.do(
            "INSERT INTO effect (infno, rid, ver_no, code, msgid, at, backwards) VALUES (?, ?, ?, ?, ?, ?, ?)",
            infno,
            rid,
            ver_no,
            code,
            msgid,
            at.isoformat(),
            int(latest is not None and ver_no < latest),
        )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._at.close()
