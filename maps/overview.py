"""The cities of the province as a small drawing that needs no script. Room `maps`, floor 2: pure sums, made once.

The lines are those of maps/borders.py on whole units of a drawing as wide as a small phone, so neighbours share them.
"""

import functools
import json
import math
from collections import Counter, defaultdict
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from maps import counties

WIDTH = 360  # units; a phone shows one as one pixel
_MARGIN = 4
_GRID = 3  # units; finer lines would weigh more than the rest of the page
_NORTH, _WEST, _EAST = 38.45, 114.75, 122.75  # degrees; the province and a little sea
_SOUTH = 34.35
_Spot: TypeAlias = tuple[int, int]


class City(NamedTuple):
    """`code`: 370100. `outline`: a path's data. `x`, `y`: where its name stands."""

    code: str
    outline: str
    x: int
    y: int


class Overview(NamedTuple):
    """`height`: units, `WIDTH` being its width."""

    height: int
    cities: tuple[City, ...]


@functools.cache
def overview() -> Overview:
    """All cities, from the file of counties."""
    edges: dict[str, Counter[frozenset[_Spot]]] = defaultdict(Counter)
    middles: dict[str, list[_Spot]] = defaultdict(list)
    for feature in json.loads(counties.FILE.read_text(encoding="utf-8"))["features"]:
        facts, geometry = feature["properties"], feature["geometry"]
        city = facts["code"][:4] + "00"
        middles[city].append(_spot(facts["lon"], facts["lat"]))
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            spots = [_spot(lon, lat) for lon, lat in ring]
            edges[city].update(frozenset(edge) for edge in pairwise(spots) if edge[0] != edge[1])
    cities = tuple(
        City(
            city,
            # What two counties of one city share lies inside it.
            "".join(_path(ring) for ring in _rings({edge for edge, times in found.items() if times % 2})),
            round(sum(x for x, _y in middles[city]) / len(middles[city])),
            round(sum(y for _x, y in middles[city]) / len(middles[city])),
        )
        for city, found in sorted(edges.items())
    )
    return Overview(_spot(_EAST, _SOUTH)[1] + _MARGIN, cities)


def _spot(lon: float, lat: float) -> _Spot:
    """Mercator, like the map itself."""
    scale = (WIDTH - 2 * _MARGIN) / math.radians(_EAST - _WEST)

    def up(degrees: float) -> float:
        return math.asinh(math.tan(math.radians(degrees)))

    east, south = math.radians(lon - _WEST) * scale, (up(_NORTH) - up(lat)) * scale
    return _MARGIN + round(east / _GRID) * _GRID, _MARGIN + round(south / _GRID) * _GRID


def _rings(edges: set[frozenset[_Spot]]) -> list[list[_Spot]]:
    """The edges put together to closed lines, specks left out."""
    beside: dict[_Spot, set[_Spot]] = defaultdict(set)
    for one, other in map(tuple, edges):
        beside[one].add(other)
        beside[other].add(one)
    rings = []
    while any(beside.values()):
        spot = min(spot for spot, others in beside.items() if others)
        ring = [spot]
        while beside[spot]:
            following = min(beside[spot])
            beside[spot].discard(following)
            beside[following].discard(spot)
            ring.append(following)
            spot = following
        if len(ring) > 6:
            rings.append(ring)
    return rings


def _path(ring: list[_Spot]) -> str:
    """Its corners, each as the step from the one before."""
    corners = [
        here
        for before, here, after in zip(ring[-2:-1] + ring[:-2], ring[:-1], ring[1:], strict=True)
        if (here[0] - before[0]) * (after[1] - here[1]) != (here[1] - before[1]) * (after[0] - here[0])
    ]
    steps = [f"{x - px} {y - py}" for (px, py), (x, y) in pairwise(corners)]
    return f"M{corners[0][0]} {corners[0][1]}l{' '.join(steps)}z".replace(" -", "-")
