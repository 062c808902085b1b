"""Migrations make exactly the tables the models describe, on both databases, and never half of it."""

import ast
import re
import shutil
import sqlite3
import textwrap
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from common.db import Database, Model
from common.migrate import alembic_config
from common.settings import ROOT

VERSIONS = sorted((ROOT / "migrations" / "versions").glob("*.py"))


@pytest.fixture
def own_history(tmp_path, monkeypatch) -> Path:
    """A copy of migrations/ that a test may add to."""
    copy = tmp_path / "migrations"
    shutil.copytree(ROOT / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("common.migrate.ROOT", tmp_path)
    return copy / "versions"


def add_migration(history: Path, name: str, body: str) -> None:
    words = f'"""A step of this test."""\n\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{name}"\n'
    words += f'down_revision = "{VERSIONS[-1].stem}"\n\n\ndef upgrade() -> None:\n' + textwrap.indent(body, "    ")
    (history / f"{name}.py").write_text(words)


def test_migrations_and_models_agree(database_url):
    database = Database(database_url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Model.metadata) == []
    database.engine.dispose()


def test_check_constraints_are_made_and_named_as_the_models_say(database_url):
    """Alembic does not compare them; without a name a later migration cannot drop one on both databases."""
    database = Database(database_url)
    made = sa.MetaData()
    made.reflect(database.engine)
    for table in Model.metadata.sorted_tables:
        wanted = {str(rule.name) for rule in table.constraints if isinstance(rule, sa.CheckConstraint)}
        assert wanted <= {str(rule.name) for rule in made.tables[table.name].constraints}
    database.engine.dispose()


def test_upgrading_twice_changes_nothing(database_url):
    alembic.command.upgrade(alembic_config(database_url), "head")


def test_history_is_one_line_of_numbered_steps():
    history = ScriptDirectory.from_config(alembic_config("sqlite://"))
    assert len(history.get_heads()) == 1
    assert len(history.get_bases()) == 1
    numbers = [int(file.name[:4]) for file in VERSIONS]
    assert numbers == list(range(1, len(VERSIONS) + 1))


@pytest.mark.parametrize("file", VERSIONS, ids=lambda file: file.stem)
def test_a_migration_says_its_number_its_reason_and_only_goes_forward(file):
    assert re.fullmatch(r"\d{4}_[a-z][a-z0-9_]*", file.stem)
    tree = ast.parse(file.read_text())
    assert len(ast.get_docstring(tree) or "") > 20, "what runs meanwhile?"
    names = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert names["revision"] == file.stem
    assert names["down_revision"] == (VERSIONS[VERSIONS.index(file) - 1].stem if file != VERSIONS[0] else None)
    room_imports = re.findall(r"^(?:from|import) (common|maps|stations|services_catalog)\b", file.read_text(), re.M)
    assert not room_imports, "a migration keeps its own picture of the tables: models move on"


def test_a_failing_migration_leaves_nothing_behind(database_url, own_history):
    step = 'op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))\n'
    step += 'op.execute("INSERT INTO edition (name, number) VALUES (\'half\', 1)")\nop.execute("no such words")\n'
    add_migration(own_history, "9999_breaks", step)
    with pytest.raises(sa.exc.DBAPIError):
        alembic.command.upgrade(alembic_config(database_url), "head")
    database = Database(database_url)
    assert "half" not in sa.inspect(database.engine).get_table_names()
    with database.engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM edition WHERE name = 'half'")) == 0
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == VERSIONS[-1].stem
    database.engine.dispose()


def test_rebuilding_a_parent_table_keeps_its_children(make, app, database_url, own_history):
    """SQLite changes a column by making the table anew; with foreign keys on, dropping the old one fails or cascades."""
    make.station()
    code = make.station("有变动的站")
    database = app.extensions["db"]
    with database.writing() as session:
        session.execute(
            sa.text(
                "INSERT INTO hours_exception (id, county_code, station_id, date)"
                " SELECT 'e', county_code, id, '2026-12-01' FROM station WHERE code = :code"
            ),
            {"code": code},
        )
        session.commit()
    step = 'with op.batch_alter_table("station") as table:\n'
    step += '    table.alter_column("phone", type_=sa.String(60), existing_type=sa.String(30))\n'
    add_migration(own_history, "9999_longer_phone", step)
    alembic.command.upgrade(alembic_config(database_url), "head")
    with database.read_session() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM station")) == 2
        assert session.scalar(sa.text("SELECT count(*) FROM hours_exception")) == 1


def test_a_migration_that_breaks_references_is_undone(tmp_path, empty_sqlite, own_history):
    file = tmp_path / "broken.sqlite3"
    shutil.copy(empty_sqlite, file)
    step = 'op.execute("INSERT INTO station_report (id, county_code, station_id, trouble, reported_at)'
    step += " VALUES ('r', '370102', 'nobody', 'phone', '2026-01-01')\")\n"
    add_migration(own_history, "9999_points_nowhere", step)
    with pytest.raises(SystemExit, match="1 rows that point nowhere"):
        alembic.command.upgrade(alembic_config(f"sqlite:///{file}"), "head")
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM station_report").fetchone() == (0,)
    connection.close()
