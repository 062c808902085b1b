"""Demo data: the 35,000 stations, their names, codes and hosts real, everything else made up. Room `stations`, floor 3.

The same seed gives the same stations, whatever the order or number. Every row is marked synthetic, and the page says
示例数据. Phones cannot ring anywhere: no number in China begins with 0 after its area code.
"""

import csv
import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

import services_catalog.operations
from common.clock import local_date
from common.editions import bump
from common.ids import new_id
from common.pinyin import search_keys
from maps.models import ReachRule
from maps.place import Datum, Place, pixel_of
from maps.reach import DEFAULT_POLICIES
from stations import clusters
from stations.dated_rows import CALENDAR_COLUMNS, read_calendar
from stations.dates_import import keep_calendar
from stations.division_import import load_divisions
from stations.hours import read_day, read_week, write_day, write_week
from stations.importing import DATA, Facts, Progress, batches
from stations.masks import MASKS, item_numbers
from stations.models import Access, Channel, Host, HoursException, Level, Station
from stations.roster_import import default_items, insert_stations
from stations.sheets import open_table

ALL_STATIONS = 35_000
DIVISIONS = 62_631  # below 37; for the progress bar
REACH_SINCE = date(2025, 1, 1)
SOURCE = "示例数据：地名和代码真实，站点、位置、电话、时间、事项是合成的"
CALENDAR = DATA / "calendar_2027.csv"

AREA_CODES = {
    "3701": "0531", "3702": "0532", "3703": "0533", "3704": "0632", "3705": "0546", "3706": "0535", "3707": "0536",
    "3708": "0537", "3709": "0538", "3710": "0631", "3711": "0633", "3713": "0539", "3714": "0534", "3715": "0635",
    "3716": "0543", "3717": "0530",
}  # fmt: skip

# Weeks by host, each with how often it is kept.
WEEKS: Mapping[Host, Sequence[tuple[str, int]]] = {
    Host.TOWN_CENTRE: (
        ("Mo-Fr 08:30-12:00,13:30-17:30; PH off", 5),
        ("Mo-Fr 08:30-12:00,13:00-17:00; Sa 09:00-12:00; PH off", 3),
        ("Mo-Fr 08:30-17:30; PH off", 2),
    ),
    Host.VILLAGE_CENTRE: (
        ("Mo-Fr 08:30-11:30,14:00-17:30; PH off", 5),
        ("Mo-Fr 08:00-11:30,14:00-17:30; Sa 08:00-11:30; PH off", 3),
        ("Mo-Fr 09:00-11:30,14:30-17:00; PH off", 2),
        ("Mo,We,Fr 08:30-11:30; PH off", 1),
    ),
    Host.CLINIC: (
        ("Mo-Su 08:00-12:00,14:00-18:00; PH usual", 5),
        ("Mo-Sa 07:30-11:30,14:00-18:30; Su 07:30-11:30; PH usual", 3),
        ("Mo-Su 00:00-24:00; PH usual", 1),
    ),
    Host.INSURER: (("Mo-Fr 09:00-17:00; PH off", 3), ("Mo-Sa 09:00-17:30; PH off", 1)),
    Host.BANK: (("Mo-Fr 08:30-17:00; Sa-Su 09:30-16:00; PH off", 2), ("Mo-Fr 08:30-17:00; PH off", 3)),
    Host.ENTERPRISE: (("Mo-Fr 09:00-17:30; PH off", 1),),
}
_WRITTEN = {
    host: ([write_week(read_week(week)) for week, _often in weeks], [often for _week, often in weeks])
    for host, weeks in WEEKS.items()
}
# (hours, note) of single dates; no hours: closed
EXCEPTIONS = tuple(
    (write_day(read_day(hours)) if hours else None, note)
    for hours, note in (
        ("07:00-12:30", "赶集日，早开门"),
        ("", "进村入户服务"),
        ("14:00-17:00", "上午培训"),
        ("", "站点检修"),
    )
)
_BUILDINGS = {
    Host.TOWN_CENTRE: ("党群服务中心", "便民服务中心"),
    Host.VILLAGE_CENTRE: ("党群服务中心", "村（居）委会"),
    Host.CLINIC: ("卫生室", "卫生服务站"),
    Host.INSURER: ("商业保险服务网点",),
    Host.BANK: ("银行便民服务点",),
    Host.ENTERPRISE: ("企业服务中心",),
}
_INSIDE = {
    Level.TOWN: ("一楼大厅医保窗口", "进大厅左手边，3号窗口", "一楼东侧综合窗口", "二楼 202 室"),
    Level.VILLAGE: ("进门右手第一间", "一楼便民服务室", "院子北屋", "挂号窗口旁", "大厅咨询台"),
}
_ITEMS_ALSO = {Level.TOWN: 0, Level.VILLAGE: 2}  # at most so many items on top of the defaults, as advice


