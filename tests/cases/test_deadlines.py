"""Deadlines count working days from the day after filing, stop while the resident is waited for, and never raise."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.deadlines import due, moved_on, working_days_between
from common.working_days import WorkingDays

CALENDAR = WorkingDays({})


@pytest.mark.parametrize(
    ("filed", "promised", "statutory", "expected"),
    [
        (date(2026, 11, 23), 0, 10, (date(2026, 11, 23), date(2026, 12, 7))),
        (date(2026, 11, 23), 1, None, (date(2026, 11, 24), None)),
        (date(2026, 11, 21), 1, None, (date(2026, 11, 23), None)),  # filed on a Saturday
        (date(2026, 11, 22), 0, None, (date(2026, 11, 23), None)),  # on a Sunday nobody at the town decides
        (date(2026, 9, 18), None, 10, (None, date(2026, 10, 9))),  # National Day, and 20 September is worked
        (date(2026, 11, 23), None, None, (None, None)),
    ],
)
def test_the_day_of_filing_is_not_counted(filed, promised, statutory, expected):
    found = due(CALENDAR, filed, promised, statutory)
    assert (found.promised, found.statutory) == expected


def test_a_deadline_in_a_year_without_a_calendar_is_estimated():
    assert due(CALENDAR, date(2026, 12, 30), 10, None).estimated
    assert not due(CALENDAR, date(2026, 11, 23), 5, None).estimated


@pytest.mark.parametrize(
    ("stopped", "goes_on", "expected"),
    [
        (date(2026, 11, 24), date(2026, 11, 24), date(2026, 12, 7)),
        (date(2026, 11, 24), date(2026, 11, 26), date(2026, 12, 9)),
        (date(2026, 11, 27), date(2026, 11, 29), date(2026, 12, 7)),  # a weekend costs nothing
        (date(2026, 11, 26), date(2026, 11, 24), date(2026, 12, 7)),  # a clock that went back
    ],
)
def test_waiting_for_the_resident_does_not_count(stopped, goes_on, expected):
    assert moved_on(CALENDAR, date(2026, 12, 7), stopped, goes_on) == expected


def test_without_a_deadline_there_is_none_after_a_wait():
    assert moved_on(CALENDAR, None, date(2026, 11, 24), date(2026, 11, 26)) is None


@given(st.dates(date(2004, 1, 1), date(2099, 1, 1)), st.integers(0, 60), st.integers(0, 60))
def test_it_answers_for_every_date(filed, promised, wait):
    found = due(CALENDAR, filed, promised, promised)
    assert found.promised is not None
    assert found.promised >= filed
    later = moved_on(CALENDAR, found.promised, filed, date.fromordinal(filed.toordinal() + wait))
    assert later is not None
    assert later >= found.promised


def test_years_between_two_dates_are_counted_without_end():
    assert working_days_between(CALENDAR, date(2004, 1, 1), date(9999, 12, 31)) < 3661
