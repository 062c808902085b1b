"""Numbers of identity papers: what they must look like, and what they say of birth and sex. Floor 0; pure.

GB 11643 (身份证), the residence permit of Hong Kong, Macao and Taiwan residents (same shape), the foreigners' permanent
residence card (2023: same check digit), travel permits, passports. The first six digits are never looked up: codes of
divisions that are long gone stay valid for life.
"""

import re
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from common.i18n import gettext as _

RESIDENT, RESIDENCE_PERMIT, FOREIGN_RESIDENT = "01", "17", "07"
HONG_KONG, MACAO, TAIWAN = "04", "05", "06"
FOREIGN_PASSPORT, CHINESE_PASSPORT, OTHER = "08", "16", "99"
# Papers of other kinds that the dictionary knows: no check digit is known for them (psn_cert_type).
UNCHECKED = frozenset({"02", "03", "10", "11", "12", "13", "14", "15", "91", OTHER})
# What a page offers beside national codes: one choice for two codes, or two choices for one.
HOUSEHOLD_BOOK, PERMIT = "household_book", "permit"
KINDS = frozenset(
    {RESIDENT, HOUSEHOLD_BOOK, RESIDENCE_PERMIT, PERMIT, HONG_KONG, MACAO, TAIWAN}
    | {FOREIGN_RESIDENT, FOREIGN_PASSPORT, CHINESE_PASSPORT}
    | UNCHECKED
)
OLDEST = 130  # years
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_ISLANDS = ("810000", "820000", "830000")


class IdNumber(NamedTuple):
    """A number that can be right. `cert_type`: national psn_cert_type. `born`, `sex` (1, 2): None where it says nothing."""

    number: str
    cert_type: str
    born: date | None = None
    sex: str | None = None


def read_id_number(kind: str, number: str, today: date) -> IdNumber:
    """What this number of this kind (one of KINDS) says. `number` is normalised already (common/sheets.py: plain_number).

    ValueError with the sentence for the reader.
    """
    if kind in {RESIDENT, HOUSEHOLD_BOOK}:
        return _resident(number, today)
    if kind == RESIDENCE_PERMIT:
        return _residence_permit(number, today)
    if kind == FOREIGN_RESIDENT:
        return _foreign_resident(number, today)
    return _without_birth(kind, number)


def check_digit(first_17: str) -> str:
    """The last character of an 18-digit number, by ISO 7064 mod 11-2."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def age_on(day: date, born: date) -> int:
    """Full years. Who is born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _resident(number: str, today: date) -> IdNumber:
    noun = _("身份证号")
    if re.fullmatch(r"[0-9]{15}", number):
        raise ValueError(_("这是 15 位旧号，请填现在的 18 位身份证号"))
    _eighteen(number, noun)
    if number[:2] in {"81", "82", "83"}:
        raise ValueError(_("这是港澳台居民居住证号，请改选证件类型"))
    if number[0] == "9":
        raise ValueError(_("这是外国人永久居留身份证号，请改选证件类型"))
    return _spoken(number, RESIDENT, noun, today)


def _residence_permit(number: str, today: date) -> IdNumber:
    noun = _("居住证号")
    _eighteen(number, noun)
    if number[:6] not in _ISLANDS:
        raise ValueError(_("居住证号应以 810000、820000 或 830000 开头"))
    return _spoken(number, RESIDENCE_PERMIT, noun, today)


def _foreign_resident(number: str, today: date) -> IdNumber:
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return IdNumber(number, FOREIGN_RESIDENT)
    if not re.fullmatch(r"9[0-9]{16}[0-9X]", number):
        raise ValueError(_("永久居留证号应为 18 位，旧证为 3 个字母加 12 位数字"))
    return _spoken(number, FOREIGN_RESIDENT, _("永久居留证号"), today)


def _eighteen(number: str, noun: str) -> None:
    if len(number) != 18:
        raise ValueError(_("%(noun)s应为 18 位", noun=noun))
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise ValueError(_("%(noun)s只能是数字，末位可以是 X", noun=noun))


def _spoken(number: str, cert_type: str, noun: str, today: date) -> IdNumber:
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise ValueError(_("%(noun)s里的出生日期不存在，请逐位核对", noun=noun)) from None
    if born > today:
        raise ValueError(_("%(noun)s里的出生日期还没到，请逐位核对", noun=noun))
    if age_on(today, born) > OLDEST:
        raise ValueError(_("%(noun)s里的出生日期太早，请逐位核对", noun=noun))
    if check_digit(number[:17]) != number[17]:
        raise ValueError(_("%(noun)s校验位不对，请逐位核对", noun=noun))
    return IdNumber(number, cert_type, born, "1" if int(number[16]) % 2 else "2")


def _without_birth(kind: str, number: str) -> IdNumber:
    pattern, words = _SHAPES.get(kind, _SHAPES[OTHER])
    if not re.fullmatch(pattern, number):
        raise ValueError(words())
    if kind in {PERMIT, HONG_KONG, MACAO}:
        kind = HONG_KONG if number[0] == "H" else MACAO
    return IdNumber(number, kind)


def _permit() -> str:
    return _("通行证号是 H 或 M 加 8 位数字")


_SHAPES: dict[str, tuple[str, Callable[[], str]]] = {
    PERMIT: (r"[HM][0-9]{8}([0-9]{2})?", _permit),
    HONG_KONG: (r"H[0-9]{8}([0-9]{2})?", _permit),
    MACAO: (r"M[0-9]{8}([0-9]{2})?", _permit),
    TAIWAN: (r"[0-9]{8}([0-9]{2})?", lambda: _("台胞证号应为 8 位数字")),
    FOREIGN_PASSPORT: (r"[A-Z0-9]{5,17}", lambda: _("护照号应为 5 至 17 位字母和数字")),
    CHINESE_PASSPORT: (r"[A-Z][A-Z0-9]{8}", lambda: _("中国护照号应为 9 位，以字母开头")),
    OTHER: (r".{4,50}", lambda: _("证件号码应为 4 至 50 个字")),
}
