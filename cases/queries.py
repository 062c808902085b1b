"""Reading cases: one case with all that belongs to it, the work queue, search, what a resident sees. Room `cases`, floor 4.

Scope comes from the actor (cases/scope.py) inside every query; a case out of reach does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, defer

from accounts.policy import Actor, Role
from cases import receipts
from cases.gathering import cases_of
from cases.models import OPEN_STATES, Authorisation, Case, CaseEvent, Consent, Desk, Paper, State
from cases.news import SUBMIT, aggregate_column
from cases.scope import desk_of, in_reach
from common.sealing import keys_of
from common.sheets import plain_number
from common.working_days import WorkingDays
from stations.models import Station
from sync.stands import Stand, kind_of, stand_of, words_of

PAGE = 20
COUNTED = 1_000  # a tab says 999+ beyond: counting a hundred thousand rows for a number nobody reads costs 30 ms
SOON_WD = 2  # working days before a deadline at which a case is due soon
MAX_PAGES = COUNTED // PAGE


# One case


@dataclass(frozen=True)
class File:
    """A case and all that belongs to it."""

    case: Case
    events: Sequence[CaseEvent]
    papers: Sequence[Paper]
    authorisations: Sequence[Authorisation]
    consents: Sequence[Consent]
    station_name: str  # where it was filed; its code where the station is gone
    station_phone: str | None
    synced: "Synced"


@dataclass(frozen=True)
class Synced:
    """How far the province knows of a case. `refused`: its words for what was not taken, `refused_kind`: by whom, and
    why; `filed`: of the filing alone."""

    stand: Stand = Stand.NOTHING
    refused: str = ""
    refused_kind: str = ""
    filed: Stand = Stand.NOTHING


def file_of(session: Session, ref: str, by: Actor) -> File | None:
    """Everything of one case in the actor's reach; None otherwise. Four SELECTs."""
    return _file(session, Case.ref == ref, in_reach(by))


def _file(session: Session, *where: sa.ColumnElement[bool]) -> File | None:
    wanted = sa.select(
        Case,
        Station.name,
        Station.phone,
        stand_of(aggregate_column()).label("stand"),
        words_of(aggregate_column()).label("refused"),
        kind_of(aggregate_column()).label("refused_kind"),
        stand_of(aggregate_column(), SUBMIT).label("filed"),
    ).outerjoin(Station, Station.code == Case.station_code)
    found = session.execute(wanted.where(*where)).one_or_none()
    if found is None:
        return None
    case: Case = found.Case
    papers = sa.select(Paper).where(Paper.case_id == case.id, Paper.state != "removed")
    # Authorisations and consents of one case are a handful: every pair of them in one statement costs less than two.
    beside = (
        sa.select(Authorisation, Consent)
        .select_from(Case)
        .outerjoin(Authorisation, Authorisation.case_id == Case.id)
        .outerjoin(Consent, Consent.case_id == Case.id)
        .where(Case.id == case.id)
        .order_by(Authorisation.made_at, Consent.at, Consent.id)
    )
    events = session.scalars(sa.select(CaseEvent).where(CaseEvent.case_id == case.id).order_by(CaseEvent.seq)).all()
    at_hand = session.scalars(papers.order_by(Paper.at, Paper.id)).all()
    pairs = session.execute(beside).all()
    return File(
        case,
        events,
        at_hand,
        list(dict.fromkeys(pair.Authorisation for pair in pairs if pair.Authorisation)),
        list(dict.fromkeys(pair.Consent for pair in pairs if pair.Consent)),
        found.name or case.station_code,
        found.phone,
        Synced(Stand(found.stand or 0), found.refused or "", found.refused_kind or "", Stand(found.filed or 0)),
    )


def for_step(session: Session, ref: str, by: Actor) -> Case | None:
    """The case, locked until the transaction ends: what every step begins with."""
    wanted = sa.select(Case).where(Case.ref == ref, in_reach(by)).with_for_update()
    return session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()


def followed(session: Session, ref: str, code: str) -> File | None:
    """What a resident may see with receipt number and code; None when either is wrong. The caller limits the tries."""
    return _file(session, Case.ref == ref, Case.follow_hash == receipts.follow_hash(keys_of(session), ref, code))


def followed_again(session: Session, ref: str, follow_hash: str) -> File | None:
    """The same for a browser that gave the code before: `follow_hash` is what its cookie vouches for; a new code ends it."""
    return _file(session, Case.ref == ref, Case.follow_hash == follow_hash)


# The queue


