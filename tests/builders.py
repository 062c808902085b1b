"""Builders with defaults: a test names only what it is about."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import count

from common import editions
from common.db import Database
from common.pinyin import initials, syllables
from maps.place import Place, pixel_of
from stations import door_links
from stations.models import Division, Host, HoursException, Level, OpeningHours, Station
from stations.queries import station
from stations.week import read_week, write_week

SQUARE = Place(36.6512, 117.1201)  # 泉城广场, Jinan
OFFICE_HOURS = "Mo-Fr 08:30-12:00,13:30-17:30; PH off"


def door_link(database: Database, code: str, *, now: datetime, days: int = 30, secret: str = "t" * 40) -> str:
    """The token of a new link to the door of a station; negative days: one that has ended."""
    with database.writing() as session:
        link = door_links.make(session, station(session, code), now=now, days=1)
        link.ends_at = now + timedelta(days=days)
        session.commit()
        return door_links.sign(secret, link.id)


class Make:
    def __init__(self, database: Database, now: datetime):
        self.database = database
        self.now = now
        self.numbers = count(1)

    def division(self, code: str, name: str, place: Place | None = None) -> str:
        parent = {6: code[:4] + "00" if code[4:] != "00" else "370000", 9: code[:6], 12: code[:9]}[len(code)]
        level = {6: 3 if code[4:] != "00" else 2, 9: 4, 12: 5}[len(code)]
        with self.database.writing() as session:
            session.merge(
                Division(
                    code=code,
                    parent_code=None if code == "370000" else parent,
                    level=1 if code == "370000" else level,
                    name=name,
                    pinyin="".join(syllables(name))[:120],
                    initials=initials(name)[:120],
                    lat=place.lat if place else None,
                    lon=place.lon if place else None,
                    place_source="test" if place else None,
                )
            )
            editions.bump(session, "divisions")
            session.commit()
        return code

    def station(
        self,
        name: str = "大桥村医保工作站",
        place: Place = SQUARE,
        *,
        items: Iterable[int] = (1, 7, 18),
        assist: Iterable[int] = (),
        consult: Iterable[int] = (),
        hours: str | None = OFFICE_HOURS,
        exceptions: dict | None = None,
        **facts,
    ) -> str:
        """A station at `place`, open on weekdays; returns its code. `items` are done there, in mode direct."""
        number = next(self.numbers)
        county = facts.pop("county_code", "370102")
        town = facts.pop("town_code", county + "001")
        for code, said in (
            ("370000", "山东省"),
            (county[:4] + "00", "济南市"),
            (county, "历下区"),
            (town, "解放路街道"),
        ):
            self._division_if_missing(code, said)
        with self.database.writing() as session:
            pixel = pixel_of(place)
            station = Station(
                code=facts.pop("code", f"{town}{number:03}Z1"),
                name=name,
                pinyin="".join(syllables(name))[:120],
                initials=initials(name)[:120],
                level=facts.pop("level", Level.VILLAGE),
                host=facts.pop("host", Host.VILLAGE_CENTRE),
                county_code=county,
                town_code=town,
                lat=place.lat,
                lon=place.lon,
                mx=pixel.mx,
                my=pixel.my,
                datum="wgs84",
                place_source="test",
                source="test",
                hours_id=self._hours(session, hours) if hours else None,
                direct_mask=sum(1 << no for no in items),
                assist_mask=sum(1 << no for no in assist),
                consult_mask=sum(1 << no for no in consult),
                channels=facts.pop("channels", 1),
                access=facts.pop("access", 0),
                open=facts.pop("open", True),
                synthetic=facts.pop("synthetic", False),
                updated_at=self.now,
                **facts,
            )
            session.add(station)
            session.flush()
            for date, spans in (exceptions or {}).items():
                session.add(HoursException(county_code=county, station_id=station.id, date=date, spans=spans or None))
            session.commit()
            return station.code

    def _division_if_missing(self, code: str, name: str) -> None:
        with self.database.writing() as session:
            known = session.get(Division, code) is not None
        if not known:
            self.division(code, name)

    def _hours(self, session, text: str) -> str:
        week = write_week(read_week(text))
        known = session.query(OpeningHours).filter_by(week=week).one_or_none()
        if known is None:
            known = OpeningHours(week=week)
            session.add(known)
            session.flush()
            editions.bump(session, "hours")
        return known.id
