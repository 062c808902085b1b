"""A county's stations, as little of each as a pocket holds. Room `pocket`, floor 4. Nothing is written."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stations.masks import item_numbers
from stations.models import Station
from stations.queries import DivisionView, children, divisions


class PocketStation(NamedTuple):
    """One open station. Masks: bit = item number."""

    code: str
    name: str
    town_code: str
    phone: str | None
    address: str | None
    lat: float  # WGS-84
    lon: float
    direct_mask: int
    assist_mask: int
    consult_mask: int
    hours_id: str | None
    synthetic: bool

    def mode_of(self, item: int) -> str | None:
        """direct, assist or consult; None when it has not taken the item on."""
        masks = (("direct", self.direct_mask), ("assist", self.assist_mask), ("consult", self.consult_mask))
        return next((mode for mode, mask in masks if mask >> item & 1), None)

    @property
    def takes(self) -> tuple[tuple[int, ...], ...]:
        """Item numbers it does, helps with, advises on."""
        return tuple(tuple(item_numbers(mask)) for mask in (self.direct_mask, self.assist_mask, self.consult_mask))


def towns_of(session: Session, county: DivisionView, stations: Iterable[PocketStation]) -> dict[str, str]:
    """Code → name of a county's towns, and of those that its stations name and the list offers no more: a merged town keeps its
    name, one that was never known gets the county's."""
    towns = {town.code: town.name for town in children(session, county.code)}
    known = divisions(session)
    for code in (one.town_code for one in stations):
        if code not in towns:
            towns[code] = known[code].name if code in known else county.name
    return towns


_columns = tuple(getattr(Station, name) for name in PocketStation._fields)


def stations_of(session: Session, county_code: str) -> list[PocketStation]:
    """The open stations of a county: town by town, the town's own first. One statement; the largest has some hundreds."""
    rows = session.execute(
        sa.select(*_columns)
        .where(Station.county_code == county_code, Station.open)
        .order_by(Station.town_code, sa.case((Station.level == "town", 0), else_=1), Station.name, Station.code)
    )
    return [PocketStation(*row) for row in rows]
