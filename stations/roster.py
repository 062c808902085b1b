"""A roster row: what it must say about a station, and how its words become facts. Room `stations`: words and rules only.

Comes in: rows of text from sheets.py, and what is Known (divisions, items, today). Goes out: for each good row the columns
of Station it states, for each bad one a sentence. Nothing here touches the database; roster_import.py keeps the facts.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, model_validator

from common.i18n import gettext as _
from common.pinyin import search_keys
from maps.place import Datum, Place, check_place, looks_swapped, pixel_of, to_wgs84
from services_catalog.models import MAX_ITEM_NO
from stations.cells import (
    DASHES,
    YES,
    Kind,
    Problem,
    check_text,
    degrees,
    digits,
    one_line,
    one_of,
    phone_number,
    plain_word,
    read_date,
    some_of,
)
from stations.hours import read_week, write_week
from stations.importing import Facts
from stations.masks import bits_set, item_numbers
from stations.models import Access, Channel, Host, Level
from stations.roster_place import better_datum, outside
from stations.roster_words import (
    ACCESSES,
    CENTRES,
    CHANNELS,
    COLUMNS,
    DATUMS,
    HEADERS,
    HOSTS,
    ITEM_COLUMNS,
    LEVELS,
    NO_ITEMS,
    OPENS,
)
from stations.sheets import Table

MAX_PROBLEMS = 20_000  # listed; the rest is only counted


@dataclass(frozen=True)
class Known:
    """What a row is checked against."""

    towns: Mapping[str, str]  # 9-digit code → name
    villages: Mapping[str, str]  # 12-digit code → its town's code
    counties: Mapping[str, str]  # 6-digit code → name
    items: Mapping[int, str] | None  # number → name of the list in force; None: there is none yet
    today: date
    areas: tuple[str, ...] = ("37",)  # the division prefixes this installation serves
    datum: Datum | None = None  # of rows that do not say theirs


@dataclass(frozen=True)
class Said:
    """What the person who imports says for rows that do not say it themselves."""

    source: str | None = None
    verified_on: date | None = None
    synthetic: bool = False


@dataclass
class Checked:
    """What a file came to. `problems` is cut off at MAX_PROBLEMS, `errors` and `warnings` are not.

    stations  of each good row the columns of Station that it states, and `week` for its hours pattern.
    bad       rows with an error.
    datum_fits  the places show that their datum is the declared one.
    """

    stations: list[Facts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    bad: int = 0
    errors: int = 0
    warnings: int = 0
    datum_fits: bool = False

    def add(self, problem: Problem) -> None:
        """Note a problem."""
        if problem.kind is Kind.ERROR:
            self.errors += 1
        else:
            self.warnings += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(problem)


class _Wrong(ValueError):
    """An error that belongs to another column than the one being read."""

    def __init__(self, words: str, column: str):
        super().__init__(words)
        self.column = column


# Reading cells


def _name(text: str) -> str:
    if not text:
        raise ValueError(_("没填站点名称。"))
    return check_text(text, 60)


def _code(text: str) -> str:
    code = digits(text)
    if not code:
        raise ValueError(_("没填站点编码。"))
    if not re.fullmatch(r"[A-Za-z0-9-]{4,24}", code):
        raise ValueError(_("应是 4 到 24 位字母、数字或“-”，不是“%(text)s”。", text=text[:30]))
    return code


def _town(text: str, info: ValidationInfo) -> str:
    known: Known = info.context  # type: ignore[assignment]
    code = digits(text)
    if not code:
        raise ValueError(_("没填，应是 9 位代码。"))
    if len(code) == 12 and code.endswith("000"):
        code = code[:9]  # as the statistics bureau writes it
    if code not in known.towns:
        raise ValueError(_("“%(text)s”不在行政区划表里，应是 9 位乡镇（街道）代码。", text=text[:30]))
    if not code.startswith(known.areas):
        raise ValueError(_("%(name)s不在本系统服务的地区里。", name=known.towns[code]))
    return code


def _village(text: str, info: ValidationInfo) -> str | None:
    known: Known = info.context  # type: ignore[assignment]
    code = digits(text)
    if not code:
        return None
    if code not in known.villages:
        raise ValueError(_("“%(text)s”不在行政区划表里，应是 12 位村（社区）代码。", text=text[:30]))
    return code


@lru_cache(maxsize=4096)
def _week(text: str) -> str | None:
    return write_week(read_week(text)) if text else None


def _past(text: str, info: ValidationInfo) -> date | None:
    known: Known = info.context  # type: ignore[assignment]
    day = read_date(text)
    if day and day > known.today:
        raise ValueError(_("%(day)s 还没到，请核对年份。", day=day))
    return day


def _items(text: str, info: ValidationInfo) -> int | None:
    """A mask; None where the cell is blank."""
    known: Known = info.context  # type: ignore[assignment]
    if not text:
        return None
    mask = 0
    for number in _item_numbers(text, known):
        if not 1 <= number <= MAX_ITEM_NO or (known.items is not None and number not in known.items):
            raise ValueError(_("清单里没有第 %(n)s 项，请核对。", n=number))
        mask |= 1 << number
    return mask


def _item_numbers(text: str, known: Known) -> Iterator[int]:
    """1;2;5, 1-13, names from the list, or 无."""
    names = _item_names(tuple(known.items.items())) if known.items else {}
    for part in re.split(r"[;；\n]+", text):
        if part.isascii() and part.isdigit():  # nearly always
            yield int(part[:4])
            continue
        # A name may itself hold a comma or a 、.
        pieces = [part] if plain_word(part) in names else re.split(r"[,，、/|\s]+", part)
        for piece in filter(None, (piece.strip() for piece in pieces)):
            plain = unicodedata.normalize("NFKC", piece).translate(DASHES)
            if span := re.fullmatch(r"(\d{1,3})-(\d{1,3})", plain):
                first, last = int(span[1]), int(span[2])
                if first > last:
                    raise ValueError(_("“%(text)s”前后颠倒了，请写成 1-13。", text=piece))
                yield from range(first, last + 1)
            elif re.fullmatch(r"\d{1,3}", plain):
                yield int(plain)
            elif plain_word(piece) in names:
                yield names[plain_word(piece)]
            elif piece not in (NO_ITEMS, "-"):
                raise ValueError(_("“%(text)s”不在清单里，请填序号（如 1;2;5）或事项全名。", text=piece[:30]))


@lru_cache(maxsize=4)
def _item_names(items: tuple[tuple[int, str], ...]) -> dict[str, int]:
    return {plain_word(name): number for number, name in items}


# The row


class RosterRow(BaseModel):
    """One row, field by field; `model_fields_set` is what its file has columns for. Validated with a Known as context."""

    model_config = ConfigDict(frozen=True)

    code: Annotated[str, BeforeValidator(_code)]
    name: Annotated[str, BeforeValidator(_name)]
    level: Annotated[Level, BeforeValidator(one_of(LEVELS, "乡镇、村"))]
    host: Annotated[str, BeforeValidator(lambda text: _host(text))]
    town_code: Annotated[str, BeforeValidator(_town)]
    village_code: Annotated[str | None, BeforeValidator(_village)] = None
    lon: Annotated[float, BeforeValidator(degrees)]
    lat: Annotated[float, BeforeValidator(degrees)]
    datum: Annotated[Datum | None, BeforeValidator(lambda text: _datum(text) if text else None)] = None
    address: Annotated[str | None, BeforeValidator(one_line(200))] = None
    inside: Annotated[str | None, BeforeValidator(one_line(200))] = None
    phone: Annotated[str | None, BeforeValidator(phone_number)] = None
    hours: Annotated[str | None, BeforeValidator(_week)] = None
    items_direct: Annotated[int | None, BeforeValidator(_items)] = None
    items_assist: Annotated[int | None, BeforeValidator(_items)] = None
    items_consult: Annotated[int | None, BeforeValidator(_items)] = None
    channels: Annotated[int, BeforeValidator(some_of(CHANNELS, "窗口、帮办、上门、自助、视频"))] = 0
    access: Annotated[
        int, BeforeValidator(some_of(ACCESSES, "坡道、无台阶、低位柜台、老花镜、轮椅、卫生间、座椅、手语"))
    ] = 0
    place_source: Annotated[str | None, BeforeValidator(one_line(60))] = None
    source: Annotated[str | None, BeforeValidator(one_line(200))] = None
    verified_on: Annotated[date | None, BeforeValidator(_past)] = None
    open: Annotated[bool, BeforeValidator(lambda text: _open(text or "是"))] = True
    synthetic: Annotated[bool, BeforeValidator(lambda text: _yes(text or "否"))] = False

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> "RosterRow":
        known: Known = info.context  # type: ignore[assignment]
        if self.village_code and known.villages[self.village_code] != self.town_code:
            raise _Wrong(_("这个村（社区）不在%(town)s，请核对。", town=known.towns[self.town_code]), "village_code")
        if self.datum is None and known.datum is None:
            raise _Wrong(_("没说坐标系，请填 wgs84、cgcs2000、gcj02 或 bd09。"), "datum")
        if self.lat == 0 and self.lon == 0:
            raise _Wrong(_("经纬度都是 0，等于没有位置，请填上。"), "lon")
        if looks_swapped(self.lat, self.lon):
            raise _Wrong(_("经度和纬度两列像是填反了，请对调。"), "lon")
        try:
            check_place(self.lat, self.lon)
        except ValueError as problem:
            raise _Wrong(str(problem), "lat" if abs(self.lat) > 90 else "lon") from None
        direct, assist, consult = (self.items_direct or 0), (self.items_assist or 0), (self.items_consult or 0)
        if twice := direct & assist | direct & consult | assist & consult:
            numbers = "、".join(map(str, item_numbers(twice)))
            raise _Wrong(_("第 %(n)s 项填了两种办法，请只留一种。", n=numbers), "items_direct")
        if self.host in (Host.TOWN_CENTRE, Host.VILLAGE_CENTRE) and self.host != CENTRES[self.level]:
            raise _Wrong(_("级别和承办主体对不上：一个是乡镇，一个是村，请核对。"), "host")
        return self


_either = one_of(HOSTS, "党群服务中心、定点医药机构、商保机构、银行网点、企业")
_CENTRE = "党群服务中心"  # stands for either centre until the level is known
_datum = one_of(DATUMS, "wgs84、cgcs2000、gcj02、bd09")
_open = one_of(OPENS, "营业、撤销")
_yes = one_of(YES, "是、否")


def _host(text: str) -> str:
    return _CENTRE if plain_word(text) in ("党群服务中心", "党群中心", "党群", "便民服务中心") else _either(text)


# The file


def check(table: Table, known: Known, said: Said, progress: Callable[[int], object] = lambda _rows: None) -> Checked:
    """Every row of a roster: facts of the good ones, a sentence for the bad ones. About 0.1 ms a row.

    progress  is told how many rows came since it was last told.
    """
    checked = Checked()
    for header in table.unknown:
        checked.add(Problem(0, Kind.WARNING, header, "", _("不认识这一列，没有导入。")))
    lines: dict[str, int] = {}
    placed: list[tuple[Place, Datum, str]] = []
    for record in table.records:
        checked.rows += 1
        progress(1)
        facts, problems = _check_row(record.cells, known, said)
        if record.spare:
            problems.append(
                (Kind.ERROR, "code", _("这一行比表头多出 %(n)s 格，请看看是不是有没加引号的逗号。", n=record.spare))
            )
        code = facts.get("code", "")
        if code and code in lines:
            problems.append((Kind.ERROR, "code", _("和第 %(n)s 行重复，请只留一行。", n=lines[code])))
        lines.setdefault(code, record.line)
        for kind, name, words in problems:
            checked.add(Problem(record.line, kind, HEADERS[name], record.cells.get(name, ""), words))
        if any(kind is Kind.ERROR for kind, _name, _words in problems):
            checked.bad += 1
            continue
        placed.append((facts.pop("_typed"), Datum(facts["datum"]), facts["county_code"]))
        checked.stations.append(facts)
    better = better_datum(placed)
    checked.datum_fits = better == ""
    if better:
        checked.add(Problem(0, Kind.WARNING, HEADERS["datum"], "", better))
    return checked


def _check_row(cells: Mapping[str, str], known: Known, said: Said) -> tuple[Facts, list[tuple[Kind, str, str]]]:
    try:
        row = RosterRow.model_validate(cells, context=known)
    except ValidationError as problem:
        errors = []
        for error in problem.errors(include_url=False, include_input=False):
            cause = error.get("ctx", {}).get("error")
            name = cause.column if isinstance(cause, _Wrong) else str(error["loc"][0])
            errors.append((Kind.ERROR, name, str(cause or error["msg"])))
        wrong = {name for _kind, name, _words in errors}
        return ({} if "code" in wrong else {"code": _code(cells["code"])}), errors
    facts = _facts(row, known, said)
    place = Place(facts["lat"], facts["lon"])
    warning = outside(place, facts["_typed"], facts["county_code"], known.counties)
    return facts, [(Kind.WARNING, "lon", warning)] if warning else []


def _facts(row: RosterRow, known: Known, said: Said) -> Facts:
    """The columns of Station that the row states. Blank items, source and date of check are not stated."""
    stated = row.model_fields_set
    datum = row.datum or known.datum or Datum.WGS84
    place = Place(*(round(degree, 7) for degree in to_wgs84(Place(row.lat, row.lon), datum)))  # 7 decimals: 1 cm
    pixel = pixel_of(place)
    host = CENTRES[row.level] if row.host == _CENTRE else row.host
    facts: Facts = {
        "code": row.code,
        "name": row.name,
        **search_keys(row.name),
        "level": row.level.value,
        "host": str(host),
        "county_code": row.town_code[:6],
        "town_code": row.town_code,
        "lat": place.lat,
        "lon": place.lon,
        "mx": pixel.mx,
        "my": pixel.my,
        "datum": datum.value,
        "synthetic": row.synthetic if "synthetic" in stated else said.synthetic,
        "_typed": Place(row.lat, row.lon),
    }
    for name in ("village_code", "address", "inside", "phone", "channels", "access", "open"):
        if name in stated:
            facts[name] = getattr(row, name)
    if "hours" in stated:
        facts["week"] = row.hours
    masks = [getattr(row, name) for name in ITEM_COLUMNS.values()]
    if any(mask is not None for mask in masks):
        facts |= {f"{mode}_mask": mask or 0 for mode, mask in zip(ITEM_COLUMNS, masks, strict=True)}
    for name, value in (
        ("place_source", row.place_source),
        ("source", row.source or said.source),
        ("verified_on", row.verified_on or said.verified_on),
    ):
        if value is not None:
            facts[name] = value
    return facts


# Back to words


def row_of(facts: Mapping[str, Any], week: str | None) -> list[str]:
    """A station as the row from which `check` gives the same facts, in the order of COLUMNS. Always WGS-84."""
    masks = {name: item_numbers(facts[f"{mode}_mask"]) for mode, name in ITEM_COLUMNS.items()}
    said: dict[str, str] = {
        **{name: str(facts[name] or "") for name in (
            "code", "name", "level", "host", "town_code", "village_code", "address", "inside", "phone", "place_source",
            "source", "verified_on",
        )},
        **{name: f"{facts[name]:.7f}".rstrip("0").rstrip(".") for name in ("lon", "lat")},
        **{name: ";".join(map(str, numbers)) for name, numbers in masks.items()},
        "datum": Datum.WGS84.value,
        "hours": week or "",
        "channels": ";".join(bits_set(facts["channels"], Channel)),
        "access": ";".join(bits_set(facts["access"], Access)),
        "open": "营业" if facts["open"] else "撤销",
        "synthetic": "是" if facts["synthetic"] else "否",
    }  # fmt: skip
    if not any(masks.values()):
        said["items_direct"] = NO_ITEMS
    return [said[column.field] for column in COLUMNS]
