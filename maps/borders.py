"""The lines between counties, for drawing: each line once, in whole thousandths of a degree. Room `maps`, floor 2.

A third of the GeoJSON it is made from. Who may publish it: maps/data/README.md.
"""

import functools
import hashlib
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

from maps import counties

Point: TypeAlias = tuple[int, int]  # longitude, latitude
_PER_DEGREE = 1000


class Borders(NamedTuple):
    """`text`: JSON {"names": [[county, city, lat, lon], …], "lines": [[lon, lat, Δlon, Δlat, …], …]}, all in thousandths."""

    text: str
    digest: str


@functools.cache
def borders() -> Borders:
    """Made once, from the file."""
    features = json.loads(counties.FILE.read_text(encoding="utf-8"))["features"]
    facts = [feature["properties"] for feature in features]
    names = [[fact["name"], fact["city"], _whole(fact["lat"]), _whole(fact["lon"])] for fact in facts]
    lines = [_steps(line) for line in _lines(features)]
    text = json.dumps({"names": names, "lines": lines}, ensure_ascii=False, separators=(",", ":"))
    return Borders(text, hashlib.sha256(text.encode()).hexdigest()[:12])


def _lines(features: list[dict[str, Any]]) -> Iterator[list[Point]]:
    """All rings, without the stretches that a county before has drawn already: neighbours share their points."""
    drawn: set[frozenset[Point]] = set()
    for feature in features:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            line: list[Point] = []
            for start, end in pairwise([(_whole(lon), _whole(lat)) for lon, lat in ring]):
                edge = frozenset((start, end))
                if edge in drawn:
                    if line:
                        yield line
                    line = []
                    continue
                drawn.add(edge)
                line = [*(line or [start]), end]
            if line:
                yield line


def _steps(line: list[Point]) -> list[int]:
    """The first point, then from each to the next."""
    steps = [*line[0]]
    for (lon, lat), (next_lon, next_lat) in pairwise(line):
        steps += [next_lon - lon, next_lat - lat]
    return steps


def _whole(degrees: float) -> int:
    return round(degrees * _PER_DEGREE)
