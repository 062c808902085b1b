"""Reading stations: the nearest ones, one of them, divisions, names. Room `stations`, floor 3.

Reference data (divisions to town level, hours patterns) is kept in memory and exact (common/editions.py). The finder
needs three statements at most: editions, stations within reach, and, when there are none, the nearest anyway.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from common.editions import Kept, working_days
from maps.place import WORLD_PIXELS, Pixel, Place, metres_between, pixel_metres, pixel_of, pixels_for
from maps.reach import ReachPolicy
from stations.hours import Opening, State, opening
from stations.models import Channel, Division, HoursException, OpeningHours, Station
from stations.week import Week, read_day, read_week, write_week

SHOWN = 20
EXCEPTIONS_AHEAD = 14  # days of exceptions a list looks at to say when a closed station opens next
SCALE_SPREAD = 0.012  # a pixel's size, in metres, differs by less than this over the 100 km around a place
START_PIXELS = 2048  # about 1 km: where the search for the nearest begins when nothing is in reach

_table: sa.Table = Station.__table__  # type: ignore[assignment]
_exceptions: sa.Table = HoursException.__table__  # type: ignore[assignment]


# Divisions


@dataclass(frozen=True, slots=True)
class DivisionView:
    """One 行政区划."""

    code: str
    parent_code: str | None
    level: int
    name: str
    place: Place | None


def _view(row: Any) -> DivisionView:
    place = Place(row.lat, row.lon) if row.lat is not None and row.lon is not None else None
    return DivisionView(row.code, row.parent_code, row.level, row.name, place)


_division_columns = (
    Division.code,
    Division.parent_code,
    Division.level,
    Division.name,
    Division.lat,
    Division.lon,
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
    """What lies directly below a division, by code. Villages cost one statement, the rest none."""
    if len(code) == 9:
        rows = session.execute(
            sa.select(*_division_columns).where(Division.parent_code == code).order_by(Division.code)
        )
        return [_view(row) for row in rows]
    return [known for known in divisions(session).values() if known.parent_code == code]


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


@dataclass(slots=True)
class StationView:
    """A station as lists show it. `metres`: straight line from where the reader is; `opening`: None when unknown."""

    code: str
    name: str
    level: str
    host: str
    county_code: str
    town_code: str
    village_code: str | None
    address: str | None
    phone: str | None
    place: Place
    direct_mask: int
    assist_mask: int
    consult_mask: int
    channels: int
    synthetic: bool
    verified_on: date | None
    opening: Opening | None
    metres: float = 0.0

    def mode_of(self, item_no: int) -> str | None:
        """direct, assist, consult, or None when the station has not taken the item on."""
        bit = 1 << item_no
        if self.direct_mask & bit:
            return "direct"
        if self.assist_mask & bit:
            return "assist"
        return "consult" if self.consult_mask & bit else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader filters by."""

    item: int | None = None
    channel: Channel | None = None
    open_now: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """`stations`: nearest first, within reach, or the nearest anyway when `within` is False.
    `more`: how many others the next larger circle holds, counted up to a full list."""

    stations: list[StationView]
    within: bool
    more: int


_columns = (
    Station.id,
    Station.code,
    Station.name,
    Station.level,
    Station.host,
    Station.county_code,
    Station.town_code,
    Station.village_code,
    Station.address,
    Station.phone,
    Station.lat,
    Station.lon,
    Station.mx,
    Station.my,
    Station.hours_id,
    Station.direct_mask,
    Station.assist_mask,
    Station.consult_mask,
    Station.channels,
    Station.synthetic,
    Station.verified_on,
)


