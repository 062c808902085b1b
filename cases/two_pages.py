"""Two pages of one draft, open at once: what one of them did not touch, it does not undo. Room `cases`, floor 4. Pure.

A page carries a name of its own (TAB) and a short mark of what each field held when it was drawn (BASE); the draft knows
which page wrote a field last (WRITERS). A field that another page has changed since is left alone by whoever sends it as it
was drawn, and is asked about (a clash) where it was changed here too. Without TAB and BASE the later word counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common.sealing import fingerprint

TAB, BASE = "tab", "base"  # hidden on a page
WRITERS = "writers"  # kept beside the answers: field=page, …
MARK = 8  # hex digits


@dataclass(frozen=True)
class Settled:
    """What is to be kept of what was sent, and what to ask about: field → what was typed here."""

    kept: dict[str, Any]
    clashes: dict[str, Any]


def base_of(shown: Mapping[str, Any]) -> str:
    """What a page carries of the values it was drawn with."""
    return " ".join(f"{name}={_mark(value)}" for name, value in shown.items())


def settle(answers: Mapping[str, Any], typed: Mapping[str, Any], sent: Mapping[str, Any]) -> Settled:
    """Compare what was sent with what the page was drawn with, and with what the draft holds now."""
    tab, base, writers = str(sent.get(TAB, ""))[:12], _pairs(str(sent.get(BASE, "")).split(" ")), writers_of(answers)
    kept, clashes = {}, {}
    for name, value in typed.items():
        there = _mark(answers.get(name))
        elsewhere = name in base and writers.get(name, tab) != tab and there not in {base[name], _mark(value)}
        if not elsewhere:
            kept[name] = value
        elif _mark(value) != base[name]:
            clashes[name] = value
    return Settled(kept, clashes)


def written(answers: Mapping[str, Any], kept: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, list[str]]:
    """WRITERS, as they are once this is kept."""
    tab = str(sent.get(TAB, ""))[:12]
    changed = {name: tab for name, value in kept.items() if _mark(value) != _mark(answers.get(name))}
    return {WRITERS: [f"{name}={by}" for name, by in (writers_of(answers) | changed).items()]} if changed else {}


def writers_of(answers: Mapping[str, Any]) -> dict[str, str]:
    """Field → the page that wrote it last."""
    return _pairs(answers.get(WRITERS) or [])


def _pairs(parts: Iterable[str]) -> dict[str, str]:
    split = (part.partition("=") for part in parts)
    return {name: value for name, equals, value in split if equals}


def _mark(value: Any) -> str:
    """The same for what a form sends and for what a correction begins with."""
    if isinstance(value, list | tuple):
        plain: Any = [str(one) for one in value] or ""
    else:
        plain = "1" if value is True else "" if value in (None, False) else str(value).strip()
    return fingerprint(plain)[:MARK]
