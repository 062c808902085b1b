"""What every test may ask for: a fresh database of both kinds, the app, a client that checks each page, builders."""

import atexit
import fcntl
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import alembic.command
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import FileSystemBytecodeCache
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from app import Menkou, create_app
from common.db import Database
from common.migrate import alembic_config
from common.sealing import make_keys
from common.settings import Settings
from services_catalog.operations import load_shipped
from tests import postgres
from tests.builders import Make
from tests.page_watcher import WatchingClient
from tests.platform_process import Platform, start_platform

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shandong
BOTH = ("sqlite", "postgresql")
# For tests of words, processes or forms, where the kind of database does not matter and a second run would tell nothing.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A server per test process. Without PostgreSQL the tests on it cannot run: said by name, and an error in CI."""
    binaries = postgres.find_binaries()
    if binaries is None:
        message = "PostgreSQL is not installed: tests on it were not run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    server = postgres.Server(binaries)
    yield server
    server.stop()


def migrate(url: str) -> None:
    alembic.command.upgrade(alembic_config(url), "head")


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to be copied."""
    file = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: postgres.Server) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    postgres_server.sql("CREATE DATABASE empty")
    migrate(postgres_server.url("empty"))
    return "empty"


def load_catalogue(url: str) -> None:
    database = Database(url)
    with database.writing() as session:
        load_shipped(session, NOW)
        session.commit()
    database.engine.dispose()


@pytest.fixture(scope="session")
def loaded_sqlite(empty_sqlite: Path) -> Path:
    """A SQLite file with the catalogue that we ship, to be copied: loading it anew is a third of a test's time."""
    file = empty_sqlite.with_name("loaded.sqlite3")
    shutil.copy(empty_sqlite, file)
    load_catalogue(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def loaded_postgres(empty_postgres: str, postgres_server: postgres.Server) -> str:
    """The name of a PostgreSQL database with the catalogue that we ship, to be copied."""
    load_catalogue(postgres_server.copy(empty_postgres, "loaded"))
    return "loaded"


@pytest.fixture
def loaded() -> None:
    """The catalogue that we ship is in the test's database from the beginning."""


def _state(request: pytest.FixtureRequest) -> str:
    return "loaded" if "loaded" in request.fixturenames else "empty"


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh, migrated SQLite database, empty or `loaded`: for tests to which the database does not matter."""
    template = request.getfixturevalue(f"{_state(request)}_sqlite")
    return f"sqlite:///{shutil.copy(template, tmp_path / 'test.sqlite3')}"


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh, migrated database, empty or `loaded`; each test that asks for it runs once on each kind."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    template = request.getfixturevalue(f"{_state(request)}_postgres")
    return request.getfixturevalue("postgres_server").copy(template, "test")


@pytest.fixture(scope="session")
def demo_sqlite(tmp_path_factory: pytest.TempPathFactory, empty_sqlite: Path) -> Path:
    """A SQLite file with the demo data, 300 stations of the 35,000; made once per run, to be copied before writing."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    file = shared / "demo.sqlite3"
    with (shared / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            unfinished = file.with_suffix(".unfinished")
            shutil.copy(empty_sqlite, unfinished)
            app = make_app(f"sqlite:///{unfinished}", shared, demo_stations=300)
            for command in (["demo", "load"], ["accounts", "demo"]):
                result = app.test_cli_runner().invoke(args=command)
                assert result.exit_code == 0, result.output
            app.extensions["db"].engine.dispose()
            unfinished.rename(file)
    return file


@pytest.fixture(scope="session")
def demo_app(demo_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An app on demo data that all tests of a process share: for looking, not for arranging."""
    folder = tmp_path_factory.mktemp("demo")
    shutil.copy(demo_sqlite, folder / "demo.sqlite3")
    app = make_app(f"sqlite:///{folder}/demo.sqlite3", folder, demo_stations=300)
    yield app
    app.extensions["db"].engine.dispose()


@functools.cache
def make_keys_once() -> Path:
    """One key folder for all apps of this process."""
    folder = temporary("menkou-keys-")
    make_keys(folder)
    return folder


def temporary(prefix: str) -> Path:
    """A folder that goes when this process ends."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class KnownRule(Rule):
    """An address of the app whose builder (the same for every app of this process) is compiled once, not for every test:
    two thirds of what making an app costs."""

    builders: ClassVar[dict[tuple[Any, ...], Any]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Any:
        key = (self.rule, self.subdomain, str(self.defaults), append_unknown)
        if key not in self.builders:
            self.builders[key] = super()._compile_builder(append_unknown)
        return self.builders[key]


Menkou.url_rule_class = KnownRule


def make_app(database_url: str, folder: Path, **settings: object) -> Flask:
    given = {
        "mode": "demo",
        "public_url": "https://menkou.example" if settings.get("mode") == "production" else "",
        "key_dir": make_keys_once(),
        "DATABASE_URL": database_url,
        "data_dir": folder,
        "clock": NOW,
        "log_requests": False,
    }
    app = create_app(Settings(_env_file=None, secret_key="t" * 40, **(given | settings)))
    app.testing = True
    app.test_client_class = WatchingClient
    for language, templates in app.extensions["languages"].items():  # compiled once per process, not once per test
        templates.bytecode_cache = FileSystemBytecodeCache(str(compiled_templates()), f"{language}-%s")
    return app


@functools.cache
def compiled_templates() -> Path:
    """Where templates lie once they were compiled: an eighth of a second for each app that shows a page otherwise."""
    return temporary("menkou-templates-")


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = make_app(database_url, tmp_path)
    yield app
    app.extensions["db"].engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Opens pages; each HTML answer is checked by tests/page_watcher.py as well."""
    return app.test_client()


@pytest.fixture
def database(app: Flask) -> Database:
    return app.extensions["db"]


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """A session to arrange with and look through; commit what the app shall see. Holds no lock in between."""
    database = app.extensions["db"]
    with app.app_context(), Session(database.engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def make(app: Flask) -> Make:
    """Builders with defaults: make.station("近站", items=(18,)). Each commits."""
    return Make(app.extensions["db"], NOW)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    """The platform simulator in its own process, on a free port, at NOW; decisions come at once when somebody looks."""
    platform = start_platform(tmp_path / "platform", NOW, "--review-after", "0")
    yield platform
    platform.stop()
