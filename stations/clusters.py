"""Keeps the map's counts true: how many open stations each cell holds, zoom 0 to 11, in all and by item. Room `stations`.

Whoever writes stations calls `rebuild` (many) or `recount` (one or a few) in the same transaction; neither commits.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from maps.cells import Cells, shift
from maps.place import Pixel
from services_catalog.models import MAX_ITEM_NO
from stations.models import Station, StationCluster

DEEPEST = 11  # above it a screen holds so few stations that counting them takes less than reading counts
BATCH = 2_000
_station: sa.Table = Station.__table__  # type: ignore[assignment]
_cluster: sa.Table = StationCluster.__table__  # type: ignore[assignment]


@dataclass
class Tally:
    """What one cell holds."""

    n: int = 0
    mx_sum: int = 0
    my_sum: int = 0
    by_item: list[int] = field(default_factory=lambda: [0] * (MAX_ITEM_NO + 1))


Tallies: TypeAlias = dict[tuple[int, int], Tally]


def fill(session: Session) -> None:
    """Count the stations of a database that is older than the map, once."""
    counted = session.execute(sa.select(_cluster.c.zoom).limit(1)).first()
    if counted is None and session.execute(sa.select(_station.c.id).limit(1)).first() is not None:
        rebuild(session)


def rebuild(session: Session) -> int:
    """Count every station anew; gives the number of cells. About 1 s for 35,000 stations."""
    _alone(session)
    session.execute(sa.delete(_cluster))
    tallies = _of_stations(session.execute(_stations()))
    written = 0
    for zoom in range(DEEPEST, -1, -1):
        if zoom < DEEPEST:
            tallies = _rolled_up(tallies)
        _insert(session, zoom, tallies)
        written += len(tallies)
    return written


def recount(session: Session, pixels: Iterable[Pixel]) -> None:
    """Count only the cells that hold these pixels: where a station was, and where it is now."""
    bits = shift(DEEPEST)
    cells = {(pixel.mx >> bits, pixel.my >> bits) for pixel in pixels}
    session.flush()
    _alone(session)
    for zoom in range(DEEPEST, -1, -1):
        tallies: Tallies = {}
        for cx, cy in cells:
            if zoom == DEEPEST:
                tallies |= _of_stations(session.execute(_stations(Cells(zoom, cx, cy, cx, cy))))
            else:
                tallies |= _rolled_up(_children(session, zoom + 1, cx, cy))
            here = (_cluster.c.zoom == zoom) & (_cluster.c.cx == cx) & (_cluster.c.cy == cy)
            session.execute(sa.delete(_cluster).where(here))
        _insert(session, zoom, tallies)
        cells = {(cx >> 1, cy >> 1) for cx, cy in cells}


def _alone(session: Session) -> None:
    """One writer of counts at a time: neighbours share cells, and both would write them anew. Readers go on. SQLite has one
    writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE station_cluster IN SHARE ROW EXCLUSIVE MODE"))


def count_of(by_item: bytes, item: int) -> int:
    """How many stations of a cell do that item or help with it."""
    at = item * 4
    number: int = struct.unpack_from("<I", by_item, at)[0] if at < len(by_item) else 0
    return number


def _stations(cells: Cells | None = None) -> Any:
    taken_on = _station.c.direct_mask.bitwise_or(_station.c.assist_mask)
    query = sa.select(_station.c.mx, _station.c.my, taken_on).where(_station.c.open)
    if cells:
        first, last = cells.first_pixel, cells.last_pixel
        query = query.where(_station.c.mx.between(first.mx, last.mx), _station.c.my.between(first.my, last.my))
    return query


def _of_stations(rows: Iterable[Any]) -> Tallies:
    tallies: Tallies = {}
    bits = shift(DEEPEST)
    for mx, my, mask in rows:
        tally = tallies.setdefault((mx >> bits, my >> bits), Tally())
        tally.n += 1
        tally.mx_sum += mx
        tally.my_sum += my
        while mask:  # its bits, highest first
            item = mask.bit_length() - 1
            tally.by_item[item] += 1
            mask ^= 1 << item
    return tallies


def _rolled_up(children: Mapping[tuple[int, int], Tally]) -> Tallies:
    parents: Tallies = {}
    for (cx, cy), child in children.items():
        parent = parents.setdefault((cx >> 1, cy >> 1), Tally())
        parent.n += child.n
        parent.mx_sum += child.mx_sum
        parent.my_sum += child.my_sum
        parent.by_item = [ours + theirs for ours, theirs in zip(parent.by_item, child.by_item, strict=True)]
    return parents


def _children(session: Session, zoom: int, cx: int, cy: int) -> Tallies:
    """The four cells below one, as they are kept."""
    rows = session.execute(
        sa.select(_cluster).where(
            _cluster.c.zoom == zoom,
            _cluster.c.cx.between(2 * cx, 2 * cx + 1),
            _cluster.c.cy.between(2 * cy, 2 * cy + 1),
        )
    )
    return {
        (row.cx, row.cy): Tally(
            row.n, row.mx_sum, row.my_sum, [count_of(row.by_item, item) for item in range(MAX_ITEM_NO + 1)]
        )
        for row in rows
    }


def _insert(session: Session, zoom: int, tallies: Tallies) -> None:
    rows = [
        {"zoom": zoom, "cx": cx, "cy": cy, "n": t.n, "mx_sum": t.mx_sum, "my_sum": t.my_sum, "by_item": _packed(t)}
        for (cx, cy), t in sorted(tallies.items())
    ]
    for start in range(0, len(rows), BATCH):
        session.execute(sa.insert(_cluster), rows[start : start + BATCH])


def _packed(tally: Tally) -> bytes:
    """Up to the last item that anybody has taken on."""
    last = max((item for item, number in enumerate(tally.by_item) if number), default=-1)
    return struct.pack(f"<{last + 1}I", *tally.by_item[: last + 1])
