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
from stations.cells import Kind, digits
from stations.importing import BATCH, Facts, Outcome
from stations.models import AT_THE_DOOR, Station
from stations.roster import Said, check
from stations.roster_import import import_roster, known_for_roster
from stations.sheets import Record, Table

SOURCE = "省平台站点名册"
GONE = "0"  # vali_flag
FEW = 20  # stations that one list may close without a person, where that is more than 5 %
_CELLS = ("code", "name", "level", "host", "town_code", "village_code", "lon", "lat", "datum", "address", "phone")
_NEEDED = ("name", "level", "host", "town_code", "lon", "lat")
_PLACE = frozenset({"lat", "lon", "mx", "my", "datum", "place_source"})
_station: sa.Table = Station.__table__  # type: ignore[assignment]


@dataclass(frozen=True)
class Plan:
    """What a list would do. facts: only of stations that differ. wrong: code → why its row cannot be used."""

    facts: Sequence[Facts]
    ending: Mapping[str, str]
    open_now: int
    wrong: Mapping[str, str]
    differs: Mapping[str, str] = field(default_factory=dict)  # that places may be of another datum: known ones stay put


def plan(
    session: Session, rows: Iterable[Any], *, full: bool, now: datetime, areas: Sequence[str], synthetic: bool = False
) -> Plan:
    """Compare; a reading session will do.

    full: the list is whole, so a station of ours that it does not name is closed. synthetic: of stations it adds.
    """
    said = {_code(row): row for row in rows if isinstance(row, dict)}  # told twice: the later counts
    codes = [code for code, row in said.items() if str(row.get("vali_flag", "1")) != GONE]
    living = frozenset(codes)
    records = (Record(line, _cells(code, said[code]), 0) for line, code in enumerate(codes, 1))
    known = known_for_roster(session, today=local_date(now), areas=areas, datum=Datum.WGS84)
    checked = check(Table({}, (), len(codes), records), known, Said(SOURCE, None, synthetic))
    wrong = {
        codes[problem.line - 1]: problem.words
        for problem in checked.problems
        if problem.kind is Kind.ERROR and problem.line
    }
    moved = [problem.words for problem in checked.problems if not problem.line]  # all of them, by a wrong datum
    stated = {facts["code"]: facts for facts in checked.stations}
    facts, closing, ending, open_now = [], [], {}, 0
    ours = sa.select(_station).order_by(_station.c.code).execution_options(yield_per=BATCH * 2)
    for old in session.execute(ours).mappings():  # row by row: all of them at once are 100 MB
        open_now += old["open"]
        code = old["code"]
        if code in stated:
            keep = {"synthetic", "source"} | (_PLACE if moved or old["place_source"] == AT_THE_DOOR else frozenset())
            said_of_it = {name: value for name, value in stated.pop(code).items() if name not in keep}
            if any(old[name] != value for name, value in said_of_it.items()):
                facts.append(said_of_it)
        elif old["open"] and (code in said or full) and code not in living:
            closing.append({"code": code, "county_code": old["county_code"], "open": False})
            ending[code] = old["name"]
    facts += [*stated.values(), *closing]
    settled = {"datum": ""} if checked.datum_fits else {}
    return Plan(facts, ending, open_now, wrong, {"datum": moved[0]} if moved else settled)


def apply(session: Session, planned: Plan, now: datetime) -> Outcome:
    """Do it."""
    return import_roster(session, planned.facts, source=SOURCE, now=now)


def _code(row: Mapping[str, Any]) -> str:
    """As a roster's cell is read, so that no station is closed because its code was written with a space. One that cannot be
    read stands as it is: its row is refused by the check of rows."""
    said = str(row.get("code") or "")
    try:
        return digits(said)[:40]
    except ValueError:
        return said.strip()[:40]


def _cells(code: str, row: Mapping[str, Any]) -> dict[str, str]:
    """What the row states, as cells of a roster; a station that it names is open."""
    stated = {name: str(row[name]) for name in _CELLS if row.get(name) not in (None, "")}
    return dict.fromkeys(_NEEDED, "") | stated | {"code": code, "open": "是"}
