"""Command groups that answer a missing database with a sentence instead of a stack trace. Floor 0."""

import click
import sqlalchemy as sa
from flask.cli import AppGroup


class Commands(AppGroup):
    """`flask <group> …`, as flask.cli.AppGroup."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a database that is down or not ours ends it with one sentence."""
        try:
            return super().invoke(ctx)
        except sa.exc.OperationalError:
            raise click.ClickException(
                "The database cannot be reached or used. Is DATABASE_URL right, is it running?"
            ) from None
        except sa.exc.ProgrammingError:
            raise click.ClickException("The database lacks our tables. Run: flask --app app db upgrade") from None
