"""The nearest stations, as stations/queries.py finds them: Django's ORM where it can say it, SQL where it cannot.

Reference data is loaded by our own functions and kept until an edition moves, exactly as ours: one small SELECT says so.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q

from benchmarks.django_page.models import Edition, HoursException, Station
from common.clock import local_date
from common.db import Database
from common.editions import working_days
from common.working_days import WorkingDays
from maps.place import WORLD_PIXELS, Place, metres_between, pixel_metres, pixel_of, pixels_for
from maps.queries import reach_policy
from maps.reach import Mode, ReachPolicy
from services_catalog.queries import catalogue
from services_catalog.views import Catalogue
from stations.hours import State, opening
from stations.models import Channel
from stations.nearest import (
    EXCEPTIONS_AHEAD,
    SCALE_SPREAD,
    SHOWN,
    SPARE,
    START_PIXELS,
    SURE_M,
    Found,
    StationView,
    Wanted,
)
from stations.queries import DivisionView, divisions, weeks
from stations.week import Week, read_day

FIELDS = (
    "id", "code", "name", "county_code", "town_code", "address", "phone", "lat", "lon", "hours_id",
    "direct_mask", "assist_mask", "consult_mask", "synthetic",
)  # fmt: skip


@dataclass(frozen=True)
class Reference:
    """What changes a few times a year."""

    catalogue: Catalogue
    divisions: Mapping[str, DivisionView]
    cities: list[DivisionView]
    weeks: Mapping[str, Week]
    days: WorkingDays
    policies: Mapping[Mode, ReachPolicy]


_kept: dict[str, Any] = {"editions": None, "reference": None}


def reference(today: date) -> Reference:
    """Exact at every request: one SELECT."""
    editions = (dict(Edition.objects.values_list("name", "number")), today)
    if _kept["editions"] != editions:
        _kept.update(editions=editions, reference=_load(today))
    found: Reference = _kept["reference"]
    return found


@cache
def _database() -> Database:
    return Database(os.environ["DATABASE_URL"])


def _load(today: date) -> Reference:
    with _database().read_session() as session:
        known = divisions(session)
        return Reference(
            catalogue(session, today),
            known,
            [view for view in known.values() if view.parent_code == "370000"],
            weeks(session),
            working_days(session),
            {mode: reach_policy(session, mode, today) for mode in Mode},
        )


def nearest(
    here: Place, wanted: Wanted, *, policy: ReachPolicy, minutes: int, wider: int, now: datetime, known: Reference
) -> Found:
    if minutes:
        reach = policy.straight_metres(minutes)
        close = _within(here, reach, wanted, now, known, limit=SHOWN)[:SHOWN]
        if close:
            more = 0
            if len(close) < SHOWN and wider > minutes:
                circle = policy.straight_metres(wider)
                more = len(_within(here, circle, wanted, now, known, limit=len(close) + SHOWN)) - len(close)
            return Found(close, True, min(more, SHOWN))
    return Found(_nearest_anywhere(here, wanted, now, known), not minutes, 0)


def _within(
    here: Place, metres: float, wanted: Wanted, now: datetime, known: Reference, *, limit: int
) -> list[StationView]:
    centre, radius = pixel_of(here), pixels_for(metres, here.lat)
    query = _suitable(wanted, now, known).filter(
        mx__range=(centre.mx - radius, centre.mx + radius), my__range=(centre.my - radius, centre.my + radius)
    )
    squared = (F("mx") - centre.mx) * (F("mx") - centre.mx) + (F("my") - centre.my) * (F("my") - centre.my)
    query = query.annotate(squared=ExpressionWrapper(squared, BigIntegerField())).order_by("squared")
    rows = query.values_list(*FIELDS, "squared")
    found = _enough(lambda asked: list(rows[:asked]), here, wanted, now, known, limit)
    return [station for station in found if station.metres <= metres]


def _suitable(wanted: Wanted, now: datetime, known: Reference) -> Any:
    query = Station.objects.filter(open=True)
    if wanted.item is not None:
        query = query.alias(taken=F("direct_mask").bitor(F("assist_mask")).bitand(1 << wanted.item)).filter(taken__gt=0)
    if wanted.channel is not None:
        query = query.alias(serves=F("channels").bitand(1 << list(Channel).index(wanted.channel))).filter(serves__gt=0)
    if wanted.open_now:
        today = HoursException.objects.filter(date=local_date(now)).values("station_id")
        as_usual = Q(hours_id__in=_open_weeks(known, now)) & ~Q(id__in=today)
        query = query.filter(as_usual | Q(id__in=today.filter(spans__isnull=False)))
    return query


def _open_weeks(known: Reference, now: datetime) -> list[str]:
    return [id_ for id_, week in known.weeks.items() if opening(week, {}, known.days, now).state is not State.CLOSED]


def _nearest_anywhere(here: Place, wanted: Wanted, now: datetime, known: Reference) -> list[StationView]:
    """A box that doubles until it holds enough: a recursive query, which the ORM has no words for."""
    centre = pixel_of(here)
    where, given = _conditions(wanted, now, known)
    values = given | {"cx": centre.mx, "cy": centre.my, "start": START_PIXELS, "world": WORLD_PIXELS}
    sql = f"""
        WITH RECURSIVE box(r, n) AS (
            SELECT %(start)s, ({_count(where, "%(start)s")})
            UNION ALL
            SELECT r * 2, ({_count(where, "r * 2")}) FROM box WHERE n < %(enough)s AND r < %(world)s
        )
        SELECT {", ".join(FIELDS)}, {_SQUARED} AS squared FROM station
        WHERE {_in_box("(SELECT max(r) * 3 / 2 FROM box)")} AND {where}
        ORDER BY squared LIMIT %(asked)s
    """

    def ask(asked: int) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql, values | {"asked": asked, "enough": asked - SPARE * (not wanted.open_now)})
            return cursor.fetchall()

    return _enough(ask, here, wanted, now, known, SHOWN)[:SHOWN]


_SQUARED = "(mx - %(cx)s) * (mx - %(cx)s) + (my - %(cy)s) * (my - %(cy)s)"


def _in_box(radius: str) -> str:
    return f"mx BETWEEN %(cx)s - {radius} AND %(cx)s + {radius} AND my BETWEEN %(cy)s - {radius} AND %(cy)s + {radius}"


def _count(where: str, radius: str) -> str:
    return f"SELECT count(*) FROM (SELECT 1 FROM station WHERE {_in_box(radius)} AND {where} LIMIT %(enough)s)"


def _conditions(wanted: Wanted, now: datetime, known: Reference) -> tuple[str, dict[str, Any]]:
    parts, given = ["station.open"], {}
    if wanted.item is not None:
        parts.append("(direct_mask | assist_mask) & %(bit)s != 0")
        given["bit"] = 1 << wanted.item
    if wanted.channel is not None:
        parts.append("channels & %(serves)s != 0")
        given["serves"] = 1 << list(Channel).index(wanted.channel)
    if wanted.open_now:
        open_weeks = _open_weeks(known, now)
        names = ", ".join(f"%(week{number})s" for number in range(len(open_weeks)))
        given |= {f"week{number}": id_ for number, id_ in enumerate(open_weeks)} | {"today": local_date(now)}
        parts.append(
            f"(hours_id IN ({names}) AND station.id NOT IN (SELECT station_id FROM hours_exception WHERE date = %(today)s)"
            " OR station.id IN (SELECT station_id FROM hours_exception WHERE date = %(today)s AND spans IS NOT NULL))"
        )
    return " AND ".join(parts), given


def _enough(ask: Any, here: Place, wanted: Wanted, now: datetime, known: Reference, limit: int) -> list[StationView]:
    """As ours: more than needed, because pixels differ a little in size, and again when that was not enough."""
    asked = limit + SPARE
    while True:
        rows = ask(asked)
        stations = sorted(_views(rows, here, wanted, now, known), key=lambda station: (station.metres, station.code))
        farthest = float(rows[-1][-1]) ** 0.5 if rows else 0.0
        sure = farthest * pixel_metres(here.lat) * (1 - SCALE_SPREAD)
        if len(rows) < asked or (len(stations) >= limit and (stations[limit - 1].metres <= sure or sure > SURE_M)):
            return stations
        asked *= 2


def _views(rows: list[Any], here: Place, wanted: Wanted, now: datetime, known: Reference) -> list[StationView]:
    today = local_date(now)
    exceptions: dict[str, dict[date, Any]] = {}
    coming = HoursException.objects.filter(
        station_id__in=[row[0] for row in rows], date__range=(today, today + timedelta(days=EXCEPTIONS_AHEAD))
    )
    for station_id, on, spans in coming.values_list("station_id", "date", "spans"):
        exceptions.setdefault(station_id, {})[on] = read_day(spans or "")
    views = []
    for row in rows:
        (id_, code, name, county, town, address, phone, lat, lon, hours_id,
         direct, assist, consult, synthetic, _squared) = row  # fmt: skip
        week = known.weeks.get(hours_id)
        state = opening(week, exceptions.get(id_, {}), known.days, now) if week else None
        if wanted.open_now and (state is None or state.state is State.CLOSED):
            continue
        place = Place(lat, lon)
        metres = metres_between(here, place)
        views.append(
            StationView(
                code, name, county, town, address, phone, place, direct, assist, consult, synthetic, state, metres
            )
        )
    return views


def areas(known: Reference, stations: list[StationView]) -> dict[str, str]:
    """County and town of each station."""
    return {
        station.code: "·".join(
            part.name
            for part in (known.divisions.get(station.county_code), known.divisions.get(station.town_code))
            if part
        )
        for station in stations
    }
