"""What can be done in the posters room: count the scan of an old poster. Floor 4; nothing here commits."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from common.clock import local_date
from posters.models import PosterScan
from posters.queries import differences
from stations.models import Station

SCANS_A_DAY = 500  # of one poster; more is a machine, and the bureau knows by then
POSTERS_A_DAY = 20  # of one station; versions can be invented, walls have room for a few
COUNTY_POSTERS_A_DAY = 2_000


def count_scan(session: Session, found: Station, version: str, *, now: datetime) -> bool:
    """Count one scan of an old poster; False when it is no old poster of this station, or one of too many today."""
    said = differences(session, found, version, now=now)
    today, version = local_date(now), version.lower()
    if said is None or not said.old or not _has_room(session, found, version, now):
        return False
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
    return counted.first() is not None


def _has_room(session: Session, found: Station, version: str, now: datetime) -> bool:
    """Whether this poster is known today, or may be one more of its station and its county."""

    def how_many(of: Any) -> Any:
        return sa.func.coalesce(sa.func.sum(sa.case((of, 1), else_=0)), 0)

    here = PosterScan.station_id == found.id
    counted = sa.select(sa.func.count(), how_many(here), how_many(here & (PosterScan.version == version))).where(
        PosterScan.county_code == found.county_code, PosterScan.scanned_on == local_date(now)
    )
    in_county, at_station, known = session.execute(counted).one()
    return bool(known or (in_county < COUNTY_POSTERS_A_DAY and at_station < POSTERS_A_DAY))
