"""Registered is not paid: until when the tax office collects, and what ends the waiting. Room `cases`, floor 4. Never commits.

Nobody tells us of a payment. A clerk who was shown the tax office's voucher notes it (Step.PAID); otherwise the case ends when
the time to pay is over, and says that the tax office's record counts (Step.CLOSE).
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.gathering import rules_for
from cases.models import Case, State
from common import clock


def last_day(session: Session, case: Case, confirmed: date, today: date) -> date:
    """The last day to pay for what was registered: the end of the year's 集中缴费期 as the city has it today; of the year
    itself where that is not known, or was over already when the registration was confirmed. In memory."""
    said = case.answers.get("insu_years") or [case.answers.get("insu_year") or confirmed.year]
    periods = {
        period.year: period for period in rules_for(session, case.county_code[:4] + "00", today).collection_periods
    }

    def ends(year: int) -> date:
        period = periods.get(year)
        return period.end if period and confirmed <= period.end else date(max(year, confirmed.year), 12, 31)

    return max(ends(int(year)) for year in said)


def run_out(session: Session, now: datetime, limit: int) -> tuple[int, list[Case]]:
    """How many of those that wait for a payment were looked at, and which of them waited long enough. What a city has
    extended meanwhile gets its new day. Locked."""
    today = clock.local_date(now)
    overdue = sa.or_(Case.supplement_due_on.is_(None), Case.supplement_due_on < today)
    wanted = sa.select(Case).where(Case.desk.is_(None), Case.state == State.PENDING_PAYMENT, overdue)
    found = session.scalars(wanted.order_by(Case.id).limit(limit).with_for_update()).all()
    for case in found:
        case.supplement_due_on = last_day(session, case, clock.local_date(case.state_at), today)
    return len(found), [case for case in found if case.supplement_due_on and case.supplement_due_on < today]
