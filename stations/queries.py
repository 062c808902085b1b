"""Reading divisions, hours patterns and single stations. Room `stations`, floor 3. The nearest ones: nearest.py.

Reference data (divisions to town level, hours patterns) is kept in memory and exact (common/editions.py).
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import Kept
from maps.place import Place
from stations.models import Division, OpeningHours, Station
from stations.week import Week, read_week, write_week

# Divisions


@dataclass(frozen=True, slots=True)
class DivisionView:
    """One 行政区划. became: into what it was merged; such a one keeps its name for what names it, and is offered nowhere."""

    code: str
    parent_code: str | None
    level: int
    name: str
    place: Place | None
    became: str | None = None


def _view(row: Any) -> DivisionView:
    place = Place(row.lat, row.lon) if row.lat is not None and row.lon is not None else None
    return DivisionView(row.code, row.parent_code, row.level, row.name, place, row.became)


_division_columns = (
    Division.code,
    Division.parent_code,
    Division.level,
    Division.name,
    Division.lat,
    Division.lon,
    Division.became,
)


def _load_divisions(session: Session) -> dict[str, DivisionView]:
    rows = session.execute(sa.select(*_division_columns).where(Division.level <= 4).order_by(Division.code))
    return {row.code: _view(row) for row in rows}


divisions = Kept(_load_divisions, "divisions")


def division(session: Session, code: str) -> DivisionView | None:
    """A division of any level; villages cost one statement, the rest none."""
    known = divisions(session).get(code)
    if known is None and len(code) == 12:
        row = session.execute(sa.select(*_division_columns).where(Division.code == code)).one_or_none()
        known = _view(row) if row else None
    return known


def children(session: Session, code: str) -> list[DivisionView]:
    """What lies directly below a division today, by code. Villages cost one statement, the rest none."""
    if len(code) == 9:
        rows = session.execute(
            sa.select(*_division_columns)
            .where(Division.parent_code == code, Division.became.is_(None))
            .order_by(Division.code)
        )
        return [_view(row) for row in rows]
    return [known for known in divisions(session).values() if known.parent_code == code and not known.became]


def successor(session: Session, found: DivisionView) -> DivisionView | None:
    """What a merged division is part of today, also after several mergers; None for one that is there."""
    seen = {found.code}
    now = division(session, found.became) if found.became else None
    while now is not None and now.became and now.code not in seen:
        seen.add(now.code)
        now = division(session, now.became)
    return now


def lineage(session: Session, code: str) -> list[DivisionView]:
    """The divisions above, from the city down to this one; the province is left out."""
    line = []
    known = division(session, code)
    while known is not None and known.level > 1:
        line.append(known)
        known = division(session, known.parent_code) if known.parent_code else None
    return line[::-1]


# Hours


def _load_weeks(session: Session) -> dict[str, Week]:
    return {row.id: read_week(row.week) for row in session.execute(sa.select(OpeningHours.id, OpeningHours.week))}


weeks = Kept(_load_weeks, "hours")


# Stations


def station(session: Session, code: str) -> Station | None:
    """One station by its code, closed ones too. One statement."""
    return session.scalars(sa.select(Station).where(Station.code == code)).one_or_none()


def week_text(session: Session, found: Station) -> str | None:
    """Its weekly hours in OpenStreetMap's notation, or None."""
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    return write_week(week) if week else None


def verified_share(session: Session) -> dict[str, tuple[int, int]]:
    """By county code: how many of its open stations were ever verified, and how many there are. One statement."""
    counted = sa.select(Station.county_code, sa.func.count(Station.verified_on), sa.func.count())
    rows = session.execute(counted.where(Station.open).group_by(Station.county_code).order_by(Station.county_code))
    return {county: (verified, every) for county, verified, every in rows}
