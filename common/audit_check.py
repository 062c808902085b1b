"""Whether the audit is whole: every chain computed again with the audit key, and where one is broken. Floor 0.

What it cannot see: the newest entries and their head row put back together to an earlier state, by somebody who kept a
copy of both. Against that stand anchors: what `anchors` said of a day, kept elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.audit import PURPOSE, entry_mac, head_mac
from common.models import AuditEntry, AuditHead
from common.sealing import CannotUnseal, KeyRing, keys_of

AT_A_TIME = 1_000  # entries in memory


class Fault(StrEnum):
    """How a chain is broken."""

    CHANGED = "changed"  # entry `seq` does not say what was written, or was never written by us
    MISSING = "missing"  # entry `seq` is gone
    DETACHED = "detached"  # entry `seq` does not follow the one before it
    BEYOND = "beyond"  # entry `seq` lies after what the head counted
    NO_HEAD = "no_head"  # the day's head row is gone
    HEAD_CHANGED = "head_changed"  # the day's head row does not say what was written
    DAY_MISSING = "day_missing"  # a whole day is gone: a later one names it
    UNREADABLE = "unreadable"  # a row that no longer holds what its columns are for
    NOT_AS_ANCHORED = "not_as_anchored"  # entry `seq` is gone or another than the anchor says


@dataclass(frozen=True)
class Break:
    """Where a chain is broken; `seq` None where it is about the day, `upto` the last of several missing."""

    county_code: str
    day: date | None
    seq: int | None
    fault: Fault
    upto: int | None = None


@dataclass
class CheckedDay:
    """One chain, read through."""

    county_code: str
    day: date
    entries: int = 0
    breaks: list[Break] = field(default_factory=list)

    def broke(self, fault: Fault, seq: int | None = None, upto: int | None = None) -> None:
        """Note a break of this day."""
        self.breaks.append(Break(self.county_code, self.day, seq, fault, upto))


@dataclass(frozen=True)
class Anchor:
    """How far a county's day had come, and the mac of that entry."""

    county_code: str
    day: date
    seq: int
    last: str


def verify(session: Session, county_code: str | None = None, day: date | None = None) -> Iterator[CheckedDay]:
    """Every chain, or those of a county or a day, by county and day. Raises KeysMissing.

    Two statements per county; memory does not grow with the entries.
    """
    keys = keys_of(session)
    both = sa.union(sa.select(AuditHead.county_code), sa.select(AuditEntry.county_code)).subquery()
    wanted = sa.select(both.c.county_code).order_by(both.c.county_code)
    if county_code is not None:
        wanted = wanted.where(both.c.county_code == county_code)
    for county in session.scalars(wanted).all():
        try:
            yield from _verify_county(session, keys, county, day)
        except (ValueError, TypeError):  # only SQLite lets a column hold what it is not for
            broken = CheckedDay(county, day or date.min)
            broken.breaks.append(Break(county, day, None, Fault.UNREADABLE))
            yield broken


def anchors(session: Session, day: date) -> list[Anchor]:
    """How far every county's chain of a day has come: to be kept where who keeps the database cannot reach."""
    found = sa.select(AuditHead.county_code, AuditHead.day, AuditHead.seq, AuditHead.last).where(AuditHead.day == day)
    return [Anchor(*row) for row in session.execute(found.order_by(AuditHead.county_code))]


def compare(session: Session, kept: Iterable[Anchor]) -> Iterator[Break]:
    """Anchors that the audit no longer agrees with. One statement each."""
    for anchor in kept:
        entry = sa.select(AuditEntry.mac).where(
            AuditEntry.county_code == anchor.county_code, AuditEntry.day == anchor.day, AuditEntry.seq == anchor.seq
        )
        if session.scalar(entry) != anchor.last:
            yield Break(anchor.county_code, anchor.day, anchor.seq, Fault.NOT_AS_ANCHORED)


def _verify_county(session: Session, keys: KeyRing, county: str, day: date | None) -> Iterator[CheckedDay]:
    heads = {
        row["day"]: dict(row)
        for row in session.execute(
            sa.select(AuditHead.__table__).where(AuditHead.county_code == county).order_by(AuditHead.day)
        ).mappings()
    }
    # The purpose is opened here: one that does not open is a break, not the end of the check.
    columns = [column for column in AuditEntry.__table__.columns if column.name != "purpose"]
    sealed = sa.type_coerce(AuditEntry.purpose, sa.LargeBinary).label("purpose")
    entries = sa.select(*columns, sealed).where(AuditEntry.county_code == county)
    if day is not None:
        entries = entries.where(AuditEntry.day == day)
    entries = entries.order_by(AuditEntry.day, AuditEntry.seq).execution_options(yield_per=AT_A_TIME)

    ahead = [known for known in heads if day is None or known == day]
    current, last = None, ""
    for row in session.execute(entries).mappings():
        if current is None or row["day"] != current.day:
            if current is not None:
                yield _ended(keys, current, last, heads)
            while ahead and ahead[0] < row["day"]:  # heads without any entry
                yield _ended(keys, CheckedDay(county, ahead.pop(0)), "", heads)
            if ahead and ahead[0] == row["day"]:
                ahead.pop(0)
            current, last = CheckedDay(county, row["day"]), ""
        _follow(keys, current, row, last, heads)
        last = row["mac"]
    if current is not None:
        yield _ended(keys, current, last, heads)
    for known in ahead:
        yield _ended(keys, CheckedDay(county, known), "", heads)
    for gone in {head["before"] for head in heads.values()} - {None, *heads}:
        if day in {None, gone}:
            yield CheckedDay(county, gone, breaks=[Break(county, gone, None, Fault.DAY_MISSING)])


def _follow(keys: KeyRing, checked: CheckedDay, row: Any, last: str, heads: dict[date, dict[str, Any]]) -> None:
    """One entry after those before it."""
    expected = checked.entries + 1
    if row["seq"] > expected:
        checked.broke(Fault.MISSING, expected, row["seq"] - 1)
    checked.entries = row["seq"]
    if row["seq"] > heads.get(row["day"], row)["seq"]:
        checked.broke(Fault.BEYOND, row["seq"])
    elif _mac_of(keys, row) != row["mac"]:
        checked.broke(Fault.CHANGED, row["seq"])
    elif row["seq"] == expected and row["prev"] != last:
        checked.broke(Fault.DETACHED, row["seq"])


def _mac_of(keys: KeyRing, row: Any) -> str | None:
    sealed = row["purpose"]
    try:
        purpose = None if sealed is None else keys.unseal(bytes(sealed), PURPOSE).decode()
        return entry_mac(keys, dict(row) | {"purpose": purpose})
    except (CannotUnseal, ValueError, TypeError, AttributeError):
        return None


def _ended(keys: KeyRing, checked: CheckedDay, last: str, heads: dict[date, dict[str, Any]]) -> CheckedDay:
    """The day's head against what was read."""
    head = heads.get(checked.day)
    if head is None:
        checked.broke(Fault.NO_HEAD)
        return checked
    if head_mac(keys, head) != head["mac"] or (head["seq"] == checked.entries and head["last"] != last):
        checked.broke(Fault.HEAD_CHANGED)
    elif head["seq"] > checked.entries:
        checked.broke(Fault.MISSING, checked.entries + 1, head["seq"])
    return checked
