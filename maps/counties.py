"""In which county a place lies, and how far it is from the county it should lie in. Room `maps`, floor 2: pure sums.

For checking imports ("this station lies 12 km outside 历下区"), not for deciding where a doorstep belongs: the lines are
generalised, half of each is more than 0.4 km from the truth. So callers allow a margin. Source and rights: data/README.md.
"""

import functools
import json
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from common.i18n import gettext as _
from maps.place import Place, metres_between

FILE = Path(__file__).parent / "data" / "counties.geojson"


class _Edge(NamedTuple):
    """A stretch of boundary, its southern end first: so two counties agree to the last bit on which side a place is."""

    south: float
    lon_south: float
    north: float
    lon_north: float


class _County(NamedTuple):
    south: float
    west: float
    north: float
    east: float
    edges: tuple[_Edge, ...]  # of all its parts; islands and holes need no telling apart


def county_of(place: Place) -> str | None:
    """The 6-digit code of the county that holds a place; None outside all of them. About 15 µs."""
    for code, county in _counties().items():
        if _holds(county, place):
            return code
    return None


def metres_outside(place: Place, county_code: str) -> float:
    """How far a place lies from a county, metres; 0.0 inside. About 5 µs inside, 50 µs outside.

    Raises ValueError for a county whose boundary we do not have. Beyond some 100 km only the size of the number counts.
    """
    county = _counties().get(county_code)
    if county is None:
        raise ValueError(_("没有 %(code)s 的县界，无法核对位置。", code=county_code))
    return 0.0 if _holds(county, place) else metres_between(place, _nearest_on(county, place))


def box_of(areas: Sequence[str]) -> tuple[float, float, float, float]:
    """West, south, east, north of the counties whose codes begin so; of all when none does."""
    chosen = [county for code, county in _counties().items() if code.startswith(tuple(areas))]
    chosen = chosen or list(_counties().values())
    return (
        min(county.west for county in chosen),
        min(county.south for county in chosen),
        max(county.east for county in chosen),
        max(county.north for county in chosen),
    )


def _holds(county: _County, place: Place) -> bool:
    """Whether a line from the place due east crosses the boundary an odd number of times."""
    lat, lon = place
    if not (county.south <= lat <= county.north and county.west <= lon <= county.east):
        return False
    inside = False
    for south, lon_south, north, lon_north in county.edges:
        if south <= lat < north and lon < lon_south + (lat - south) * (lon_north - lon_south) / (north - south):
            inside = not inside
    return inside


def _nearest_on(county: _County, place: Place) -> Place:
    """The point of the boundary nearest to a place, on a flat map that is true at the place."""
    lat, lon = place
    shrink = math.cos(math.radians(lat))  # a degree east by a degree north
    nearest, least = place, math.inf
    for south, lon_south, north, lon_north in county.edges:
        x, y = (lon_south - lon) * shrink, south - lat
        dx, dy = (lon_north - lon_south) * shrink, north - south
        length2 = dx * dx + dy * dy
        share = max(0.0, min(1.0, -(x * dx + y * dy) / length2)) if length2 else 0.0
        distance2 = (x + share * dx) ** 2 + (y + share * dy) ** 2
        if distance2 < least:
            least = distance2
            nearest = Place(south + share * (north - south), lon_south + share * (lon_north - lon_south))
    return nearest


@functools.cache
def _counties() -> dict[str, _County]:
    """All counties by code, read once, at the first question."""
    features = json.loads(FILE.read_text(encoding="utf-8"))["features"]
    return {feature["properties"]["code"]: _county(feature["geometry"]) for feature in features}


def _county(geometry: dict[str, Any]) -> _County:
    """From GeoJSON: a Polygon is a list of rings, a MultiPolygon a list of those; a ring repeats its first point."""
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    rings = [[(lat, lon) for lon, lat in ring] for polygon in polygons for ring in polygon]
    edges = tuple(_Edge(*min(a, b), *max(a, b)) for ring in rings for a, b in pairwise(ring))
    lats, lons = zip(*(point for ring in rings for point in ring), strict=True)
    return _County(min(lats), min(lons), max(lats), max(lons), edges)
