"""Runs migrations on its own connection: SQLite's foreign keys must be off while Alembic rebuilds a table (dropping the
old one would delete its children), and are checked afterwards. A migration that fails leaves nothing behind."""

from typing import Any

import sqlalchemy as sa
from alembic import context

# Every room with tables, so that Alembic sees them all; tests/test_migrations.py compares the list with the folders.
import accounts.models  # noqa: F401
import cases.models  # noqa: F401
import common.models  # noqa: F401
import maps.models  # noqa: F401
import posters.models  # noqa: F401
import services_catalog.models  # noqa: F401
import stations.models  # noqa: F401
import sync.models  # noqa: F401
from common.db import Model, sqlite_module


def sqlite_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url, module=sqlite_module(), poolclass=sa.NullPool)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver would leave schema changes outside the transaction
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA busy_timeout=15000")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


url = context.config.get_main_option("sqlalchemy.url")
engine = sqlite_engine(url) if url.startswith("sqlite") else sa.create_engine(url, poolclass=sa.NullPool)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Model.metadata,
        render_as_batch=True,
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if connection.dialect.name == "sqlite":
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise SystemExit(f"the migration left {len(broken)} rows that point nowhere")
engine.dispose()
