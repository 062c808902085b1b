"""A roster row: what it must say about a station, and how its words become facts. Room `stations`: words and rules only.

Comes in: rows of text from sheets.py, and what is Known (divisions, items, today). Goes out: for each good row the columns
of Station it states, for each bad one a sentence. Nothing here touches the database; operations.py keeps the facts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo, model_validator

from common.i18n import gettext as _
from common.pinyin import initials, syllables
from maps.counties import county_of, metres_outside
from maps.place import Datum, Place, check_place, looks_swapped, pixel_of, to_wgs84
from services_catalog.models import MAX_ITEM_NO, ModeOfItem
from stations.hours import read_week, write_week
from stations.models import Access, Channel, Host, Level
from stations.sheets import Column, Table

AT_THE_DOOR = "门口实测"  # place_source of a station whose door was measured (stations/doors.py)
MARGIN_M = 3_000  # outside its county by more than this is worth a warning: the county lines are generalised
SAMPLE = 2_000  # rows that are asked whether another datum would fit them better
SEARCH_KEY = 120  # characters; common.db.SearchKey
MAX_PROBLEMS = 20_000  # listed; the rest is only counted

COLUMNS = (
    Column("code", "站点编码", ("编码", "站点代码", "机构编码"), required=True),
    Column("name", "站点名称", ("名称", "站点", "机构名称"), required=True),
    Column("level", "级别", ("层级", "站点级别"), required=True),
    Column("host", "承办主体", ("主体类型", "承办主体类型", "依托主体", "承办单位类型"), required=True),
    Column("town_code", "乡镇代码", ("乡镇街道代码", "镇街代码", "街道代码", "乡镇编码"), required=True),
    Column("village_code", "村（社区）代码", ("村代码", "社区代码", "村居代码", "村编码", "村社区编码")),
    Column("lon", "经度", ("lng", "longitude", "x坐标"), required=True),
    Column("lat", "纬度", ("latitude", "y坐标"), required=True),
    Column("datum", "坐标系", ("坐标系统", "坐标类型", "基准")),
    Column("address", "地址", ("详细地址", "站点地址", "位置")),
    Column("inside", "到了以后", ("院内位置", "楼内位置", "窗口位置")),
    Column("phone", "电话", ("联系电话", "电话号码", "咨询电话", "服务电话", "tel")),
    Column("hours", "开放时间", ("服务时间", "营业时间", "办公时间", "工作时间", "开门时间")),
    Column("items_direct", "办理事项", ("直接办理事项", "可办事项")),
    Column("items_assist", "帮办事项", ("帮办代办事项", "代办事项")),
    Column("items_consult", "咨询事项"),
    Column("channels", "渠道", ("服务渠道", "办理渠道", "服务方式")),
    Column("access", "无障碍", ("无障碍设施", "便民设施", "适老设施")),
    Column("place_source", "位置来源", ("坐标来源",)),
    Column("source", "来源", ("数据来源",)),
    Column("verified_on", "核实日期", ("核实时间", "核对日期")),
    Column("open", "状态", ("站点状态", "是否营业", "是否开放")),
    Column("synthetic", "示例数据", ("是否示例",)),
)
HEADERS = {column.field: column.header for column in COLUMNS}
ITEM_COLUMNS = {
    ModeOfItem.DIRECT: "items_direct",
    ModeOfItem.ASSIST: "items_assist",
    ModeOfItem.CONSULT: "items_consult",
}
NO_ITEMS = "无"  # what a blank cell does not say: this station has taken on nothing

# What people write, plain (see _plain); the code word itself always holds.
LEVELS = {
    Level.TOWN: "乡镇 街道 镇街 乡镇街道 镇 乡 镇级 乡级 乡镇级 街道级 工作站 医保工作站",
    Level.VILLAGE: "村 社区 村居 村社区 村级 社区级 村庄 工作点 服务点 医保工作点 医保服务点",
}
HOSTS = {
    Host.TOWN_CENTRE: "乡镇党群服务中心 街道党群服务中心 乡镇街道党群服务中心 镇街党群服务中心 乡镇便民服务中心 街道便民服务中心",
    Host.VILLAGE_CENTRE: "村党群服务中心 社区党群服务中心 村社区党群服务中心 村居党群服务中心 村委会 居委会 村居委会 社区居委会",
    Host.CLINIC: "定点医药机构 医药机构 定点医疗机构 医疗机构 卫生室 村卫生室 卫生院 乡镇卫生院 卫生服务站 社区卫生服务站 社区卫生服务中心 医院 诊所 药店 定点药店",
    Host.INSURER: "商保机构 商业保险机构 商保网点 保险公司 保险网点",
    Host.BANK: "银行 银行网点",
    Host.ENTERPRISE: "企业 大型企业 公司",
}
CENTRES = {Level.TOWN: Host.TOWN_CENTRE, Level.VILLAGE: Host.VILLAGE_CENTRE}  # 党群服务中心: whose, the level says
DATUMS = {
    Datum.WGS84: "wgs1984 gps wgs 手机定位 84",
    Datum.CGCS2000: "2000 国家2000 2000国家大地坐标系 国家大地坐标系 天地图 大地2000",
    Datum.GCJ02: "gcj 火星坐标 火星坐标系 国测局 高德 腾讯 高德地图 腾讯地图",
    Datum.BD09: "bd09ll bd 百度 百度地图 百度坐标",
}
CHANNELS = {
    Channel.WINDOW: "窗口办 窗口 窗口办理 现场办 现场",
    Channel.ASSISTED: "帮办代办 帮办 代办",
    Channel.DOOR_TO_DOOR: "上门办 上门 上门服务",
    Channel.SELF_SERVICE: "自助办 自助 自助机",
    Channel.VIDEO: "视频办 视频 远程视频",
}
ACCESSES = {
    Access.RAMP: "坡道 无障碍坡道 轮椅坡道",
    Access.STEP_FREE: "无台阶 平进 平地进门 无门槛",
    Access.LOW_COUNTER: "低位柜台 低位服务台 低柜台",
    Access.READING_GLASSES: "老花镜 花镜",
    Access.WHEELCHAIR: "轮椅 可借轮椅 备轮椅",
    Access.TOILET: "卫生间 厕所 无障碍卫生间 无障碍厕所",
    Access.SEATS: "座椅 座位 休息座椅 爱心座椅",
    Access.SIGN_LANGUAGE: "手语 手语服务",
}
OPENS = {
    True: "是 正常 营业 开放 运行 在运行 启用 在用 1 y yes true",
    False: "否 撤销 停办 停用 关闭 已撤销 停业 0 n no false closed",
}
YES = {True: "是 1 y yes true 示例", False: "否 0 n no false"}

Facts = dict[str, Any]  # columns of Station, and `week` for its hours pattern; only what the row states
T = TypeVar("T")


class Kind(StrEnum):
    """How bad a problem is."""

    ERROR = "错误"
    WARNING = "提醒"


class Problem(NamedTuple):
    """One line of the report file. `line` 0: about the file as a whole."""

    line: int
    kind: Kind
    column: str
    value: str
    words: str


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
    """What a file came to. `bad`: rows with an error; `problems` is cut off at MAX_PROBLEMS, `errors` and `warnings` are not."""

    stations: list[Facts] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    rows: int = 0
    bad: int = 0
    errors: int = 0
    warnings: int = 0

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


def _plain(text: str) -> str:
    """村（社区）党群 服务中心 → 村社区党群服务中心."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()


