"""/audit: an auditor reads what was done in the own area, county by county and day by day, masked. Room `accounts`, floor 1."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, request
from flask.typing import ResponseReturnValue

from accounts.audit_schema import ACTION_WORDS, FACT_WORDS, KIND_WORDS, OTHERS, AuditQuery
from accounts.current import current_actor
from accounts.doors import needs
from accounts.places import places
from accounts.policy import Action, Role
from accounts.queries import staff_names
from accounts.schema import ROLE_WORDS
from common import clock
from common.audit_entries import Seen, counties, entries
from common.db import reading
from common.forms import Form
from common.i18n import say_date, say_time
from common.pages import page

bp = Blueprint("audit", __name__)

PAGE = 50


@bp.get("/audit")
@needs(Action.READ_AUDIT)
def show() -> ResponseReturnValue:
    """The counties of a day, or the entries of one county. Four statements: who asks, editions, entries, whose names."""
    form, by, today = Form.read(AuditQuery, request.args), current_actor(), clock.local_date(clock.now())
    asked = form.value if form.ok else AuditQuery()
    day = asked.day or today
    area = by.area[:6]
    chosen = asked.county or (area if len(area) == 6 else "")
    if chosen and not chosen.startswith(area):
        abort(404)  # another area's: as if it were not there
    session = reading()
    facts: dict[str, Any] = {
        "errors": form.errors,
        "day": day,
        "said_day": say_date(day),
        "before_day": _next(day, -1, today),
        "after_day": _next(day, 1, today),
        "action": asked.action,
        "actions": [("", ""), *((code, str(words)) for code, words in ACTION_WORDS.items())],
        "county": chosen,
        "place": places().division(session, chosen or area) or chosen or area,
        "chooses": len(area) < 6,
    }
    status = 200 if form.ok else 422
    if not chosen:
        found = [
            (code, places().division(session, code) or code, n) for code, n in counties(session, area, day).items()
        ]
        return page("accounts/audit_counties.html", **facts, counties=found), status
    rows = entries(session, chosen, day, action=asked.action or None, before=asked.before, limit=PAGE + 1)
    shown = rows[:PAGE]
    names = staff_names(session, {row.actor_id for row in shown if row.actor_id})
    more = shown[-1].seq if len(rows) > PAGE else None
    facts |= {"rows": [_row(row, names) for row in shown], "more": more, "later": asked.before is not None}
    return page("accounts/audit.html", **facts), status


def _next(day: date, days: int, today: date) -> str:
    """The day before or after; "" where there is none to be read."""
    if (days > 0 and day >= today) or day in (date.min, date.max):
        return ""
    return (day + timedelta(days=days)).isoformat()


def _row(row: Seen, names: dict[str, str]) -> dict[str, Any]:
    role = ROLE_WORDS[Role(row.actor_role)] if row.actor_role in set(Role) else OTHERS.get(row.actor_role)
    return {
        "seq": row.seq,
        "time": say_time(row.at),
        "what": str(ACTION_WORDS.get(row.action, row.action)),
        "who": names.get(row.actor_id or "", ""),
        "role": str(role or row.actor_role),
        "about": f"{KIND_WORDS.get(row.about_kind, row.about_kind)} {_which(row)}",
        "facts": [(str(FACT_WORDS.get(name, name)), _fact(name, said)) for name, said in row.facts.items()],
        "purpose": row.purpose or "",
        "unreadable": row.unreadable,
    }


def _which(row: Seen) -> str:
    """A list by its name (app.py); what has an id by the end of it."""
    words = current_app.extensions["audit_says"].get(row.about_kind)
    return str(words(row.about_id)) if words else f"…{row.about_id[-8:]}"


def _fact(name: str, said: Any) -> str:
    """In the words of the room it comes from, where that room has some (app.py); ids by their end."""
    if name == "role" and said in set(Role):
        return str(ROLE_WORDS[Role(said)])
    if name == "area":
        return places().division(reading(), str(said)) or str(said)
    words = current_app.extensions["audit_says"].get(name)
    known = words(said) if words else None
    return known or (f"…{said[-8:]}" if isinstance(said, str) and len(said) == 32 else str(said))
