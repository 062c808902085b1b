"""The province's list of stations (transaction G501) against ours: what would be added, changed, closed. Room `stations`.

Its rows are checked as those of a roster file are (roster.py) and kept by roster_import.py. Handed down to sync by app.py.
Nothing here commits.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from maps.place import Datum
from stations.cells import Kind
from stations.importing import Facts, Outcome
from stations.models import AT_THE_DOOR, Station
from stations.roster import Said, check
from stations.roster_import import import_roster, known_for_roster
from stations.sheets import Record, Table

SOURCE = "省平台站点名册"
GONE = "0"  # vali_flag
FEW = 20  # stations that one list may close without a person, where that is more than 5 %
_CELLS = ("code", "name", "level", "host", "town_code", "village_code", "lon", "lat", "datum", "address", "phone")
_PLACE = frozenset({"lat", "lon", "mx", "my", "datum", "place_source"})
_station: sa.Table = Station.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Plan:
    """What a list would do. facts: only of stations that differ. wrong: code → why its row cannot be used."""

    facts: Sequence[Facts]
    closing: int
    open_now: int
    wrong: Mapping[str, str]
    differs: Mapping[str, str] = field(default_factory=dict)  # none: what it says is done or cannot be right


def plan(
    session: Session, rows: Iterable[Any], *, full: bool, now: datetime, areas: Sequence[str], synthetic: bool = False
) -> Plan:
    """Compare; a reading session will do.

    full: the list is whole, so a station of ours that it does not name is closed. synthetic: of stations it adds.
    """
    said = {str(row.get("code", ""))[:40]: row for row in rows if isinstance(row, dict)}  # told twice: the later counts
    ours = {row.code: row._mapping for row in session.execute(sa.select(_station))}
    living = {code: row for code, row in said.items() if str(row.get("vali_flag", "1")) != GONE}
    records = [Record(line, _cells(row), 0) for line, row in enumerate(living.values(), 1)]
    known = known_for_roster(session, today=local_date(now), areas=areas, datum=Datum.WGS84)
    checked = check(Table({}, (), len(records), iter(records)), known, Said(SOURCE, None, synthetic))
    codes = list(living)
    wrong = {
        codes[problem.line - 1]: problem.words
        for problem in checked.problems
        if problem.kind is Kind.ERROR and problem.line
    }
    facts = []
    for stated in checked.stations:
        old = ours.get(stated["code"])
        if old is None:
            facts.append(stated)
            continue
        keep = {"synthetic", "source"} | (_PLACE if old["place_source"] == AT_THE_DOOR else frozenset())
        stated = {name: value for name, value in stated.items() if name not in keep}
        if any(old[name] != value for name, value in stated.items()):
            facts.append(stated)
    gone = {code for code in said if code not in living} | ({*ours} - {*said} if full else set())
    closing = [ours[code] for code in sorted(gone) if code in ours and ours[code]["open"]]
    facts += [{"code": row["code"], "county_code": row["county_code"], "open": False} for row in closing]
    return Plan(facts, len(closing), sum(row["open"] for row in ours.values()), wrong)


def apply(session: Session, planned: Plan, now: datetime) -> Outcome:
    """Do it."""
    return import_roster(session, planned.facts, source=SOURCE, now=now)


def _cells(row: Mapping[str, Any]) -> dict[str, str]:
    """What the row states, as cells of a roster; a station that it names is open."""
    stated = {name: str(row[name]) for name in _CELLS if row.get(name) not in (None, "")}
    return dict.fromkeys(("code", "name", "level", "host", "town_code", "lon", "lat"), "") | stated | {"open": "是"}
