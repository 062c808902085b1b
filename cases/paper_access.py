"""Who may see and change papers: whoever may fill the draft in, or read the case. What app.py hands to paper_rights. Floor 4."""

from sqlalchemy.orm import Session

from accounts.current import maybe_actor
from accounts.policy import Action, may
from cases import drafts
from cases.models import Case, Draft
from cases.scope import reaches
from common import clock


class ByPost:
    """The rights of the post at which somebody is signed in; strangers have none."""

    def draft(self, session: Session, id: str) -> Draft | None:
        """A draft of one's own, or of the own station."""
        by = maybe_actor()
        return drafts.find(session, id, now=clock.now(), by=by) if by and may(by, Action.FILE_CASE) else None

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        """A case in reach. To change its papers takes the right to file, or to ask for papers."""
        by = maybe_actor()
        found = session.get(Case, id) if by else None
        if by is None or found is None or not reaches(by, found):
            return None
        acts = may(by, Action.FILE_CASE) or may(by, Action.ACCEPT)
        return found if acts or not to_change else None

    def account(self) -> str | None:
        """Whose account it is."""
        by = maybe_actor()
        return by.account_id if by else None
