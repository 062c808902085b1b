"""The database: a session to read, a session to write, and the column types every room shares. Floor 0.

`reading()` lives as long as the request. `writing()` opens late, takes SQLite's write lock at once (BEGIN IMMEDIATE:
a deferred transaction that reads first and writes later fails under load), and keeps nothing unless commit is called.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import sqlalchemy as sa
from flask import Flask, current_app, g
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, sessionmaker

from common.ids import new_id as _new_id
from common.sealing import KeyRing

T = TypeVar("T")
MOST_TRIES = 4
# What PostgreSQL ends one of two transactions with that waited for each other, or could not both be true.
GIVE_WAY = frozenset({"40P01", "40001"})
SAFE_SQLITE = (3, 51, 3)  # before it, two processes that checkpoint at once may corrupt a WAL database


class Instant(sa.TypeDecorator[datetime]):
    """A moment: aware and UTC on both databases. SQLite drops the zone, so it is put back on reading."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value and value.astimezone(UTC)


# Searched by prefix: PostgreSQL's index serves LIKE 'abc%' and ranges only in the C order, which is SQLite's anyway.
SearchKey = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")

Id = Annotated[str, mapped_column(sa.String(32))]


class Model(DeclarativeBase):
    """The parent of every table."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: Instant}  # noqa: RUF012 (read by SQLAlchemy)


def new_id() -> Any:
    """A primary key column that the application fills (UUIDv7)."""
    return mapped_column(sa.String(32), primary_key=True, default=_new_id)


class Database:
    """One engine and its two kinds of session. `kept` is what common/editions.py remembers between requests."""

    def __init__(self, url: str, keys: KeyRing | None = None):
        self.kept: dict[Any, Any] = {}
        self.sql_count = threading.local()
        self._writer = threading.Lock()
        # hide_parameters: what was bound may be a person's, and an exception's words end in a terminal or a log.
        if url.startswith("sqlite"):
            self.engine = sa.create_engine(url, module=sqlite_module(), hide_parameters=True)
            sa.event.listen(self.engine, "connect", _prepare_sqlite)
            sa.event.listen(self.engine, "begin", _begin_sqlite)
        else:
            self.engine = sa.create_engine(url, pool_pre_ping=True, pool_size=4, hide_parameters=True)
        self.engine.dialect.key_ring = keys  # type: ignore[attr-defined]  # where sealed columns find it
        sa.event.listen(self.engine, "before_cursor_execute", self._count)
        info = {"kept": self.kept}
        # One picture from the first statement to the last; SQLite reads so by itself.
        one_moment = {} if url.startswith("sqlite") else {"isolation_level": "REPEATABLE READ"}
        reader = self.engine.execution_options(postgresql_readonly=True, read=True, **one_moment)
        self._read = sessionmaker(reader, info=info, autoflush=False, class_=_ReadSession)
        self._write = sessionmaker(self.engine.execution_options(write=True), info=info)

    def read_session(self) -> Session:
        """A session that refuses to write. Close it."""
        return self._read()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session to write with, one at a time per process on SQLite. Call commit; without it nothing is kept."""
        with self._writer if self.engine.dialect.name == "sqlite" else _nothing(), self._write() as session:
            yield session

    def _count(self, _connection: object, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("BEGIN"):  # ours on SQLite, the driver's own on PostgreSQL: not a question asked
            return
        self.sql_count.n = getattr(self.sql_count, "n", 0) + 1


class _ReadSession(Session):
    def flush(self, objects: Any = None) -> None:
        if self._dirty_states or self._new or self._deleted:
            raise RuntimeError("a read session was asked to write: use writing()")


def sqlite_module() -> Any:
    """pysqlite3 carries a SQLite without the WAL-reset bug; where it has no wheel the system's own must do."""
    try:
        import pysqlite3
    except ImportError:
        import sqlite3

        return sqlite3
    return pysqlite3


def sqlite_is_safe() -> bool:
    """Whether several processes may write to one SQLite file (see SAFE_SQLITE)."""
    return bool(sqlite_module().sqlite_version_info >= SAFE_SQLITE)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=15000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA query_only={1 if options.get('read') else 0}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("write") else "BEGIN")


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def attach(app: Flask, url: str, keys: KeyRing | None = None) -> Database:
    """Give `app` its database; its read session is closed when the request ends."""
    database = Database(url, keys)
    app.extensions["db"] = database

    @app.teardown_appcontext
    def close(_error: BaseException | None) -> None:
        session = g.pop("read_session", None)
        if session is not None:
            session.close()

    return database


def database() -> Database:
    """The current application's database."""
    found: Database = current_app.extensions["db"]
    return found


def reading() -> Session:
    """The request's session for reading: one transaction, so one consistent picture."""
    if "read_session" not in g:
        g.read_session = database().read_session()
    session: Session = g.read_session
    return session


def done_once(work: Callable[[Session], T]) -> T:
    """`work` in a transaction of its own, committed. When another request did the same at the same moment (a unique index
    refuses ours), or we were made to give way to one that waited for us, it runs again and finds what the other did: `work`
    must look before it writes, and changes nothing but the database. At most MOST_TRIES times."""
    for left in reversed(range(MOST_TRIES)):
        try:
            with writing() as session:
                result = work(session)
                session.commit()
                return result
        except DBAPIError as problem:
            if not (left and _another_time(problem)):
                raise
    raise AssertionError("unreachable")


def _another_time(problem: DBAPIError) -> bool:
    """Whether the same may well succeed now."""
    return isinstance(problem, IntegrityError) or getattr(problem.orig, "sqlstate", None) in GIVE_WAY


def writing() -> Any:
    """`with writing() as session:` … `session.commit()`. See Database.writing."""
    return database().writing()
