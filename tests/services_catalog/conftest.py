"""The catalogue we ship, in the database; and its rows, to be changed by a test."""

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from common.clock import Clock
from common.db import Database
from services_catalog import operations, schema, shipped

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # as tests/conftest.py: Monday, 10:00 in Shandong


def load(url: str) -> None:
    database = Database(url)
    with database.writing() as session:
        operations.load_shipped(session, NOW)
        session.commit()
    database.engine.dispose()


@pytest.fixture(scope="session")
def full_sqlite(empty_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with what we ship, to be copied: loading it anew for each test would take half of the time."""
    file = tmp_path_factory.mktemp("template") / "full.sqlite3"
    shutil.copy(empty_sqlite, file)
    load(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def full_postgres(empty_postgres: str, postgres_server) -> str:
    """The name of a PostgreSQL database with what we ship, to be copied."""
    postgres_server.sql(f"CREATE DATABASE full_one TEMPLATE {empty_postgres}")
    load(postgres_server.url("full_one"))
    return "full_one"


@pytest.fixture(params=("sqlite", "postgresql"))
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As in tests/conftest.py; with what we ship where the test asks for `loaded`."""
    state = "full" if "loaded" in request.fixturenames else "empty"
    template = request.getfixturevalue(f"{state}_{request.param.removesuffix('ql')}")
    if request.param == "sqlite":
        file = tmp_path / "test.sqlite3"
        shutil.copy(template, file)
        yield f"sqlite:///{file}"
    else:
        server = request.getfixturevalue("postgres_server")
        server.sql(f"CREATE DATABASE test TEMPLATE {template}")
        yield server.url("test")
        server.sql("DROP DATABASE test WITH (FORCE)")


@pytest.fixture
def loaded(database_url: str) -> None:
    """What we ship is in the database: see database_url."""


@pytest.fixture
def write(app: Flask) -> Callable:
    """write(operation, …) runs it in a writing session of its own and commits: write(operations.withdraw, 2, NOW)."""

    def run(operation, *args, **kwargs):
        with app.app_context(), app.extensions["db"].writing() as session:
            result = operation(session, *args, **kwargs)
            session.commit()
            return result

    return run


@pytest.fixture
def read(app: Flask) -> Callable:
    """read(query, …) asks in a reading session of its own, as one request would."""

    def run(query, *args, **kwargs):
        with app.app_context(), app.extensions["db"].read_session() as session:
            return query(session, *args, **kwargs)

    return run


@pytest.fixture
def rows() -> tuple[schema.CatalogueRow, ...]:
    """The checked rows of the list we ship."""
    return schema.read_catalogue(shipped.file("catalogue.csv"))


@pytest.fixture
def set_clock(app: Flask) -> Callable[[datetime], None]:
    """The application's clock shows another time from here on."""

    def change(moment: datetime) -> None:
        app.extensions["clock"] = Clock(moment)

    return change
