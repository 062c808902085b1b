"""Reading the audit: how much each county of an area has of a day, and one county's entries, masked. Floor 0.

For an auditor's page two statements: `counties`, then `entries` of the one chosen.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.audit import PURPOSE
from common.models import AuditEntry, AuditHead
from common.sealing import CannotUnseal, KeyRing, keys_of

_DIGITS = re.compile(r"\d[\d -]{4,}[\dXx]")


@dataclass(frozen=True)
class Seen:
    """One entry as an auditor may see it. `unreadable`: its purpose does not open any more."""

    county_code: str
    day: date
    seq: int
    at: datetime
    actor_id: str | None
    actor_role: str
    action: str
    about_kind: str
    about_id: str
    facts: dict[str, Any]
    purpose: str | None
    unreadable: bool


def counties(session: Session, area: str, day: date) -> dict[str, int]:
    """County → number of its entries on a day, of the counties an area has.

    area  a prefix of division codes, at least two digits; a longer one than a county counts as its county.
    """
    if len(area) < 2 or not (area.isascii() and area.isdecimal()):
        raise ValueError("an area is a prefix of division codes")
    found = sa.select(AuditHead.county_code, AuditHead.seq).where(
        AuditHead.day == day, AuditHead.county_code.startswith(area[:6])
    )
    return {row.county_code: row.seq for row in session.execute(found.order_by(AuditHead.county_code))}


def entries(
    session: Session,
    county_code: str,
    day: date,
    *,
    action: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Seen]:
    """A county's entries of a day, newest first; `before` a number: those older than it. Runs of digits are masked.

    Who may see the county is the caller's to check. One statement. Raises KeysMissing.
    """
    keys = keys_of(session)
    # Opened here, so that one purpose that was tampered with does not take the page with it.
    columns = [column for column in AuditEntry.__table__.columns if column.name not in {"purpose", "prev", "mac"}]
    sealed = sa.type_coerce(AuditEntry.purpose, sa.LargeBinary).label("purpose")
    wanted = sa.select(*columns, sealed).where(AuditEntry.county_code == county_code, AuditEntry.day == day)
    if action is not None:
        wanted = wanted.where(AuditEntry.action == action)
    if before is not None:
        wanted = wanted.where(AuditEntry.seq < before)
    rows = session.execute(wanted.order_by(AuditEntry.seq.desc()).limit(limit)).mappings()
    return [_seen(keys, dict(row)) for row in rows]


def masked(words: str) -> str:
    """Words a person typed, of every long number only its ends: "371***17"."""
    return _DIGITS.sub(lambda found: f"{found[0][:3]}***{found[0][-2:]}", words)


def _seen(keys: KeyRing, row: dict[str, Any]) -> Seen:
    sealed = row.pop("purpose")
    try:
        purpose = None if sealed is None else masked(keys.unseal(bytes(sealed), PURPOSE).decode())
    except CannotUnseal:
        return Seen(**row, purpose=None, unreadable=True)
    return Seen(**row, purpose=purpose, unreadable=False)
