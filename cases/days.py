"""Sums with calendar months, which forms count in: half a year later is the same day of the month, or its last one."""

from calendar import monthrange
from datetime import date

from common.id_number import age_on

__all__ = ["add_months", "age_on"]


def add_months(day: date, months: int) -> date:
    """2026-08-31 and 6 months give 2027-02-28. The last day there is, where the sum would pass it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > date.max.year:
        return date.max
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
