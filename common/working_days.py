"""Which days are worked in China, and when a period of working days ends. Floor 0.

What is known comes in this order: the bureau's own table (`overrides`, from the State Council's yearly notice), then the
package chinesecalendar (2004 to 2026), then the weekday and the holidays whose solar date is fixed by law, marked as
estimated. It answers for every date: a deadline that cannot be worked out would stop a case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple

import chinese_calendar  # 4 ms at start, beside what Flask loads anyway

SATURDAY = 5
MAKEUP_NAME = "调休上班"

# 全国年节及纪念日放假办法, 国务院令第795号, in force since 2025-01-01. The other four holidays follow the moon or the sun's
# longitude, and which days beside them are moved is announced each November: neither can be told from the date.
FIXED_HOLIDAYS = {
    (1, 1): "元旦",
    (5, 1): "劳动节",
    (5, 2): "劳动节",
    (10, 1): "国庆节",
    (10, 2): "国庆节",
    (10, 3): "国庆节",
}
# A table that names both holds the whole notice for that year, not one date: its other days are then no estimate.
_WHOLE_NOTICE = ("春节", "国庆")
# The package cuts these names short; on a notice they are written in full.
_FULL_NAMES = {"清明": "清明节", "端午": "端午节", "中秋": "中秋节"}
# Its tables are read directly: its functions walk all of them at every call to find these two years (30 µs).
_PACKAGE_YEARS = range(min(chinese_calendar.holidays).year, max(chinese_calendar.holidays).year + 1)
_DAY = timedelta(days=1)


class DayKind(StrEnum):
    """MAKEUP is a Saturday or Sunday that is worked; HOLIDAY is a statutory one or a day moved next to it."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


_WORKED = (DayKind.WORKDAY, DayKind.MAKEUP)


class Override(NamedTuple):
    """What the bureau knows about one date. `name` is the holiday's, if it has one."""

    is_workday: bool
    name: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """One date. `name`: 国庆节, 春节 … on a holiday, 调休上班 on a make-up day. `estimated`: nobody has announced it yet."""

    date: date
    kind: DayKind
    name: str | None
    estimated: bool

    @property
    def works(self) -> bool:
        """Whether offices work on it."""
        return self.kind in _WORKED


class Deadline(NamedTuple):
    """The last day of a period. `estimated`: some day of the period is not announced yet, so the date may move."""

    date: date
    estimated: bool


class WorkingDays:
    """The calendar. Every date looked at is remembered: make one, keep it while the overrides stay the same."""

    def __init__(self, overrides: Mapping[date, Override]):
        self._overrides = dict(overrides)
        self._announced_years = _announced_years(self._overrides)
        self._known: dict[date, Day] = {}

    def day(self, d: date) -> Day:
        """What kind of day it is; never raises. 0.1 µs the second time."""
        known = self._known.get(d)
        if known is None:
            if len(self._known) >= 10_000:  # 27 years; someone is asking for dates that nobody needs
                self._known.clear()
            known = self._known[d] = self._look_up(d)
        return known

    def after(self, start: date, working_days: int) -> Deadline:
        """The date on which that many working days have passed, `start` not counted; 0 gives `start`.

        ValueError if the number is negative. 0.2 ms for 400 days.
        """
        if working_days < 0:
            raise ValueError(f"工作日数不能小于0：{working_days}。")
        current, estimated = start, False
        while working_days and current < date.max:
            current += _DAY
            day = self.day(current)
            estimated = estimated or day.estimated
            working_days -= day.works
        return Deadline(current, estimated)

    def _look_up(self, d: date) -> Day:
        announced = _announced(d) or _by_rule(d, estimated=d.year not in self._announced_years)
        override = self._overrides.get(d)
        if override is None:
            return announced
        if override.is_workday == announced.works and not override.name:
            return replace(announced, estimated=False)  # it only confirms
        return _overridden(d, override)


def _announced(d: date) -> Day | None:
    """What the package knows; None for a year it does not know."""
    if d.year not in _PACKAGE_YEARS:
        return None
    if d in chinese_calendar.workdays:
        return Day(d, DayKind.MAKEUP, MAKEUP_NAME, estimated=False)
    english = chinese_calendar.holidays.get(d)
    if english:
        chinese = chinese_calendar.Holiday(english).chinese
        return Day(d, DayKind.HOLIDAY, _FULL_NAMES.get(chinese, chinese), estimated=False)
    return Day(d, DayKind.WEEKEND if d.weekday() >= SATURDAY else DayKind.WORKDAY, None, estimated=False)


def _by_rule(d: date, *, estimated: bool) -> Day:
    """Monday to Friday are worked, but for the holidays with a fixed date."""
    name = FIXED_HOLIDAYS.get((d.month, d.day))
    if name:
        return Day(d, DayKind.HOLIDAY, name, estimated)
    return Day(d, DayKind.WEEKEND if d.weekday() >= SATURDAY else DayKind.WORKDAY, None, estimated)


def _overridden(d: date, override: Override) -> Day:
    weekend = d.weekday() >= SATURDAY
    if override.is_workday:
        if weekend:  # the notice lists it under the holiday it makes up for; that is not what this day is
            return Day(d, DayKind.MAKEUP, MAKEUP_NAME, estimated=False)
        return Day(d, DayKind.WORKDAY, None, estimated=False)
    if weekend and not override.name:
        return Day(d, DayKind.WEEKEND, None, estimated=False)
    return Day(d, DayKind.HOLIDAY, override.name or "放假", estimated=False)


def _announced_years(overrides: Mapping[date, Override]) -> set[int]:
    def names(word: str) -> set[int]:
        return {d.year for d, override in overrides.items() if override.name and word in override.name}

    return set.intersection(*map(names, _WHOLE_NOTICE))
