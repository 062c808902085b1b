"""Finding a division or a station by what people type: names, pinyin, initials, homophones. Room `stations`, floor 3.

Prefixes of indexed columns, so a million names cost no more than a thousand; only when nothing begins like it is the
text looked for inside names.
"""

import unicodedata
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.pinyin import syllables
from maps.place import Place
from stations.models import Division, Station
from stations.queries import DivisionView, divisions, lineage

SHOWN = 12
_ENDINGS = ("街道办事处", "街道", "省", "市", "区", "县", "镇", "乡")


@dataclass(frozen=True, slots=True)
class NameHit:
    """A division or a station whose name fits. `above`: 临沂市·兰山区; `score`: 1.0 is the name itself."""

    kind: str
    code: str
    name: str
    above: str
    place: Place | None
    score: float


def find_names(session: Session, typed: str, limit: int = SHOWN) -> list[NameHit]:
    """Divisions (towns and villages too) and stations, best first. At most six statements; [] for nothing to go by.

    A larger area may come first, with or without its ending: 临沂兰山区白沙埠, 白沙埠镇.
    """
    text = "".join(unicodedata.normalize("NFKC", typed).split()).lower().removeprefix("山东省").removeprefix("山东")
    text = "".join(c for c in text if c.isalnum())[:40]
    if not text:
        return []
    hits = _rank(session, text, [])
    scopes, rest = _peel(divisions(session), text, [])
    if scopes and rest:
        hits += _rank(session, rest, scopes)
    elif scopes:
        hits += [_division_hit(session, scope, 1.0) for scope in scopes]
    if not hits:
        hits = _inside(session, text)
    best: dict[tuple[str, str], NameHit] = {}
    for hit in sorted(hits, key=lambda hit: (-hit.score, len(hit.name), hit.kind, hit.code)):
        best.setdefault((hit.kind, hit.code), hit)
    return list(best.values())[:limit]


def _peel(known: dict[str, DivisionView], text: str, above: list[DivisionView]) -> tuple[list[DivisionView], str]:
    """Take city, county and town names off the front, each below the one before: the divisions left, and the rest.

    A name counts with or without its ending, whichever leaves less over: 济南市中区 is 济南 and 市中区.
    """
    steps: dict[int, list[DivisionView]] = {}
    for view in known.values():
        if view.level > 1 and not view.became and text[:2] == view.name[:2] and _below(view, above):
            for said in {view.name, short_name(view.name)}:
                if text.startswith(said):
                    steps.setdefault(len(said), []).append(view)
    parses = [_peel(known, text[length:], views) for length, views in steps.items()]
    return min(parses, key=lambda parse: len(parse[1]), default=(above, text))


def short_name(name: str) -> str:
    """The name as people say it, when at least two characters stay: 兰山区 → 兰山."""
    return next((name.removesuffix(e) for e in _ENDINGS if name.endswith(e) and len(name) - len(e) >= 2), name)


def _below(view: DivisionView, scopes: list[DivisionView]) -> bool:
    return not scopes or any(view.code != scope.code and view.code.startswith(_prefix(scope)) for scope in scopes)


def _prefix(view: DivisionView) -> str:
    return view.code.rstrip("0") if view.level == 1 else view.code[:4] if view.level == 2 else view.code


def _rank(session: Session, text: str, scopes: list[DivisionView]) -> list[NameHit]:
    """What begins with `text`, in characters, in sound or in initials."""
    sound = "".join(syllables(text))
    latin = text.isascii()
    hits = []
    for table in (Division, Station):
        begins = _between(table.pinyin, sound)
        if latin:
            begins = begins | _between(table.initials, text)
        for row in session.execute(_select(table, begins, scopes)):
            score = _score(row, text, sound, latin)
            hits.append(_hit(session, table, row, score))
    return hits


def _inside(session: Session, text: str) -> list[NameHit]:
    if len(text) < 2:
        return []
    hits = []
    for table in (Division, Station):
        for row in session.execute(_select(table, table.name.contains(text, autoescape=True), [])):
            hits.append(_hit(session, table, row, 0.5))
    return hits


def _select(table: Any, condition: Any, scopes: list[DivisionView]) -> Any:
    chosen = sa.select(table.code, table.name, table.pinyin, table.initials, table.lat, table.lon).where(condition)
    chosen = chosen.where(*((table.level > 1, table.became.is_(None)) if table is Division else (table.open,)))
    if scopes:
        below = [table.code.between(_prefix(scope), _prefix(scope) + ":") for scope in scopes]  # ':' follows '9'
        chosen = chosen.where(sa.or_(*below))
    return chosen.order_by(sa.func.length(table.name), table.code).limit(4 * SHOWN)


def _between(column: Any, prefix: str) -> Any:
    """Begins with `prefix`, as a range that an index serves on both databases ('~' follows every letter)."""
    return column.between(prefix, prefix + "~")


def _score(row: Any, text: str, sound: str, latin: bool) -> float:
    share = min(1.0, len(text) / max(len(row.name), 1))
    if row.name == text:
        return 1.0
    if row.name.lower().startswith(text):
        return 0.8 + 0.15 * share
    if latin and row.pinyin == text:
        return 0.9
    if latin and row.initials.startswith(text) and not row.pinyin.startswith(sound):
        return 0.45 + 0.4 * min(1.0, len(text) / max(len(row.initials), 1))
    return 0.6 + 0.25 * min(1.0, len(sound) / max(len(row.pinyin), 1))


def _hit(session: Session, table: Any, row: Any, score: float) -> NameHit:
    place = Place(row.lat, row.lon) if row.lat is not None else None
    kind = "division" if table is Division else "station"
    above = [view.name for code in (row.code[:4] + "00", row.code[:6], row.code[:9]) if (view := _known(session, code))]
    if kind == "division":
        above = [name for name in above if name != row.name]
    return NameHit(kind, row.code, row.name, "·".join(above), place, score)


def _known(session: Session, code: str) -> DivisionView | None:
    return divisions(session).get(code)


def _division_hit(session: Session, view: DivisionView, score: float) -> NameHit:
    above = "·".join(part.name for part in lineage(session, view.code)[:-1])
    return NameHit("division", view.code, view.name, above, view.place, score)
