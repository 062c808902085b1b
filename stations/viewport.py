"""What a map shows of a box: how many stations each cell holds, and by name those that stand alone. Room `stations`, floor 3.

Three statements at most: editions, cells, names. Up to zoom 11, with a channel up to zoom 8, cells are read ready-made
(stations/clusters.py), beyond it counted.
"""

import functools
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import SHANGHAI, local_date
from common.editions import working_days
from maps.cells import Cells, place_at, shift
from maps.place import Place
from stations import clusters
from stations.hours import opening
from stations.models import Channel, HoursException, Station, StationCluster
from stations.nearest import Wanted, conditions_of, weeks_open
from stations.queries import divisions, weeks
from stations.week import Spans, read_day

OPEN_FROM = 12  # "open now" is not counted for more of the province at once: it changes by the minute
NAMED_FROM = 12
APART_FROM = 15  # from here on stations of one cell are shown one by one, if they are few enough
MOST_NAMED = 80  # of one answer; more would not fit into 8 kB, nor onto a phone

_station: sa.Table = Station.__table__  # type: ignore[assignment]
_exception: sa.Table = HoursException.__table__  # type: ignore[assignment]
_cluster: sa.Table = StationCluster.__table__  # type: ignore[assignment]


class Cluster(NamedTuple):
    """A marker with a number: `n` stations around a place."""

    place: Place
    n: int


class Marker(NamedTuple):
    """One station. `state`: open, closing, closed or unknown."""

    code: str
    name: str
    area: str  # 历下区·解放路街道
    place: Place
    state: str


@dataclass(frozen=True, slots=True)
class View:
    """`total`: stations in all cells. `open_now`: whether they were filtered by that."""

    clusters: list[Cluster]
    stations: list[Marker]
    total: int
    open_now: bool


class _Cell(NamedTuple):
    cx: int
    cy: int
    n: int
    mx_sum: int
    my_sum: int
    id: str | None  # of the only one


def in_view(session: Session, cells: Cells, wanted: Wanted, *, now: datetime) -> View:
    """The stations of `cells` that suit, as few markers. Those that stand alone in their cell are named from zoom 12 on,
    all of them from zoom 15 on, as long as there are at most MOST_NAMED to name."""
    open_now = wanted.open_now and cells.zoom >= OPEN_FROM
    if cells.zoom <= (clusters.DEEPEST_BY_CHANNEL if wanted.channel else clusters.DEEPEST):
        found = _kept(session, cells, wanted)
    else:
        found = _counted(session, cells, wanted, open_now, now)
    total = sum(cell.n for cell in found)
    named: list[Marker] = []
    if cells.zoom >= NAMED_FROM:
        apart = cells.zoom >= APART_FROM and total <= MOST_NAMED
        alone = [cell.id for cell in found if cell.n == 1 and cell.id]
        if apart and total:
            values = _values(session, cells, wanted, open_now, now)
            named, found = _named(session, _suiting(wanted, open_now), cells, values, now), []
        elif 0 < len(alone) <= MOST_NAMED:
            named = _named(session, _station.c.id.in_(alone), cells, {}, now)
            found = [cell for cell in found if cell.n != 1]
    middles = [
        Cluster(place_at(cell.mx_sum / cell.n, cell.my_sum / cell.n, cells.zoom), cell.n) for cell in found if cell.n
    ]
    return View(middles, named, total, open_now)


