"""Rows that say what is different on one date: a station's hours, or the calendar. Room `stations`: words and rules only.

Comes in: rows of text from sheets.py. Goes out: checked rows, and a sentence for each that cannot be used.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from common.i18n import gettext as _
from stations.cells import YES, Kind, Problem, check_text, one_of, read_date
from stations.hours import read_day, write_day
from stations.sheets import Column, Table

EXCEPTION_COLUMNS = (
    Column("code", "站点编码", ("编码", "站点代码", "机构编码"), required=True),
    Column("date", "日期", ("哪天",), required=True),
    Column("spans", "时间", ("开放时间", "服务时间", "时段"), required=True),
    Column("note", "说明", ("备注", "原因")),
)
CALENDAR_COLUMNS = (
    Column("date", "日期", required=True),
    Column("is_workday", "是否上班", ("上班", "工作日"), required=True),
    Column("name", "名称", ("节日", "节日名称")),
    Column("source", "来源", ("依据", "文件"), required=True),
)
AS_USUAL = "照常"  # in place of hours: takes an exception back
_works = one_of(
    {True: f"{YES[True]} 上班 工作日 调休上班 补班", False: f"{YES[False]} 休息 放假 节假日 休"}, "上班、休息"
)
T = TypeVar("T")


class ExceptionRow(NamedTuple):
    """What a station does on one date. `spans` None: closed all day; `cancelled`: nothing special after all."""

    code: str
    date: date
    spans: str | None
    note: str | None
    cancelled: bool


class CalendarRow(NamedTuple):
    """A date that is worked or not, whatever the packages say."""

    date: date
    is_workday: bool
    name: str | None
    source: str


@dataclass(frozen=True)
class Read(Generic[T]):
    """The good rows of a file, and what is wrong with the others."""

    rows: list[T]
    problems: list[Problem]
    bad: int


def read_exceptions(table: Table, stations: Collection[str]) -> Read[ExceptionRow]:
    """Rows of hours exceptions; `stations` are the codes we have."""

    def read(cells: dict[str, str], wrong: Callable[[str, str], None]) -> ExceptionRow | None:
        day = _day(cells["date"], wrong)
        if cells["code"] not in stations:
            wrong("code", _("没有编码是“%(code)s”的站点，请核对。", code=cells["code"][:30]))
        spans, cancelled = None, cells["spans"] == AS_USUAL
        if not cells["spans"]:
            wrong("spans", _("没填时间，不开门请写“休息”。"))
        elif not cancelled:
            try:
                spans = write_day(read_day(cells["spans"]))
                check_text(spans, 100)
            except ValueError as problem:
                wrong("spans", str(problem))
        note = _short(cells.get("note", ""), "note", 60, wrong)
        return ExceptionRow(cells["code"], day, spans if spans != "off" else None, note, cancelled) if day else None

    return _read(table, EXCEPTION_COLUMNS, read, key=lambda row: (row.code, row.date))


def read_calendar(table: Table) -> Read[CalendarRow]:
    """Rows of the calendar."""

    def read(cells: dict[str, str], wrong: Callable[[str, str], None]) -> CalendarRow | None:
        day = _day(cells["date"], wrong)
        is_workday = False
        try:
            is_workday = _works(cells["is_workday"])
        except ValueError as problem:
            wrong("is_workday", str(problem))
        name = _short(cells.get("name", ""), "name", 40, wrong)
        source = _short(cells["source"], "source", 200, wrong)
        if not source:
            wrong("source", _("没填，请写是哪份通知或法规。"))
        return CalendarRow(day, is_workday, name, source) if day and source else None

    return _read(table, CALENDAR_COLUMNS, read, key=lambda row: row.date)


def _day(text: str, wrong: Callable[[str, str], None]) -> date | None:
    try:
        day = read_date(text)
    except ValueError as problem:
        wrong("date", str(problem))
        return None
    if day is None:
        wrong("date", _("没填日期。"))
    return day


def _short(text: str, field: str, most: int, wrong: Callable[[str, str], None]) -> str | None:
    try:
        return check_text(" ".join(text.split()), most) or None
    except ValueError as problem:
        wrong(field, str(problem))
        return None


def _note(errors: list[tuple[str, str]], field: str, words: str) -> None:
    errors.append((field, words))


def _read(
    table: Table,
    columns: tuple[Column, ...],
    read: Callable[[dict[str, str], Callable[[str, str], None]], T | None],
    key: Callable[[T], object],
) -> Read[T]:
    headers = {column.field: column.header for column in columns}
    problems = [Problem(0, Kind.WARNING, name, "", _("不认识这一列，没有导入。")) for name in table.unknown]
    rows: list[T] = []
    lines: dict[object, int] = {}
    bad = 0
    for record in table.records:
        errors: list[tuple[str, str]] = []
        row = read(record.cells, partial(_note, errors))
        if record.spare:
            errors.append(
                (columns[0].field, _("这一行比表头多出 %(n)s 格，请看看是不是有没加引号的逗号。", n=record.spare))
            )
        if row is not None and not errors:
            if (first := lines.setdefault(key(row), record.line)) != record.line:
                errors.append(("date", _("和第 %(n)s 行重复，请只留一行。", n=first)))
            else:
                rows.append(row)
        bad += bool(errors)
        problems += [
            Problem(record.line, Kind.ERROR, headers[field], record.cells.get(field, ""), words)
            for field, words in errors
        ]
    return Read(rows, problems, bad)
