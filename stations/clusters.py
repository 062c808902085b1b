"""Keeps the map's counts true: how many open stations each cell holds, zoom 0 to 11, in all and by item, up to zoom 8 by way
of service too. Room `stations`.

Whoever writes stations calls `rebuild` (many) or `recount` (one or a few) in the same transaction; neither commits.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import bump
from maps.cells import Cells, shift
from maps.place import Pixel
from services_catalog.models import MAX_ITEM_NO
from stations.models import Channel, Station, StationCluster

DEEPEST = 11  # above it a screen holds so few stations that counting them takes less than reading counts
DEEPEST_BY_CHANNEL = 8  # beyond it counting takes a few milliseconds; up to it there are only some hundred cells
BATCH = 2_000
FROM_STATIONS = {DEEPEST, DEEPEST_BY_CHANNEL}  # the others are sums of their four parts
ITEMS = MAX_ITEM_NO + 1  # numbers of one block of `by_item`; number 0, which no item has, counts every station
_station: sa.Table = Station.__table__  # type: ignore[assignment]
_cluster: sa.Table = StationCluster.__table__  # type: ignore[assignment]


@dataclass
class Tally:
    """What one cell holds."""

    n: int = 0
    mx_sum: int = 0
    my_sum: int = 0
    by_item: list[int] = field(default_factory=list)  # ITEMS numbers; then as many for each channel


Tallies: TypeAlias = dict[tuple[int, int], Tally]


def fill(session: Session) -> None:
    """Count the stations of a database that is older than the map, or than the counts by channel, once."""
    counted = session.scalar(sa.select(_cluster.c.by_item).where(_cluster.c.zoom == 0).limit(1))
    whole = counted is not None and len(counted) > ITEMS * 4
    if not whole and session.execute(sa.select(_station.c.id).limit(1)).first() is not None:
        rebuild(session)


def rebuild(session: Session) -> int:
    """Count every station anew; gives the number of cells. About 1 s for 35,000 stations."""
    _alone(session)
    session.execute(sa.delete(_cluster))
    rows = session.execute(_stations()).all()
    written = 0
    tallies: Tallies = {}
    for zoom in range(DEEPEST, -1, -1):
        tallies = _of_stations(rows, zoom) if zoom in FROM_STATIONS else _rolled_up(tallies)
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
            if zoom in FROM_STATIONS:
                tallies |= _of_stations(session.execute(_stations(Cells(zoom, cx, cy, cx, cy))), zoom)
            else:
                tallies |= _rolled_up(_children(session, zoom + 1, cx, cy))
            here = (_cluster.c.zoom == zoom) & (_cluster.c.cx == cx) & (_cluster.c.cy == cy)
            session.execute(sa.delete(_cluster).where(here))
        _insert(session, zoom, tallies)
        cells = {(cx >> 1, cy >> 1) for cx, cy in cells}


def _alone(session: Session) -> None:
    """One writer of counts at a time: neighbours share cells, and both would write them anew. Readers go on. SQLite has one
    writer anyway. What is kept in memory of stations (stations/shares.py) is old from now on."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.text("LOCK TABLE station_cluster IN SHARE ROW EXCLUSIVE MODE"))
    bump(session, "stations")


def count_of(by_item: bytes, item: int | None, channel: Channel | None = None) -> int:
    """How many stations of a cell do that item or help with it, in that way. A way is counted up to DEEPEST_BY_CHANNEL."""
    at = ((list(Channel).index(channel) + 1) * ITEMS if channel else 0) * 4 + (item or 0) * 4
    number: int = struct.unpack_from("<I", by_item, at)[0] if at < len(by_item) else 0
    return number


def _stations(cells: Cells | None = None) -> Any:
    taken_on = _station.c.direct_mask.bitwise_or(_station.c.assist_mask)
    query = sa.select(_station.c.mx, _station.c.my, taken_on, _station.c.channels).where(_station.c.open)
    if cells:
        first, last = cells.first_pixel, cells.last_pixel
        query = query.where(_station.c.mx.between(first.mx, last.mx), _station.c.my.between(first.my, last.my))
    return query


def _of_stations(rows: Iterable[Any], zoom: int) -> Tallies:
    tallies: Tallies = {}
    bits = shift(zoom)
    blocks = 1 + (len(Channel) if zoom <= DEEPEST_BY_CHANNEL else 0)
    for mx, my, mask, channels in rows:
        tally = tallies.setdefault((mx >> bits, my >> bits), Tally(by_item=[0] * (ITEMS * blocks)))
        tally.n += 1
        tally.mx_sum += mx
        tally.my_sum += my
        starts = [0] + [ITEMS * block for block in range(1, blocks) if channels >> (block - 1) & 1]
        mask |= 1  # number 0: every station
        while mask:  # its bits, highest first
            item = mask.bit_length() - 1
            for start in starts:
                tally.by_item[start + item] += 1
            mask ^= 1 << item
    return tallies


def _rolled_up(children: Mapping[tuple[int, int], Tally]) -> Tallies:
    parents: Tallies = {}
    for (cx, cy), child in children.items():
        parent = parents.setdefault((cx >> 1, cy >> 1), Tally(by_item=[0] * len(child.by_item)))
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
    return {(row.cx, row.cy): Tally(row.n, row.mx_sum, row.my_sum, _unpacked(row.by_item)) for row in rows}


def _insert(session: Session, zoom: int, tallies: Tallies) -> None:
    rows = [
        {"zoom": zoom, "cx": cx, "cy": cy, "n": t.n, "mx_sum": t.mx_sum, "my_sum": t.my_sum, "by_item": _packed(t)}
        for (cx, cy), t in sorted(tallies.items())
    ]
    for start in range(0, len(rows), BATCH):
        session.execute(sa.insert(_cluster), rows[start : start + BATCH])


def _packed(tally: Tally) -> bytes:
    """One block alone ends with the last item that anybody has taken on: there are thousands of these."""
    numbers = tally.by_item
    if len(numbers) == ITEMS:
        numbers = numbers[: max((at + 1 for at, number in enumerate(numbers) if number), default=0)]
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _unpacked(by_item: bytes) -> list[int]:
    numbers = struct.unpack(f"<{len(by_item) // 4}I", by_item)
    return [*numbers, *[0] * (ITEMS - len(numbers))]
