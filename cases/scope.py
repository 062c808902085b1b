"""Which cases an actor may see and act on. Room `cases`, floor 4. The one place that says it, as SQL and for one row."""

import sqlalchemy as sa

from accounts.policy import MAY, Action, Actor, Role
from cases.models import Case, Desk
from cases.transitions import Rule, Step


def in_reach(actor: Actor) -> sa.ColumnElement[bool]:
    """For WHERE: a helper's own station, a clerk's town, a county officer's county; nobody else sees cases.

    A case belongs to two places: the town where it was filed, and the county where the person is insured and which decides.
    """
    if Action.READ_CASE not in MAY[actor.role]:
        return sa.false()
    if actor.role is Role.HELPER:
        return Case.station_code == actor.station_code
    if actor.role is Role.CLERK:
        return Case.town_code == actor.area[:9]
    return Case.county_code == actor.area[:6]


def reaches(actor: Actor, case: Case) -> bool:
    """The same for a row that was read otherwise."""
    if Action.READ_CASE not in MAY[actor.role]:
        return False
    if actor.role is Role.HELPER:
        return case.station_code == actor.station_code
    if actor.role is Role.CLERK:
        return len(actor.area) >= 9 and case.town_code == actor.area[:9]
    return len(actor.area) >= 6 and case.county_code == actor.area[:6]


def desk_of(actor: Actor) -> Desk | None:
    """At which desk this actor sits; None: a helper files, others look on."""
    return {Role.CLERK: Desk.TOWN, Role.COUNTY_OFFICER: Desk.COUNTY}.get(actor.role)


def may_step(actor: Actor, case: Case, rule: Rule) -> bool:
    """Whether this actor may take this step of this case: right, area, and the desk it lies on."""
    allowed = {str(action) for action in MAY[actor.role]} & {str(who) for who in rule.by}
    return bool(allowed) and _at_my_desk(actor, case, rule) and reaches(actor, case)


def _at_my_desk(actor: Actor, case: Case, rule: Rule) -> bool:
    if rule.step is Step.HAND_OVER:  # to somebody who sits there too
        return case.desk is not None and desk_of(actor) == case.desk
    # What is missing may be brought by whoever files, whichever desk waits for it.
    return rule.at is None or rule.step is Step.SUPPLY or desk_of(actor) in (None, rule.at)
