"""What a bureau can do about the province's channel: send again, pause, resume, release. Room `cases`, floor 4.

Never commits; every one of them is audited. What the rules forbid raises Refused with one sentence.
"""

from datetime import datetime

from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor
from cases.drafts import Refused
from cases.models import State
from cases.news import CHANNEL, SUBMIT
from cases.sync_queries import ToLookAt, for_replay, for_settling
from common import audit
from common.i18n import gettext as _
from sync import channels, inbox, outbox, pulls
from sync.models import OutState


def may_replay(found: ToLookAt) -> bool:
    """Whether sending it again can help: a filing only while its case waits for the province."""
    if found.entry.state != OutState.REJECTED:
        return False
    return found.entry.logical != SUBMIT or (found.case is not None and found.case.state == State.APPROVED)


def replay(session: Session, id: str, *, by: Actor, now: datetime) -> None:
    """Once more what was refused. A second time is no mistake: by then nobody must look at it."""
    found = for_replay(session, id, CHANNEL, by.area)
    if found is None:
        raise Refused(_("这一条已经不用处理了"), 404)
    if not may_replay(found):
        raise Refused(_("这一条不能直接再报，请到办件里处理"))
    outbox.replay(found.entry, now)
    _audit(session, "sync.replay", ("outbox", id), found.entry.county_code, by, now)


def settle(session: Session, id: str, *, by: Actor, now: datetime) -> None:
    """Somebody has talked with the province about a decision that the case cannot follow: nobody must look at it any more.
    A second time is no mistake."""
    found = for_settling(session, id, CHANNEL, by.area, hears_all(by))
    if found is None:
        raise Refused(_("这一条已经不用处理了"), 404)
    found.state, found.body, found.error = inbox.OLD, {}, None  # what it said of a person is not needed any more
    _audit(session, "sync.settle", ("inbox", id), found.county_code or by.county_code, by, now)


def hears_all(by: Actor) -> bool:
    """Whether this one also looks after what is about no case we know."""
    return Action.KEEP_CHANNEL in MAY[by.role]


def pause(session: Session, reason: str, *, by: Actor, now: datetime) -> None:
    """Send nothing until somebody resumes."""
    channels.pause(session, CHANNEL, by.account_id, reason, now)
    _audit(session, "sync.pause", ("channel", CHANNEL), by.county_code, by, now, purpose=reason)


def resume(session: Session, *, by: Actor, now: datetime) -> None:
    """Go on, whoever paused."""
    channels.resume(session, CHANNEL)
    _audit(session, "sync.resume", ("channel", CHANNEL), by.county_code, by, now)


def release(session: Session, logical: str, *, by: Actor, now: datetime) -> None:
    """Let one of the province's lists end as many of ours as it was held for."""
    if pulls.release(session, CHANNEL, logical, now) is None:
        raise Refused(_("现在没有拦下的名单"))
    _audit(session, "sync.release", ("list", logical), by.county_code, by, now)


def _audit(
    session: Session,
    action: str,
    about: tuple[str, str],
    county: str,
    by: Actor,
    now: datetime,
    purpose: str | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        county_code=county,
        actor_id=by.account_id,
        actor_role=str(by.role),
        action=action,
        about=about,
        purpose=purpose,
        now=now,
    )
