"""/_papers: papers and a signature on a draft that belongs to nothing, to try them with a real browser. Room `cases`, floor 4.

Only in development: app.py registers it, and puts `Trying` before the rights of the installation, nowhere else.
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from cases import paper_operations
from cases.filing import PaperNeed
from cases.models import Case, Draft
from cases.paper_rights import PaperRights
from cases.papers import SIGNATURE
from common import clock
from common.db import reading, writing
from common.doors import DEVELOPMENT, open_to
from common.ids import new_id
from common.pages import page, see

bp = Blueprint("paper_try", __name__)

COOKIE = "papers_tried"
NEEDS = (
    PaperNeed("id_front", "身份证正面"),
    PaperNeed("residence_proof", "居住证", by_later=True, instead="没有居住证，交居委会开的证明也行。"),
)


@dataclass(frozen=True)
class Trying:
    """The rights of the installation, and besides: a browser that began a draft here may work on it."""

    others: PaperRights

    def draft(self, session: Session, id: str) -> Draft | None:
        """The draft begun here, or what the others say."""
        return session.get(Draft, id) if request.cookies.get(COOKIE) == id else self.others.draft(session, id)

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        """What the others say."""
        return self.others.case(session, id, to_change=to_change)

    def account(self) -> str | None:
        """What the others say."""
        return self.others.account()


@bp.get("/_papers")
@open_to(DEVELOPMENT)
def show() -> str:
    """The macros of templates/cases/papers.html on the draft of this browser."""
    draft = reading().get(Draft, request.cookies.get(COOKIE, ""))
    have = paper_operations.papers_of(reading(), draft) if draft else []
    return page("cases/paper_try.html", draft=draft, needs=NEEDS, have=have, signature_kind=SIGNATURE)


@bp.post("/_papers")
@open_to(DEVELOPMENT)
def begin() -> ResponseReturnValue:
    """A draft to try with, for a day."""
    now = clock.now()
    draft = Draft(
        county_code="371302",
        item_no=18,
        answers={},
        version=1,
        op_id=new_id(),
        made_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=1),
    )
    with writing() as session:
        session.add(draft)
        session.flush()
        id = draft.id
        session.commit()
    answer = see(url_for("paper_try.show"))
    answer.set_cookie(COOKIE, id, httponly=True, samesite="Lax")
    return answer
