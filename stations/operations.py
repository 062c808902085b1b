"""What can be done in the stations room: bring in divisions, rosters, exceptions and the calendar; take a reader's report.

Floor 3. Comes in: a writing session and checked facts; nothing here commits, reads the clock or asks the web.
"""

import csv
import gzip
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import SHANGHAI, local_date
from common.editions import bump
from common.i18n import gettext as _
from common.ids import new_id
from common.models import CalendarOverride
from common.pinyin import initials, syllables
from maps import counties
from maps.place import Datum, Place
from services_catalog.models import ModeOfItem
from services_catalog.queries import catalogue
from stations import clusters
from stations.dated_rows import CalendarRow, ExceptionRow
from stations.models import Division, DoorReading, HoursException, OpeningHours, Station, StationReport, Trouble
from stations.roster import AT_THE_DOOR, SEARCH_KEY, Facts, Known, row_of

DATA = Path(__file__).parent / "data"
REPORTS_A_DAY = 30  # of one station; more is a prank or a machine, and the bureau has long been told
COUNTY_REPORTS_A_DAY = 300
BATCH = 500  # rows a statement; SQLite takes 32,766 values in one
MASKS = tuple(f"{mode}_mask" for mode in ModeOfItem)
# Towns whose point was drawn at random inside their county: good enough for a demo, misleading anywhere else.
INVENTED = ("random_in_county",)

# What a station is before anybody has stated more.
_BLANK: Facts = {
    "village_code": None, "address": None, "inside": None, "phone": None, "place_source": "名册", "verified_on": None,
    "week": None, "channels": 0, "access": 0, "open": True,
}  # fmt: skip
_station: sa.Table = Station.__table__  # type: ignore[assignment]
_hours: sa.Table = OpeningHours.__table__  # type: ignore[assignment]
_division: sa.Table = Division.__table__  # type: ignore[assignment]
_exception: sa.Table = HoursException.__table__  # type: ignore[assignment]
_COLUMNS = frozenset(column.name for column in _station.c)
T = TypeVar("T")
Progress = Callable[[int], object]


class Refused(ValueError):
    """The rules forbid it; the message is one sentence for whoever asked."""


@dataclass(frozen=True)
class Outcome:
    """What an import did, or would do. `absent`: ours in the same counties that the file does not name; left alone."""

    added: int = 0
    changed: int = 0
    same: int = 0
    absent: int = 0


def _nobody(_done: int) -> None:
    return


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows, `size` at a time."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch


# Divisions


def load_divisions(
    session: Session, *, areas: Sequence[str] = ("37",), invented: bool = False, progress: Progress = _nobody
) -> Outcome:
    """The shipped 行政区划 below `areas` (with what lies above them): new ones added, changed ones put right, none removed.

    invented  True also takes points that were made up for the demo: of all villages and of some towns.
    """
    rows = {row["code"]: row for row in _shipped_divisions(areas, invented)}
    had = {row.code: row for row in session.execute(sa.select(*_division.c))}
    new = [row for code, row in rows.items() if code not in had]
    changed = [
        row for code, row in rows.items() if code in had and any(row[name] != getattr(had[code], name) for name in row)
    ]
    for batch in batches(new, BATCH * 4):
        session.execute(sa.insert(_division), batch)
        progress(len(batch))
    if changed:
        by_code = sa.update(_division).where(_division.c.code == sa.bindparam("of_code"))
        session.execute(by_code, [{"of_code": row["code"], **row} for row in changed])
    if new or changed:
        bump(session, "divisions")
    return Outcome(len(new), len(changed), len(rows) - len(new) - len(changed), len(had.keys() - rows.keys()))


def _within(code: str, areas: Sequence[str]) -> bool:
    stem = code[:2] if code.endswith("0000") else code[:4] if len(code) == 6 and code.endswith("00") else code
    return any(stem.startswith(area) or area.startswith(stem) for area in areas)


