"""The table of steps: every open case can be finished, nobody's role reaches further than the policy says."""

from itertools import product

from accounts.policy import MAY, Action, Role
from cases.models import OPEN_STATES, Desk, State
from cases.transitions import CLOCK, OVER, PROVINCE, RESIDENT, RULES, Step, rule_for, steps_from


def test_every_state_is_either_open_or_over():
    assert set(OPEN_STATES) | OVER == set(State)
    assert not set(OPEN_STATES) & OVER


def test_one_place_has_at_most_one_way_for_each_step():
    for step, state, desk in product(Step, State, Desk):
        fitting = [r for r in RULES if r.step is step and state in r.frm and r.at in (None, desk)]
        assert len(fitting) <= 1, (step, state, desk)


STARTS = [
    (State.SUBMITTED, Desk.TOWN),
    (State.SUBMITTED, Desk.COUNTY),
    (State.ACCEPTED, Desk.TOWN),
    (State.NEEDS_SUPPLEMENT, Desk.TOWN),
]


def reached_from(*starts):
    seen, ahead = set(), list(starts)
    while ahead:
        here = ahead.pop()
        if here not in seen:
            seen.add(here)
            ahead += [(rule.to or here[0], rule.to_desk or here[1]) for rule in steps_from(*here)]
    return seen


def test_from_every_place_a_case_can_come_to_it_can_be_decided():
    for state, desk in reached_from(*STARTS):
        if state in OPEN_STATES:
            ends = {there for there, _ in reached_from((state, desk))}
            assert {State.APPROVED, State.REFUSED, State.WITHDRAWN} <= ends, (state, desk)


def test_nothing_leads_out_of_an_end():
    for state in (State.DONE, State.REFUSED, State.WITHDRAWN):
        assert steps_from(state, None) == ()


def test_only_the_county_refuses_and_only_the_province_confirms():
    refusing = [rule for rule in RULES if rule.step is Step.REFUSE]
    assert {who for rule in refusing for who in rule.by} == {Action.DECIDE}
    assert {who for rule in RULES if rule.step is Step.CONFIRM for who in rule.by} == {PROVINCE}


def test_no_case_waits_for_ever_for_something_that_nobody_tells():
    for state in set(State) - {State.DONE, State.REFUSED, State.WITHDRAWN}:
        by = {who for desk in (*Desk, None) for rule in steps_from(state, desk) for who in rule.by}
        assert by - {PROVINCE, CLOCK}, state


def test_every_who_is_an_action_that_some_role_has_or_no_person():
    everyone = {str(action) for actions in MAY.values() for action in actions}
    for rule in RULES:
        assert {str(who) for who in rule.by} <= everyone | {RESIDENT, PROVINCE, CLOCK}


def test_a_helper_never_decides():
    mine = {str(action) for action in MAY[Role.HELPER]}
    reachable = {rule.step for rule in RULES if mine & {str(who) for who in rule.by}}
    assert reachable == {Step.SUPPLY, Step.WITHDRAW, Step.CORRECT}


def test_an_unknown_way_is_none():
    assert rule_for(Step.APPROVE, State.SUBMITTED, Desk.TOWN) is None
    assert rule_for(Step.ACCEPT, State.DONE, None) is None
