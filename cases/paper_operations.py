"""What is done with papers: put to a draft or a case, taken away, swept. Room `cases`, floor 4. Never commits.

Comes in: a writing session, the holder (a draft or a case), and bytes that are on the shelf already. What goes out says
which bytes the caller may remove from the shelf once the transaction stands.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.models import OPEN_STATES, Case, CaseEvent, Draft, Paper, State
from cases.paper_store import Shelf, at_work
from cases.papers import FitPaper
from cases.transitions import Step
from common import audit
from common.i18n import gettext as _

RECEIVED, REPLACED, REMOVED = "received", "replaced", "removed"
GONE = (REPLACED, REMOVED)
MOST_PAPERS = 30  # of one draft or case
BATCH = 500

Holder = Draft | Case


class Refused(ValueError):
    """It cannot be done now; the message is one sentence."""


@dataclass(frozen=True)
class Kept:
    """The paper as it now is. `id` is another than the one given when the same bytes were there already."""

    id: str
    left: tuple[str, ...] = ()  # ids whose bytes nobody needs any more


def papers_of(session: Session, holder: Holder) -> list[Paper]:
    """What the holder has, the oldest first. One SELECT."""
    wanted = sa.select(Paper).where(_held_by(holder), Paper.state.not_in(GONE))
    return list(session.scalars(wanted.order_by(Paper.at, Paper.id)))


def add(
    session: Session,
    holder: Holder,
    kind: str,
    fit: FitPaper,
    *,
    id: str,
    by: str | None,
    now: datetime,
    instead_of: str | None = None,
) -> Kept:
    """Put a paper to its holder. The same bytes for the same kind a second time are the same paper: a repeated request
    changes nothing. `instead_of`: the id of one it replaces. Raises Refused.

    A case that waits for papers waits for new ones: what was there before the request is not taken again.
    Lock the holder first (lock), so that two requests at once, and a submit between them, come one after the other."""
    there = papers_of(session, holder)
    old = next((paper for paper in there if paper.id == instead_of), None)
    same = next((paper for paper in there if (paper.kind, paper.sha256) == (kind, fit.sha256)), None)
    if old is not None and old is not same:
        _must_be_theirs(session, holder, old, by)
    if same is None and len(there) - (old is not None) >= MOST_PAPERS:
        raise Refused(_("材料太多了，最多 %(most)s 份。请先删掉不用的。", most=MOST_PAPERS))
    left = _take_away(session, old, REPLACED) if old is not None and old is not same else ()
    if same is not None:
        asked = _asked_at(session, holder)
        if asked is not None and same.at < asked:
            raise Refused(_("这张以前交过了，请重新拍一张。"))
        return Kept(same.id, left)
    session.add(
        Paper(
            id=id,
            county_code=holder.county_code,
            case_id=holder.id if isinstance(holder, Case) else None,
            draft_id=holder.id if isinstance(holder, Draft) else None,
            kind=kind,
            sha256=fit.sha256,
            mime=fit.mime,
            size=len(fit.body),
            width=fit.width,
            height=fit.height,
            pages=fit.pages,
            state=RECEIVED,
            by_account=by,
            at=now,
        )
    )
    session.flush()
    return Kept(id, left)


def _asked_at(session: Session, holder: Holder) -> datetime | None:
    """When a case that waits for papers was last told so; None for everything else."""
    if not isinstance(holder, Case) or holder.state != State.NEEDS_SUPPLEMENT:
        return None
    asks = sa.select(sa.func.max(CaseEvent.at)).where(CaseEvent.case_id == holder.id, CaseEvent.step == Step.ASK)
    return session.scalar(asks)


def remove(session: Session, holder: Holder, id: str, by: str | None) -> tuple[str, ...]:
    """Take a paper away from its holder; nothing when it is gone already. Returns the ids whose bytes may go. Raises
    Refused. Lock the holder first."""
    paper = next((paper for paper in papers_of(session, holder) if paper.id == id), None)
    if paper is None:
        return ()
    _must_be_theirs(session, holder, paper, by)
    return _take_away(session, paper, REMOVED)


def _must_be_theirs(session: Session, holder: Holder, paper: Paper, by: str | None) -> None:
    """What was filed, or found fit, is evidence: only what was brought since it was asked for goes again, and from a
    resident's browser (`by` None) only what came from there. Raises Refused."""
    if isinstance(holder, Draft):
        return
    asked = session.scalar(
        sa.select(sa.func.max(CaseEvent.at)).where(CaseEvent.case_id == holder.id, CaseEvent.step == Step.ASK)
    )
    state = session.scalar(sa.select(Case.state).where(Case.id == holder.id))
    filed = state != State.NEEDS_SUPPLEMENT or (asked is not None and paper.at < asked)
    if filed or paper.state == "fit" or (by is None and paper.by_account is not None):
        raise Refused(_("这份材料已经交上去了，不能删。要换，请再传一张。"))


