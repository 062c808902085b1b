"""What is different on single dates kept: hours of stations, days of the calendar. Room `stations`, floor 3.

Comes in: checked rows from dated_rows.py and a session; nothing here commits.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import bump
from common.models import CalendarOverride
from stations.dated_rows import CalendarRow, ExceptionRow
from stations.importing import BATCH, Outcome, batches
from stations.models import HoursException, Station


def keep_exceptions(session: Session, rows: Sequence[ExceptionRow], *, dry_run: bool = False) -> Outcome:
    """Set or take back hours on single dates; a later row for the same station and date replaces the one before."""
    added = changed = same = 0
    for batch in batches(rows, BATCH):
        codes = {row.code for row in batch}
        found = session.execute(sa.select(Station.code, Station.id, Station.county_code).where(Station.code.in_(codes)))
        stations = {row.code: row for row in found}
        ids = [row.id for row in stations.values()]
        kept = session.scalars(sa.select(HoursException).where(HoursException.station_id.in_(ids)))
        had = {(exception.station_id, exception.date): exception for exception in kept}
        for row in batch:
            station = stations[row.code]
            old = had.get((station.id, row.date))
            if (row.cancelled and old is None) or (
                old is not None and not row.cancelled and (old.spans, old.note) == (row.spans, row.note)
            ):
                same += 1
                continue
            added, changed = added + (old is None), changed + (old is not None)
            if dry_run:
                continue
            if old is None:
                session.add(
                    HoursException(
                        county_code=station.county_code,
                        station_id=station.id,
                        date=row.date,
                        spans=row.spans,
                        note=row.note,
                    )
                )
            elif row.cancelled:
                session.delete(old)
            else:
                old.spans, old.note = row.spans, row.note
    return Outcome(added, changed, same)


def keep_calendar(session: Session, rows: Sequence[CalendarRow], *, dry_run: bool = False) -> Outcome:
    """Set what kind of day single dates are; other dates are left alone."""
    had = {kept.date: kept for kept in session.scalars(sa.select(CalendarOverride))}
    added = changed = 0
    for row in rows:
        old = had.get(row.date)
        if old is not None and (old.is_workday, old.name, old.source) == (row.is_workday, row.name, row.source):
            continue
        added, changed = added + (old is None), changed + (old is not None)
        if not dry_run:
            session.merge(CalendarOverride(**row._asdict()))
    if (added or changed) and not dry_run:
        bump(session, "calendar")
    return Outcome(added, changed, len(rows) - added - changed)
