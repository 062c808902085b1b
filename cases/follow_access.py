"""A resident at home may put papers to the case whose receipt they hold, while it waits for them. Room `cases`, floor 4."""

import sqlalchemy as sa
from flask import current_app, request
from sqlalchemy.orm import Session

from cases import follow_pass
from cases.models import Case, Draft, State
from cases.paper_rights import PaperRights
from common import clock


class ByReceipt:
    """The rights of `others` (staff at their posts), and beside them those of whoever gave receipt number and code."""

    def __init__(self, others: PaperRights):
        self.others = others

    def draft(self, session: Session, id: str) -> Draft | None:
        """As the others have it."""
        return self.others.draft(session, id)

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        """The followed case; its papers may change only while it waits for the resident."""
        found = self.others.case(session, id, to_change=to_change)
        passed = held()
        if found is not None or passed is None:
            return found
        ref, follow_hash = passed
        wanted = sa.select(Case).where(Case.id == id, Case.ref == ref, Case.follow_hash == follow_hash)
        case = session.scalars(wanted).one_or_none()
        return case if case is not None and (not to_change or case.state == State.NEEDS_SUPPLEMENT) else None

    def account(self) -> str | None:
        """As the others have it; a resident has none."""
        return self.others.account()


def held() -> tuple[str, str] | None:
    """What the cookie of this request vouches for."""
    secret: str = current_app.config["SETTINGS"].secret_key
    return follow_pass.read(secret, request.cookies.get(follow_pass.COOKIE), clock.now())
