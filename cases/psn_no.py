"""The province's number of a person, without which nothing filed there can be cancelled. Room `cases`, floor 4.

Who was looked up at a counter has it; what was filed from home has not. So it is asked for (1101) when staff end a case
whose filing lies at the province: before the step, with nothing locked while the answer is awaited.
"""

from datetime import datetime

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases import look_up, news
from cases.models import Case, Desk, State
from cases.news import SUBMIT, aggregate_of, psn_no_of
from cases.scope import may_step
from cases.transitions import Step, rule_for
from common.db import done_once, reading
from sync.stands import newest

ENDS = frozenset({Step.WITHDRAW, Step.CORRECT, Step.REFUSE})


def ask_for(ref: str, step: Step, *, by: Actor, now: datetime) -> str:
    """The number; "" where it is known, the step owes no cancelling or is not this actor's, or the province does not say it.
    Audited. Two SELECTs."""
    ask: look_up.Ask | None = current_app.extensions["look_up_person"]
    if ask is None or step not in ENDS:
        return ""
    session = reading()
    case = session.scalars(sa.select(Case).where(Case.ref == ref)).one_or_none()
    lacks = case is not None and _lacks(session, case, step, by)
    whom = news.certificate(case) | {"name": case.subject.get("name")} if case is not None and lacks else {}
    about = ("case", case.id) if case is not None else ("case", "")
    session.rollback()
    number, kind, name = (str(whom.get(part) or "") for part in ("certno", "psn_cert_type", "name"))
    if not number or not name:  # a newborn that has no number of its own yet
        return ""
    facts = ask(number, kind, name)
    found = facts is not None and facts.name.strip() == name.strip()
    done_once(lambda writing: look_up.note(writing, about, found, by=by, now=now))
    return facts.psn_no if facts is not None and found else ""


def _lacks(session: Session, case: Case, step: Step, by: Actor) -> bool:
    """Whether this step of this actor would owe a cancelling that names nobody, now or once the filing's number is heard."""
    rule = rule_for(step, State(case.state), Desk(case.desk) if case.desk else None)
    if psn_no_of(case) or rule is None or not may_step(by, case, rule):
        return False
    filed = None if case.province_sn else newest(session, aggregate_of(case), SUBMIT)
    return bool(case.province_sn) or (filed is not None and not filed.refused)


def keep(case: Case, number: str) -> None:
    """Keep it with who the case is about: what was filed stays as it was filed."""
    if number and not psn_no_of(case):
        case.subject = case.subject | {"psn_no": number}
