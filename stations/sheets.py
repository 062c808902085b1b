"""Tables that people send us, xlsx, xls, ods or CSV, as rows of text; and CSV the other way. Room `stations`, floor 3.

By content, never by the name of the file. Comes in: a path. No database, no words about stations: what the columns mean
is roster.py's and dated_rows.py's business. Whatever cannot be read raises Unreadable with one sentence.
"""

import codecs
import csv
import os
import re
import stat
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import IO, NamedTuple

from common.i18n import gettext as _
from stations import workbook
from stations.cells import plain_word
from stations.workbook import MAX_ROWS, Ended

MAX_FILE = 50 * 2**20  # bytes
HEADER_WITHIN = 10  # rows: titles and notes may stand above the header
_CHUNK = 2**20
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # xlsx and ods; xls and anything with a password
_DELIMITERS = (",", "\t", ";")
Row = tuple[int, list[str]]  # its number as the spreadsheet program shows it, its cells
Sheets = Generator[tuple[int, Iterator[Row]], None, None]  # how many rows, the rows


class Unreadable(ValueError):
    """The file as a whole cannot be used; the message is one sentence for the person who sent it."""


@dataclass(frozen=True)
class Column:
    """One thing a table may say. `header`: what we call it; `also`: what others call it."""

    field: str
    header: str
    also: tuple[str, ...] = ()
    required: bool = False


class Record(NamedTuple):
    """One row, by field. `spare`: cells to the right of the header that are not empty."""

    line: int
    cells: dict[str, str]
    spare: int


@dataclass(frozen=True)
class Table:
    """A table with its columns recognised. `about`: how many rows to expect, for a progress bar."""

    found: Mapping[str, str]  # field → header in the file
    unknown: tuple[str, ...]  # headers nobody knows
    about: int
    records: Iterator[Record]


# Opening


@contextmanager
def open_table(path: Path, columns: Sequence[Column], given: Mapping[str, str] | None = None) -> Iterator[Table]:
    """The first sheet of a file that has our header within its first ten rows; rows are read as they are asked for.

    given: header in the file → field, where the file's words are its own.
    Raises Unreadable: no such file, not a table, too big, a column missing; later rows may raise it too.
    """
    kind = _look_at(path)
    names = _names(columns, given or {})
    with closing(_workbook_sheets(path) if kind in (_ZIP, _OLE) else _csv_sheets(path)) as sheets:
        heads: list[list[str]] = []
        for about, rows in sheets:
            top = list(islice(rows, HEADER_WITHIN))
            at = max(range(len(top)), key=lambda n: _score(top[n][1], names), default=None)
            if at is None or _score(top[at][1], names) < min(2, len(columns)):
                heads += [cells for _line, cells in top[:1]]
                continue
            header = [cell.strip() for cell in top[at][1]]
            yield _table(header, columns, names, given or {}, about - top[at][0], chain(top[at + 1 :], rows))
            return
        seen = "、".join(cell.strip() for cells in heads[:1] for cell in cells if cell.strip())[:200]
        wanted = "、".join(column.header for column in columns if column.required)
        raise Unreadable(
            _(
                "前 %(n)s 行里没找到表头。需要：%(wanted)s。第一行是：%(seen)s。",
                n=HEADER_WITHIN,
                wanted=wanted,
                seen=seen,
            )
            if seen
            else _("文件里没有内容，请核对是不是选错了文件。")
        )


