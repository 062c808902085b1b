"""What every command does alike: a sentence instead of a stack trace, and how far it has come. Floor 0."""

import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
import sqlalchemy as sa
from flask.cli import AppGroup

EVERY = 5_000  # steps between two lines where there is no terminal to draw a bar on


class Sentence(click.ClickException):
    """A sentence on standard error and exit code 1."""

    def show(self, file: object = None) -> None:
        """As it is, without click's "Error:"."""
        say(self.message, err=True)


def say(words: str, *, err: bool = False) -> None:
    """Print to the operator. Files and readers have their words in it: what would steer a terminal or turn the direction
    of writing becomes a mark that can be seen."""
    unseen = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    shown = (c if c == "\n" or unicodedata.category(c) not in unseen else "\ufffd" for c in words)
    click.echo("".join(shown), err=err)


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


@contextmanager
def progress(label: str, about: int, every: int = EVERY) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; where that is no terminal, a line every so many steps. `step(n)`: n more are done."""
    if sys.stderr.isatty():
        with click.progressbar(length=max(about, 1), label=label, file=sys.stderr) as bar:
            yield bar.update
        return
    done = 0

    def step(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if before // every != done // every:
            click.echo(f"{label} {done:,} / {max(about, done):,}", err=True)

    yield step