@dataclass(frozen=True)
class Loaded:
    """What was put in."""

    divisions: int
    stations: int


def load_demo(
    session: Session,
    *,
    seed: int,
    limit: int = ALL_STATIONS,
    areas: Sequence[str] = ("37",),
    now: datetime,
    progress: Progress = lambda _done: None,
) -> Loaded:
    """The whole demo in the caller's one transaction: catalogue, reach, calendar, divisions, the first `limit` stations.

    Whole counties come first, so that a small demo still has neighbours. The database must have no stations yet.
    """
    services_catalog.operations.load_shipped(session, now)
    _load_reach(session)
    with open_table(CALENDAR, CALENDAR_COLUMNS) as table:
        keep_calendar(session, read_calendar(table).rows)
    divisions = load_divisions(session, areas=areas, invented=True, progress=progress)
    weeks: dict[str, str] = {}
    names = _names()
    stations = 0
    for batch in batches(_demo_rows(areas, limit), 2_000):
        made = [(row, Random(f"{seed}:{row['code']}")) for row in batch]  # noqa: S311
        facts = [_station(row, chance, names, local_date(now)) for row, chance in made]
        insert_stations(session, facts, weeks, now)
        exceptions = [e for one, (_row, chance) in zip(facts, made, strict=True) for e in _exceptions(one, chance, now)]
        if exceptions:
            session.execute(sa.insert(HoursException), exceptions)
        stations += len(batch)
        progress(len(batch))
    clusters.rebuild(session)
    return Loaded(divisions.added, stations)


def has_stations(session: Session) -> bool:
    """Whether anybody has brought in stations; the demo then stays away."""
    return session.scalar(sa.select(Station.id).limit(1)) is not None


def neighbours(session: Session, items: Iterable[int] = ()) -> tuple[Station, Station] | None:
    """A village's station and its town's, where the demo's staff work; None in a database without such a pair. If there
    are such, both have taken on all these items."""
    town, wanted = aliased(Station), sum(1 << no for no in set(items))
    able = [one.direct_mask.bitwise_or(one.assist_mask).bitwise_and(wanted) == wanted for one in (Station, town)]
    found = session.execute(
        sa.select(Station, town)
        .join(town, town.town_code == Station.town_code)
        .where(Station.level == Level.VILLAGE, town.level == Level.TOWN, Station.open, town.open, Station.synthetic)
        .order_by(sa.and_(*able).desc(), Station.code, town.code)
        .limit(1)
    ).one_or_none()
    return (found[0], found[1]) if found else None


def _load_reach(session: Session) -> None:
    if session.scalar(sa.select(ReachRule.mode).limit(1)) is not None:
        return
    for mode, policy in DEFAULT_POLICIES.items():
        session.add(
            ReachRule(
                mode=mode.value,
                effective_on=REACH_SINCE,
                km_per_hour=policy.km_per_hour,
                detour=policy.detour,
                source=policy.source,
            )
        )
    bump(session, "reach")


