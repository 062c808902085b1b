"""Reference data kept in memory, exact at every request: one small SELECT says whether the copy is old. Floor 0.

What changes a few times a year (catalogue, calendar, divisions, hours patterns) is loaded once per process and edition.
Whoever changes it calls `bump` in the same transaction.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.models import CalendarOverride, Edition
from common.working_days import Override, WorkingDays

T = TypeVar("T")

_numbers = sa.select(Edition.__table__.c.name, Edition.__table__.c.number)  # built once: it runs with every request


def bump(session: Session, name: str) -> None:
    """Tell every process that the reference data called `name` has changed. In the caller's transaction."""
    edition = session.get(Edition, name)
    if edition is None:
        session.add(Edition(name=name, number=1))
    else:
        edition.number += 1


def numbers(session: Session) -> dict[str, int]:
    """All editions: one SELECT per session, then remembered by it."""
    if "editions" not in session.info:
        rows = session.execute(_numbers)
        session.info["editions"] = {row.name: row.number for row in rows}
    found: dict[str, int] = session.info["editions"]
    return found


class Kept(Generic[T]):
    """`load(session)`, called again only when one of the named editions has moved on."""

    def __init__(self, load: Callable[[Session], T], *names: str):
        self.load = load
        self.names = names

    def __call__(self, session: Session) -> T:
        current = numbers(session)
        edition = tuple(current.get(name, 0) for name in self.names)
        kept: dict[Any, Any] = session.info["kept"]
        held = kept.get(self)
        if held is None or held[0] != edition:
            held = kept[self] = (edition, self.load(session))
        value: T = held[1]
        return value


def _load_working_days(session: Session) -> WorkingDays:
    rows = session.scalars(sa.select(CalendarOverride))
    return WorkingDays({row.date: Override(row.is_workday, row.name) for row in rows})


working_days = Kept(_load_working_days, "calendar")
