"""Bring a database to the schema this code expects: Alembic's history in migrations/, one for both databases. Floor 0."""

import alembic.command
import click
from alembic.config import Config
from flask import current_app

from common.commands import Commands
from common.db import database, writing
from common.settings import ROOT

db_cli = Commands("db", help="The database schema.")


def alembic_config(url: str) -> Config:
    """Alembic's settings for one database."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


@db_cli.command("upgrade")
def upgrade() -> None:
    """Apply every migration the database does not have yet, then count what the new tables hold about the old ones."""
    alembic.command.upgrade(_config(), "head")
    for fill in current_app.extensions["after_upgrade"]:  # of the rooms, handed down by app.py
        with writing() as session:
            fill(session)
            session.commit()
    click.echo("The database is up to date.")


@db_cli.command("current")
def current() -> None:
    """Say which migration the database has."""
    alembic.command.current(_config())


@db_cli.command("check")
def check() -> None:
    """Compare the models with the migrations; fails when a migration is missing."""
    alembic.command.check(_config())


def _config() -> Config:
    return alembic_config(database().engine.url.render_as_string(hide_password=False))
