"""Pausing and resuming a channel, and what a worker remembers of it. Room `sync`, floor 2. Never commits.

A fault of signature, access or clock pauses the channel instead of burning the attempts of everything that waits. Such a
pause ends by itself, each time later; the page of the county says so. A pause by a person lasts until a person ends it.
"""

from datetime import datetime, timedelta

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from sync.models import ChannelState

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
NEWS = timedelta(seconds=5)


def state_of(session: Session, name: str) -> ChannelState:
    """The channel's row, locked; made where there is none."""
    found = session.get(ChannelState, name, with_for_update=True)
    if found is None:
        dialect = sqlite if session.get_bind().dialect.name == "sqlite" else postgresql
        first = dialect.insert(ChannelState).values(name=name, faults=0)
        session.execute(first.on_conflict_do_nothing())
        found = session.get_one(ChannelState, name, with_for_update=True)
    return found


def paused(session: Session, name: str, now: datetime) -> bool:
    """Whether nothing may be sent now."""
    state = session.get(ChannelState, name)
    if state is None or state.paused_at is None:
        return False
    return state.paused_until is None or state.paused_until > now


def pause_for(session: Session, name: str, reason: str, now: datetime, again: int = 0) -> None:
    """The worker's own pause: longer each time, until something succeeds. again: how often it paused for this before, where
    a success of something else says nothing."""
    state = state_of(session, name)
    running = state.paused_until is not None and state.paused_until > now  # another worker met the same fault
    if state.paused_by is None and not running:
        state.paused_at, state.reason = now, reason
        state.faults = max(state.faults, again)
        state.paused_until = now + min(FIRST_PAUSE * 2 ** min(state.faults, 20), LONGEST_PAUSE)
        state.faults += 1


def hold(session: Session, name: str, reason: str, now: datetime, until: datetime) -> None:
    """A pause as long as the platform asked for."""
    state = state_of(session, name)
    if state.paused_by is None and (state.paused_until is None or state.paused_until < until):
        state.paused_at, state.reason, state.paused_until = now, reason, until


def pause(session: Session, name: str, account_id: str, reason: str, now: datetime) -> None:
    """A person's pause."""
    state = state_of(session, name)
    state.paused_at, state.paused_by, state.paused_until, state.reason = now, account_id, None, reason


def resume(session: Session, name: str) -> None:
    """End a pause, whoever began it."""
    state = state_of(session, name)
    state.paused_at = state.paused_by = state.paused_until = state.reason = None
    state.faults = 0


def note_ok(session: Session, name: str, now: datetime) -> None:
    """The platform answered as it should."""
    state = state_of(session, name)
    state.last_ok_at, state.faults = now, 0
    if state.paused_by is None:
        state.paused_at = state.paused_until = state.reason = None


def calm(session: Session, name: str, now: datetime) -> bool:
    """Whether a success this moment says nothing new: no pause, no fault, and the last success is some seconds old."""
    state = session.get(ChannelState, name)
    if state is None or state.paused_at is not None or state.faults or state.last_ok_at is None:
        return False
    return timedelta() <= now - state.last_ok_at < NEWS


def sign_no(session: Session, name: str) -> str:
    """The number of the current sign-in; empty when there is none."""
    state = session.get(ChannelState, name)
    return str(state.sign_no or "") if state else ""


def signed_in(session: Session, name: str, number: str) -> None:
    """Keep the number of a new sign-in."""
    state_of(session, name).sign_no = number
