"""留存期限: what is deleted when. Drafts by their last day, the rest by class, months after a case ended (data/retention.csv, or
the file that MENKOU_RETENTION names).

What stays of a case is a number without a person: item, station, states and dates, for counting. Room `cases`, floor 4.
Never commits. Call it again until it says that nothing was left.
"""

import calendar
import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from cases.models import Authorisation, Case, CaseEvent, Consent, Draft, KeptOperation, Paper, State
from cases.news import aggregate_of
from cases.trail import add_audit
from cases.transitions import CLOCK
from common import clock
from sync import inbox
from sync.models import OutboxEntry

FILE = Path(__file__).parent / "data" / "retention.csv"
AT_A_TIME = 200
GONE = "gone"  # in place of the hash of the code: the person was taken out


@dataclass(frozen=True)
class Kept:
    """One class of data: how many months after the case ended, and who says so."""

    name: str
    months: int
    what: str
    source: str


@dataclass
class Removed:
    """What one run removes. `files`: ids of papers whose bytes may go once the transaction stands."""

    drafts: int = 0
    papers: int = 0
    persons: int = 0  # cases whose answers, names and numbers went
    requests: int = 0
    files: list[str] = field(default_factory=list)

    @property
    def nothing(self) -> bool:
        """Whether there was nothing left to do."""
        return not (self.drafts or self.papers or self.persons or self.requests)


def classes(file: Path = FILE) -> dict[str, Kept]:
    """The classes by name. Raises ValueError when the file does not say months, from 1 on, for each of ours."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = [Kept(row["class"], int(row["months"]), row["what"], row["source"]) for row in csv.DictReader(lines)]
    except (OSError, KeyError, TypeError, UnicodeDecodeError) as problem:
        raise ValueError(str(file)) from problem
    found = {row.name: row for row in rows}
    if not {"papers", "answers", "requests"} <= set(found) or min(row.months for row in rows) < 1:
        raise ValueError(str(file))
    return found


def periods_of(app: Flask) -> dict[str, Kept]:
    """Those of this installation: what is deleted by, and what residents are told (/privacy)."""
    found: dict[str, Kept] = app.extensions["retention"]
    return found


def remove_due(session: Session, now: datetime, kept: dict[str, Kept], most: int = AT_A_TIME) -> Removed:
    """Delete what its time is over for, at most so many of each class."""
    done = Removed()
    _drafts(session, now, most, done)
    _papers(session, _before(now, kept["papers"].months), most, done)
    for case in _ended(session, _before(now, kept["answers"].months), most):
        forget_person(session, case, now)
        done.persons += 1
    old = sa.select(KeptOperation.op_id).where(KeptOperation.at < _before(now, kept["requests"].months)).limit(most)
    ids = list(session.scalars(old))
    session.execute(sa.delete(KeptOperation).where(KeptOperation.op_id.in_(ids)))
    done.requests = len(ids)
    session.flush()
    return done


def forget_person(session: Session, case: Case, now: datetime) -> None:
    """Take the person out of a case that is over: what was filled in, who it was, who acted, what was said."""
    names = ("name", "certno", "mobile", "contact_tel", "masked_name", "masked_number", "masked_phone")
    case.subject = dict.fromkeys(names, "") | {"gone": True}
    case.answers = {"gone": True}
    case.person_index, case.phone_index, case.guardian_index = f"gone{case.id[4:]}", None, None
    case.follow_hash = case.answers_sha256 = GONE
    session.execute(sa.delete(OutboxEntry).where(OutboxEntry.aggregate == aggregate_of(case)))
    inbox.empty(session, case.id)
    session.execute(sa.delete(Authorisation).where(Authorisation.case_id == case.id))
    session.execute(sa.delete(Consent).where(Consent.case_id == case.id))
    session.execute(sa.delete(KeptOperation).where(KeptOperation.case_id == case.id))
    session.execute(sa.update(CaseEvent).where(CaseEvent.case_id == case.id).values(details={}, actor_name=None))
    session.flush()
    add_audit(session, case, "case.forget", CLOCK, now)


def _drafts(session: Session, now: datetime, most: int, done: Removed) -> None:
    ids = list(session.scalars(sa.select(Draft.id).where(Draft.expires_at <= now).limit(most)))
    papers = list(session.scalars(sa.select(Paper.id).where(Paper.draft_id.in_(ids), Paper.case_id.is_(None))))
    session.execute(sa.delete(Paper).where(Paper.id.in_(papers)))
    session.execute(sa.delete(Draft).where(Draft.id.in_(ids)))
    done.drafts += len(ids)
    done.files += papers


def _papers(session: Session, before: datetime, most: int, done: Removed) -> None:
    wanted = sa.select(Paper.id).join(Case, Case.id == Paper.case_id).where(*_over(before)).limit(most)
    ids = list(session.scalars(wanted))
    session.execute(sa.delete(Paper).where(Paper.id.in_(ids)))
    done.papers += len(ids)
    done.files += ids


def _ended(session: Session, before: datetime, most: int) -> Sequence[Case]:
    """Cases that are over for so long and still say whose they were."""
    wanted = sa.select(Case).where(*_over(before), Case.follow_hash != GONE)
    return session.scalars(wanted.order_by(Case.state_at).limit(most).with_for_update()).all()


def _over(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Ended before then. What waits for the province or for a payment has not ended."""
    return Case.desk.is_(None), Case.state.in_((State.DONE, State.REFUSED, State.WITHDRAWN)), Case.state_at < before


def _before(now: datetime, months: int) -> datetime:
    """The same time of day so many months ago."""
    there = clock.local(now)
    year, month = divmod(there.year * 12 + there.month - 1 - months, 12)
    day = min(there.day, calendar.monthrange(year, month + 1)[1])
    return there.replace(year=year, month=month + 1, day=day)