def nearest(
    session: Session, here: Place, wanted: Wanted, *, policy: ReachPolicy, minutes: int, wider: int, now: datetime
) -> Found:
    """The SHOWN nearest open-to-the-public stations within `minutes`, and how many more within `wider` minutes.

    here    WGS-84.
    wanted  an item counts when it is done or helped with there, not when there is only advice.
    minutes by `policy`; 0: no limit. When none is within reach: the nearest anyway, `within` is False.
    One statement when something is in reach, else two.
    """
    if minutes:
        reach = policy.straight_metres(minutes)
        circle = policy.straight_metres(max(wider, minutes))
        around = _within(session, here, circle, wanted, now, limit=2 * SHOWN)
        close = [station for station in around if station.metres <= reach]
        if close:
            return Found(close[:SHOWN], True, min(len(around) - len(close), SHOWN))
    return Found(_nearest_anywhere(session, here, wanted, now), not minutes, 0)


def _within(
    session: Session, here: Place, metres: float, wanted: Wanted, now: datetime, *, limit: int
) -> list[StationView]:
    centre = pixel_of(here)
    box = _in_box(centre, sa.literal(pixels_for(metres, here.lat), sa.BigInteger))
    found = _fetch(session, here, centre, box, wanted, now, limit)
    return [station for station in found if station.metres <= metres]


def _nearest_anywhere(session: Session, here: Place, wanted: Wanted, now: datetime) -> list[StationView]:
    """The SHOWN nearest, however far: one statement that doubles its box until it holds enough."""
    centre = pixel_of(here)
    first = sa.literal(START_PIXELS, sa.BigInteger)
    box = sa.select(first.label("r"), _count(centre, first, wanted, session, now).label("n")).cte("box", recursive=True)
    wider = box.c.r * 2
    box = box.union_all(
        sa.select(wider, _count(centre, wider, wanted, session, now, box)).where(
            box.c.n < SHOWN, box.c.r < WORLD_PIXELS
        )
    )
    # A box of r holds enough, but its corners are farther than stations just outside its sides: √2 < 3/2.
    radius = sa.select(sa.func.max(box.c.r) * 3 / 2).scalar_subquery()
    return _fetch(session, here, centre, _in_box(centre, radius), wanted, now, SHOWN)[:SHOWN]


def _fetch(
    session: Session, here: Place, centre: Pixel, box: Any, wanted: Wanted, now: datetime, limit: int
) -> list[StationView]:
    """At least the `limit` nearest of the box, by true distance, when it holds so many.

    The database sorts by pixels, whose size varies a little: as many more are fetched as that can confuse. When even
    these do not prove the order (many stations at one distance), twice as many are asked for.
    """
    asked = limit + 12
    while True:
        stations, farthest_px, complete = _ask(session, here, centre, box, wanted, now, asked)
        stations.sort(key=lambda station: (station.metres, station.code))
        sure = farthest_px * pixel_metres(here.lat) * (1 - SCALE_SPREAD)
        # Within 100 km the spread holds; beyond, "nearest" is a matter of hours by car and pixels are good enough.
        if complete or (len(stations) >= limit and (stations[limit - 1].metres <= sure or sure > 100_000)):
            return stations
        asked *= 2


