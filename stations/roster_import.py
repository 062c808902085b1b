"""Checked roster rows kept as stations, and stations given out as roster rows. Room `stations`, floor 3.

Comes in: facts from roster.py and a session; nothing here commits, reads the clock or asks the web.
"""

import csv
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from common.editions import bump
from common.ids import new_id
from maps.place import Datum
from services_catalog.queries import catalogue
from stations import clusters
from stations.importing import BATCH, DATA, Facts, Outcome, Progress, batches, nobody
from stations.masks import MASKS
from stations.models import (
    AT_THE_DOOR,
    CLAIMED,
    Division,
    DoorLink,
    DoorReading,
    HoursException,
    OpeningHours,
    Station,
    StationReport,
)
from stations.roster import Known, row_of

# What a station is before anybody has stated more.
_BLANK: Facts = {
    "village_code": None, "address": None, "inside": None, "phone": None, "place_source": "名册", "verified_on": None,
    "week": None, "channels": 0, "access": 0, "open": True,
}  # fmt: skip
_station: sa.Table = Station.__table__  # type: ignore[assignment]
_hours: sa.Table = OpeningHours.__table__  # type: ignore[assignment]
_division: sa.Table = Division.__table__  # type: ignore[assignment]
_COLUMNS = frozenset(column.name for column in _station.c)


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
    own_export: bool = False,
    dry_run: bool = False,
    progress: Progress = nobody,
) -> Outcome:
    """Keep checked roster rows: new stations are added, known ones (by code) get what the row states, others stay.

    source      for new stations whose row does not say where it comes from.
    own_export  of another installation: what it says was measured at the door was.
    dry_run     only counts; a reading session will do.
    A new station without items gets the defaults of its level and host; a known one keeps what it has taken on, and the
    place that was measured at its door.
    """
    weeks = dict(session.execute(sa.select(_hours.c.week, _hours.c.id)).all())
    listed = set(catalogue(session, local_date(now)).items)
    # So that no statement asks for what is not there: PostgreSQL plans it while the table is empty and keeps that plan.
    ours = set(session.scalars(sa.select(_station.c.code)))
    added = changed = same = claimed = 0
    for batch in batches(stations, BATCH):
        had = _stations_by_code(session, [facts["code"] for facts in batch if facts["code"] in ours], lock=not dry_run)
        new, moved = [], []
        for facts in batch:
            old = had.get(facts["code"])
            if not own_export and _claims(old, facts):
                facts = facts | {"place_source": CLAIMED}
                claimed += 1
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
    return Outcome(added, changed, same, max(0, total - (0 if dry_run else added) - changed - same), claimed)


def _claims(old: Facts | None, facts: Facts) -> bool:
    """Whether a desk says 门口实测 of a station whose door nobody measured here: it would hold against every later roster."""
    measured = old is not None and old["place_source"] == AT_THE_DOOR
    return facts.get("place_source") == AT_THE_DOOR and not measured


def _less_sure_left_out(old: Facts, facts: Facts) -> Facts:
    """A roster does not move a station whose door was measured: its position came from a desk. Only a row that names
    another source of its position and a later date of check knows better."""
    if old["place_source"] != AT_THE_DOOR:
        return facts
    checked, source = facts.get("verified_on"), facts.get("place_source")
    known = old["verified_on"]
    later = checked is not None and (known is None or checked > known)
    if later and source not in {None, AT_THE_DOOR}:
        return facts
    keep = {"lat", "lon", "mx", "my", "datum", "place_source"} | (set() if later else {"verified_on"})
    return {name: value for name, value in facts.items() if name not in keep}


def _listed(masks: Mapping[str, int], items: Collection[int]) -> dict[str, int]:
    """Without items that the list in force does not have."""
    every = sum(1 << number for number in items)
    return {name: mask & every if items else mask for name, mask in masks.items()}


def _stations_by_code(session: Session, codes: Sequence[str], *, lock: bool) -> dict[str, dict[str, Any]]:
    """lock: until the import has ended nobody moves them, as a reading at the door would (PostgreSQL; SQLite has one
    writer anyway)."""
    if not codes:
        return {}
    chosen = (
        sa.select(*_station.c, _hours.c.week)
        .outerjoin_from(_station, _hours, _station.c.hours_id == _hours.c.id)
        .where(_station.c.code.in_(codes))
        .order_by(_station.c.code)
    )
    rows = session.execute(chosen.with_for_update(of=_station) if lock else chosen)
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
            for model in (HoursException, StationReport, DoorReading, DoorLink):
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
