"""Divisions brought in: province, cities, counties, towns, villages; the shipped ones, and rows from elsewhere. Room
`stations`, floor 3.

Comes in: stations/data/ and the county polygons' label points, and a writing session; nothing here commits.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from statistics import fmean

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import bump
from common.pinyin import search_keys
from maps import counties
from maps.place import Place
from stations.importing import BATCH, DATA, Facts, Outcome, Progress, batches, nobody
from stations.models import Division

# Towns whose point was drawn at random inside their county: good enough for a demo, misleading anywhere else.
INVENTED = ("random_in_county",)

_division: sa.Table = Division.__table__  # type: ignore[assignment]


def load_divisions(
    session: Session, *, areas: Sequence[str] = ("37",), invented: bool = False, progress: Progress = nobody
) -> Outcome:
    """The shipped 行政区划 below `areas` (with what lies above them): new ones added, changed ones put right, none removed.

    invented  True also takes points that were made up for the demo: of all villages and of some towns.
    """
    return keep_divisions(session, list(_shipped_divisions(areas, invented)), progress)


def keep_divisions(session: Session, facts: Sequence[Facts], progress: Progress = nobody) -> Outcome:
    """Rows of `division`, all with the same columns: new ones added, changed ones put right, none removed."""
    rows = {row["code"]: row for row in facts}
    had = {row.code: row for row in session.execute(sa.select(*_division.c))}
    new = [row for code, row in rows.items() if code not in had]
    changed = [
        row for code, row in rows.items() if code in had and any(row[name] != getattr(had[code], name) for name in row)
    ]
    for batch in batches(new, BATCH * 4):
        session.execute(sa.insert(_division), batch)
        progress(len(batch))
    if changed:
        by_code = sa.update(_division).where(_division.c.code == sa.bindparam("of_code"))
        session.execute(by_code, [{"of_code": row["code"], **row} for row in changed])
    if new or changed:
        bump(session, "divisions")
    return Outcome(len(new), len(changed), len(rows) - len(new) - len(changed), len(had.keys() - rows.keys()))


def within(code: str, areas: Sequence[str]) -> bool:
    """Whether a division lies in one of the areas (prefixes of codes), or above one."""
    stem = code[:2] if code.endswith("0000") else code[:4] if len(code) == 6 and code.endswith("00") else code
    return any(stem.startswith(area) or area.startswith(stem) for area in areas)


def _shipped_divisions(areas: Sequence[str], invented: bool) -> Iterator[Facts]:
    """Rows of `division`, the upper levels first."""
    labels = _label_points()
    with (DATA / "towns.csv").open(encoding="utf-8") as file:
        towns = {row["code"]: row for row in csv.DictReader(file)}
    with (DATA / "divisions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            code, level = row["code"], int(row["level"])
            if not within(code, areas):
                continue
            place, source = labels.get(code), "county_label" if level == 3 else "mean_of_counties"
            if town := towns.get(code):
                place, source = Place(float(town["lat"]), float(town["lon"])), town["coord_source"]
                if source in INVENTED and not invented:
                    place = None
            yield division_row(code, row["parent"] or None, level, row["name"], place, source)
    with gzip.open(DATA / "demo_villages.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if not within(row["town_code"], areas):
                continue
            place = Place(float(row["lat"]), float(row["lon"])) if invented else None
            yield division_row(row["code"], row["town_code"], 5, row["name"], place, "synthetic")


def division_row(code: str, parent: str | None, level: int, name: str, place: Place | None, source: str) -> Facts:
    """A row of `division`."""
    return {
        "code": code,
        "parent_code": parent,
        "level": level,
        "name": name,
        **search_keys(name),
        "lat": place.lat if place else None,
        "lon": place.lon if place else None,
        "place_source": source if place else None,
    }


def _label_points() -> dict[str, Place]:
    """Counties: where the map writes their name. Cities and the province: the mean of their counties."""
    features = json.loads(counties.FILE.read_text(encoding="utf-8"))["features"]
    points = {f["properties"]["code"]: Place(f["properties"]["lat"], f["properties"]["lon"]) for f in features}
    for stem in sorted({code[:size] for code in points for size in (2, 4)}):
        inside = [place for code, place in points.items() if code.startswith(stem) and not code.endswith("00")]
        points[stem.ljust(6, "0")] = Place(
            round(fmean(place.lat for place in inside), 6), round(fmean(place.lon for place in inside), 6)
        )
    return points
