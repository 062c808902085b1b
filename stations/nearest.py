"""The nearest stations, by plain SQL on two integer columns (docs/decisions/0004). Room `stations`, floor 3.

The finder needs three statements at most: editions, stations within reach, and, when there are none, the nearest anyway.
Each form of the statement is built once and then only given its values: building costs more than running it.
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import SHANGHAI, local_date
from common.editions import working_days
from maps.place import WORLD_PIXELS, Place, metres_between, pixel_metres, pixel_of, pixels_for
from maps.reach import ReachPolicy
from stations.hours import Opening, State, opening
from stations.models import Channel, HoursException, Station
from stations.queries import divisions, weeks
from stations.week import MAX_SPANS, Spans, read_day

SHOWN = 20
EXCEPTIONS_AHEAD = 14  # days of exceptions a list looks at to say when a closed station opens next
SCALE_SPREAD = 0.012  # a pixel's size, in metres, differs by less than this over the 100 km around a place
SURE_M = 60_000  # beyond it "nearest" is a matter of hours by car, and the order of pixels is good enough
START_PIXELS = 2048  # about 1 km: where the search for the nearest begins when nothing is in reach
USUAL_M = 8_000  # where a full list lies nearly everywhere in the province: one plain box instead of a growing one
SPARE = 12  # fetched beyond what is asked for, since pixels and metres may order neighbours differently

_station: sa.Table = Station.__table__  # type: ignore[assignment]
_exception: sa.Table = HoursException.__table__  # type: ignore[assignment]
Exceptions: TypeAlias = dict[str, dict[date, Spans]]
Ranked: TypeAlias = tuple[float, str, Any]  # metres, code, row


@dataclass(slots=True)
class StationView:
    """A station as lists show it. `metres`: straight line from where the reader is; `opening`: None when unknown."""

    code: str
    name: str
    county_code: str
    town_code: str
    address: str | None
    phone: str | None
    place: Place
    direct_mask: int
    assist_mask: int
    consult_mask: int
    synthetic: bool
    opening: Opening | None
    metres: float

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
    `more`: how many others the next larger circle holds, up to a full list; 0 when this list is full already: the same
    20 would come again."""

    stations: list[StationView]
    within: bool
    more: int


def nearest(
    session: Session, here: Place, wanted: Wanted, *, policy: ReachPolicy, minutes: int, wider: int, now: datetime
) -> Found:
    """The SHOWN nearest open-to-the-public stations within `minutes`, and how many more within `wider` minutes.

    here    WGS-84.
    wanted  an item counts when it is done or helped with there, not when there is only advice.
    minutes by `policy`; 0: no limit. When none is within reach: the nearest anyway, `within` is False.
    One statement when the list is full, else two.
    """
    if minutes:
        reach = policy.straight_metres(minutes)
        ranked, exceptions = _fetch(session, here, wanted, now, SHOWN, metres=reach)
        close = [one for one in ranked if one[0] <= reach][:SHOWN]
        if close:
            more = 0
            if len(close) < SHOWN and wider > minutes:
                circle = policy.straight_metres(wider)
                around, _exceptions = _fetch(session, here, wanted, now, len(close) + SHOWN, metres=circle)
                more = sum(metres <= circle for metres, _code, _row in around) - len(close)
            return Found(_views(session, close, exceptions, now), True, min(more, SHOWN))
    else:
        ranked, exceptions = _fetch(session, here, wanted, now, SHOWN, metres=USUAL_M)
        if len(ranked) >= SHOWN and ranked[SHOWN - 1][0] <= USUAL_M:
            return Found(_views(session, ranked[:SHOWN], exceptions, now), True, 0)
    ranked, exceptions = _fetch(session, here, wanted, now, SHOWN)
    return Found(_views(session, ranked[:SHOWN], exceptions, now), not minutes, 0)


