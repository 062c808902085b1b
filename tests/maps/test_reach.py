"""Minutes from metres: rounded up, never zero, and the same edge from both sides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.reach import DEFAULT_POLICIES, Mode, ReachPolicy

WALK, EBIKE, CAR = (DEFAULT_POLICIES[mode] for mode in Mode)
POLICIES = st.sampled_from([WALK, EBIKE, CAR]) | st.builds(
    ReachPolicy, st.sampled_from(list(Mode)), st.floats(0.5, 200), st.floats(1, 5), st.just("")
)


@pytest.mark.parametrize(
    ("policy", "straight_metres", "minutes"),
    [
        (WALK, 0, 1),
        (WALK, 1, 1),
        (WALK, 56.8, 1),
        (WALK, 57, 2),
        (WALK, 850, 15),
        (WALK, 853, 16),
        (EBIKE, 850, 5),
        (EBIKE, 2_840, 15),
        (CAR, 5_680, 15),
        (CAR, 100_000, 264),
    ],
)
def test_minutes_are_rounded_up(policy, straight_metres, minutes):
    assert policy.minutes(straight_metres) == minutes


@pytest.mark.parametrize(("policy", "metres"), [(WALK, 852), (EBIKE, 2_841), (CAR, 5_682)])
def test_fifteen_minutes_reach_as_far_as_the_design_says(policy, metres):
    assert policy.straight_metres(15) == pytest.approx(metres, abs=1)


@given(POLICIES, st.integers(1, 600), st.floats(0, 1))
def test_what_lies_within_a_reach_is_never_said_to_take_longer(policy, minutes, share):
    edge = policy.straight_metres(minutes)
    assert policy.minutes(edge) == minutes
    assert 1 <= policy.minutes(edge * share) <= minutes
    assert policy.minutes(edge * 1.001) == minutes + 1


@pytest.mark.parametrize(
    ("km_per_hour", "detour"), [(0, 1.3), (-4, 1.3), (4.5, 0.9), (float("nan"), 1.3), (4.5, float("nan")), (4500, 1.3)]
)
def test_a_policy_nobody_can_travel_by_is_refused(km_per_hour, detour):
    with pytest.raises(ValueError, match="应"):
        ReachPolicy(Mode.WALK, km_per_hour, detour, "")


def test_every_default_says_where_it_comes_from_in_the_length_the_table_keeps():
    assert set(DEFAULT_POLICIES) == set(Mode)
    for mode, policy in DEFAULT_POLICIES.items():
        assert policy.mode is mode
        assert "10.1080/19475683.2021.1966503" in policy.source
        assert len(policy.source) <= 300
