"""Tables that belong to no feature: editions of reference data, the calendar people corrected, the audit. Floor 0."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model
from common.sealing import SealedText


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


class AuditEntry(Model):
    """Who saw or did what, when, what for. Added by common/audit.py, never changed: the database refuses (0005_audit)."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index(None, "day", "county_code", "action"),)

    county_code: Mapped[str] = mapped_column(sa.String(6), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)  # in Shandong
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # 1, 2, 3 … of that county and day
    at: Mapped[datetime]
    actor_id: Mapped[str | None] = mapped_column(sa.String(32))  # NULL: a resident, or the machine
    actor_role: Mapped[str] = mapped_column(sa.String(20))
    action: Mapped[str] = mapped_column(sa.String(40))
    about_kind: Mapped[str] = mapped_column(sa.String(24))
    about_id: Mapped[str] = mapped_column(sa.String(64))
    purpose: Mapped[str | None] = mapped_column(SealedText("audit_entry.purpose"))  # typed by a person
    facts: Mapped[dict[str, Any]] = mapped_column(sa.JSON)  # never personal
    prev: Mapped[str] = mapped_column(sa.String(64))  # mac of the entry before, "" for the day's first
    mac: Mapped[str] = mapped_column(sa.String(64))


class AuditHead(Model):
    """How far a county's chain of one day has come. Whoever adds to it locks this row."""

    __tablename__ = "audit_head"

    county_code: Mapped[str] = mapped_column(sa.String(6), primary_key=True)
    day: Mapped[date] = mapped_column(sa.Date, primary_key=True)
    before: Mapped[date | None] = mapped_column(sa.Date)  # the county's day before it with entries: no day can vanish
    seq: Mapped[int]
    last: Mapped[str] = mapped_column(sa.String(64))  # mac of entry seq
    mac: Mapped[str] = mapped_column(sa.String(64))  # of this row
