"""Which step may be taken from where, by whom, and where it leads: one table. Room `cases`, floor 4.

A step that is not in the table does not exist. Who: an action of accounts/policy.py, or RESIDENT, PROVINCE, CLOCK.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.policy import Action
from cases.models import OPEN_STATES, Desk, State

RESIDENT, PROVINCE, CLOCK = "resident", "province", "clock"


class Step(StrEnum):
    """What can happen to a case after it was submitted."""

    ACCEPT = "accept"  # 受理
    ASK = "ask"  # 一次性告知: everything that is missing, at once
    SUPPLY = "supply"  # the missing papers have come
    HAND_UP = "hand_up"  # the town gives it to the county
    HAND_OVER = "hand_over"  # to a colleague at the same desk
    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    CORRECT = "correct"  # withdrawn in order to be filed anew with other answers
    LAPSE = "lapse"  # what was asked for never came
    CONFIRM = "confirm"  # the province has taken it over
    RETURN = "return"  # the province does not take it as it is
    RECALL = "recall"  # the filing did not get through to the province: the county takes it back
    PAID = "paid"  # somebody at a desk was shown that it was
    CLOSE = "close"  # the time to pay is over: whether it was paid, the tax office knows


@dataclass(frozen=True)
class Rule:
    """One row. `to` and `to_desk` None: stays. `at`: the desk it must lie at; None: any."""

    step: Step
    frm: frozenset[State]
    by: frozenset[str]
    to: State | None
    at: Desk | None = None
    to_desk: Desk | None = None


def _rule(
    step: Step,
    frm: tuple[State, ...],
    by: tuple[str, ...],
    to: State | None,
    at: Desk | None = None,
    to_desk: Desk | None = None,
) -> Rule:
    return Rule(step, frozenset(frm), frozenset(by), to, at, to_desk)


_S, _D, _A = State, Desk, Action
RULES: tuple[Rule, ...] = (
    _rule(Step.ACCEPT, (_S.SUBMITTED,), (_A.ACCEPT,), _S.ACCEPTED, at=_D.TOWN),
    _rule(Step.ACCEPT, (_S.SUBMITTED,), (_A.DECIDE,), _S.IN_REVIEW, at=_D.COUNTY),
    _rule(Step.ASK, (_S.SUBMITTED, _S.ACCEPTED), (_A.ACCEPT,), _S.NEEDS_SUPPLEMENT, at=_D.TOWN),
    _rule(Step.ASK, (_S.SUBMITTED, _S.IN_REVIEW), (_A.DECIDE,), _S.NEEDS_SUPPLEMENT, at=_D.COUNTY),
    # What nobody had received before it was complete is new at that desk: SUBMITTED (cases/operations.py).
    _rule(Step.SUPPLY, (_S.NEEDS_SUPPLEMENT,), (_A.FILE_CASE, RESIDENT), _S.ACCEPTED, at=_D.TOWN),
    _rule(Step.SUPPLY, (_S.NEEDS_SUPPLEMENT,), (_A.FILE_CASE, _A.DECIDE, RESIDENT), _S.IN_REVIEW, at=_D.COUNTY),
    _rule(Step.HAND_UP, (_S.SUBMITTED, _S.ACCEPTED), (_A.ACCEPT,), _S.IN_REVIEW, at=_D.TOWN, to_desk=_D.COUNTY),
    _rule(Step.HAND_OVER, OPEN_STATES, (_A.HAND_OVER,), None),
    _rule(Step.APPROVE, (_S.ACCEPTED,), (_A.ACCEPT,), _S.APPROVED, at=_D.TOWN),
    _rule(Step.APPROVE, (_S.IN_REVIEW,), (_A.DECIDE,), _S.APPROVED, at=_D.COUNTY),
    _rule(Step.REFUSE, (_S.IN_REVIEW,), (_A.DECIDE,), _S.REFUSED, at=_D.COUNTY),
    _rule(Step.WITHDRAW, OPEN_STATES, (_A.FILE_CASE, _A.ACCEPT, RESIDENT), _S.WITHDRAWN),
    # Filed with the province already, so it is cancelled there too (cases/news.py); needs the province's number of it.
    _rule(Step.WITHDRAW, (_S.APPROVED,), (_A.FILE_CASE, _A.ACCEPT), _S.WITHDRAWN),
    _rule(Step.CORRECT, OPEN_STATES, (_A.FILE_CASE,), _S.WITHDRAWN),
    _rule(Step.LAPSE, (_S.NEEDS_SUPPLEMENT,), (CLOCK,), _S.WITHDRAWN),
    # The filing lies there also while the province waits for a paper: it may decide without it (cases/province.py).
    _rule(Step.CONFIRM, (_S.APPROVED, _S.NEEDS_SUPPLEMENT), (PROVINCE,), _S.DONE),
    _rule(Step.RETURN, (_S.APPROVED, _S.NEEDS_SUPPLEMENT), (PROVINCE,), _S.IN_REVIEW, to_desk=_D.COUNTY),
    _rule(Step.ASK, (_S.APPROVED,), (PROVINCE,), _S.NEEDS_SUPPLEMENT, to_desk=_D.COUNTY),
    _rule(Step.ASK, (_S.NEEDS_SUPPLEMENT,), (PROVINCE,), None, to_desk=_D.COUNTY),
    _rule(Step.RECALL, (_S.APPROVED,), (_A.DECIDE,), _S.IN_REVIEW, to_desk=_D.COUNTY),
    _rule(Step.PAID, (_S.PENDING_PAYMENT,), (_A.ACCEPT,), _S.DONE),
    _rule(Step.CLOSE, (_S.PENDING_PAYMENT,), (CLOCK,), _S.DONE),
)
OVER = frozenset({State.DONE, State.REFUSED, State.WITHDRAWN, State.APPROVED, State.PENDING_PAYMENT})
ENDED_WITHOUT = frozenset({State.REFUSED, State.WITHDRAWN})  # the person may file the same again


def rule_for(step: Step, state: State, desk: Desk | None) -> Rule | None:
    """The row for this step from here, or None."""
    for rule in RULES:
        if rule.step is step and state in rule.frm and (rule.at is None or rule.at is desk):
            return rule
    return None


def steps_from(state: State, desk: Desk | None) -> tuple[Rule, ...]:
    """Every step that leads on from here."""
    return tuple(rule for rule in RULES if state in rule.frm and (rule.at is None or rule.at is desk))
