"""One line of the table a person reads: what was measured, what it should be, what it was."""

import sys
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple


class Row(NamedTuple):
    """`ok`: None where there is no bar, only something to know."""

    what: str
    bar: str
    measured: str
    ok: bool | None


def at_most(what: str, measured: float, bar: float, unit: str, *, digits: int = 1) -> Row:
    return Row(what, f"≤ {bar:g} {unit}", f"{measured:.{digits}f} {unit}", measured <= bar)


def at_least(what: str, measured: float, bar: float, unit: str, *, digits: int = 1) -> Row:
    return Row(what, f"≥ {bar:g} {unit}", f"{measured:.{digits}f} {unit}", measured >= bar)


def note(what: str, measured: str) -> Row:
    """Something to read beside the bars."""
    return Row(what, "", measured, None)


def show(rows: Iterable[Row]) -> None:
    lines = [
        ("what", "bar", "measured", ""),
        *((*row[:3], {True: "ok", False: "NOT", None: ""}[row.ok]) for row in rows),
    ]
    widths = [max(_width(line[column]) for line in lines) for column in range(3)]
    for line in lines:
        cells = [text + " " * (width - _width(text)) for text, width in zip(line, widths, strict=False)]
        print("  ".join([*cells, line[3]]).rstrip())


def say(words: str) -> None:
    """What is going on, for who waits; the table alone goes to standard output."""
    print(f"· {words}", file=sys.stderr, flush=True)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