def _table(words: Mapping[T, str]) -> dict[str, T]:
    table = {_plain(word): value for value, said in words.items() for word in said.split()}
    return table | {_plain(str(value)): value for value in words}


def one_of(words: Mapping[T, str], examples: str) -> Callable[[str], T]:
    table = _table(words)

    @lru_cache(maxsize=1024)
    def read(text: str) -> T:
        if (found := table.get(_plain(text))) is None:
            raise ValueError(
                _("没填，可以填：%(examples)s。", examples=examples)
                if not text
                else _("“%(text)s”不认识，可以填：%(examples)s。", text=text[:30], examples=examples)
            )
        return found

    return read


def _some_of(words: Mapping[T, str], examples: str) -> Callable[[str], int]:
    """Bits, in the order of `words`."""
    one = one_of(words, examples)
    order = list(words)

    @lru_cache(maxsize=1024)
    def read(text: str) -> int:
        bits = 0
        for piece in re.split(r"[;；,，、/|\s]+", text):
            if piece and piece not in ("无", "-", "－"):
                bits |= 1 << order.index(one(piece))
        return bits

    return read


_INVISIBLE = frozenset("\u200c\u200d")  # joiners: part of some emoji and scripts, harmless


def check_text(text: str, most: int) -> str:
    """The text as typed, or ValueError: too long, or a character that nobody sees, turns the line round or cannot be kept."""
    for char in text:
        if char.isprintable() or char in _INVISIBLE:
            continue
        kind = unicodedata.category(char)
        if kind == "Cf" and "\U000e0020" <= char <= "\U000e007f":  # flags are spelt with these
            continue
        if kind in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            raise ValueError(_("里面有看不见的控制字符（U+%(hex)s），请删掉重打。", hex=f"{ord(char):04X}"))
    if "\ufffd" in text:
        raise ValueError(_("里面有乱码“\ufffd”，请核对文件的编码。"))
    if len(text) > most:
        raise ValueError(_("有 %(n)s 个字，请缩到 %(most)s 字以内。", n=len(text), most=most))
    return text


