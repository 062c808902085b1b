"""What the finder answers, for its page and its JSON door alike: from where, and which stations. Room `stations`."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from common.clock import local_date
from common.forms import Form
from maps.place import Place
from maps.queries import reach_policy
from maps.reach import ReachPolicy
from maps.valhalla import Valhalla, Way
from services_catalog.queries import catalogue
from stations import queries
from stations.cards import Card, card, distance_words
from stations.names import NameHit, find_names
from stations.nearest import SHOWN, Found, StationView, Wanted, names_for, nearest
from stations.schema import NO_SUCH_AREA, NO_SUCH_ITEM, ROUGH_M, FinderQuery

# By the straight line; along roads; by the straight line, because the server of roads did not answer.
Measure = Literal["estimate", "roads", "silent"]
Said = dict[str, Way | Literal["none"] | None]  # by station code


@dataclass(frozen=True)
class Listed:
    """The stations the finder shows, each with its card, and what their minutes are measured by."""

    found: Found
    cards: list[Card]
    policy: ReachPolicy
    measure: Measure


@dataclass(frozen=True)
class Origin:
    """Where distances are counted from, and how to say it."""

    place: Place
    area: str | None = None  # 历下区·解放路街道; None: the reader's own position
    far: str | None = None  # how far off their phone may be: 30 米
    rough: bool = False


def read_query(session: Session, typed: Mapping[str, str], *, now: datetime) -> Form[FinderQuery]:
    """What was asked, checked against the catalogue and the divisions too."""
    form = Form.read(FinderQuery, typed)
    if form.ok and form.value.item is not None and form.value.item not in catalogue(session, local_date(now)).items:
        form.errors["item"] = str(NO_SUCH_ITEM)
    if form.ok and form.value.area is not None and queries.division(session, form.value.area) is None:
        form.errors["area"] = str(NO_SUCH_AREA)
    return form


def origin_of(session: Session, query: FinderQuery) -> tuple[Origin | None, list[NameHit]]:
    """Where to count from; None with the candidates when a typed name fits several places, or none."""
    if query.position is not None:
        far = distance_words(query.acc) if query.acc is not None else None
        return Origin(query.position, far=far, rough=(query.acc or 0) > ROUGH_M), []
    if query.area is not None:
        return _origin_in(session, query.area), []
    hits = find_names(session, query.at) if query.at else []
    if len(hits) == 1:
        (hit,) = hits
        if hit.place is not None:
            return Origin(hit.place, f"{hit.above}·{hit.name}".strip("·")), hits
        return _origin_in(session, hit.code), hits
    return None, hits


def place_of(query: FinderQuery, origin: Origin | None, hits: list[NameHit]) -> dict[str, str]:
    """What keeps a typed place through the next choice of a filter: its division, or where the named station is."""
    if not query.at or origin is None or query.position is not None or query.area is not None:
        return {}
    if hits[0].kind == "station":
        return {"lat": f"{origin.place.lat:.6f}", "lon": f"{origin.place.lon:.6f}"}
    return {"area": hits[0].code}


def _origin_in(session: Session, code: str) -> Origin | None:
    """A point of that division; of the next one above that has one, where nobody has brought in a point for it."""
    line = queries.lineage(session, code)
    while line and line[-1].place is None:
        line.pop()
    if not line or line[-1].place is None:
        return None
    return Origin(line[-1].place, "·".join(part.name for part in line[-3:]))


def find_cards(
    session: Session, query: FinderQuery, here: Place, *, now: datetime, roads: Valhalla | None = None
) -> Listed:
    """The stations the query asks for, and what a list says of each.

    roads  an operator's server of real travel times: then the estimate only chooses whom to ask about, and minutes, order
           and who is in reach are what the server says.
    """
    policy = reach_policy(session, query.by, local_date(now))
    wanted = Wanted(query.item, query.channel, query.open)
    found = nearest(session, here, wanted, policy=policy, minutes=query.minutes, wider=query.wider, now=now)
    areas = names_for(session, found.stations)
    said: Said = {}
    measure: Measure = "estimate"
    if roads is not None and found.stations:
        ways = roads.ways(here, [station.place for station in found.stations], policy)
        if ways is None:
            measure = "silent"
        elif any(ways):
            measure, said = "roads", dict(zip((one.code for one in found.stations), ways, strict=True))
            found = _by_road(found, said, query.minutes, policy)
    cards = [
        card(one, areas[one.code], policy=policy, item=query.item, now=now, way=said.get(one.code))
        for one in found.stations
    ]
    return Listed(found, cards, policy, measure)


def _by_road(found: Found, said: Said, limit: int, policy: ReachPolicy) -> Found:
    """The same stations by minutes on real roads, those without a road last; in reach are those within `limit` minutes."""

    def minutes(station: StationView) -> float:
        way = said[station.code]
        if way == "none":
            return float("inf")
        return way.minutes if isinstance(way, Way) else policy.minutes(station.metres)

    ranked = sorted(found.stations, key=minutes)
    if not (limit and found.within):
        return replace(found, stations=ranked)
    close = [station for station in ranked if minutes(station) <= limit]
    if not close:
        return Found(ranked, within=False, more=0)
    return Found(close, within=True, more=min(SHOWN, found.more + len(ranked) - len(close)))
