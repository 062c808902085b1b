"""Which of a person's cases holds the place of its subject matter: the newest decides. Room `cases`, floor 4. Never commits.

`Case.live` says it, and a unique index allows one per person and `live_key`. A filing takes the place of those it follows
when it is submitted, and gives it back when it comes to nothing. What only ends something (a cancelling, a stop) holds its
own place until it is done, and nothing afterwards.

Locks: a submit locks all cases of the person, the newest first; a step holds its own case, then locks the older ones, the
newest first. So two of these never wait for each other. Others may: a page of decisions locks cases by their ids, and the audit
of a county between them; the database ends one of the two, which runs again (common.db.done_once).
"""

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.models import OPEN_STATES, Case, State
from cases.receipts import say_ref
from cases.transitions import ENDED_WITHOUT


def filings_of(session: Session, person: str, *, lock: bool = False) -> Sequence[Case]:
    """All cases of a person, the newest first, as they stand now. With `lock` nobody else changes them meanwhile."""
    wanted = sa.select(Case).where(Case.person_index == person).order_by(Case.filed_at.desc(), Case.id.desc())
    wanted = wanted.execution_options(populate_existing=True)
    return session.scalars(wanted.with_for_update() if lock else wanted).all()


def lock_older(session: Session, case: Case) -> Sequence[Case]:
    """All cases of the person, the newest first, as they stand once nobody else changes those before `case`, which is locked
    already. Two SELECTs: the newer ones stay free, so that nobody is waited for who waits for us."""
    older = sa.tuple_(Case.filed_at, Case.id) < (case.filed_at, case.id)
    mine = sa.select(Case.id).where(Case.person_index == case.person_index, older)
    session.execute(mine.order_by(Case.filed_at.desc(), Case.id.desc()).with_for_update())
    return filings_of(session, case.person_index)


def make_room(session: Session, case: Case, seen: Collection[str]) -> None:
    """Take the place from those that a case about to be added follows, as far as the check saw them (`seen`: numbers as
    people read them), and from those to whom it belonged no longer, whatever their row says. What came since stays, and the
    index refuses ours: it is looked at again (common.db.done_once)."""
    before = filings_of(session, case.person_index)
    held = {one.id for one in holders(before)}
    rightful = {one.id for one in holders([case, *before])}
    for one in before:
        if one.live and one.id not in rightful and (say_ref(one.ref) in seen or one.id not in held):
            one.live = False
    session.flush()


def settle(session: Session, cases: Sequence[Case]) -> None:
    """Give each place to whom it belongs. `cases`: all of one person, the newest first. A flush where one loses a place, and
    only then one where another gets it: the index is asked row by row."""
    rightful = {case.id for case in holders(cases)}
    for lives in (False, True):
        changed = [case for case in cases if case.live is not lives and (case.id in rightful) is lives]
        for case in changed:
            case.live = lives
        if changed:
            session.flush()


def holders(newest_first: Iterable[Case]) -> list[Case]:
    """Who holds a place. Pure."""
    found: list[Case] = []
    keys: set[str] = set()
    moved = stopped = False  # by something newer: the filings elsewhere, the insurance
    for case in newest_first:
        if case.state in ENDED_WITHOUT:
            continue
        followed = case.family == "remote_care" and moved
        left = case.family == "resident_enrol" and stopped and not under_way(case)
        if not (followed or left or case.live_key in keys or (ends_something(case) and case.state == State.DONE)):
            found.append(case)
        keys.add(case.live_key)
        moved = moved or (case.family == "remote_care" and case.answers.get("filing_act") in {"change", "cancel"})
        stopped = stopped or (case.family == "stop_enrol" and case.state == State.DONE)
    return found


def under_way(case: Case) -> bool:
    """Whether somebody has to decide it still: at a desk, or at the province, which may yet send it back."""
    return case.state in {*OPEN_STATES, State.APPROVED}


def ends_something(case: Case) -> bool:
    """Whether it only ends another filing, so that nothing of it is left once it is done."""
    return case.family == "stop_enrol" or (case.family == "remote_care" and case.answers.get("filing_act") == "cancel")


def gave_way(session: Session, case: Case) -> Case | None:
    """The filing that this change or cancelling is about: the newest before it that did not come to nothing. One SELECT."""
    own = (case.filed_at, case.id)
    for one in filings_of(session, case.person_index):
        if (one.filed_at, one.id) < own and one.family == case.family and one.state not in ENDED_WITHOUT:
            return one
    return None
