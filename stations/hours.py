"""When a station is open: on a date, now, and what is different in the next weeks. Floor 3: no database, no page.

Pure functions over a week (stations.week), its exceptions by date and the calendar (common.working_days).
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

from common.clock import SHANGHAI
from common.working_days import SATURDAY, DayKind, WorkingDays
from stations.week import DAY_MINUTES, Spans, Week, WeekRow, read_day, read_week, week_rows, write_day, write_week

__all__ = [
    "Change",
    "DayHours",
    "Opening",
    "Spans",
    "State",
    "Week",
    "WeekRow",
    "coming_changes",
    "day_spans",
    "opening",
    "read_day",
    "read_week",
    "week_rows",
    "write_day",
    "write_week",
]

CLOSING = timedelta(minutes=30)  # too late to walk over with papers; our choice
HORIZON_DAYS = 30  # how far ahead the next opening is looked for
MAX_CHANGES = 8

Reason: TypeAlias = Literal["exception", "holiday", "makeup", "week"]
_AHEAD = tuple(timedelta(days=number) for number in range(HORIZON_DAYS + 1))
_HOLIDAY, _MAKEUP = DayKind.HOLIDAY, DayKind.MAKEUP


class DayHours(NamedTuple):
    """When it is open on one date, and why. `estimated`: what kind of day it is has not been announced yet."""

    spans: Spans
    reason: Reason
    estimated: bool


class State(StrEnum):
    """CLOSING: open, but for 30 minutes at most."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class Opening(NamedTuple):
    """Open now? Both moments are aware, Asia/Shanghai.

    `closes_at`: when the present span ends; None while CLOSED, or if it does not end within 30 days.
    `opens_at`: when it opens next, while CLOSED or CLOSING; None while OPEN, or if that is more than 30 days away.
    `estimated`: a day behind this answer has not been announced yet.
    """

    state: State
    closes_at: datetime | None
    opens_at: datetime | None
    estimated: bool


class Change(NamedTuple):
    """Dates, `first` to `last`, that are not like the normal week. `word`: the note, 国庆节 or 调休上班; '' if there is none."""

    first: date
    last: date
    spans: Spans
    reason: Reason
    word: str
    estimated: bool


def day_spans(week: Week, exceptions: Mapping[date, Spans], days: WorkingDays, d: date) -> DayHours:
    """The hours of one date: its exception, else what a holiday or make-up day makes of it, else the weekday's."""
    special = exceptions.get(d)
    if special is not None:
        return DayHours(special, "exception", estimated=False)
    weekday = d.weekday()
    normal = week.days[weekday]
    usual = week.on_holidays == "usual"
    if usual and weekday < SATURDAY:
        return DayHours(normal, "week", estimated=False)  # the same whatever is announced
    day = days.day(d)
    if day.kind is _HOLIDAY and not usual:
        return DayHours((), "holiday", day.estimated)
    # Offices work a make-up Saturday or Sunday in place of a weekday given off. The notice does not say which weekday,
    # and almost every week is the same from Monday to Friday. One that is closed on Mondays keeps its own weekend.
    if day.kind is _MAKEUP and week.days[0]:
        return DayHours(week.days[0], "makeup", day.estimated)
    return DayHours(normal, "week", day.estimated)


def opening(week: Week, exceptions: Mapping[date, Spans], days: WorkingDays, now: datetime) -> Opening:
    """Whether it is open at an aware moment, until when, and when it opens next. 4 to 9 µs; 18 if it never opens."""
    local = now.astimezone(SHANGHAI)
    today = local.date()
    minute = local.hour * 60 + local.minute
    spans, _, estimated = day_spans(week, exceptions, days, today)
    closes = _end(spans, minute)
    if closes is None:
        opens_at, unsure = _next_opening(week, exceptions, days, today, minute)
        return Opening(State.CLOSED, None, opens_at, estimated or unsure)
    closes_on = today
    for ahead in _AHEAD[1:]:
        if closes < DAY_MINUTES:
            break
        spans, _, unsure = day_spans(week, exceptions, days, today + ahead)
        estimated = estimated or unsure
        further = _end(spans, 0)
        if further is None:
            break
        closes_on, closes = today + ahead, further
    else:
        return Opening(State.OPEN, None, None, estimated)
    closes_at = _moment(closes_on, closes)
    if closes_at - local > CLOSING:
        return Opening(State.OPEN, closes_at, None, estimated)
    opens_at, unsure = _next_opening(week, exceptions, days, closes_on, closes)
    return Opening(State.CLOSING, closes_at, opens_at, estimated or unsure)


