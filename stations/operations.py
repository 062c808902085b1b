"""What people can do about a station: say that something about it is wrong, and settle what others said.

Room `stations`, floor 3. Comes in: a writing session; nothing here commits or reads the clock. Bringing in files is
done by roster_import.py, division_import.py and dates_import.py.
"""

from datetime import UTC, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import SHANGHAI, local_date
from common.i18n import gettext as _
from stations.models import Station, StationReport, Trouble

REPORTS_A_DAY = 30  # of one station; more is a prank or a machine, and the bureau has long been told
COUNTY_REPORTS_A_DAY = 300


class Refused(ValueError):
    """The rules forbid it; the message is one sentence for whoever asked."""


def report_trouble(
    session: Session, station: Station, trouble: Trouble, words: str | None, *, now: datetime
) -> StationReport:
    """Keep one reader's 信息有误. Raises Refused when the station, or its county, got as many today as people can check."""
    midnight = datetime.combine(local_date(now), time(), SHANGHAI).astimezone(UTC)
    this_station = sa.func.sum(sa.case((StationReport.station_id == station.id, 1), else_=0))
    today = sa.select(sa.func.count(), sa.func.coalesce(this_station, 0)).where(
        StationReport.county_code == station.county_code, StationReport.reported_at >= midnight
    )
    in_county, here = session.execute(today).one()
    if here >= REPORTS_A_DAY or in_county >= COUNTY_REPORTS_A_DAY:
        raise Refused(_("今天收到的报错太多了，请明天再来。急事请打站点电话。"))
    report = StationReport(
        county_code=station.county_code,
        station_id=station.id,
        trouble=trouble,
        words=" ".join(words.split())[:200] or None if words else None,
        reported_at=now,
    )
    session.add(report)
    return report


def waiting_reports(session: Session, limit: int) -> list[tuple[StationReport, str, str]]:
    """Reports nobody has settled, newest first, each with its station's code and name."""
    query = (
        sa.select(StationReport, Station.code, Station.name)
        .join(Station, Station.id == StationReport.station_id)
        .where(StationReport.settled_at.is_(None))
        .order_by(StationReport.reported_at.desc(), StationReport.id)
        .limit(limit)
    )
    return list(session.execute(query))


def settle_report(session: Session, id: str, *, now: datetime) -> StationReport:
    """Mark a report as dealt with. Raises Refused when there is none of that number, or it was settled before."""
    report = session.get(StationReport, id)
    if report is None:
        raise Refused(_("没有编号是 %(id)s 的报错，请核对。", id=id[:40]))
    if report.settled_at is not None:
        raise Refused(_("这条报错已经处理过了。"))
    report.settled_at = now
    return report
