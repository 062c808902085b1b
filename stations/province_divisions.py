"""The province's list of divisions (transaction G502) against ours: what would be added, changed, merged away. Room `stations`.

It says code, name, what lies above, and of a merged one (vali_flag 0) into which it went; what lies below that one goes with it.
Points on the map are ours and stay. A division that the list does not name stays too: only one that says where it went can end.
Kept by division_import.py, handed down to sync by app.py. Nothing here commits.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.i18n import gettext as _
from common.pinyin import search_keys
from stations.division_import import division_row, keep_divisions, within
from stations.importing import BATCH, Facts, Outcome, batches
from stations.models import Division, Station
from stations.province_roster import GONE

FEW = 20  # that one list may merge away without a person, where that is more than 5 %: a county and its towns
TOWN, VILLAGE = 4, 5
LONGEST = 60  # characters of a name
_division: sa.Table = Division.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Plan:
    """What a list would do. facts: whole rows of those that are new or other than ours. differs: code → what a person must
    look at. Villages are not counted among what ends: they go with their town."""

    facts: Sequence[Facts]
    ending: Mapping[str, str]
    open_now: int
    wrong: Mapping[str, str] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)


def plan(session: Session, rows: Iterable[Any], *, full: bool, now: datetime, areas: Sequence[str]) -> Plan:
    """Compare; a reading session will do. Rows outside `areas` are none of our business. At most four statements and one for
    the villages of every 500 merged towns."""
    said = {str(row.get("code", ""))[:40]: row for row in rows if isinstance(row, dict)}  # told twice: the later counts
    said = {code: row for code, row in said.items() if not _level(code) or within(code, areas)}
    deepest = max((TOWN, *map(_level, said)))
    ours = _ours(session, deepest)
    there = {code for code, row in ours.items() if not row["became"]}
    living = {code: row for code, row in said.items() if str(row.get("vali_flag", "1")) != GONE}
    gone = {code: str(row.get("new_code") or "") for code, row in said.items() if code not in living}
    wrong = {
        code: _("说是撤并了，没说并到哪里，或并到的不在了；没有动")
        for code in gone.keys() & ours.keys()
        if not _arrives(code, gone, living.keys() | there)
    }
    merged = {code: into for code, into in gone.items() if code in ours and code not in wrong}
    facts: dict[str, Facts] = {}
    for code, row in sorted(living.items(), key=lambda pair: _level(pair[0])):  # what lies above comes first
        why = _mistake(code, row, (facts.keys() | there) - merged.keys())
        if why:
            wrong[code] = why
        else:
            facts[code] = _facts(code, row, ours.get(code))
    ending = _with_what_lies_below(merged, ours, facts.keys() | wrong.keys())
    facts |= {code: ours[code] | {"became": into} for code, into in ending.items()}
    if deepest == TOWN:
        facts |= {row["code"]: row | {"became": ending[row["parent_code"]]} for row in _villages(session, ending)}
    after = ours | facts
    differs = _with_stations(session, after)
    if full:
        levels = {_level(code) for code in said}
        missed = (code for code in there - said.keys() - ending.keys() if ours[code]["level"] in levels)
        silent = sorted(code for code in missed if within(code, areas))
        differs |= {code: _("%(name)s：省里的名单没有它，没有动", name=ours[code]["name"]) for code in silent}
    return Plan(
        [row for code, row in facts.items() if row != ours.get(code)],
        {code: ours[code]["name"] for code in ending if code in there and ours[code]["level"] <= TOWN},
        sum(ours[code]["level"] <= TOWN for code in there),
        wrong,
        differs,
    )


def apply(session: Session, planned: Plan, now: datetime) -> Outcome:
    """Do it."""
    return keep_divisions(session, planned.facts)


def _level(code: str) -> int:
    """What a code is of, by its digits; 0 for none."""
    if not (code.isascii() and code.isdigit()):
        return 0
    if len(code) == 6:
        return 1 if code.endswith("0000") else 2 if code.endswith("00") else 3
    return {9: TOWN, 12: VILLAGE}.get(len(code), 0)


def _arrives(code: str, gone: Mapping[str, str], living: Collection[str]) -> bool:
    """Whether a merged division ends up, after one merger or several, in one of its level that is there."""
    at, level = code, _level(code)
    for _merger in gone:
        at = gone.get(at, "")
        if _level(at) != level:
            return False
        if at not in gone:
            return at in living
    return False


def _ours(session: Session, deepest: int) -> dict[str, Facts]:
    rows = session.execute(sa.select(_division).where(_division.c.level <= deepest))
    return {row.code: dict(row._mapping) for row in rows}


def _above(code: str, row: Mapping[str, Any]) -> str | None:
    """The code of what lies above: what the row says, or what the code says."""
    level = _level(code)
    usual = {2: code[:2] + "0000", 3: code[:4] + "00", TOWN: code[:6], VILLAGE: code[:9]}.get(level)
    return str(row.get("parent") or "") or usual if usual else None


def _mistake(code: str, row: Mapping[str, Any], there: set[str]) -> str:
    """Why a row cannot be right; "" when it can."""
    level, name = _level(code), row.get("name")
    if not level or str(row.get("level") or level) != str(level):
        return _("区划代码或级别不对")
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST or not name.isprintable():
        return _("区划名称不对")
    above = _above(code, row)
    if above is not None and (above not in there or _level(above) != level - 1):
        return _("上级区划不在了，或不在名单里")
    return ""


def _facts(code: str, row: Mapping[str, Any], old: Facts | None) -> Facts:
    """The whole row of the table: of a known one only what the list says changes."""
    name, above = row["name"].strip(), _above(code, row)
    if old is None:
        return division_row(code, above, _level(code), name, None, "") | {"became": None}
    keys = search_keys(name) if name != old["name"] else {}
    return old | keys | {"name": name, "parent_code": above, "became": None}


def _with_what_lies_below(merged: Mapping[str, str], ours: Mapping[str, Facts], but: Iterable[str]) -> dict[str, str]:
    """Code → what it becomes, of the merged and of everything of ours below them that the list does not speak of."""
    ending, but = dict(merged), frozenset(but)
    for code, row in sorted(ours.items(), key=lambda pair: pair[1]["level"]):  # what lies above comes first
        if row["parent_code"] in ending and code not in ending and code not in but and not row["became"]:
            ending[code] = ending[row["parent_code"]]
    return ending


def _villages(session: Session, ending: Mapping[str, str]) -> Iterator[Facts]:
    """The villages of merged towns, unless they were merged before."""
    for towns in batches([code for code in ending if _level(code) == TOWN], BATCH):
        chosen = sa.select(_division).where(_division.c.parent_code.in_(towns), _division.c.became.is_(None))
        yield from (dict(row._mapping) for row in session.execute(chosen))


def _with_stations(session: Session, after: Mapping[str, Facts]) -> dict[str, str]:
    """Merged counties and towns in which open stations still stand: the list of stations has to move them."""
    merged = {code: row for code, row in after.items() if row["became"] and row["level"] in (3, TOWN)}
    if not merged:
        return {}
    counted: dict[str, int] = {}
    towns = sa.select(Station.town_code, sa.func.count()).where(Station.open).group_by(Station.town_code)
    for town, n in session.execute(towns):
        for code in (town, town[:6]):
            if code in merged:
                counted[code] = counted.get(code, 0) + n
    return {
        code: _(
            "%(name)s已并入%(into)s，还有 %(n)s 个站点写着它，等站点名单改",
            name=merged[code]["name"],
            into=after[merged[code]["became"]]["name"] if merged[code]["became"] in after else merged[code]["became"],
            n=n,
        )
        for code, n in sorted(counted.items())
    }
