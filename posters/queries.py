"""What a station's poster says today, and how that differs from an older one. Room `posters`, floor 4.

A poster hangs on a wall in a Shandong village, so its words are Chinese whoever prints it: they are written here, not
looked up in the reader's language.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from common.i18n import gettext as _
from common.i18n import speaking
from posters.models import PosterScan
from posters.version import Version, mark, read_version, sealed, write_version
from services_catalog.queries import catalogue
from stations.details import area_words, week_lines
from stations.models import Station
from stations.queries import divisions, week_text, weeks

MODE_SIGNS = {"direct": "● 办理", "assist": "◐ 帮办", "consult": "○ 咨询"}
NO_ITEMS = "能办的事还没登记，来之前请先打电话问。"
NO_HOURS = "开门时间没登记，来之前请先打电话问。"


@dataclass(frozen=True)
class Line:
    """One item: its short name, and direct, assist or consult."""

    name: str
    mode: str


@dataclass(frozen=True)
class Group:
    """The items of one category."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Poster:
    """All the words of one poster. Hashable: the same poster is the same paper. `url` is for the QR code."""

    code: str
    name: str
    area: str
    groups: tuple[Group, ...]
    hours: tuple[str, ...]
    phone: str
    hotline: str
    checked: str
    printed: str
    sample: str
    printed_on: date
    url: str

    @property
    def title(self) -> str:
        """北关社区站能办这些事."""
        return f"{self.name}能办这些事" if self.groups else self.name

    @property
    def items(self) -> int:
        """How many lines there are."""
        return sum(len(group.lines) for group in self.groups)


def poster_of(session: Session, found: Station, *, root: str, hotline: str, secret: str, now: datetime) -> Poster:
    """The poster of a station as of today. No statement beside the reference data.

    root    what stands before /p/… in the QR code: scheme, host and perhaps a path, without a slash at the end.
    secret  what its version is sealed with: only a sealed one is counted when it is scanned.
    """
    today = local_date(now)
    version = version_of(session, found, today)
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    with speaking("zh"):
        area = area_words(session, found)
        hours = tuple(week_lines(week)) if week else (NO_HOURS,)
        groups = tuple(_groups(session, version, today))
    return Poster(
        code=found.code,
        name=found.name,
        area=area,
        groups=groups,
        hours=hours,
        phone=found.phone or "",
        hotline=hotline,
        checked=f"核实于 {_day(found.verified_on)}" if found.verified_on else "内容还没核实",
        printed=f"{_day(today)}打印",
        sample="示例数据，请勿张贴" if found.synthetic else "",
        printed_on=today,
        url=f"{root}/p/{found.code}/{sealed(write_version(version, found.code), found.code, secret)}",
    )


def version_of(session: Session, found: Station, today: date) -> Version:
    """What a poster printed today would say: items that the catalogue in force does not hold are not on it."""
    held = sum(1 << no for no in catalogue(session, today).items)
    return Version(
        today,
        found.direct_mask & held,
        found.assist_mask & held,
        found.consult_mask & held,
        mark(week_text(session, found)),
        mark(found.phone),
    )


def _groups(session: Session, version: Version, today: date) -> Iterator[Group]:
    modes = version.modes()
    for category in catalogue(session, today).categories:
        lines = tuple(Line(item.short, modes[item.no]) for item in category.items if item.no in modes)
        if lines:
            yield Group(category.tile or category.name, lines)


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


# An older poster


@dataclass(frozen=True)
class Differences:
    """What an older poster says wrong today. Names in the reader's language."""

    printed_on: date
    new: tuple[str, ...]
    gone: tuple[str, ...]
    changed: tuple[tuple[str, str], ...]  # name, and how it is handled now
    hours: bool
    phone: bool
    closed: bool

    @property
    def old(self) -> bool:
        """Whether the paper should come down."""
        return bool(self.new or self.gone or self.changed or self.hours or self.phone or self.closed)


def differences(session: Session, found: Station, version: str, *, now: datetime) -> Differences | None:
    """How the poster of that version differs from today; None for a version that no poster of this station has, and for
    one that is printed tomorrow. Catalogues of both days are asked for names: numbers may have come and gone."""
    today = local_date(now)
    then = read_version(version, found.code)
    if then is None or then.printed_on > today:
        return None
    names = {**catalogue(session, then.printed_on).items, **catalogue(session, today).items}
    current = version_of(session, found, today)
    before, after = then.modes(), current.modes()
    return Differences(
        then.printed_on,
        new=tuple(names[no].short for no in after if no not in before),
        gone=tuple(names[no].short if no in names else _("第 %(no)s 项", no=no) for no in before if no not in after),
        changed=tuple((names[no].short, after[no]) for no in after if no in before and before[no] != after[no]),
        hours=then.hours != current.hours,
        phone=then.phone != current.phone,
        closed=not found.open,
    )


# For the bureau


@dataclass(frozen=True)
class OldPoster:
    """One old poster that was scanned lately. `again` is how often."""

    county: str
    town: str
    code: str
    name: str
    printed_on: date | None
    again: int
    last_on: date


def scanned_lately(session: Session, county: str, *, since: date) -> list[OldPoster]:
    """Old posters scanned since that day, the most scanned first; of one county, or with "" of all. One statement."""
    again, last = sa.func.sum(PosterScan.count), sa.func.max(PosterScan.scanned_on)
    query = (
        sa.select(Station.county_code, Station.town_code, Station.code, Station.name, PosterScan.version, again, last)
        .join(Station, Station.id == PosterScan.station_id)
        .where(PosterScan.scanned_on >= since)
        .group_by(Station.county_code, Station.town_code, Station.code, Station.name, PosterScan.version)
        .order_by(again.desc(), Station.code, PosterScan.version)
    )
    if county:
        query = query.where(Station.county_code == county)
    known = divisions(session)

    def name(code: str) -> str:
        return known[code].name if code in known else code

    found = []
    for county_code, town_code, code, station, version, times, day in session.execute(query):
        read = read_version(version, code)
        found.append(
            OldPoster(
                name(county_code), name(town_code), code, station, read.printed_on if read else None, int(times), day
            )
        )
    return found


def stations_of(session: Session, county: str) -> list[Station]:
    """The open stations of a county, by town, then by name. One statement; a county has some hundreds."""
    query = sa.select(Station).where(Station.county_code == county, Station.open)
    return list(session.scalars(query.order_by(Station.town_code, Station.name, Station.code)))


def a_month_before(day: date) -> date:
    """Since when scans are told: a poster taken down earlier than that is out of mind."""
    return day - timedelta(days=30)