def _ask(
    session: Session, here: Place, centre: Pixel, box: Any, wanted: Wanted, now: datetime, asked: int
) -> tuple[list[StationView], float, bool]:
    """One statement. Returns the stations, how many pixels the farthest row was away, and whether those were all."""
    squared = _squared(centre)
    today = local_date(now)
    near = (
        sa.select(*_columns, squared.label("squared"))
        .where(box, *_conditions(wanted, session, now))
        .order_by(squared)
        .limit(asked)
        .subquery()
    )
    with_exceptions = (
        sa.select(near, _exceptions.c.date.label("on"), _exceptions.c.spans)
        .select_from(near)
        .outerjoin(
            _exceptions,
            (_exceptions.c.station_id == near.c.id)
            & _exceptions.c.date.between(today, today + timedelta(days=EXCEPTIONS_AHEAD)),
        )
        .order_by(near.c.squared)
    )
    rows = session.execute(with_exceptions).all()
    exceptions: dict[str, dict[date, Any]] = {}
    for row in rows:
        if row.on is not None:
            exceptions.setdefault(row.id, {})[row.on] = read_day(row.spans or "")
    patterns, days = weeks(session), working_days(session)
    stations, seen = [], set()
    for row in rows:
        if row.id in seen:
            continue
        seen.add(row.id)
        week = patterns.get(row.hours_id)
        state = opening(week, exceptions.get(row.id, {}), days, now) if week else None
        if wanted.open_now and (state is None or state.state is State.CLOSED):
            continue  # an exception closed it: SQL only knows the normal week
        place = Place(row.lat, row.lon)
        stations.append(
            StationView(
                row.code, row.name, row.level, row.host, row.county_code, row.town_code, row.village_code, row.address,
                row.phone, place, row.direct_mask, row.assist_mask, row.consult_mask, row.channels, row.synthetic,
                row.verified_on, state, metres_between(here, place),
            )
        )  # fmt: skip
    farthest = float(rows[-1].squared) ** 0.5 if rows else 0.0
    return stations, farthest, len(seen) < asked


def _squared(centre: Pixel) -> Any:
    east = sa.cast(Station.mx, sa.BigInteger) - centre.mx
    south = sa.cast(Station.my, sa.BigInteger) - centre.my
    return east * east + south * south


def _in_box(centre: Pixel, radius: Any) -> Any:
    mx, my = sa.literal(centre.mx, sa.BigInteger), sa.literal(centre.my, sa.BigInteger)
    return _table.c.mx.between(mx - radius, mx + radius) & _table.c.my.between(my - radius, my + radius)


def _count(
    centre: Pixel, radius: Any, wanted: Wanted, session: Session, now: datetime, outer: Any = None
) -> sa.ScalarSelect[int]:
    """How many suitable stations the box holds; it stops counting at SHOWN."""
    inside = sa.select(sa.literal(1)).select_from(_table)
    inside = inside.where(_in_box(centre, radius), *_conditions(wanted, session, now)).limit(SHOWN)
    if outer is not None:
        inside = inside.correlate(outer)
    return sa.select(sa.func.count()).select_from(inside.subquery()).scalar_subquery()


def _conditions(wanted: Wanted, session: Session, now: datetime) -> list[Any]:
    conditions: list[Any] = [_table.c.open]
    if wanted.item is not None:
        bit = sa.literal(1 << wanted.item, sa.BigInteger)
        conditions.append(_table.c.direct_mask.bitwise_or(_table.c.assist_mask).bitwise_and(bit) != 0)
    if wanted.channel is not None:
        bit = sa.literal(1 << list(Channel).index(wanted.channel), sa.Integer)
        conditions.append(_table.c.channels.bitwise_and(bit) != 0)
    if wanted.open_now:
        days = working_days(session)
        open_weeks = [
            id_ for id_, week in weeks(session).items() if opening(week, {}, days, now).state is not State.CLOSED
        ]
        special = sa.select(_exceptions.c.station_id).where(_exceptions.c.date == local_date(now))
        conditions.append(_table.c.hours_id.in_(open_weeks) | _table.c.id.in_(special))
    return conditions


def names_for(session: Session, stations: Sequence[StationView]) -> dict[str, str]:
    """Town and county of each station, in words: 解放路街道·历下区. Same names are common, so a name never stands alone."""
    known = divisions(session)
    said = {}
    for station in stations:
        town, county = known.get(station.town_code), known.get(station.county_code)
        said[station.code] = "·".join(part.name for part in (county, town) if part)
    return said


def station(session: Session, code: str) -> Station | None:
    """One station by its code, closed ones too. One statement."""
    return session.scalars(sa.select(Station).where(Station.code == code)).one_or_none()


def week_text(session: Session, found: Station) -> str | None:
    """Its weekly hours in OpenStreetMap's notation, or None."""
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    return write_week(week) if week else None
