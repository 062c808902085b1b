"""What can be done in the posters room: count the scan of an old poster. Floor 4; nothing here commits."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from common.clock import local_date
from posters.models import PosterScan
from posters.queries import differences
from stations.models import Station

SCANS_A_DAY = 500  # of one poster; more is a machine, and the bureau knows by then
POSTERS_A_DAY = 20  # of one station; walls have room for a few, and only those we printed get this far
COUNTY_POSTERS_A_DAY = 2_000
KEPT_DAYS = 90  # the bureau is told of 30


def may_count(session: Session, found: Station, version: str, *, now: datetime) -> bool:
    """Whether there is anything to count: an old poster of this station, and not one of too many today. One statement;
    a reading session will do."""
    said = differences(session, found, version, now=now)
    return said is not None and said.old and _has_room(session, found, version, now)


def count_scan(session: Session, found: Station, version: str, *, now: datetime) -> bool:
    """Count one scan of an old poster; False when there is nothing to count. Its county's counts older than KEPT_DAYS go."""
    if not may_count(session, found, version, now=now):
        return False
    today = local_date(now)
    table: Any = PosterScan.__table__
    inserts: dict[str, Any] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
    insert = inserts[session.get_bind().dialect.name]
    row = {"station_id": found.id, "version": version, "scanned_on": today, "county_code": found.county_code}
    statement = insert(table).values(row | {"count": 1})
    counted = session.execute(
        statement.on_conflict_do_update(
            index_elements=[table.c.station_id, table.c.version, table.c.scanned_on],
            set_={"count": table.c.count + 1},
            where=table.c.count < SCANS_A_DAY,
        ).returning(table.c.count)
    )
    times = counted.scalar_one_or_none()
    if times == 1:
        over = today - timedelta(days=KEPT_DAYS)
        old = (table.c.county_code == found.county_code) & (table.c.scanned_on < over)
        session.execute(sa.delete(table).where(old))
    return times is not None


def _has_room(session: Session, found: Station, version: str, now: datetime) -> bool:
    """Whether this poster is known today, or may be one more of its station and its county."""

    def sum_where(of: Any, what: Any) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((of, what), else_=0)), 0)

    here = PosterScan.station_id == found.id
    this = here & (PosterScan.version == version)
    counted = sa.select(sa.func.count(), sum_where(here, 1), sum_where(this, PosterScan.count)).where(
        PosterScan.county_code == found.county_code, PosterScan.scanned_on == local_date(now)
    )
    in_county, at_station, times = session.execute(counted).one()
    if times:
        return bool(times < SCANS_A_DAY)
    return bool(in_county < COUNTY_POSTERS_A_DAY and at_station < POSTERS_A_DAY)