def _kept(session: Session, cells: Cells, wanted: Wanted) -> list[_Cell]:
    c, filtered = _cluster.c, wanted.item is not None or wanted.channel is not None
    columns = [c.cx, c.cy, c.n, c.mx_sum, c.my_sum] + ([c.by_item] if filtered else [])
    rows = session.execute(
        sa.select(*columns)
        .where(c.zoom == cells.zoom, c.cx.between(cells.west, cells.east), c.cy.between(cells.north, cells.south))
        .order_by(c.cx, c.cy)
    )
    if not filtered:
        return [_Cell(cx, cy, n, mx_sum, my_sum, None) for cx, cy, n, mx_sum, my_sum in rows]
    found = []
    for cx, cy, n, mx_sum, my_sum, by_item in rows:  # the marker stands in the middle of all stations of the cell
        if suit := clusters.count_of(by_item, wanted.item, wanted.channel):
            found.append(_Cell(cx, cy, suit, mx_sum * suit // n, my_sum * suit // n, None))
    return found


def _counted(session: Session, cells: Cells, wanted: Wanted, open_now: bool, now: datetime) -> list[_Cell]:
    statement = _count_statement(cells.zoom, wanted.item is not None, wanted.channel is not None, open_now)
    rows = session.execute(statement, _values(session, cells, wanted, open_now, now))
    found = [
        _Cell(cx, cy, n, int(mx_sum), int(my_sum), id_ if n == 1 else None) for cx, cy, n, mx_sum, my_sum, id_ in rows
    ]
    return sorted(found)


@functools.cache
def _count_statement(zoom: int, item: bool, channel: bool, open_now: bool) -> Any:
    """Cell, count, sums of pixels, the id of one."""
    c = _station.c
    bits: Any = sa.literal_column(str(shift(zoom)))
    return (
        sa.select(
            c.mx.bitwise_rshift(bits),
            c.my.bitwise_rshift(bits),
            sa.func.count(),
            sa.func.sum(c.mx),
            sa.func.sum(c.my),
            sa.func.min(c.id),
        )
        .where(_box(), *conditions_of(item, channel, open_now))
        .group_by(sa.text("1"), sa.text("2"))
    )


def _box() -> Any:
    west, east, north, south = (sa.bindparam(name, type_=sa.Integer) for name in ("west", "east", "north", "south"))
    return _station.c.mx.between(west, east) & _station.c.my.between(north, south)


def _values(session: Session, cells: Cells, wanted: Wanted, open_now: bool, now: datetime) -> dict[str, Any]:
    """What the conditions of a box are about, by the names of their parameters."""
    first, last = cells.first_pixel, cells.last_pixel
    values: dict[str, Any] = {"west": first.mx, "east": last.mx, "north": first.my, "south": last.my}
    if wanted.item is not None:
        values["item"] = 1 << wanted.item
    if wanted.channel is not None:
        values["channel"] = 1 << list(Channel).index(wanted.channel)
    if open_now:
        at = f"{now.astimezone(SHANGHAI):%H:%M}"
        values |= {"weeks": weeks_open(session, now), "today": local_date(now), "clock": at}
    return values


def _suiting(wanted: Wanted, open_now: bool) -> Any:
    return sa.and_(_box(), *conditions_of(wanted.item is not None, wanted.channel is not None, open_now))


def _named(session: Session, which: Any, cells: Cells, values: dict[str, Any], now: datetime) -> list[Marker]:
    """The stations of `which`, a condition with parameters `values`, with what is different today and tomorrow."""
    c, today = _station.c, local_date(now)
    coming = _exception.c.date.between(today, today + timedelta(days=1))
    rows = session.execute(
        sa.select(c.code, c.name, c.county_code, c.town_code, c.mx, c.my, c.hours_id, _exception.c.date, _exception.c.spans)
        .outerjoin_from(_station, _exception, (_exception.c.station_id == c.id) & coming)
        .where(which)
        .order_by(c.code),
        values,
    ).all()  # fmt: skip
    exceptions: dict[str, dict[date, Spans]] = {}
    for row in rows:
        if row.date is not None:
            exceptions.setdefault(row.code, {})[row.date] = read_day(row.spans or "")
    known = divisions(session)
    usual: dict[str, str] = {}  # neighbours keep the same hours
    markers = {}
    for row in rows:
        special = exceptions.get(row.code)
        state = None if special else usual.get(row.hours_id)
        if state is None:
            state = _state(session, row.hours_id, special or {}, now)
            if not special:
                usual[row.hours_id] = state
        area = "·".join(known[code].name for code in (row.county_code, row.town_code) if code in known)
        markers[row.code] = Marker(row.code, row.name, area, place_at(row.mx, row.my, cells.zoom), state)
    return list(markers.values())


def _state(session: Session, hours_id: str | None, exceptions: dict[date, Spans], now: datetime) -> str:
    week = weeks(session).get(hours_id) if hours_id else None
    return opening(week, exceptions, working_days(session), now).state.value if week else "unknown"


def as_json(view: View) -> dict[str, Any]:
    """The answer of the JSON door: short lists for clusters, since there may be hundreds."""
    return {
        "clusters": [[*cluster.place, cluster.n] for cluster in view.clusters],
        "stations": [
            {"code": s.code, "name": s.name, "area": s.area, "lat": s.place.lat, "lon": s.place.lon, "state": s.state}
            for s in view.stations
        ],
        "total": view.total,
        "open_now": view.open_now,
    }