def _look_at(path: Path) -> bytes:
    """The first bytes of a regular file of a size we take."""
    try:
        about = path.stat()
        if stat.S_ISDIR(about.st_mode):
            raise Unreadable(_("%(name)s 是文件夹，请给出里面的文件。", name=path.name or path))
        if not stat.S_ISREG(about.st_mode):
            raise Unreadable(_("%(name)s 不是普通文件，读不了。", name=path.name))
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise Unreadable(_("找不到文件 %(name)s，请核对路径。", name=path)) from None
    except OSError as problem:
        raise Unreadable(_("打不开 %(name)s：%(why)s。", name=path.name, why=problem.strerror)) from None
    if about.st_size > MAX_FILE:
        raise Unreadable(_("文件超过 %(n)s MB，请分成几个再导入。", n=MAX_FILE // 2**20))
    if not head.strip():
        raise Unreadable(_("文件是空的，请核对是不是选错了文件。"))
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        raise Unreadable(_("这是网页格式的表格，请用 Excel 或 WPS 打开，另存为 xlsx 再导入。"))
    for magic in (_ZIP, _OLE):
        if head.startswith(magic):
            return magic
    if b"\0" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Unreadable(_("这不是表格文件，请另存为 xlsx 或 CSV 再导入。"))
    return b""


def _workbook_sheets(path: Path) -> Sheets:
    """Each visible sheet of a workbook: its height and its rows. The child is ended when the caller has enough."""
    command = [sys.executable, "-I", workbook.__file__, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8") as child:  # noqa: S603
        try:
            yield from _sheets_of(csv.reader(child.stdout or ()))
        except (csv.Error, ValueError, IndexError):
            code = child.wait()  # it was cut off in mid-record: the exit code says why
        except BaseException:
            child.kill()
            raise
        else:
            code = child.wait()
        if code != Ended.WELL:
            raise Unreadable(_ending(code))


def _sheets_of(records: Iterator[list[str]]) -> Sheets:
    mark = next(records, None)
    while mark is not None:
        coming: list[list[str] | None] = [None]

        def rows(coming: list[list[str] | None] = coming) -> Iterator[Row]:
            for record in records:
                if record[0] == "0":
                    coming[0] = record
                    return
                yield int(record[0]), record[1:]

        sheet = rows()
        yield int(mark[2]), sheet
        for _rest in sheet:
            pass
        mark = coming[0]


def _ending(code: int) -> str:
    match code:
        case Ended.PASSWORD:
            return _("这个文件有密码，请去掉密码再导入。")
        case Ended.TOO_BIG:
            return _("文件解压后太大，不像名册，没有读取。")
        case Ended.TOO_MANY_ROWS:
            return _("超过 %(n)s 行。末尾若有空行，请删掉再导入。", n=MAX_ROWS)
        case Ended.BROKEN:
            return _("文件坏了，或不是 Excel 文件，请用 Excel 或 WPS 打开，另存为 xlsx 再导入。")
    return _("文件读不出来：它要用的内存或时间太多。请只留名册那一页，另存为 xlsx 再导入。")


# CSV


def _csv_sheets(path: Path) -> Sheets:
    """The file cut at each usual delimiter; the first cut in which a header is found is taken."""
    encoding, lines = _encoding(path)
    for delimiter in _DELIMITERS:
        with path.open(encoding=encoding, newline="") as file:
            if any(delimiter in line for line in islice(file, HEADER_WITHIN)):
                file.seek(0)
                yield lines, _csv_rows(file, delimiter)
    with path.open(encoding=encoding, newline="") as file:
        yield lines, _csv_rows(file, ",")


def _csv_rows(file: IO[str], delimiter: str) -> Iterator[Row]:
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(reader, 1):
            if number > MAX_ROWS:
                raise Unreadable(_ending(Ended.TOO_MANY_ROWS))
            yield number, cells
    except csv.Error:
        raise Unreadable(_("第 %(n)s 行附近的引号没有配对，请改好再导入。", n=reader.line_num)) from None


def _encoding(path: Path) -> tuple[str, int]:
    """The encoding all of the file can be read in, and how many lines it has."""
    with path.open("rb") as file:
        head = file.read(4)
    marked = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}.get(head[:2])
    for encoding in [marked] if marked else ["utf-8-sig", "gb18030"]:
        try:
            with path.open(encoding=encoding, newline="") as file:
                return encoding, sum(text.count("\n") for text in iter(lambda: file.read(_CHUNK), "")) + 1
        except UnicodeError:
            continue
    raise Unreadable(_("文字编码认不出来，请另存为 UTF-8 的 CSV，或 xlsx。"))


# Columns


def _without_brackets(header: str) -> str:
    """经度（WGS84） → 经度."""
    return plain_word(re.sub(r"\(.*?\)|\[.*?\]", "", unicodedata.normalize("NFKC", header)))


def _names(columns: Sequence[Column], given: Mapping[str, str]) -> dict[str, str]:
    """Every known name of every column, plain, → its field. What the sender says (`given`) wins."""
    names = {plain_word(name): c.field for c in columns for name in (c.field, c.header, *c.also)}
    fields = dict(names)
    for header, said in given.items():
        if plain_word(said) not in fields:
            known = "、".join(f"{c.header}（{c.field}）" for c in columns)
            raise Unreadable(_("不认识“%(said)s”，可以对应的有：%(known)s。", said=said, known=known))
        names[plain_word(header)] = fields[plain_word(said)]
    return names


def _field(header: str, names: Mapping[str, str]) -> str | None:
    return names.get(plain_word(header)) or names.get(_without_brackets(header))


def _score(cells: Iterable[str], names: Mapping[str, str]) -> int:
    return len({field for cell in cells if (field := _field(cell, names))})


def _table(
    header: list[str],
    columns: Sequence[Column],
    names: Mapping[str, str],
    given: Mapping[str, str],
    about: int,
    rows: Iterator[Row],
) -> Table:
    wanted = {plain_word(name): names[plain_word(name)] for name in given}
    places: dict[str, int] = {}
    unknown: list[str] = []
    for place, name in enumerate(header):
        field = _field(name, names)
        if field in wanted.values() and plain_word(name) not in wanted:
            field = None  # the sender named another column for it
        if field in places:
            both = (header[places[field]], name)
            raise Unreadable(
                _("“%(one)s”和“%(other)s”像是同一列，请用 --map 说明用哪一列。", one=both[0], other=both[1])
            )
        if field:
            places[field] = place
        elif name:
            unknown.append(name)
    for name in given:
        if plain_word(name) not in map(plain_word, header):
            raise Unreadable(_("文件里没有“%(name)s”这一列，请核对 --map。", name=name))
    missing = [column.header for column in columns if column.required and column.field not in places]
    if missing:
        there = "、".join(name for name in header if name)
        raise Unreadable(
            _(
                "缺少%(missing)s。文件里有：%(there)s。列名不同时，用 --map 列名=%(field)s 说明。",
                missing="、".join(missing),
                there=there[:300],
                field=missing[0],
            )
        )
    found = {field: header[place] for field, place in places.items()}
    return Table(found, tuple(unknown), max(about, 0), _records(rows, places, len(header)))


def _records(rows: Iterator[Row], places: Mapping[str, int], width: int) -> Iterator[Record]:
    for line, cells in rows:
        texts = [cell.strip() for cell in cells]
        if any(texts):
            had = len(texts)
            here = {field: bare(texts[place]) if place < had else "" for field, place in places.items()}
            yield Record(line, here, sum(1 for text in texts[width:] if text))


# Writing


def guarded(text: str) -> str:
    """The text with a ' before it where a spreadsheet program would run it as a formula. `bare` takes it off again.

    Text that itself begins with quotes and then such a sign gets one too: so nothing is lost.
    """
    return "'" + text if _RISKY.match(text) else text


def bare(text: str) -> str:
    """The text that `guarded` was given."""
    return text[1:] if text.startswith("'") and _RISKY.match(text, 1) else text


_RISKY = re.compile(r"'*[=+\-@＝＋－＠]")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> int:
    """A CSV that Excel opens as UTF-8, whole or not at all; returns how many rows it has. Unreadable: cannot be written."""
    count = 0
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    except OSError as problem:
        raise Unreadable(_("写不了 %(name)s：%(why)s。", name=path, why=problem.strerror)) from None
    try:
        with open(handle, "w", encoding="utf-8-sig", newline="") as file:
            out = csv.writer(file)
            out.writerow(header)
            for row in rows:
                out.writerow([guarded(cell) for cell in row])
                count += 1
        os.chmod(name, 0o644)  # mkstemp keeps it to its maker
        os.replace(name, path)
    except OSError as problem:
        raise Unreadable(_("写不了 %(name)s：%(why)s。", name=path, why=problem.strerror)) from None
    finally:
        Path(name).unlink(missing_ok=True)
    return count