def _demo_rows(areas: Sequence[str], limit: int) -> Iterator[dict[str, str]]:
    with gzip.open(DATA / "demo_stations.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if limit <= 0:
                return
            if row["town_code"].startswith(tuple(areas)):
                limit -= 1
                yield row


def _names() -> dict[str, str]:
    """Counties, towns and villages by code."""
    names: dict[str, str] = {}
    for path in ("divisions.csv", "demo_villages.csv.gz"):
        open_ = gzip.open if Path(path).suffix == ".gz" else open
        with open_(DATA / path, "rt", encoding="utf-8") as file:
            names |= {row["code"]: row["name"] for row in csv.DictReader(file)}
    return names


def _station(row: Mapping[str, str], chance: Random, names: Mapping[str, str], today: date) -> Facts:
    level, host = Level(row["level"]), Host(row["host"])
    place = Place(float(row["lat"]), float(row["lon"]))
    pixel = pixel_of(place)
    weeks, often = _WRITTEN[host]
    area = "".join(names.get(code, "") for code in (row["county_code"], row["town_code"], row["village_code"]))
    return {
        "id": new_id(),
        "code": row["code"],
        "name": row["name"],
        **search_keys(row["name"]),
        "level": level.value,
        "host": host.value,
        "county_code": row["county_code"],
        "town_code": row["town_code"],
        "village_code": row["village_code"] or None,
        "address": area + chance.choice(_BUILDINGS[host]),
        "inside": chance.choice(_INSIDE[level]) if chance.random() < 0.7 else None,
        "phone": f"{AREA_CODES[row['county_code'][:4]]}-000{chance.randrange(10_000):04}" if chance.random() < 0.96 else None,
        "lat": place.lat,
        "lon": place.lon,
        "mx": pixel.mx,
        "my": pixel.my,
        "datum": Datum.WGS84.value,
        "place_source": row["coord_source"],
        "source": SOURCE,
        "verified_on": today - timedelta(days=chance.randrange(200)) if chance.random() < 0.9 else None,
        "week": chance.choices(weeks, often)[0] if chance.random() < 0.97 else None,
        **_items(level, host, chance),
        "channels": _bits(chance, _CHANNELS[level]),
        "access": _bits(chance, _ACCESS),
        "open": True,
        "synthetic": True,
    }  # fmt: skip


_CHANNELS: Mapping[Level, Mapping[Channel, float]] = {
    Level.TOWN: {
        Channel.WINDOW: 1, Channel.ASSISTED: 0.9, Channel.DOOR_TO_DOOR: 0.4, Channel.SELF_SERVICE: 0.6,
        Channel.VIDEO: 0.7,
    },
    Level.VILLAGE: {
        Channel.WINDOW: 1, Channel.ASSISTED: 0.8, Channel.DOOR_TO_DOOR: 0.5, Channel.SELF_SERVICE: 0.1,
        Channel.VIDEO: 0.25,
    },
}  # fmt: skip
_ACCESS: Mapping[Access, float] = dict(zip(Access, (0.5, 0.6, 0.2, 0.6, 0.15, 0.4, 0.8, 0.03), strict=True))


def _bits(chance: Random, likely: Mapping[Any, float]) -> int:
    return sum(1 << place for place, share in enumerate(likely.values()) if chance.random() < share)


def _items(level: Level, host: Host, chance: Random) -> dict[str, int]:
    """The defaults of such a station, of which it has taken on some: 自愿承办, so neighbours differ."""
    masks = dict(default_items()[level, host])
    keeps = 0.97 if level is Level.TOWN else chance.uniform(0.3, 0.75)  # some villages are keener than others
    for name in MASKS[:2]:
        for number in item_numbers(masks[name]):
            if number > 1 and chance.random() > keeps:  # every one enrols residents
                masks[name] &= ~(1 << number)
                if chance.random() < 0.15:
                    masks["consult_mask"] |= 1 << number
    left = [number for number in range(1, 34) if not any(mask >> number & 1 for mask in masks.values())]
    for number in chance.sample(left, min(len(left), chance.randint(0, _ITEMS_ALSO[level]))):
        masks["consult_mask"] |= 1 << number
    return masks


def _exceptions(station: Facts, chance: Random, now: datetime) -> Iterator[Facts]:
    """About one station in a hundred keeps other hours on a date within 30 days."""
    if chance.random() < 0.01:
        spans, note = chance.choice(EXCEPTIONS)
        yield {
            "id": new_id(),
            "county_code": station["county_code"],
            "station_id": station["id"],
            "date": local_date(now) + timedelta(days=chance.randint(1, 30)),
            "spans": spans,
            "note": note,
        }
