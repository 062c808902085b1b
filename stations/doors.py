"""门口校准: where a station's door is, measured by somebody who stands there; and the way back. Room `stations`, floor 3.

Comes in: a writing session, a station and what the phone measured. Nothing here commits or reads the clock.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from enum import StrEnum
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import SHANGHAI, local_date
from common.i18n import gettext as _
from maps.counties import metres_outside
from maps.place import Datum, Pixel, Place, from_wgs84, metres_between, pixel_of
from stations.clusters import recount
from stations.models import AT_THE_DOOR, DoorReading, Station
from stations.operations import Refused

FAR_M = 2_000  # a station was seldom noted down that wrongly: rather somebody stands at another one
NOWHERE_M = 20_000  # nobody stands at a door there, whatever a phone says
OUTSIDE_M = 1_000  # the county lines are generalised, half of each by more than 400 m
SHIFT_M = 60  # how well a move must fit the shift of 高德's datum to be that shift
READINGS_A_DAY = 20  # of one station; nobody measures a door more often


class How(StrEnum):
    """How a place came about."""

    DOOR = "door"  # measured at the door
    BACK = "back"  # the place before, put back


class Conflict(ValueError):
    """Another has been quicker, or the same form came twice with other words; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a phone at the door says: WGS-84, how far off it may be (metres), from how many readings."""

    place: Place
    accuracy_m: float
    readings: int


class Old(NamedTuple):
    """The place of a station and where it comes from."""

    place: Place
    datum: str
    source: str
    verified_on: date | None


def doubts(station: Station, measured: Place) -> list[str]:
    """Sentences for whoever is about to save a place that looks odd; none when it does not."""
    old = Place(station.lat, station.lon)
    moved = metres_between(old, measured)
    said = []
    if moved > FAR_M:
        said.append(_("离原来的位置超过 2 公里。请看看是不是站在别的站点门口。"))
    if _outside(station, measured) > OUTSIDE_M:
        said.append(_("这个位置不在本县（市、区）里面。"))
    if moved > 5 * SHIFT_M and metres_between(from_wgs84(old, Datum.GCJ02), measured) < SHIFT_M:
        said.append(_("和原来的位置正好差一个高德坐标的偏移。请换一部手机再量一次，对得上再记。"))
    return said


def _outside(station: Station, place: Place) -> float:
    """Metres from the station's county; 0 inside, and where we do not have the county's line."""
    try:
        return metres_outside(place, station.county_code)
    except ValueError:
        return 0.0


def keep_reading(
    session: Session, station_id: str, id: str, measured: Measured, *, photo: str | None, now: datetime
) -> tuple[DoorReading, bool]:
    """Put the station where its door was measured, with the place before as history; and whether that is new.

    id  of the operation, made with the form: the same form twice is one reading. Raises Conflict when it is another's,
        Refused when there were too many today.
    """
    station = _locked(session, station_id)
    place = Place(round(measured.place.lat, 6), round(measured.place.lon, 6))  # 0.1 m
    known = session.get(DoorReading, id)
    if known is not None:
        if (known.station_id, known.how, known.lat, known.lon) == (station_id, How.DOOR, place.lat, place.lon):
            return known, False
        raise Conflict(_("这张表已经用过了，请重新量一次。"))
    check_room(session, station_id, now=now)
    if _outside(station, place) > NOWHERE_M:
        raise Refused(_("这个位置离本县（市、区）太远，没有记。请到门口再量一次。"))
    row = _history(station, id, How.DOOR, place, now)
    row.accuracy_m, row.readings, row.photo = measured.accuracy_m, measured.readings, photo
    session.add(row)
    _move(session, station, Old(place, Datum.WGS84.value, AT_THE_DOOR, local_date(now)), now)
    return row, True


def put_back(session: Session, station_id: str, id: str, of: str, *, now: datetime) -> tuple[DoorReading, bool]:
    """Put the station back where it was before its last reading, as history of its own; and whether that is new.

    of  the reading to undo. Raises Conflict when it is not the last, or the place was changed since by a roster.
    """
    station = _locked(session, station_id)
    known = session.get(DoorReading, id)
    if known is not None:
        if (known.station_id, known.how) == (station_id, How.BACK):
            return known, False
        raise Conflict(_("这张表已经用过了，请重新打开这一页。"))
    last = next(iter(history(session, station_id, limit=1)), None)
    if last is None or last.id != of or (last.lat, last.lon) != (station.lat, station.lon):
        raise Conflict(_("位置后来又改过，没有改回。请看看现在的记录。"))
    check_room(session, station_id, now=now)
    old = Old(Place(last.old_lat, last.old_lon), last.old_datum, last.old_place_source, last.old_verified_on)
    row = _history(station, id, How.BACK, old.place, now)
    session.add(row)
    _move(session, station, old, now)
    return row, True


def history(session: Session, station_id: str, *, limit: int = 10) -> list[DoorReading]:
    """What was measured at a station's door, and put back, newest first. One statement."""
    query = sa.select(DoorReading).where(DoorReading.station_id == station_id)
    return list(session.scalars(query.order_by(DoorReading.at.desc(), DoorReading.id.desc()).limit(limit)))


def check_room(session: Session, station_id: str, *, now: datetime) -> None:
    """Raises Refused when so much was measured at this station today that no more is kept. One statement."""
    midnight = datetime.combine(local_date(now), time(), SHANGHAI)
    today = sa.select(sa.func.count()).where(DoorReading.station_id == station_id, DoorReading.at >= midnight)
    if (session.scalar(today) or 0) >= READINGS_A_DAY:
        raise Refused(_("这个站点今天量得太多了，请明天再来。"))


def moved_metres(row: DoorReading) -> float:
    """How far that reading moved the station."""
    return metres_between(Place(row.old_lat, row.old_lon), Place(row.lat, row.lon))


def _locked(session: Session, station_id: str) -> Station:
    """The station, waiting for whoever else is changing it."""
    found = session.get(Station, station_id, with_for_update=True)
    assert found is not None
    return found


def _history(station: Station, id: str, how: How, place: Place, now: datetime) -> DoorReading:
    return DoorReading(
        id=id,
        county_code=station.county_code,
        station_id=station.id,
        how=how.value,
        at=now,
        lat=place.lat,
        lon=place.lon,
        old_lat=station.lat,
        old_lon=station.lon,
        old_datum=station.datum,
        old_place_source=station.place_source,
        old_verified_on=station.verified_on,
    )


def _move(session: Session, station: Station, to: Old, now: datetime) -> None:
    was, is_ = Pixel(station.mx, station.my), pixel_of(to.place)
    station.lat, station.lon = to.place
    station.mx, station.my = is_
    station.datum, station.place_source, station.verified_on = to.datum, to.source, to.verified_on
    station.updated_at = now
    recount(session, {was, is_})
