"""What a request costs the database: the statements it sends, counted where SQLAlchemy hands them to the driver."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def statements_of(engine: sa.Engine) -> Iterator[list[str]]:
    """A list that grows with each statement sent; BEGIN, which SQLite needs and no server hears of, is not in it."""
    said: list[str] = []

    def hear(_connection, _cursor, statement, *_) -> None:
        if not statement.startswith("BEGIN"):
            said.append(statement)

    sa.event.listen(engine, "before_cursor_execute", hear)
    yield said
    sa.event.remove(engine, "before_cursor_execute", hear)
