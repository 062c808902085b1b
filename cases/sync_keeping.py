"""What a bureau can do about the province's channel: send again, say what was told by telephone, pause, resume, release.
Room `cases`, floor 4.

Never commits; every one of them is audited. What the rules forbid raises Refused with one sentence.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor
from cases import province
from cases.drafts import Refused
from cases.models import State
from cases.news import CANCEL, CHANNEL, SUBMIT
from cases.sync_queries import ToLookAt, for_replay, for_settling
from common import audit
from common.i18n import gettext as _
from sync import by_telephone, channels, inbox, outbox, pulls
from sync.models import OutState
from sync.set_aside import set_aside
from sync.stands import newest


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


def may_settle(found: ToLookAt) -> bool:
    """Whether it can be talked over and is done with then: a refused cancelling. What it should end is ended by telephone, or
    stays with the province's consent; the case here has ended already."""
    return found.entry.state == OutState.REJECTED and found.entry.logical == CANCEL


def settle_cancelling(session: Session, id: str, *, by: Actor, now: datetime) -> None:
    """Somebody has talked with the province about a cancelling that it refused: nobody must look at it any more."""
    found = for_replay(session, id, CHANNEL, by.area)
    if found is None:
        raise Refused(_("这一条已经不用处理了"), 404)
    if not may_settle(found):
        raise Refused(_("这一条不能直接核对掉，请到办件里处理"))
    set_aside(session, found.entry.aggregate, CANCEL, now)
    _audit(session, "sync.settle", ("outbox", id), found.entry.county_code, by, now)


def told(session: Session, id: str, has_it: bool, number: str, *, by: Actor, now: datetime, alarm: timedelta) -> None:
    """Somebody has asked the province by telephone about a message that has been in doubt for longer than `alarm`: it has it
    (number: trt_dcla_detl_sn, as far as it was told), or it has not. Then it is sent again; a filing that its case does not
    wait for any more is not."""
    found = for_replay(session, id, CHANNEL, by.area)
    if found is None:
        raise Refused(_("这一条正在问省里，或者已经不用处理了。请过一会儿再看。"), 404)
    if not by_telephone.called_for(found.entry, now, alarm):
        raise Refused(_("这一条系统还在问省里，现在不用打电话。"))
    entry = found.entry
    if has_it:
        answer = {"trt_dcla_detl_sn": number} if number else {}
        by_telephone.arrived(session, entry, answer, now)
        session.flush()
        province.acked(session, entry.logical, entry.aggregate, answer, now)
        _audit(session, "sync.has_it", ("outbox", id), entry.county_code, by, now)
        return
    if _waited_for(session, found):
        by_telephone.send_again(session, entry, now)
    else:
        by_telephone.drop(session, entry, now)
    _audit(session, "sync.has_it_not", ("outbox", id), entry.county_code, by, now)


def _waited_for(session: Session, found: ToLookAt) -> bool:
    if found.entry.logical != SUBMIT:
        return True
    filed = newest(session, found.entry.aggregate, SUBMIT)
    newer = filed is not None and filed.key != found.entry.key
    return not newer and found.case is not None and found.case.state == State.APPROVED


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
