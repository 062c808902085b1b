"""Tables that belong to no feature: editions of reference data, and the calendar people corrected. Floor 0."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model


class Edition(Model):
    """A number that moves when reference data changes, so that every process can tell its copy is old."""

    __tablename__ = "edition"

    name: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    number: Mapped[int]


class CalendarOverride(Model):
    """A date the operator knows better than the packages: a holiday, or a weekend people work."""

    __tablename__ = "calendar_override"

    date: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    is_workday: Mapped[bool]
    name: Mapped[str | None] = mapped_column(sa.String(40))
    source: Mapped[str] = mapped_column(sa.String(200))
