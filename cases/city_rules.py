"""What cities decide, as a file a bureau can read and replace: cases/data/city_rules.csv. Pure.

city_code,name,value,effective_on,source. Names are those of cases/circumstances.py: CityRules; without a city_code: what
holds where the city said nothing. Values: a number, 是 or 否, 无 for "not set", periods as 2027:2026-09-01/2026-12-31.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import fields
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from cases.circumstances import CityRules

FILE = Path(__file__).parent / "data" / "city_rules.csv"
KNOWN = {one.name for one in fields(CityRules)}
_PERIOD = re.compile(r"(\d{4}):(\d{4}-\d\d-\d\d)/(\d{4}-\d\d-\d\d)")
_WORDS: dict[str, Any] = {"是": True, "否": False, "无": None}


class CityRule(NamedTuple):
    """One row, as the table city_setting holds it. `value`: JSON; `city_code`: "" for every city."""

    city_code: str
    name: str
    value: Any
    effective_on: date
    source: str


def read_city_rules(lines: Iterable[str]) -> list[CityRule]:
    """All rows; ValueError with the line's number and what is wrong with it."""
    found = []
    for number, row in enumerate(csv.DictReader(lines), start=2):
        try:
            found.append(_rule(row))
        except (KeyError, TypeError, ValueError) as problem:
            raise ValueError(f"第 {number} 行：{problem}") from problem
    return found


def shipped_city_rules() -> list[CityRule]:
    """The rows that come with the product; see `source` for which are only for the demo."""
    with FILE.open(encoding="utf-8", newline="") as lines:
        return read_city_rules(lines)


def _rule(row: dict[str, str]) -> CityRule:
    name, city = row["name"], row["city_code"]
    if name not in KNOWN:
        raise ValueError(f"没有“{name[:40]}”这项规定")
    if city and not re.fullmatch(r"\d{4}00", city):
        raise ValueError("城市代码应为六位，末两位是 00")
    if not row["source"]:
        raise ValueError("请写明来源")
    return CityRule(city, name, _value(name, row["value"]), date.fromisoformat(row["effective_on"]), row["source"])


def _value(name: str, text: str) -> Any:
    if name == "collection_periods":
        return [_period(one) for one in text.split(";") if one]
    value = _WORDS[text] if text in _WORDS else int(text)
    default = getattr(CityRules(), name)
    if isinstance(default, bool) != isinstance(value, bool):
        raise ValueError(f"{name} 的值不对：{text[:20]}")
    if value is None and default is not None:
        raise ValueError(f"{name} 要有值")
    return value


def _period(text: str) -> dict[str, Any]:
    found = _PERIOD.fullmatch(text)
    if not found:
        raise ValueError(f"缴费期请写成 2027:2026-09-01/2026-12-31：{text[:40]}")
    start, end = date.fromisoformat(found[2]), date.fromisoformat(found[3])
    if end < start:
        raise ValueError(f"缴费期的结束早于开始：{text[:40]}")
    return {"year": int(found[1]), "start": start.isoformat(), "end": end.isoformat()}
