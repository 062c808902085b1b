"""The pack: what a phone keeps of one county, as small JSON. Room `pocket`, floor 4. static/pocket_saved.js reads it.

    format    1; a page that knows another number asks for an update
    made      2026-11-23, the day in Shandong; `said`: the same in words
    items     [number, name, [[paper, what does as well], …], note]
    hours     [line, …] for each weekly pattern that occurs
    takes     [[numbers done], [helped with], [advised on]] for each choice that occurs
    towns     [code, name]
    stations  [code, name, town, phone, address, lat, lon, takes, hours]: WGS-84 degrees; town, takes and hours are places
              in the lists above, hours -1 where none are known

Lists, not masks: a script's numbers end at 53 bits.
"""

from collections.abc import Hashable
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from common.clock import local_date
from common.i18n import gettext as _
from common.i18n import language
from pocket.queries import stations_of, towns_of
from services_catalog.queries import catalogue, item_for
from services_catalog.views import ItemView
from stations.details import week_lines
from stations.queries import DivisionView, lineage, weeks

FORMAT = 1
OLD_AFTER_DAYS = 30


def county_pack(session: Session, county: DivisionView, *, now: datetime, hotline: str) -> dict[str, Any]:
    """The pack of a county in the reader's language, as of today. One statement beside the reference data."""
    today = local_date(now)
    hours, takes = _Listed(), _Listed()
    rows = []
    found = stations_of(session, county.code)
    towns = towns_of(session, county, found)
    places = {code: number for number, code in enumerate(towns)}
    for one in found:
        rows.append(
            [
                one.code,
                one.name,
                places[one.town_code],
                one.phone or "",
                one.address or "",
                round(one.lat, 5),
                round(one.lon, 5),
                takes.place_of(one.takes),
                hours.place_of(one.hours_id) if one.hours_id else -1,
            ]
        )
    known = weeks(session)
    return {
        "format": FORMAT,
        "lang": language(),
        "code": county.code,
        "name": county.name,
        "area": "·".join(part.name for part in lineage(session, county.code)),
        "made": today.isoformat(),
        "said": say_short(today),
        "sample": any(one.synthetic for one in found),
        "hotline": hotline,
        "items": [_item(item) for item in items_here(session, county.code, today)],
        "hours": [week_lines(known[id]) for id in hours.values],
        "takes": takes.values,
        "towns": list(towns.items()),
        "stations": rows,
    }


def items_here(session: Session, county_code: str, today: date) -> list[ItemView]:
    """The items of the list in force as they hold in that county."""
    held = (item_for(session, no, county_code, today) for no in catalogue(session, today).items)
    return [item for item in held if item is not None]


def _item(item: ItemView) -> list[Any]:
    papers = [[paper.title, paper.instead] if paper.instead else [paper.title] for paper in item.papers]
    return [item.no, item.short, papers, bring_note(item)]


def bring_note(item: ItemView) -> str:
    """What to know about the papers, forms among them; '' when there is nothing to say."""
    return item.bring_note or (_("表到站里填，不用带。") if item.forms else "")


def say_short(day: date) -> str:
    """11月22日; in English 22/11 would be read two ways, so 2026-11-22."""
    return day.isoformat() if language() == "en" else f"{day.month}月{day.day}日"


class _Listed:
    """Values in the order they first came."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[Hashable, int] = {}

    def place_of(self, value: Hashable) -> int:
        if value not in self._places:
            self._places[value] = len(self.values)
            self.values.append(value)
        return self._places[value]
