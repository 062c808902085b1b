"""Working days: what the State Council announced, what the bureau added, and years nobody has announced yet."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.working_days import Day, DayKind, Override, WorkingDays

ANNOUNCED = WorkingDays({})
MAKEUP_2026 = ["2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10"]


@pytest.mark.parametrize(
    ("start", "working_days", "end"),
    [
        ("2026-09-18", 10, "2026-10-09"),  # over 中秋, 国庆 and the make-up Sunday 09-20
        ("2026-09-18", 20, "2026-10-22"),
        ("2026-09-18", 0, "2026-09-18"),
        ("2026-10-01", 0, "2026-10-01"),  # no days to wait: not even a holiday moves it
        ("2026-10-01", 1, "2026-10-08"),
        ("2026-09-19", 1, "2026-09-20"),  # a Saturday; the Sunday is worked
        ("2025-12-31", 1, "2026-01-04"),
        ("2026-11-20", 5, "2026-11-27"),
    ],
)
def test_a_period_of_working_days_ends_where_the_notice_says(start: str, working_days: int, end: str) -> None:
    assert ANNOUNCED.after(date.fromisoformat(start), working_days) == (date.fromisoformat(end), False)


def test_a_period_that_runs_into_an_unannounced_year_ends_and_says_it_is_estimated() -> None:
    # 21–25 and 28–31 December are nine; 1 January is a holiday by law, 2 and 3 a weekend
    assert ANNOUNCED.after(date(2026, 12, 20), 10) == (date(2027, 1, 4), True)


def test_a_period_that_ends_on_the_last_announced_day_is_not_estimated() -> None:
    assert ANNOUNCED.after(date(2026, 12, 20), 9) == (date(2026, 12, 31), False)


def test_a_negative_number_of_working_days_is_refused() -> None:
    with pytest.raises(ValueError, match="不能小于0"):
        ANNOUNCED.after(date(2026, 1, 5), -1)


def test_the_make_up_days_of_2026_are_worked() -> None:
    days = (date(2026, 1, 1) + timedelta(days=number) for number in range(365))
    makeup = [day for day in map(ANNOUNCED.day, days) if day.kind is DayKind.MAKEUP]
    assert [day.date.isoformat() for day in makeup] == MAKEUP_2026
    assert all(day.works and day.name == "调休上班" and not day.estimated for day in makeup)


@pytest.mark.parametrize(
    ("d", "kind", "name", "estimated"),
    [
        ("2026-11-24", DayKind.WORKDAY, None, False),
        ("2026-11-28", DayKind.WEEKEND, None, False),
        ("2026-10-01", DayKind.HOLIDAY, "国庆节", False),
        ("2026-10-03", DayKind.HOLIDAY, "国庆节", False),  # a Saturday in the holiday
        ("2026-02-17", DayKind.HOLIDAY, "春节", False),
        ("2026-04-06", DayKind.HOLIDAY, "清明节", False),
        ("2026-06-19", DayKind.HOLIDAY, "端午节", False),
        ("2026-09-25", DayKind.HOLIDAY, "中秋节", False),
        ("2026-05-04", DayKind.HOLIDAY, "劳动节", False),
        ("2026-01-02", DayKind.HOLIDAY, "元旦", False),
        ("2031-01-01", DayKind.HOLIDAY, "元旦", True),
        ("2031-05-01", DayKind.HOLIDAY, "劳动节", True),
        ("2031-05-02", DayKind.HOLIDAY, "劳动节", True),
        ("2031-05-05", DayKind.WORKDAY, None, True),
        ("2031-10-01", DayKind.HOLIDAY, "国庆节", True),
        ("2031-10-03", DayKind.HOLIDAY, "国庆节", True),
        ("2031-10-04", DayKind.WEEKEND, None, True),
        ("1999-12-31", DayKind.WORKDAY, None, True),
    ],
)
def test_each_day_has_its_kind_and_its_chinese_name(d: str, kind: DayKind, name: str | None, estimated: bool) -> None:
    found = ANNOUNCED.day(date.fromisoformat(d))
    assert found == Day(date.fromisoformat(d), kind, name, estimated)
    assert found.works == (kind in (DayKind.WORKDAY, DayKind.MAKEUP))


@pytest.mark.parametrize(
    ("d", "override", "kind", "name"),
    [
        ("2031-02-05", Override(False, "春节"), DayKind.HOLIDAY, "春节"),
        ("2031-02-08", Override(True, "春节"), DayKind.MAKEUP, "调休上班"),  # a Saturday, listed under 春节
        ("2031-02-09", Override(False, None), DayKind.WEEKEND, None),
        ("2031-02-09", Override(False, "春节"), DayKind.HOLIDAY, "春节"),
        ("2031-02-10", Override(True, None), DayKind.WORKDAY, None),
        ("2031-02-10", Override(False, None), DayKind.HOLIDAY, "放假"),
        ("2026-10-01", Override(True, None), DayKind.WORKDAY, None),  # the table wins over the package
        ("2026-09-20", Override(False, None), DayKind.WEEKEND, None),
        ("2026-10-03", Override(False, None), DayKind.HOLIDAY, "国庆节"),  # confirms: the name stays
        ("2026-10-01", Override(False, "国庆假期"), DayKind.HOLIDAY, "国庆假期"),
    ],
)
def test_the_bureaus_own_table_wins_and_is_no_estimate(
    d: str, override: Override, kind: DayKind, name: str | None
) -> None:
    when = date.fromisoformat(d)
    assert WorkingDays({when: override}).day(when) == Day(when, kind, name, estimated=False)


def test_one_date_in_the_table_leaves_the_rest_of_its_year_estimated() -> None:
    days = WorkingDays({date(2031, 7, 1): Override(False, "台风")})
    assert not days.day(date(2031, 7, 1)).estimated
    assert days.day(date(2031, 7, 2)).estimated


def test_a_whole_notice_in_the_table_makes_its_year_known() -> None:
    notice = {date(2031, 1, 22): Override(False, "春节"), date(2031, 10, 1): Override(False, "国庆节、中秋节")}
    days = WorkingDays(notice)
    assert days.day(date(2031, 7, 2)) == Day(date(2031, 7, 2), DayKind.WORKDAY, None, estimated=False)
    assert days.after(date(2031, 1, 21), 3) == (date(2031, 1, 27), False)
    assert days.day(date(2032, 7, 2)).estimated


@settings(deadline=None)
@given(st.dates())
def test_every_date_has_an_answer(d: date) -> None:
    day = ANNOUNCED.day(d)
    assert day.date == d
    assert day.estimated == (d.year not in range(2004, 2027))


@settings(deadline=None)
@given(st.dates(), st.integers(0, 400))
def test_a_deadline_never_raises_and_counts_each_working_day_once(start: date, working_days: int) -> None:
    end = ANNOUNCED.after(start, working_days).date
    if end == date.max:  # the calendar ends here
        return
    passed = [ANNOUNCED.day(start + timedelta(days=number)) for number in range(1, (end - start).days + 1)]
    assert sum(day.works for day in passed) == working_days
    assert not passed or passed[-1].works


def test_a_deadline_beyond_the_last_date_there_is_stops_on_it() -> None:
    assert ANNOUNCED.after(date(9999, 12, 30), 400) == (date.max, True)


def test_many_different_dates_do_not_fill_the_memory() -> None:
    days = WorkingDays({})
    for number in range(12_000):
        days.day(date.min + timedelta(days=number))
    assert len(days._known) <= 10_000