def note(
    session: Session, holder: Holder, action: str, id: str, kind: str, *, by: str | None, role: str, now: datetime
) -> None:
    """An audit entry of what was done with a paper of a case: seen, added, removed. A draft is its writer's own: none."""
    if isinstance(holder, Case):
        audit.record(
            session,
            county_code=holder.county_code,
            actor_id=by,
            actor_role=role,
            action=f"paper.{action}",
            about=("case", holder.id),
            facts={"paper": id, "kind": kind},
            now=now,
        )


def _take_away(session: Session, paper: Paper, state: str) -> tuple[str, ...]:
    """A draft forgets. A case says that there was a paper; a replaced one stays to be looked at, a removed one does not."""
    if paper.case_id is None:
        session.delete(paper)
        session.flush()
        return (paper.id,)
    paper.state = state
    return () if state == REPLACED else (paper.id,)


def lock(session: Session, holder: Holder) -> None:
    """The holder's row, until the transaction ends nobody else's to change. Raises Refused when it takes no papers any more."""
    kind = type(holder)
    found = session.scalars(sa.select(kind).where(kind.id == holder.id).with_for_update()).one_or_none()
    if found is None or (isinstance(found, Case) and State(found.state) not in OPEN_STATES):
        raise Refused(taken_no_more())


def taken_no_more() -> str:
    """Of a draft or case that takes no papers now."""
    return _("这件事已经不收材料了。请刷新看看。")


def _held_by(holder: Holder) -> sa.ColumnElement[bool]:
    return Paper.case_id == holder.id if isinstance(holder, Case) else Paper.draft_id == holder.id


# Sweeping


@dataclass(frozen=True)
class Swept:
    """`rows`: papers of drafts that ended; `files`: bytes without a row; `lost`: rows without bytes, an alarm."""

    rows: int
    files: int
    lost: int


def forget_ended_drafts(session: Session, now: datetime, most: int = BATCH) -> list[str]:
    """Delete the papers of drafts that have expired or are gone, at most so many. Returns their ids: their bytes may go."""
    living = sa.exists().where(Draft.id == Paper.draft_id, Draft.expires_at > now)
    ended = sa.select(Paper.id).where(Paper.case_id.is_(None), ~living).order_by(Paper.id).limit(most)
    ids = list(session.scalars(ended))
    session.execute(sa.delete(Paper).where(Paper.id.in_(ids)))
    return ids


def without_row(session: Session, shelf: Shelf) -> list[str]:
    """Ids of bytes that belong to no row, or to a removed one, and to no request under way."""
    found: list[str] = []
    for batch in _batches(id for id in shelf.ids() if not at_work(id)):
        rows = sa.select(Paper.id).where(Paper.id.in_(batch), Paper.state != REMOVED)
        found += sorted(set(batch) - set(session.scalars(rows)))
    return found


def lost(session: Session, shelf: Shelf) -> list[str]:
    """Ids of rows whose bytes are not on the shelf: what a restored backup may lack."""
    rows = sa.select(Paper.id).where(Paper.state != REMOVED).order_by(Paper.id)
    return [id for id in session.scalars(rows.execution_options(yield_per=BATCH)) if not shelf.has(id)]


def _batches(ids: Iterable[str]) -> Iterable[list[str]]:
    batch: list[str] = []
    for id in ids:
        batch.append(id)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
