"""A case with what belongs to it, as if it had come in by the forms: papers, an authorisation, consents."""

from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases.models import Authorisation, Case, Consent, Paper
from tests.builders import Make

AGENT = {"agnter_name": "张明", "agnter_certno": "37980119900512003X", "agnter_tel": "15400000003"}


class WithPapers(NamedTuple):
    """A receipt number, and the ids of the rows behind it."""

    ref: str
    case_id: str
    paper_id: str
    authorisation_id: str


def paper_of(case: Case, kind: str, **facts: Any) -> Paper:
    """A photo that nobody has looked at; to be added."""
    said = {"sha256": "0" * 64, "mime": "image/jpeg", "size": 9, "state": "received"} | facts
    return Paper(county_code=case.county_code, case_id=case.id, kind=kind, **said)


def with_papers(make: Make, session: Session, by: Actor, paper: str = "id", **facts: Any) -> WithPapers:
    """A case of somebody whom an agent acts for, with one paper; `facts` of the case."""
    ref = make.case(by=by, **facts)
    case = session.scalars(sa.select(Case).where(Case.ref == ref)).one()
    about = {"county_code": case.county_code, "case_id": case.id, "person_index": case.person_index}
    photo = paper_of(case, paper, at=make.now)
    held = Authorisation(
        **about,
        kind="drawn_signature",
        agent=AGENT,
        items="15",
        starts_on=date(2026, 11, 1),
        ends_on=date(2027, 1, 1),
        made_at=make.now,
    )
    given = [Consent(**about, kind=kind, notice_version=1, given_by="self", at=make.now) for kind in ("notice", "sms")]
    session.add_all([photo, held, *given])
    session.flush()
    found = WithPapers(ref, case.id, photo.id, held.id)
    session.commit()  # and read nothing more: others write in between
    return found