def _words(most: int) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        return check_text(" ".join(text.split()), most) or None  # a cell of several lines becomes one

    return read


def _name(text: str) -> str:
    if not text:
        raise ValueError(_("没填站点名称。"))
    return check_text(text, 60)


def _digits(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", plain):
        raise ValueError(_("“%(text)s”被表格软件改成了科学计数，请把这一列设成文本再填。", text=text[:30]))
    return plain


def _code(text: str) -> str:
    code = _digits(text)
    if not code:
        raise ValueError(_("没填站点编码。"))
    if not re.fullmatch(r"[A-Za-z0-9-]{4,24}", code):
        raise ValueError(_("应是 4 到 24 位字母、数字或“-”，不是“%(text)s”。", text=text[:30]))
    return code


def _town(text: str, info: ValidationInfo) -> str:
    known: Known = info.context  # type: ignore[assignment]
    code = _digits(text)
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
    code = _digits(text)
    if not code:
        return None
    if code not in known.villages:
        raise ValueError(_("“%(text)s”不在行政区划表里，应是 12 位村（社区）代码。", text=text[:30]))
    return code


def _degrees(text: str) -> float:
    if not text:
        raise ValueError(_("没填，没有位置就没法找。"))
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if not (match := re.fullmatch(r"[NE]?([+-]?\d{1,3}(?:\.\d{1,20})?)°?[NE]?", plain)):
        raise ValueError(_("“%(text)s”不是度数，请填小数，例如 117.1201。", text=text[:30]))
    return float(match[1])


def _phone(text: str) -> str | None:
    plain = " ".join(unicodedata.normalize("NFKC", text).translate(_DASHES).split())
    if not plain:
        return None
    if abroad := re.fullmatch(
        r"(?:\+|00)86[ -]?(.+)", plain
    ):  # so that no number begins with +, a formula in a spreadsheet
        plain = abroad[1]
        if not plain.startswith(("0", "1", "400", "800")):
            plain = "0" + plain
    plain = re.sub(r"^\((0\d{2,3})\) ?", r"\1-", plain)
    if not re.fullmatch(r"\d[\d -]*(?: ?转 ?\d{1,6})?", plain) or not 3 <= sum(c.isdigit() for c in plain) <= 20:
        raise ValueError(_("“%(text)s”不像一个电话，只能有数字、空格、“-”和“转”，一格一个号码。", text=text[:40]))
    return check_text(plain, 30)


_DASHES = str.maketrans(dict.fromkeys("—–―─‒‐−~", "-"))


@lru_cache(maxsize=4096)
def _week(text: str) -> str | None:
    return write_week(read_week(text)) if text else None


def read_date(text: str) -> date | None:
    """2026-11-20, 2026/11/20, 2026.11.20, 2026年11月20日, 20261120; None for nothing. ValueError: one sentence."""
    plain = unicodedata.normalize("NFKC", text).strip()
    if not plain:
        return None
    match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?", plain)
    match = match or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", plain)
    try:
        return date(*map(int, match.groups())) if match else _no_date(text)
    except ValueError:
        return _no_date(text)


def _no_date(text: str) -> date:
    raise ValueError(_("“%(text)s”不是日期，请写成 2026-11-20。", text=text[:30]))


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
        pieces = [part] if _plain(part) in names else re.split(r"[,，、/|\s]+", part)
        for piece in filter(None, (piece.strip() for piece in pieces)):
            plain = unicodedata.normalize("NFKC", piece).translate(_DASHES)
            if span := re.fullmatch(r"(\d{1,3})-(\d{1,3})", plain):
                first, last = int(span[1]), int(span[2])
                if first > last:
                    raise ValueError(_("“%(text)s”前后颠倒了，请写成 1-13。", text=piece))
                yield from range(first, last + 1)
            elif re.fullmatch(r"\d{1,3}", plain):
                yield int(plain)
            elif _plain(piece) in names:
                yield names[_plain(piece)]
            elif piece not in (NO_ITEMS, "-"):
                raise ValueError(_("“%(text)s”不在清单里，请填序号（如 1;2;5）或事项全名。", text=piece[:30]))


@lru_cache(maxsize=4)
def _item_names(items: tuple[tuple[int, str], ...]) -> dict[str, int]:
    return {_plain(name): number for number, name in items}


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
    lon: Annotated[float, BeforeValidator(_degrees)]
    lat: Annotated[float, BeforeValidator(_degrees)]
    datum: Annotated[Datum | None, BeforeValidator(lambda text: _datum(text) if text else None)] = None
    address: Annotated[str | None, BeforeValidator(_words(200))] = None
    inside: Annotated[str | None, BeforeValidator(_words(200))] = None
    phone: Annotated[str | None, BeforeValidator(_phone)] = None
    hours: Annotated[str | None, BeforeValidator(_week)] = None
    items_direct: Annotated[int | None, BeforeValidator(_items)] = None
    items_assist: Annotated[int | None, BeforeValidator(_items)] = None
    items_consult: Annotated[int | None, BeforeValidator(_items)] = None
    channels: Annotated[int, BeforeValidator(_some_of(CHANNELS, "窗口、帮办、上门、自助、视频"))] = 0
    access: Annotated[
        int, BeforeValidator(_some_of(ACCESSES, "坡道、无台阶、低位柜台、老花镜、轮椅、卫生间、座椅、手语"))
    ] = 0
    place_source: Annotated[str | None, BeforeValidator(_words(60))] = None
    source: Annotated[str | None, BeforeValidator(_words(200))] = None
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
    return _CENTRE if _plain(text) in ("党群服务中心", "党群中心", "党群", "便民服务中心") else _either(text)


def item_numbers(mask: int) -> list[int]:
    """The items whose bits are set."""
    return [number for number in range(1, MAX_ITEM_NO + 1) if mask >> number & 1]


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
    if better := _better_datum(placed):
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
    return facts, [(Kind.WARNING, "lon", words) for words in _outside(facts, known)]


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
        "pinyin": "".join(syllables(row.name))[:SEARCH_KEY],
        "initials": initials(row.name)[:SEARCH_KEY],
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


def _outside(facts: Facts, known: Known) -> Iterator[str]:
    """A warning when the station does not lie in its county, and what else the numbers may mean."""
    place, county = Place(facts["lat"], facts["lon"]), facts["county_code"]
    metres = _metres_outside(place, county)
    if metres <= MARGIN_M:
        return
    names = {"km": round(metres / 1000), "county": known.counties.get(county, county)}
    fitting = [
        datum.value
        for datum in Datum
        if datum is not Datum.CGCS2000 and _metres_outside(to_wgs84(facts["_typed"], datum), county) == 0
    ]
    swapped = Place(place.lon, place.lat)
    if fitting:
        yield _(
            "在%(county)s外 %(km)s 公里。按 %(datum)s 看就在县内，请核对坐标系。", **names, datum="、".join(fitting)
        )
    elif abs(swapped.lat) <= 90 and _metres_outside(swapped, county) == 0:
        yield _("在%(county)s外 %(km)s 公里。经纬度对调后就在县内，请核对。", **names)
    elif (elsewhere := county_of(place)) in known.counties:
        yield _("在%(county)s外 %(km)s 公里，落在%(other)s，请核对。", **names, other=known.counties[str(elsewhere)])
    else:
        yield _("在%(county)s外 %(km)s 公里，请核对。", **names)


def _metres_outside(place: Place, county: str) -> float:
    try:
        return metres_outside(place, county)
    except ValueError:
        return 0.0  # a county whose line we do not have cannot be checked


def _better_datum(placed: list[tuple[Place, Datum, str]]) -> str | None:
    """A sentence when another datum brings clearly more stations into their counties than the declared one.

    A wrong datum moves a station by 0.4 to 1.4 km, less than MARGIN_M, so no single row shows it; many rows near county
    lines do. Clearly: four standard deviations of the rows that move in or out.
    """
    sample = placed[:: max(1, len(placed) // SAMPLE)]
    if not sample:
        return None
    declared, rows = Counter(datum for _typed, datum, _county in sample).most_common(1)[0]
    inside: dict[Datum, list[bool]] = {
        datum: [
            _metres_outside(to_wgs84(typed, datum), county) == 0 for typed, said, county in sample if said is declared
        ]
        for datum in (Datum.WGS84, Datum.GCJ02, Datum.BD09)
    }
    now = inside[Datum.WGS84 if declared is Datum.CGCS2000 else declared]
    best, gained = max(((datum, sum(found) - sum(now)) for datum, found in inside.items()), key=lambda pair: pair[1])
    moved = sum(a != b for a, b in zip(now, inside[best], strict=True))
    if gained < 10 or gained < 4 * moved**0.5:
        return None
    return _(
        "坐标系可能填错：抽看 %(rows)s 行，按 %(said)s 有 %(now)s 行在县内，按 %(best)s 有 %(then)s 行。请核对后再导入。",
        rows=rows,
        said=declared.value,
        now=sum(now),
        best=best.value,
        then=sum(inside[best]),
    )


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
        "channels": _bit_words(facts["channels"], Channel),
        "access": _bit_words(facts["access"], Access),
        "open": "营业" if facts["open"] else "撤销",
        "synthetic": "是" if facts["synthetic"] else "否",
    }  # fmt: skip
    if not any(masks.values()):
        said["items_direct"] = NO_ITEMS
    return [said[column.field] for column in COLUMNS]


def _bit_words(bits: int, words: Iterable[StrEnum]) -> str:
    return ";".join(word.value for place, word in enumerate(words) if bits >> place & 1)