def _fetch(
    session: Session, here: Place, wanted: Wanted, now: datetime, limit: int, metres: float | None = None
) -> tuple[list[Ranked], Exceptions]:
    """The `limit` nearest by true distance, of those within `metres` or of all.

    The database sorts by pixels, whose size varies a little: SPARE more are fetched than asked for. When even these do
    not prove the order (many stations at one distance), twice as many are asked for. So too when stations that SQL took
    for open, since it only knows the normal week, are closed today by exception.
    """
    today = local_date(now)
    centre = pixel_of(here)
    values: dict[str, Any] = {
        "mx": centre.mx,
        "my": centre.my,
        "asked": limit + SPARE,
        "today": today,
        "until": today + timedelta(days=EXCEPTIONS_AHEAD),
    }
    values["enough"] = limit + (SPARE if wanted.open_now else 0)
    if metres is not None:
        values["pixels"] = pixels_for(metres, here.lat)
    if wanted.item is not None:
        values["item"] = 1 << wanted.item
    if wanted.channel is not None:
        values["channel"] = 1 << list(Channel).index(wanted.channel)
    if wanted.open_now:
        values |= {"weeks": weeks_open(session, now), "clock": f"{now.astimezone(SHANGHAI):%H:%M}"}
    statement = _statement(wanted.item is not None, wanted.channel is not None, wanted.open_now, metres is None)
    while True:
        rows = session.execute(statement, values).all()
        exceptions: Exceptions = {}
        stations = {}
        for row in rows:  # a station with several exceptions has several rows
            stations[row.id] = row
            if row.on is not None:
                exceptions.setdefault(row.id, {})[row.on] = read_day(row.spans or "")
        ranked = [
            (metres_between(here, Place(row.lat, row.lon)), row.code, row)
            for id_, row in stations.items()
            if not (wanted.open_now and today in exceptions.get(id_, ()))
            or _opening(session, row, exceptions, now) is not State.CLOSED
        ]
        ranked.sort(key=lambda one: one[:2])
        if _proved(here, ranked, rows, limit, values, dropped=len(stations) - len(ranked), fetched=len(stations)):
            return ranked, exceptions
        values["asked"] *= 2
        values["enough"] *= 2


def _proved(
    here: Place,
    ranked: list[Ranked],
    rows: Sequence[Any],
    limit: int,
    values: dict[str, Any],
    *,
    dropped: int,
    fetched: int,
) -> bool:
    """Whether no station that was not fetched can belong to the first `limit`."""
    grown = "pixels" not in values
    if grown and fetched < values["enough"]:
        return True  # the box grew over all there are
    if grown and dropped > values["enough"] - limit:
        return False  # it stopped growing at stations that turned out closed
    if fetched < values["asked"]:
        return True  # all of the box
    if len(ranked) < limit:
        return False
    if ranked[0][0] > SURE_M:
        return True  # also near the poles, where pixels shrink to nothing
    sure = float(rows[-1].squared) ** 0.5 * pixel_metres(here.lat) * (1 - SCALE_SPREAD)
    return bool(ranked[limit - 1][0] <= sure or sure > SURE_M)


def _views(session: Session, ranked: Sequence[Ranked], exceptions: Exceptions, now: datetime) -> list[StationView]:
    patterns, days = weeks(session), working_days(session)
    state: Opening | None
    usual: dict[str | None, Opening | None] = {None: None}  # neighbours keep the same hours
    views = []
    for metres, code, row in ranked:
        if row.id in exceptions and row.hours_id is not None:
            state = opening(patterns[row.hours_id], exceptions[row.id], days, now)
        else:
            if row.hours_id not in usual:
                usual[row.hours_id] = opening(patterns[row.hours_id], {}, days, now)
            state = usual[row.hours_id]
        views.append(
            StationView(
                code, row.name, row.county_code, row.town_code, row.address, row.phone, Place(row.lat, row.lon),
                row.direct_mask, row.assist_mask, row.consult_mask, row.synthetic, state, metres,
            )
        )  # fmt: skip
    return views


def _opening(session: Session, row: Any, exceptions: Exceptions, now: datetime) -> State:
    week = weeks(session).get(row.hours_id)
    return opening(week, exceptions[row.id], working_days(session), now).state if week else State.CLOSED


def weeks_open(session: Session, now: datetime) -> list[str]:
    """The patterns by which a station is open at this moment, exceptions aside."""
    days = working_days(session)
    return [id_ for id_, week in weeks(session).items() if opening(week, {}, days, now).state is not State.CLOSED]


# The statement


