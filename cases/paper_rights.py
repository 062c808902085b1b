"""Who may see and change which paper: asked for every byte. Room `cases`, floor 4.

Papers have no rights of their own: whoever may work on the draft or the case may on its papers. Who that is, the sign-in and
the rules of the cases say; app.py hands it in as `app.extensions["paper_rights"]`. Without it nobody may anything.
"""

from typing import Protocol

from flask import current_app
from sqlalchemy.orm import Session

from cases.models import Case, Draft, Paper


class PaperRights(Protocol):
    """Answers for whoever makes the current request. None: not there, or none of their business; nobody can tell which."""

    def draft(self, session: Session, id: str) -> Draft | None:
        """The draft, when they may fill it in."""

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        """The case, when they may read it, or with `to_change` put papers to it and take them away."""

    def account(self) -> str | None:
        """The id of their account. None: a resident at home."""


class Nobody:
    """Until app.py hands in something else."""

    def draft(self, session: Session, id: str) -> Draft | None:
        """None."""
        return None

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        """None."""
        return None

    def account(self) -> str | None:
        """None."""
        return None


def rights() -> PaperRights:
    """Those of the current request."""
    found: PaperRights = current_app.extensions["paper_rights"]
    return found


def holder_of(session: Session, paper: Paper, *, to_change: bool) -> Draft | Case | None:
    """What the paper belongs to, when the rights reach so far."""
    if paper.case_id is not None:
        return rights().case(session, paper.case_id, to_change=to_change)
    return rights().draft(session, paper.draft_id) if paper.draft_id is not None else None