def coming_changes(
    week: Week,
    exceptions: Mapping[date, Spans],
    notes: Mapping[date, str],
    days: WorkingDays,
    today: date,
    horizon_days: int = 60,
) -> list[Change]:
    """The next dates, today included, on which it is not open as in its normal week: at most 8, runs of days as one.

    A run that begins within the horizon is told to its end. `notes` are the words kept with the exceptions.
    """
    until = today + timedelta(days=horizon_days)
    runs: list[Change] = []
    seen: set[date] = set()  # first days of the runs that make a difference: not a holiday on days it is closed anyway
    d = today
    while True:
        change = _change(week, exceptions, notes, days, d)
        joined = _joined(runs[-1], change) if runs and change else None
        if d > until and not joined:
            break
        if joined:
            runs[-1] = joined
        elif change:
            runs.append(change)
        if change and (change.reason == "exception" or change.spans != week.days[d.weekday()]):
            seen.add(runs[-1].first)
        d += _AHEAD[1]
    return [run for run in runs if run.first in seen][:MAX_CHANGES]


def _change(
    week: Week, exceptions: Mapping[date, Spans], notes: Mapping[date, str], days: WorkingDays, d: date
) -> Change | None:
    """How the date differs, as a run of one day; None where the normal week holds."""
    spans, reason, estimated = day_spans(week, exceptions, days, d)
    if reason == "week":
        return None
    if reason == "exception":
        normal = spans == week.days[d.weekday()] and spans == day_spans(week, {}, days, d).spans
        return None if normal and d not in notes else Change(d, d, spans, reason, notes.get(d, ""), estimated)
    return Change(d, d, spans, reason, days.day(d).name or "", estimated)


def _joined(run: Change, change: Change) -> Change | None:
    """The run with the next day added to it; None if that is not the next day or says something else."""
    if run.last + _AHEAD[1] != change.first or (run.spans, run.reason) != (change.spans, change.reason):
        return None
    word = run.word
    if run.reason == "holiday" and change.word not in word.split("、"):
        word = f"{word}、{change.word}"  # 国庆节、中秋节: one holiday of eight days
    elif run.reason != "holiday" and change.word != word:
        return None
    return run._replace(last=change.last, word=word, estimated=run.estimated or change.estimated)


def _end(spans: Spans, minute: int) -> int | None:
    """When the span that holds this minute ends, spans that touch being one; None if none holds it."""
    end = None
    for opens, closes in spans:
        if opens <= minute < closes or opens == end:
            end = closes
    return end


def _next_opening(
    week: Week, exceptions: Mapping[date, Spans], days: WorkingDays, today: date, minute: int
) -> tuple[datetime | None, bool]:
    """The first opening after that minute, and whether a day on the way to it is estimated."""
    estimated = False
    for ahead in _AHEAD:
        d = today + ahead if ahead else today
        spans, _, unsure = day_spans(week, exceptions, days, d)
        estimated = estimated or unsure
        for opens, _ in spans:
            if ahead or opens > minute:
                return _moment(d, opens), estimated
    return None, estimated


def _moment(d: date, minute: int) -> datetime:
    """Minute 1440 is the next midnight. Adding to a wall clock is right here: no summer time since 1991."""
    return datetime(d.year, d.month, d.day, tzinfo=SHANGHAI) + timedelta(minutes=minute)
