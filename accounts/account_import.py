"""Many accounts from one table, xlsx or CSV: every row is checked before any is made. Room `accounts`, floor 1.

Smaller than the roster's reader (stations/sheets.py), which stands above: our own columns, one sheet, a few thousand rows.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import sqlalchemy as sa
from python_calamine import CalamineError, CalamineWorkbook
from sqlalchemy.orm import Session

from accounts.models import Account
from accounts.operations import NewAccount, NewPost, Refused
from accounts.places import Places, new_post
from accounts.policy import Role
from accounts.schema import ROLE_WORDS, check_name, plain_name, read_phone
from common.i18n import gettext as _

MAX_FILE = 5 * 2**20  # bytes
MAX_ROWS = 5_000
COLUMNS = ("用户名", "姓名", "手机号", "岗位", "管辖范围", "站点编号")
NEEDED = ("用户名", "姓名", "岗位")


class Unreadable(ValueError):
    """The file as a whole cannot be used; one sentence."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row; never what stands in it."""

    line: int
    words: str


@dataclass(frozen=True)
class Wanted:
    """An account as the table asks for it, its password still to come."""

    name: str
    staff_name: str
    phone: str | None
    post: NewPost

    def with_hash(self, password_hash: str) -> NewAccount:
        """Ready to be made."""
        return NewAccount(self.name, self.staff_name, password_hash, [self.post], self.phone)


@dataclass(frozen=True)
class Checked:
    """Either problems or accounts."""

    accounts: list[Wanted]
    problems: list[Problem]


Rows = list[tuple[int, dict[str, str]]]


def read_rows(file: Path) -> Rows:
    """Line numbers and cells by column. Raises Unreadable."""
    if file.stat().st_size > MAX_FILE:
        raise Unreadable(_("文件超过 %(n)s MB，请分成几个再导入。", n=MAX_FILE // 2**20))
    body = file.read_bytes()
    try:
        lines = _workbook(body) if body[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") else _csv(body)
    except (CalamineError, csv.Error, UnicodeDecodeError, ValueError):
        raise Unreadable(_("这不是能读的表格，请另存为 xlsx 或 UTF-8 的 CSV。")) from None
    header = [cell.strip() for cell in lines[0]] if lines else []
    lacking = [column for column in NEEDED if column not in header]
    if lacking:
        raise Unreadable(_("第一行要有这些列：%(columns)s。", columns="、".join(COLUMNS)))
    if len(lines) > MAX_ROWS + 1:
        raise Unreadable(_("最多一次 %(n)s 行，请分成几个再导入。", n=MAX_ROWS))
    rows = [
        (line, dict(zip(header, (cell.strip() for cell in cells), strict=False)))
        for line, cells in enumerate(lines[1:], 2)
    ]
    return [(line, cells) for line, cells in rows if any(cells.values())]


def _workbook(body: bytes) -> list[list[str]]:
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(body)).get_sheet_by_index(0)
    return [[_cell(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]


def _cell(cell: object) -> str:
    """A number typed into Excel is still a code."""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _csv(body: bytes) -> list[list[str]]:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("gb18030")
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def check(session: Session, known: Places, rows: Rows) -> Checked:
    """Each row as an account to be made, and what is wrong with the others."""
    roles = {str(words): role for role, words in ROLE_WORDS.items()} | {role.value: role for role in Role}
    taken = set(session.scalars(sa.select(Account.name)))
    accounts: list[Wanted] = []
    problems: list[Problem] = []
    for line, cells in rows:
        try:
            wanted = _row(session, known, cells, roles)
            if wanted.name in taken:
                raise Refused(_("用户名 %(name)s 已经有人用了，换一个。", name=wanted.name))
            taken.add(wanted.name)
            accounts.append(wanted)
        except ValueError as problem:
            problems.append(Problem(line, str(problem)))
    return Checked(accounts, problems)


def _row(session: Session, known: Places, cells: dict[str, str], roles: dict[str, Role]) -> Wanted:
    for column in NEEDED:
        if not cells.get(column):
            raise Refused(_("请填写%(label)s", label=column))
    role = roles.get(cells["岗位"])
    if role is None:
        raise Refused(
            _("岗位没有这一种。有：%(roles)s。", roles="、".join(str(words) for words in ROLE_WORDS.values()))
        )
    phone = read_phone(cells["手机号"]) if cells.get("手机号") else None
    post = new_post(session, known, role, cells.get("管辖范围", ""), cells.get("站点编号", ""))
    return Wanted(check_name(plain_name(cells["用户名"])), cells["姓名"][:30], phone, post)


def write_passwords(sheet: TextIO, accounts: Sequence[Wanted], passwords: Sequence[str]) -> None:
    """Names and first passwords as CSV, to be handed out."""
    writer = csv.writer(sheet)
    writer.writerow(["用户名", "姓名", "首次密码"])
    for account, password in zip(accounts, passwords, strict=True):
        name = account.staff_name
        writer.writerow([account.name, f"'{name}" if name[:1] in "=+-@" else name, password])
