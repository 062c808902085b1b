"""Slowing down whoever guesses: mistakes are counted in the database, so that every process knows, and survive a restart.

A try is counted before it is checked, and taken back when it was right: a hundred at once do not slip through while the
first is still being hashed. Names that do not exist are counted like those that do.

What is no mistake (a form begun at home) is counted apart, by `use`: so many an hour, and nothing is left over for the next.
A span of time is part of the key that is hashed, so each begins with a row of its own.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from accounts.limits import ADDRESS, ADDRESS_ANEW, CODE, FORGOTTEN, NAME, USES, USES_WITHIN, Patience, delay
from accounts.models import SignInAttempt
from common.i18n import gettext as _
from common.sealing import KeyRing

_PATIENCE = {"name": NAME, "address": ADDRESS, "code": CODE}
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)  # spans of time are counted from here


@dataclass(frozen=True)
class Key:
    """What is counted: kind ("name", "address", "code"; "use", which is no mistake) and a keyed hash."""

    kind: str
    digest: str

    @property
    def text(self) -> str:
        """As it is stored."""
        return f"{self.kind}:{self.digest}"

    @property
    def patience(self) -> Patience:
        """How many mistakes it may make."""
        return _PATIENCE[self.kind]


def key(keys: KeyRing, kind: str, value: str) -> Key:
    """The key of a name, an address or an account's codes; the value itself is not kept."""
    return Key(kind, keys.index(value, f"attempt.{kind}"))


def of_address(keys: KeyRing, what: str, address: str | None, now: datetime) -> list[Key]:
    """What counts the tries of one kind (`what`) from where a request came, anew every ADDRESS_ANEW; empty where that is
    not known."""
    found = _whence(address)
    return [key(keys, "address", f"{what}|{found}|{_span(now, ADDRESS_ANEW)}")] if found else []


def use(session: Session, keys: KeyRing, what: str, address: str | None, now: datetime) -> datetime | None:
    """Count an ordinary use (`what`) from where a request came; to be committed. Returns until when to wait, once everybody
    behind that address together had USES of them within USES_WITHIN."""
    found = _whence(address)
    if not found:
        return None
    span = _span(now, USES_WITHIN)
    uses, _locked = _count(session, key(keys, "use", f"{what}|{found}|{span}"), now)
    _sweep(session, now)
    return _BEGINNING + (span + 1) * USES_WITHIN if uses > USES else None


def _whence(address: str | None) -> str:
    """This machine itself is a proxy that says not for whom it asks, that is to say everybody: "", as for what is no address."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return ""
    return "" if found.is_loopback else str(found)


def _span(now: datetime, length: timedelta) -> int:
    return (now - _BEGINNING) // length


def begin(session: Session, counted: Sequence[Key], now: datetime) -> datetime | None:
    """Count a try against all of these. Returns until when to wait when one of them must: do not commit then."""
    waits: list[datetime] = []
    for one in sorted(counted, key=lambda one: one.text):  # in one order, or two requests would wait for each other
        failures, until = _count(session, one, now)
        if until is not None and until > now:
            waits.append(until)
        elif pause := delay(one.patience, failures):
            session.execute(
                sa.update(SignInAttempt).where(SignInAttempt.key == one.text).values(locked_until=now + pause)
            )
    _sweep(session, now)
    return max(waits, default=None)


def _count(session: Session, one: Key, now: datetime) -> tuple[int, datetime | None]:
    """One more; how many it makes, and until when it is locked."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    again = sa.case((SignInAttempt.last_at < now - FORGOTTEN, 1), else_=SignInAttempt.failures + 1)
    counting = insert(SignInAttempt).values(key=one.text, failures=1, last_at=now)
    counting = counting.on_conflict_do_update(index_elements=["key"], set_={"failures": again, "last_at": now})
    made = session.execute(counting.returning(SignInAttempt.failures, SignInAttempt.locked_until)).one()
    return made.failures, made.locked_until


def _sweep(session: Session, now: datetime) -> None:
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.last_at < now - FORGOTTEN))


def forgive(session: Session, right: Sequence[Key], also: Sequence[Key] = ()) -> None:
    """It was the right one: what was counted against `right` is gone, and this one try taken back from `also`.

    An address is only given its try back: whoever knows one password must not be able to try others without end."""
    session.execute(sa.delete(SignInAttempt).where(SignInAttempt.key.in_([one.text for one in right])))
    session.execute(
        sa.update(SignInAttempt)
        .where(SignInAttempt.key.in_([one.text for one in also]), SignInAttempt.failures > 0)
        .values(failures=SignInAttempt.failures - 1, locked_until=None)
    )


def waiting_until(session: Session, counted: Sequence[Key], now: datetime) -> datetime | None:
    """Until when the next try has to wait, after one that was wrong."""
    until = session.scalar(
        sa.select(sa.func.max(SignInAttempt.locked_until)).where(SignInAttempt.key.in_([one.text for one in counted]))
    )
    return until if until and until > now else None


def wait_words(until: datetime, now: datetime) -> str:
    """How long the next try has to wait."""
    seconds = max(1, -(-(until - now) // timedelta(seconds=1)))
    if seconds < 60:
        return _("试得太多了，请等 %(n)s 秒再试。", n=seconds)
    return _("试得太多了，请等 %(n)s 分钟再试。", n=-(-seconds // 60))
