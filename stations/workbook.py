"""A workbook (xlsx, xls, ods) turned into CSV, in a process of its own. Room `stations`, floor 3; run as a script by sheets.py.

A workbook of 1 kB may say that its last cell is XFD1048576: the reader then asks for 500 GB and the process is aborted,
which no `except` catches. Here that ends a child with a ceiling of memory and time, and the parent says one sentence.

Output: for each visible sheet a record `0,name,rows`, then one record `row number,cell,cell…` per row. Exit codes: Ended.
"""

import csv
import datetime
import os
import resource
import sys
import zipfile
from enum import IntEnum
from typing import Any

MAX_ROWS = 200_000
MAX_UNPACKED = 400 * 2**20  # bytes
MAX_PARTS = 2_000  # files inside the zip; a plain workbook has about 20
MAX_CELL = 2_000  # characters; more than any of our columns takes, so a longer one is refused all the same
MEMORY = 1_500 * 2**20  # bytes of address space; 200,000 rows of 25 columns need half of it
SECONDS = 60  # of processor time; 35,000 rows take 1

Cell = str | float | bool | datetime.date | datetime.time | datetime.timedelta


class Ended(IntEnum):
    """Why the child stopped."""

    WELL = 0
    BROKEN = 10
    TOO_BIG = 11
    TOO_MANY_ROWS = 12
    PASSWORD = 13


def main(path: str) -> Ended:
    """Write the workbook at `path` to standard output."""
    for limit, value in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        _limit(limit, value)
    # Only now: it opens what strangers sent.
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

    out = csv.writer(sys.stdout)
    try:
        if _is_too_big(path):
            return Ended.TOO_BIG
        with open(path, "rb") as file:
            book = CalamineWorkbook.from_filelike(file)
        for known in book.sheets_metadata:
            if known.visible is not SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_name(known.name)
            if sheet.total_height > MAX_ROWS:
                return Ended.TOO_MANY_ROWS
            out.writerow([0, known.name, sheet.total_height])
            for number, row in enumerate(sheet.iter_rows(), 1):
                out.writerow([number, *map(as_text, row)])
        sys.stdout.flush()
    except PasswordError:
        return Ended.PASSWORD
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError, MemoryError):
        return Ended.BROKEN
    return Ended.WELL


def as_text(value: Any) -> str:
    """A cell as one would type it: 370102001 and not 370102001.0, 2026-11-20, 08:30."""
    if isinstance(value, str):
        return value[:MAX_CELL]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, datetime.time):
        return value.isoformat("minutes")
    return str(value)


def _limit(which: int, value: int) -> None:
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError):  # macOS does not take every limit, and a lower one may hold already
        return


def _is_too_big(path: str) -> bool:
    """By what the zip says of itself; what it does not say, the ceiling of memory finds out."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as book:
        parts = book.infolist()
    return len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    try:
        code = main(sys.argv[1])
        sys.stdout.flush()
    except BrokenPipeError:  # the parent has read enough
        code = Ended.WELL
    os._exit(code)  # a flush at exit into a closed pipe would complain
