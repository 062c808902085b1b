"""Cells of the tables people send us, read one by one; and what is said of those that are wrong. Room `stations`.

Comes in: the text of a cell. Goes out: its value, or ValueError with one sentence. Nothing here knows of stations.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple, TypeVar

from common.i18n import gettext as _

YES = {True: "是 1 y yes true 示例", False: "否 0 n no false"}

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


def plain_word(text: str) -> str:
    """村（社区）党群 服务中心 → 村社区党群服务中心."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).lower()


def _table(words: Mapping[T, str]) -> dict[str, T]:
    table = {plain_word(word): value for value, said in words.items() for word in said.split()}
    return table | {plain_word(str(value)): value for value in words}


def one_of(words: Mapping[T, str], examples: str) -> Callable[[str], T]:
    """A reader of one value of `words` (value → what people write for it, apart by spaces)."""
    table = _table(words)

    @lru_cache(maxsize=1024)
    def read(text: str) -> T:
        if (found := table.get(plain_word(text))) is None:
            raise ValueError(
                _("没填，可以填：%(examples)s。", examples=examples)
                if not text
                else _("“%(text)s”不认识，可以填：%(examples)s。", text=text[:30], examples=examples)
            )
        return found

    return read


def some_of(words: Mapping[T, str], examples: str) -> Callable[[str], int]:
    """A reader of several of them, as bits in the order of `words`."""
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


def one_line(most: int) -> Callable[[str], str | None]:
    """A reader of text of at most so many characters; None for nothing. A cell of several lines becomes one."""

    def read(text: str) -> str | None:
        return check_text(" ".join(text.split()), most) or None

    return read


def digits(text: str) -> str:
    """A code, without the spaces and wide figures of a keyboard; refused when a spreadsheet program spoilt it."""
    plain = unicodedata.normalize("NFKC", text).replace(" ", "")
    if re.fullmatch(r"\d(\.\d+)?[eE]\+?\d+", plain):
        raise ValueError(_("“%(text)s”被表格软件改成了科学计数，请把这一列设成文本再填。", text=text[:30]))
    return plain


def degrees(text: str) -> float:
    """Decimal degrees: 117.1201, 117.1201°E."""
    if not text:
        raise ValueError(_("没填，没有位置就没法找。"))
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    if not (match := re.fullmatch(r"[NE]?([+-]?\d{1,3}(?:\.\d{1,20})?)°?[NE]?", plain)):
        raise ValueError(_("“%(text)s”不是度数，请填小数，例如 117.1201。", text=text[:30]))
    return float(match[1])


def phone_number(text: str) -> str | None:
    """One telephone number as it is dialled in China; None for nothing."""
    plain = " ".join(unicodedata.normalize("NFKC", text).translate(DASHES).split())
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


DASHES = str.maketrans(dict.fromkeys("—–―─‒‐−~", "-"))


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