@functools.cache
def _statement(item: bool, channel: bool, open_now: bool, anywhere: bool) -> Any:
    """Stations of a box, by squared pixels from :mx, :my, each with its coming exceptions.

    anywhere  the box grows until it holds :enough; else it reaches :pixels to each side.
    """
    conditions = conditions_of(item, channel, open_now)
    radius = _grown_box(conditions) if anywhere else _big("pixels")
    east = sa.cast(_station.c.mx, sa.BigInteger) - _big("mx")
    south = sa.cast(_station.c.my, sa.BigInteger) - _big("my")
    squared = (east * east + south * south).label("squared")
    # Only ids are sorted; the rows are fetched for those that are left: a third faster where a box holds hundreds.
    near = (
        sa.select(_station.c.id, squared)
        .where(_in_box(radius), *conditions)
        .order_by(squared)
        .limit(sa.bindparam("asked", type_=sa.Integer))
        .subquery()
    )
    columns = (
        "id", "code", "name", "county_code", "town_code", "address", "phone", "lat", "lon", "hours_id",
        "direct_mask", "assist_mask", "consult_mask", "synthetic",
    )  # fmt: skip
    coming = _exception.c.date.between(sa.bindparam("today", type_=sa.Date), sa.bindparam("until", type_=sa.Date))
    return (
        sa.select(
            *(_station.c[name] for name in columns), near.c.squared, _exception.c.date.label("on"), _exception.c.spans
        )
        .select_from(
            near.join(_station, _station.c.id == near.c.id).outerjoin(
                _exception, (_exception.c.station_id == near.c.id) & coming
            )
        )
        .order_by(near.c.squared)
    )


def _grown_box(conditions: list[Any]) -> Any:
    """Half a side: doubled until the box holds :enough suitable stations, then half as much again, because its corners
    are farther away than stations just outside its sides (√2 < 3/2)."""
    first = sa.literal(START_PIXELS, sa.BigInteger)
    box = sa.select(first.label("r"), _count(first, conditions).label("n")).cte("box", recursive=True)
    doubled = box.c.r * 2
    further = sa.select(doubled, _count(doubled, conditions, box)).where(
        box.c.n < _big("enough"), box.c.r < WORLD_PIXELS
    )
    box = box.union_all(further)
    return sa.select(sa.func.max(box.c.r) * 3 / 2).scalar_subquery()


def _count(radius: Any, conditions: list[Any], outer: Any = None) -> Any:
    """How many suitable stations the box holds; it stops counting at :enough."""
    inside = sa.select(sa.literal(1)).select_from(_station).where(_in_box(radius), *conditions).limit(_big("enough"))
    if outer is not None:
        inside = inside.correlate(outer)
    return sa.select(sa.func.count()).select_from(inside.subquery()).scalar_subquery()


def _in_box(radius: Any) -> Any:
    mx, my = _big("mx"), _big("my")
    return _station.c.mx.between(mx - radius, mx + radius) & _station.c.my.between(my - radius, my + radius)


def conditions_of(item: bool, channel: bool, open_now: bool) -> list[Any]:
    """What a station must be, in SQL, with parameters :item (a mask), :channel (a mask), :today and :weeks."""
    conditions: list[Any] = [_station.c.open]
    if item:
        conditions.append(_station.c.direct_mask.bitwise_or(_station.c.assist_mask).bitwise_and(_big("item")) != 0)
    if channel:
        bit = sa.bindparam("channel", type_=sa.Integer)
        conditions.append(_station.c.channels.bitwise_and(bit) != 0)
    if open_now:
        today = sa.select(_exception.c.station_id).where(_exception.c.date == sa.bindparam("today", type_=sa.Date))
        as_usual = _station.c.hours_id.in_(sa.bindparam("weeks", expanding=True)) & _station.c.id.not_in(today)
        special = _station.c.id.in_(today.where(_open_at(_exception.c.spans))) & _station.c.hours_id.is_not(None)
        conditions.append(as_usual | special)
    return conditions


def _open_at(spans: Any) -> Any:
    """Whether one of the spans of a day, 08:30-12:00,13:30-17:30, holds :clock. Each takes twelve characters, so text
    is compared with text: on a New Year's Eve afternoon every station of the province has such an exception."""
    clock = sa.bindparam("clock", type_=sa.String)
    return sa.or_(
        *(
            (sa.func.substr(spans, 1 + 12 * n, 5) <= clock) & (sa.func.substr(spans, 7 + 12 * n, 5) > clock)
            for n in range(MAX_SPANS)
        )
    )


def _big(name: str) -> Any:
    return sa.bindparam(name, type_=sa.BigInteger)


def names_for(session: Session, stations: Sequence[StationView]) -> dict[str, str]:
    """Town and county of each station, in words: 解放路街道·历下区. Same names are common, so a name never stands alone."""
    known = divisions(session)
    said = {}
    for station in stations:
        town, county = known.get(station.town_code), known.get(station.county_code)
        said[station.code] = "·".join(part.name for part in (county, town) if part)
    return said
