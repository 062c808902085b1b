"""Rights for tests of papers: these drafts and cases are theirs who ask. And builders of both."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from cases.models import Case, Draft, State
from common.ids import new_id

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass
class Holding:
    """A PaperRights: ids of what may be seen, of cases only when `changes`."""

    ids: set[str] = field(default_factory=set)
    changes: bool = True

    def draft(self, session: Session, id: str) -> Draft | None:
        return session.get(Draft, id) if id in self.ids else None

    def case(self, session: Session, id: str, *, to_change: bool) -> Case | None:
        return session.get(Case, id) if id in self.ids and (self.changes or not to_change) else None

    def account(self) -> str | None:
        return "helper-1"


def draft(session: Session, *, expires_at: datetime = NOW + timedelta(days=7)) -> Draft:
    """A draft, committed."""
    row = Draft(
        county_code="371302",
        item_no=18,
        answers={},
        version=1,
        op_id=new_id(),
        made_at=NOW,
        updated_at=NOW,
        expires_at=expires_at,
    )
    session.add(row)
    session.commit()
    return row


def case(session: Session, *, state: State = State.NEEDS_SUPPLEMENT) -> Case:
    """A case, committed."""
    row = Case(
        county_code="371302",
        ref=new_id()[-8:],
        item_no=18,
        family="remote_care",
        form_version=1,
        station_code="LS0001",
        town_code="371302001",
        channel="window",
        state=state,
        live=True,
        live_key="remote",
        version=1,
        person_index=new_id(),
        subject={},
        answers={},
        answers_sha256="0" * 64,
        identity_how="original",
        identity_checked_by="helper-1",
        filed_by="helper-1",
        filed_at=NOW,
        state_at=NOW,
        due_estimated=False,
        to_county=False,
        follow_hash="0" * 64,
    )
    session.add(row)
    session.commit()
    return row