def _shipped_divisions(areas: Sequence[str], invented: bool) -> Iterator[Facts]:
    """Rows of `division`, the upper levels first."""
    labels = _label_points()
    with (DATA / "towns.csv").open(encoding="utf-8") as file:
        towns = {row["code"]: row for row in csv.DictReader(file)}
    with (DATA / "divisions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            code, level = row["code"], int(row["level"])
            if not _within(code, areas):
                continue
            place, source = labels.get(code), "county_label" if level == 3 else "mean_of_counties"
            if town := towns.get(code):
                place, source = Place(float(town["lat"]), float(town["lon"])), town["coord_source"]
                if source in INVENTED and not invented:
                    place = None
            yield _division_row(code, row["parent"] or None, level, row["name"], place, source)
    with gzip.open(DATA / "demo_villages.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not _within(row["town_code"], areas):
                continue
            place = Place(float(row["lat"]), float(row["lon"])) if invented else None
            yield _division_row(row["code"], row["town_code"], 5, row["name"], place, "synthetic")


def _division_row(code: str, parent: str | None, level: int, name: str, place: Place | None, source: str) -> Facts:
    return {
        "code": code,
        "parent_code": parent,
        "level": level,
        "name": name,
        "pinyin": "".join(syllables(name))[:SEARCH_KEY],
        "initials": initials(name)[:SEARCH_KEY],
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "place_source": source if place else None,
    }


def _label_points() -> dict[str, Place]:
    """Counties: where the map writes their name. Cities and the province: the mean of their counties."""
    features = json.loads(counties.FILE.read_text(encoding="utf-8"))["features"]
    points = {f["properties"]["code"]: Place(f["properties"]["lat"], f["properties"]["lon"]) for f in features}
    for stem in sorted({code[:size] for code in points for size in (2, 4)}):
        inside = [place for code, place in points.items() if code.startswith(stem) and not code.endswith("00")]
        points[stem.ljust(6, "0")] = Place(
            round(fmean(place.lat for place in inside), 6), round(fmean(place.lon for place in inside), 6)
        )
    return points


# Rosters


def known_for_roster(session: Session, *, today: date, areas: Sequence[str], datum: Datum | None) -> Known:
    """What a roster's rows are checked against. Three statements and the catalogue."""
    names: dict[int, dict[str, str]] = {3: {}, 4: {}}
    for code, level, name in session.execute(
        sa.select(_division.c.code, _division.c.level, _division.c.name).where(_division.c.level.in_((3, 4)))
    ):
        names[level][code] = name
    villages = sa.select(_division.c.code, _division.c.parent_code).where(_division.c.level == 5)
    items = {number: item.name_zh for number, item in catalogue(session, today).items.items()}
    return Known(
        towns=names[4],
        villages=dict(session.execute(villages).all()),
        counties=names[3],
        items=items or None,
        today=today,
        areas=tuple(areas),
        datum=datum,
    )


@cache
def default_items() -> Mapping[tuple[str, str], Mapping[str, int]]:
    """The masks of a station that has not said what it takes on, by level and host (stations/data/default_items.csv)."""
    masks: dict[tuple[str, str], dict[str, int]] = {}
    with (DATA / "default_items.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            mine = masks.setdefault((row["level"], row["host"]), dict.fromkeys(MASKS, 0))
            mine[f"{row['mode']}_mask"] |= 1 << int(row["item_no"])
    return masks


def import_roster(
    session: Session,
    stations: Sequence[Facts],
    *,
    source: str,
    now: datetime,
    dry_run: bool = False,
    progress: Progress = _nobody,
) -> Outcome:
    """Keep checked roster rows: new stations are added, known ones (by code) get what the row states, others stay.

    source   for new stations whose row does not say where it comes from.
    dry_run  only counts; a reading session will do.
    A new station without items gets the defaults of its level and host; a known one keeps what it has taken on, and the
    place that was measured at its door.
    """
    weeks = dict(session.execute(sa.select(_hours.c.week, _hours.c.id)).all())
    listed = set(catalogue(session, local_date(now)).items)
    # So that no statement asks for what is not there: PostgreSQL plans it while the table is empty and keeps that plan.
    ours = set(session.scalars(sa.select(_station.c.code)))
    added = changed = same = 0
    for batch in batches(stations, BATCH):
        had = _stations_by_code(session, [facts["code"] for facts in batch if facts["code"] in ours])
        new, moved = [], []
        for facts in batch:
            old = had.get(facts["code"])
            if old is None:
                defaults = _listed(default_items().get((facts["level"], facts["host"]), {}), listed)
                new.append({"id": new_id(), **_BLANK, "source": source, **dict.fromkeys(MASKS, 0), **defaults, **facts})
                continue
            facts = _less_sure_left_out(old, facts)
            if any(old[name] != value for name, value in facts.items()):
                moved.append({**old, **facts, "was_in": old["county_code"]})
        added, changed, same = added + len(new), changed + len(moved), same + len(batch) - len(new) - len(moved)
        if not dry_run:
            insert_stations(session, new, weeks, now)
            _update_stations(session, moved, weeks, now)
        progress(len(batch))
    if (added or changed) and not dry_run:
        clusters.rebuild(session)
    mine = sa.select(sa.func.count()).select_from(_station)
    touched = {facts["county_code"] for facts in stations}
    total = session.scalar(mine.where(_station.c.county_code.in_(touched))) or 0
    return Outcome(added, changed, same, max(0, total - (0 if dry_run else added) - changed - same))


def _less_sure_left_out(old: Facts, facts: Facts) -> Facts:
    """A roster does not move a station whose door was measured: its position came from a desk. Only a row that names
    another source of its position and a later date of check knows better."""
    if old["place_source"] != AT_THE_DOOR:
        return facts
    checked, source = facts.get("verified_on"), facts.get("place_source")
    later = checked is not None and checked > old["verified_on"]
    if later and source not in {None, AT_THE_DOOR}:
        return facts
    keep = {"lat", "lon", "mx", "my", "datum", "place_source"} | (set() if later else {"verified_on"})
    return {name: value for name, value in facts.items() if name not in keep}


def _listed(masks: Mapping[str, int], items: Collection[int]) -> dict[str, int]:
    """Without items that the list in force does not have."""
    every = sum(1 << number for number in items)
    return {name: mask & every if items else mask for name, mask in masks.items()}


def _stations_by_code(session: Session, codes: Sequence[str]) -> dict[str, dict[str, Any]]:
    if not codes:
        return {}
    rows = session.execute(
        sa.select(*_station.c, _hours.c.week)
        .outerjoin_from(_station, _hours, _station.c.hours_id == _hours.c.id)
        .where(_station.c.code.in_(codes))
    )
    return {row.code: dict(row._mapping) for row in rows}


def insert_stations(session: Session, stations: Sequence[Facts], weeks: dict[str, str], now: datetime) -> None:
    """Add stations: all columns but hours_id and updated_at, and `week`. `weeks` (text → id) learns new patterns."""
    rows = [_as_row(session, facts, weeks, now) for facts in stations]
    if rows:
        session.execute(sa.insert(_station), rows)


def _update_stations(session: Session, stations: Sequence[Facts], weeks: dict[str, str], now: datetime) -> None:
    rows = [_as_row(session, facts, weeks, now) for facts in stations]
    if not rows:
        return
    columns = _COLUMNS - {"id"}
    by_id = sa.update(_station).where(_station.c.id == sa.bindparam("of_id"))
    by_id = by_id.values({name: sa.bindparam(name) for name in columns})
    session.execute(by_id, [{"of_id": row["id"], **{name: row[name] for name in columns}} for row in rows])
    for facts in stations:
        if facts["was_in"] != facts["county_code"]:  # rows that hang on it carry its county too
            for model in (HoursException, StationReport, DoorReading):
                hangs = sa.update(model).where(model.station_id == facts["id"])
                session.execute(hangs.values(county_code=facts["county_code"]))


def _as_row(session: Session, facts: Facts, weeks: dict[str, str], now: datetime) -> Facts:
    week = facts["week"]
    if week is not None and week not in weeks:
        weeks[week] = new_id()
        session.execute(sa.insert(_hours), {"id": weeks[week], "week": week})
        bump(session, "hours")
    row = {name: value for name, value in facts.items() if name in _COLUMNS}
    return row | {"hours_id": weeks[week] if week else None, "updated_at": now}


def roster_rows(session: Session, area: str = "") -> Iterator[list[str]]:
    """Every station below a division code or prefix, by code, as `check` in roster.py would read it back."""
    query = (
        sa.select(*_station.c, _hours.c.week)
        .outerjoin_from(_station, _hours, _station.c.hours_id == _hours.c.id)
        .order_by(_station.c.code)
    )
    stem = area[:-2] if len(area) == 6 and area.endswith("00") else area
    stem = stem[:-2] if len(stem) == 4 and stem.endswith("00") else stem
    if len(stem) > 9:
        query = query.where(_station.c.village_code.startswith(stem, autoescape=True))
    elif stem:
        query = query.where(_station.c.town_code.startswith(stem, autoescape=True))
    for row in session.execute(query.execution_options(yield_per=BATCH * 2)).mappings():
        yield row_of(row, row["week"])  # type: ignore[arg-type]


# Dates


def keep_exceptions(session: Session, rows: Sequence[ExceptionRow], *, dry_run: bool = False) -> Outcome:
    """Set or take back hours on single dates; a later row for the same station and date replaces the one before."""
    added = changed = same = 0
    for batch in batches(rows, BATCH):
        codes = {row.code for row in batch}
        found = session.execute(
            sa.select(_station.c.code, _station.c.id, _station.c.county_code).where(_station.c.code.in_(codes))
        )
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


# What readers say is wrong


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
