"""By when a case must be decided, in working days; the clock stops while the resident is waited for. Room `cases`, floor 4."""

from dataclasses import dataclass
from datetime import date, timedelta

from common.working_days import WorkingDays


@dataclass(frozen=True)
class Due:
    """Last days. `estimated`: a holiday of the period is not announced yet, so a date may move."""

    promised: date | None
    statutory: date | None
    estimated: bool


def due(days: WorkingDays, filed_on: date, promised_wd: int | None, statutory_wd: int | None) -> Due:
    """The day of filing is not counted (domain.md §5); 0 working days is the same day, or the next that is worked."""
    least = 0 if days.day(filed_on).works else 1
    promised = days.after(filed_on, max(least, promised_wd)) if promised_wd is not None else None
    statutory = days.after(filed_on, max(least, statutory_wd)) if statutory_wd is not None else None
    return Due(
        promised.date if promised else None,
        statutory.date if statutory else None,
        any(deadline.estimated for deadline in (promised, statutory) if deadline),
    )


def moved_on(days: WorkingDays, last: date | None, stopped_on: date, goes_on: date) -> date | None:
    """A last day after a wait: later by the working days that passed in it. None stays None."""
    return days.after(last, working_days_between(days, stopped_on, goes_on)).date if last else None


def working_days_between(days: WorkingDays, first: date, last: date) -> int:
    """Working days after `first` up to and including `last`; 0 when `last` is not later. At most ten years are walked."""
    span = min((last - first).days, 3660)
    return sum(days.day(first + timedelta(days=n)).works for n in range(1, span + 1))