class Tab(StrEnum):
    """What a queue can be cut to."""

    ALL = "all"
    NEW = "new"
    MINE = "mine"
    WAITING = "waiting"
    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class Queue:
    """One page of a queue, and how many each tab holds (COUNTED means: that many or more)."""

    cases: Sequence[Case]
    stations: dict[str, str]  # code → name, of those cases
    stands: dict[str, Stand]  # case id → how far it is synced
    counts: dict[Tab, int]
    tab: Tab
    number: int
    more: bool


def queue(
    session: Session, by: Actor, tab: Tab, days: WorkingDays, today: date, number: int = 1, item_no: int | None = None
) -> Queue:
    """The actor's open cases by deadline, `PAGE` a page, of one item or of all. Two SELECTs, whatever there is.

    Clerks and officers see what lies at their desk, a helper what the station filed and is still open. Cases without a
    deadline stand first on SQLite, last on PostgreSQL.
    """
    ways = _conditions(by, days, today)
    if item_no is not None:
        ways = {name: [*conditions, Case.item_no == item_no] for name, conditions in ways.items()}
    stand = stand_of(aggregate_column()).label("stand")
    wanted = sa.select(Case, station_name(), stand).options(defer(Case.answers)).where(*ways[tab])
    number = min(max(number, 1), MAX_PAGES)
    start = (number - 1) * PAGE
    rows = session.execute(wanted.order_by(Case.due_on, Case.id).offset(start).limit(PAGE + 1)).all()
    counted = [
        sa.select(sa.func.count())
        .select_from(sa.select(Case.id).where(*conditions).limit(COUNTED).subquery())
        .scalar_subquery()
        .label(name)
        for name, conditions in ways.items()
    ]
    counts = session.execute(sa.select(*counted)).one()
    return Queue(
        [row.Case for row in rows[:PAGE]],
        {row.Case.station_code: row.station_name or row.Case.station_code for row in rows},
        {row.Case.id: Stand(row.stand or 0) for row in rows},
        {name: counts._mapping[name] for name in ways},
        tab,
        number,
        len(rows) > PAGE and number < MAX_PAGES,
    )


def station_name() -> Any:
    """The name of a case's station, asked for after the rows were chosen: a join could make a planner read them all."""
    return sa.select(Station.name).where(Station.code == Case.station_code).scalar_subquery().label("station_name")


def _conditions(by: Actor, days: WorkingDays, today: date) -> dict[Tab, list[sa.ColumnElement[bool]]]:
    desk = desk_of(by)
    # What lies on a desk is open, and only that (cases/operations.py): the indexes of cases/models.py hold nothing else.
    base = [in_reach(by), Case.desk == desk if desk else Case.desk.is_not(None)]
    running = Case.state.in_([state for state in OPEN_STATES if state is not State.NEEDS_SUPPLEMENT])
    soon = days.after(today, SOON_WD).date
    return {
        Tab.ALL: base,
        Tab.NEW: [*base, Case.state == State.SUBMITTED],
        Tab.MINE: [
            *base,
            Case.filed_by == by.account_id if by.role is Role.HELPER else Case.handler_id == by.account_id,
        ],
        Tab.WAITING: [*base, Case.state == State.NEEDS_SUPPLEMENT],
        Tab.SOON: [*base, running, Case.due_on.between(today, soon)],
        Tab.OVERDUE: [*base, running, Case.due_on < today],
    }


# Search


def search(session: Session, typed: str, by: Actor) -> list[tuple[Case, str]]:
    """Cases in reach with this receipt number, or of the person with this whole ID number or telephone, the newest first,
    each with the name of its station. One SELECT."""
    plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in "".join(typed.split())).upper()
    keys, ref = keys_of(session), receipts.read_ref(typed)
    phones = {keys.index(one, "phone") for one in (plain, plain.replace("-", ""))}
    # One after the other: a planner that is given them as one OR reads every case.
    ways = [*cases_of(session, plain_number(typed)), sa.select(Case.id).where(Case.phone_index.in_(phones))]
    if ref:
        ways.append(sa.select(Case.id).where(Case.ref == ref))
    of_them = Case.id.in_(sa.union(*ways))
    wanted = sa.select(Case, station_name()).options(defer(Case.answers)).where(in_reach(by), of_them)
    rows = session.execute(wanted.order_by(Case.filed_at.desc()).limit(PAGE)).all()
    return [(row.Case, row.station_name or row.Case.station_code) for row in rows]


def waiting_at(case: Case) -> str:
    """Who has to act: resident, town, county, province, nobody."""
    if case.state == State.NEEDS_SUPPLEMENT:
        return "resident"
    if case.state == State.APPROVED:
        return "province"
    return {Desk.TOWN: "town", Desk.COUNTY: "county"}.get(Desk(case.desk), "nobody") if case.desk else "nobody"
