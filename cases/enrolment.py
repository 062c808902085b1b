"""What both enrolments need: which years may be registered for now, and what to say of paying afterwards. Pure."""

from collections.abc import Iterator
from typing import Annotated

from cases.circumstances import About, CollectionPeriod
from cases.filing import Level, Remark
from common.forms import Ask, When
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet

YEAR = "20[0-9]{2}"


class Ethnicity(Sheet):
    """民族: only where the province does not know it."""

    naty: Annotated[
        str | None,
        Ask(_l("民族"), widget="select", must=True, missing=_l("请选择民族"), when=(When("naty_unknown", ("1",)),)),
    ] = None


def years_open(about: About) -> list[int]:
    """This year, and the next while it is collected for."""
    this = about.at.today.year
    collected = {p.year for p in about.at.rules.collection_periods if p.start <= about.at.today <= p.end}
    return [this, *([this + 1] if this + 1 in collected else [])]


def period_of(about: About, year: int | None) -> CollectionPeriod | None:
    """集中缴费期 of that year, where the city's is known."""
    return next((period for period in about.at.rules.collection_periods if period.year == year), None)


def year_closed(about: About, year: int) -> str | None:
    """The sentence for a year that cannot be registered for now."""
    years = years_open(about)
    if year in years:
        return None
    return _("%(year)s 年度现在不能登记，可选 %(years)s", year=year, years="、".join(map(str, years)))


def year_options(about: About) -> tuple[tuple[str, str], ...]:
    """What a page offers."""
    return tuple((str(year), str(year)) for year in years_open(about))


def paying(about: About, year: int | None, *, waits: bool) -> Iterator[Remark]:
    """Registered is not paid. `waits`: a waiting period may follow for who comes late."""
    period = period_of(about, year)
    if period and about.at.today <= period.end:
        yield Remark(
            Level.INFO,
            "form",
            _(
                "登记成功，还没缴费；请在 %(day)s 前通过税务渠道缴 %(year)s 年度费用",
                day=period.end.isoformat(),
                year=year,
            ),
        )
    elif year and waits and (period or year == about.at.today.year):
        yield Remark(Level.INFO, "insu_year", _("已过集中缴费期，缴费后可能有待遇等待期，以参保地核定为准"))
