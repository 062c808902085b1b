"""Places a form may name outside the product's own divisions: where one is treated, which units went into others. Pure data.

Sources: docs/data-sources.md, cases/data/.
"""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

from common.i18n import english

DATA = Path(__file__).parent / "data"
SHANDONG = "37"
ABROAD = ("71", "81", "82")  # Taiwan, Hong Kong, Macao: other insurance; ABROAD_CHOICE: any other country
ABROAD_CHOICE = "abroad"


class Place(NamedTuple):
    """A city, municipality, province or the XPCC. `kind`: city, or province where the whole of it may be chosen."""

    code: str
    name: str
    kind: str


class Merged(NamedTuple):
    """A division that is no more, and the one it went into."""

    name: str
    into: str
    into_name: str


def _rows(file: str) -> list[dict[str, str]]:
    with (DATA / file).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@cache
def care_places() -> dict[str, Place]:
    """Six-digit code → place, in the order of codes."""
    return {row["code"]: Place(row["code"], row["name"], row["kind"]) for row in _rows("care_places.csv")}


@cache
def merged_divisions() -> dict[str, Merged]:
    """Old six-digit code → what became of it."""
    return {row["code"]: Merged(row["name"], row["into"], row["into_name"]) for row in _rows("merged_divisions.csv")}


@cache
def _named(file: str, in_english: bool) -> tuple[tuple[str, str], ...]:
    return tuple((row["code"], row["en" if in_english else "zh"]) for row in _rows(file))


def ethnic_groups() -> tuple[tuple[str, str], ...]:
    """Choices of naty (GB/T 3304), in the reader's language."""
    return _named("ethnic_groups.csv", english())


def nationalities() -> tuple[tuple[str, str], ...]:
    """Choices of nat_regn_code (ISO 3166-1 alpha-3), China left out, in the reader's language."""
    return _named("nationalities.csv", english())


def place_name(code: str | None) -> str:
    """What the city or province of this code is called; the city's name for a county in it; "" for none."""
    places = care_places()
    for known in (code or "", f"{(code or '')[:4]}00", f"{(code or '')[:2]}0000"):
        if known in places:
            return places[known].name
    return ""


def pool_area(code: str) -> str:
    """The pooling area of an insurance division: the city, or the municipality as a whole."""
    return code[:2] if care_places().get(f"{code[:2]}0000", Place("", "", "")).kind == "city" else code[:4]
