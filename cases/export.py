"""Everything about one person as JSON, for a resident who asks for it (PIPL 45). Room `cases`, floor 4. Writes only the audit.

One JSON document, streamed case by case. Papers stand in it with kind, date and hash; their bytes are opened one by one in
the case, where each look has its right.
"""

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Action, Actor, may
from cases.drafts import Refused
from cases.gathering import cases_of, person_index
from cases.models import WITH_CASE, Authorisation, Case, CaseEvent, Consent, Paper
from cases.operations import PURPOSE_LENGTH
from cases.receipts import say_ref
from cases.words import given_by, kind_of_authorisation, kind_of_consent, paper_name, state_tag
from common import audit
from common.i18n import gettext as _


def may_export(by: Actor, purpose: str) -> None:
    """Raises Refused."""
    if not may(by, Action.EXPORT_PERSON):
        raise Refused(_("这一步不归您的岗位办"), 403)
    if not PURPOSE_LENGTH[0] <= len(purpose.strip()) <= PURPOSE_LENGTH[1]:
        raise Refused(_("请写明为什么要看，2 到 60 个字"), 422)


def of_person(session: Session, number: str, county_code: str | None) -> list[str]:
    """Ids of this person's cases, of one county or (None, an operator) of all. `number`: normalised, whole."""
    wanted = sa.select(Case.id).where(Case.id.in_(sa.union(*cases_of(session, number))))
    if county_code is not None:
        wanted = wanted.where(Case.county_code == county_code)
    return list(session.scalars(wanted.order_by(Case.filed_at)))


def record(
    session: Session, *, ids: list[str], number: str, by: Actor | None, county_code: str, purpose: str, now: datetime
) -> None:
    """Write down that it was taken out, by whom and what for."""
    audit.record(
        session,
        county_code=county_code,
        actor_id=by.account_id if by else None,
        actor_role=str(by.role) if by else "operator",
        action="person.export",
        about=("person", person_index(session, number)),
        purpose=purpose.strip(),
        facts={"cases": len(ids)},
        now=now,
    )


def document(session: Session, ids: list[str], now: datetime) -> Iterator[str]:
    """The JSON, in pieces: a case is in memory, never all of them."""
    yield '{"made_at": ' + json.dumps(now.isoformat()) + ', "cases": ['
    for place, id in enumerate(ids):
        yield ("," if place else "") + "\n" + json.dumps(_case(session, id), ensure_ascii=False, indent=1)
        session.expunge_all()
    yield "\n]}\n"


def _case(session: Session, id: str) -> dict[str, Any]:
    case = session.get_one(Case, id)

    def of(model: Any, *order: Any) -> Any:
        return session.scalars(sa.select(model).where(model.case_id == id).order_by(*order)).all()

    return {
        "receipt": say_ref(case.ref),
        "item": case.item_no,
        "state": state_tag(case.state).words,
        "filed_at": case.filed_at.isoformat(),
        "station": case.station_code,
        "person": {k: v for k, v in case.subject.items() if not k.startswith("masked_")},
        "answers": case.answers,
        "identity": case.identity_how,
        "starts_on": _day(case.starts_on),
        "ends_on": _day(case.ends_on),
        "events": [
            {"step": one.step, "at": one.at.isoformat(), "by": one.actor_name or one.actor_role, "said": one.details}
            for one in of(CaseEvent, CaseEvent.seq)
        ],
        "papers": [
            {"kind": paper_name(one.kind), "at": one.at.isoformat(), "sha256": one.sha256, "bytes": one.size}
            for one in of(Paper, Paper.at)
        ],
        "authorisations": [
            {
                "how": kind_of_authorisation(one.kind),
                "agent": one.agent,
                "from": _day(one.starts_on),
                "to": _day(one.ends_on) if one.ends_on != WITH_CASE else None,
                "ends_with_case": one.ends_on == WITH_CASE,
                "revoked_at": one.revoked_at.isoformat() if one.revoked_at else None,
            }
            for one in of(Authorisation, Authorisation.made_at)
        ],
        "consents": [
            {
                "what": kind_of_consent(one.kind),
                "by": given_by(one.given_by),
                "at": one.at.isoformat(),
                "withdrawn_at": one.withdrawn_at.isoformat() if one.withdrawn_at else None,
            }
            for one in of(Consent, Consent.at)
        ],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
