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
from cases.gathering import person_index
from cases.models import OPEN_STATES, Authorisation, Case, CaseEvent, Consent, Desk, Paper, State
from cases.scope import desk_of, in_reach
from common.sealing import keys_of
from common.working_days import WorkingDays

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


def file_of(session: Session, ref: str, by: Actor) -> File | None:
    """Everything of one case in the actor's reach; None otherwise. Five SELECTs."""
    case = session.scalars(sa.select(Case).where(Case.ref == ref, in_reach(by))).one_or_none()
    return _file(session, case) if case else None


def _file(session: Session, case: Case) -> File:
    def of(model: Any, *order: Any) -> Any:
        return session.scalars(sa.select(model).where(model.case_id == case.id).order_by(*order)).all()

    return File(
        case,
        of(CaseEvent, CaseEvent.seq),
        [paper for paper in of(Paper, Paper.at, Paper.id) if paper.state != "removed"],
        of(Authorisation, Authorisation.made_at),
        of(Consent, Consent.at),
    )


def for_step(session: Session, ref: str, by: Actor) -> Case | None:
    """The case, locked until the transaction ends: what every step begins with."""
    wanted = sa.select(Case).where(Case.ref == ref, in_reach(by)).with_for_update()
    return session.scalars(wanted).one_or_none()


def followed(session: Session, ref: str, code: str) -> File | None:
    """What a resident may see with receipt number and code; None when either is wrong. The caller limits the tries."""
    wanted = sa.select(Case).where(
        Case.ref == ref, Case.follow_hash == receipts.follow_hash(keys_of(session), ref, code)
    )
    case = session.scalars(wanted).one_or_none()
    return _file(session, case) if case else None


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
    counts: dict[Tab, int]
    tab: Tab
    number: int
    more: bool


def queue(session: Session, by: Actor, tab: Tab, days: WorkingDays, today: date, number: int = 1) -> Queue:
    """The actor's open cases by deadline, `PAGE` a page. Two SELECTs, whatever there is.

    Clerks and officers see what lies at their desk, a helper what the station filed and is still open.
    """
    ways = _conditions(by, days, today)
    wanted = sa.select(Case).options(defer(Case.answers)).where(*ways[tab])
    start = (min(max(number, 1), MAX_PAGES) - 1) * PAGE
    rows = session.scalars(wanted.order_by(Case.due_on, Case.id).offset(start).limit(PAGE + 1)).all()
    counted = [
        sa.select(sa.func.count())
        .select_from(sa.select(Case.id).where(*conditions).limit(COUNTED).subquery())
        .scalar_subquery()
        .label(name)
        for name, conditions in ways.items()
    ]
    counts = session.execute(sa.select(*counted)).one()
    return Queue(rows[:PAGE], {name: counts._mapping[name] for name in ways}, tab, number, len(rows) > PAGE)


def _conditions(by: Actor, days: WorkingDays, today: date) -> dict[Tab, list[sa.ColumnElement[bool]]]:
    desk = desk_of(by)
    base = [in_reach(by), Case.state.in_(OPEN_STATES)]
    if desk:
        base.append(Case.desk == desk)
    running = Case.state != State.NEEDS_SUPPLEMENT
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


def search(session: Session, typed: str, by: Actor) -> Sequence[Case]:
    """Cases in reach with this receipt number, or of the person with this whole ID number or telephone. One SELECT."""
    plain = "".join(typed.split()).upper()
    keys, ref = keys_of(session), receipts.read_ref(typed)
    ways = [
        Case.person_index == person_index(session, plain),
        Case.phone_index == keys.index(plain.replace("-", ""), "phone"),
        Case.phone_index == keys.index(plain, "phone"),
    ]
    if ref:
        ways.append(Case.ref == ref)
    wanted = sa.select(Case).options(defer(Case.answers)).where(in_reach(by), sa.or_(*ways))
    return session.scalars(wanted.order_by(Case.filed_at.desc()).limit(PAGE)).all()


def waiting_at(case: Case) -> str:
    """Who has to act: resident, town, county, province, nobody."""
    if case.state == State.NEEDS_SUPPLEMENT:
        return "resident"
    if case.state == State.APPROVED:
        return "province"
    return {Desk.TOWN: "town", Desk.COUNTY: "county"}.get(Desk(case.desk), "nobody") if case.desk else "nobody"
