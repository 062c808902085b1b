"""What can be done with accounts: make them, sign in, prove a second factor, change a password, close. Never commits.

Hashing and codes are computed by the caller, outside the write session (accounts/passwords.py, second_factor.py).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.models import Account, Post, RecoveryCode, SignInSession
from accounts.policy import Role
from accounts.queries import NOWHERE, SignedIn, account_named, token_hash
from common import audit
from common.clock import local_date
from common.i18n import gettext as _
from common.ids import new_id
from common.sealing import keys_of

TOKEN_BYTES = 32


class Refused(ValueError):
    """What the rules forbid; its words are one sentence for the reader."""


@dataclass(frozen=True)
class By:
    """Who does it, for the audit. `account_id` None: an operator at the command line."""

    account_id: str | None
    role: str


OPERATOR = By(None, "operator")


@dataclass(frozen=True)
class NewPost:
    """A post to be given: `area` a prefix of division codes."""

    role: Role
    area: str
    station_code: str | None = None
    station_name: str | None = None

    @property
    def county_code(self) -> str:
        """Six digits of the area, filled up with zeros."""
        return self.area[:6].ljust(6, "0")


@dataclass(frozen=True)
class NewAccount:
    """An account to be made; its password is already hashed."""

    name: str
    staff_name: str
    password_hash: str
    posts: Sequence[NewPost]
    phone: str | None = None
    must_change: bool = True


def by(who: SignedIn) -> By:
    """The person who is signed in."""
    return By(who.account_id, who.role)


# Accounts


def make_account(session: Session, new: NewAccount, *, by: By, now: datetime) -> Account:
    """Add an account with its posts. Raises Refused when the name is taken."""
    if account_named(session, new.name) is not None:
        raise Refused(_("用户名 %(name)s 已经有人用了，换一个。", name=new.name))
    account = Account(
        id=new_id(),
        name=new.name,
        staff_name=new.staff_name,
        phone=new.phone,
        phone_index=keys_of(session).index(new.phone, "phone") if new.phone else None,
        password_hash=new.password_hash,
        must_change=new.must_change,
        totp_on=False,
        active=True,
        made_at=now,
        password_at=now,
    )
    session.add(account)
    session.flush()
    for post in new.posts:
        add_post(session, account.id, post, by=by, now=now)
    return account


def add_post(session: Session, account_id: str, post: NewPost, *, by: By, now: datetime) -> None:
    """One post, or one more, from today on."""
    session.add(
        Post(
            account_id=account_id,
            role=post.role,
            area=post.area,
            county_code=post.county_code,
            station_code=post.station_code,
            station_name=post.station_name,
            starts_on=local_date(now),
        )
    )
    session.flush()
    _note(session, by, "account.post", account_id, post.county_code, now, {"role": post.role, "area": post.area})


def close_account(session: Session, account: Account, *, by: By, now: datetime) -> None:
    """Nobody signs in with it any more; posts end today, sign-ins at once. The row stays: cases name it."""
    account.active = False
    today = local_date(now)
    county = _county(session, account.id)
    session.execute(
        sa.update(Post)
        .where(Post.account_id == account.id, sa.or_(Post.ends_on.is_(None), Post.ends_on > today))
        .values(ends_on=today)
    )
    _end(session, account.id, now)
    _note(session, by, "account.close", account.id, county, now)


def end_post(session: Session, post: Post, *, by: By, now: datetime) -> None:
    """Take a post away, from this moment on: the sign-ins that act in it end. The account stays, with the posts that are
    left. A second time changes nothing."""
    today = local_date(now)
    current = sa.or_(Post.ends_on.is_(None), Post.ends_on >= today)
    held = session.scalars(sa.select(Post.id).where(Post.account_id == post.account_id, current)).all()
    if post.id not in held:
        return
    post.ends_on = today - timedelta(days=1)  # the last day is one on which it still held
    # Whoever has one post only never chose it (accounts/queries.py: SignedIn.post).
    ended = _end(session, post.account_id, now, *([SignInSession.post_id == post.id] if len(held) > 1 else []))
    facts: dict[str, str | int] = {"role": post.role, "area": post.area, "ended": ended}
    _note(session, by, "account.end_post", post.account_id, post.county_code, now, facts)


def reset_password(session: Session, account: Account, password_hash: str, *, by: By, now: datetime) -> None:
    """Another first password, to be changed at the next sign-in; the second factor is set up anew as well, since a person
    who lost both has only the administrator to turn to. Every sign-in ends."""
    account.password_hash = password_hash
    account.must_change = True
    account.password_at = now
    account.totp_secret = None
    account.totp_on = False
    account.totp_step = None
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    _end(session, account.id, now)
    _note(session, by, "account.reset_password", account.id, _county(session, account.id), now)


def end_sessions(session: Session, account: Account, *, by: By, now: datetime) -> int:
    """Sign an account out everywhere. Returns from how many devices."""
    ended = _end(session, account.id, now)
    _note(session, by, "account.end_sessions", account.id, _county(session, account.id), now, {"ended": ended})
    return ended


# Signing in


def start_session(session: Session, account_id: str, *, device: str, now: datetime) -> str:
    """Somebody typed the right password. Returns the token for the cookie."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    started = SignInSession(
        token_hash=token_hash(token),
        account_id=account_id,
        device=device,
        made_at=now,
        seen_at=now,
        second_passed=False,
    )
    session.add(started)
    session.flush()
    facts: dict[str, str | int] = {"session": started.id}
    _note(session, By(account_id, "staff"), "sign_in", account_id, _county(session, account_id), now, facts)
    return token


def note_failure(session: Session, what: str, key: str, account_id: str | None, now: datetime) -> None:
    """A wrong password or code. The same work whether the account exists or not, and the same chain of the audit."""
    facts: dict[str, str | int] = {"account": account_id or "-"}
    audit.record(
        session,
        county_code=NOWHERE,
        actor_id=account_id,
        actor_role="unknown",
        action=what,
        about=("sign_in", key),
        facts=facts,
        now=now,
    )


def seen(session: Session, who: SignedIn, now: datetime) -> None:
    """They are still there."""
    session.execute(sa.update(SignInSession).where(SignInSession.id == who.session_id).values(seen_at=now))


def end_session(session: Session, who: SignedIn, session_id: str, now: datetime) -> None:
    """Sign out, here or on another device of one's own; another person's session is left alone."""
    ended = session.execute(
        sa.update(SignInSession)
        .where(
            SignInSession.id == session_id,
            SignInSession.account_id == who.account_id,
            SignInSession.ended_at.is_(None),
        )
        .values(ended_at=now)
        .returning(SignInSession.id)
    ).all()
    if ended:
        _note(session, by(who), "sign_out", who.account_id, who.county_code, now, {"session": session_id})


def end_others(session: Session, who: SignedIn, now: datetime) -> int:
    """Sign out everywhere but here. Returns from how many devices."""
    ended = _end(session, who.account_id, now, SignInSession.id != who.session_id)
    _note(session, by(who), "sign_out_others", who.account_id, who.county_code, now, {"ended": ended})
    return ended


def choose_post(session: Session, who: SignedIn, post_id: str) -> None:
    """Work at this post in this sign-in. Raises Refused when it is not one of today's."""
    if all(post.id != post_id for post in who.posts):
        raise Refused(_("没有这个岗位，请重新选。"))
    session.execute(sa.update(SignInSession).where(SignInSession.id == who.session_id).values(post_id=post_id))


def change_password(session: Session, who: SignedIn, password_hash: str, now: datetime) -> None:
    """Their own. Other devices are signed out: whoever knew the old one is gone."""
    session.execute(
        sa.update(Account)
        .where(Account.id == who.account_id)
        .values(password_hash=password_hash, must_change=False, password_at=now)
    )
    _end(session, who.account_id, now, SignInSession.id != who.session_id)
    _note(session, by(who), "password.change", who.account_id, who.county_code, now)


# The second factor


def offer_secret(session: Session, account_id: str, secret: str) -> None:
    """The secret that a phone is about to be given, until a first code proves that it has it."""
    account = session.get_one(Account, account_id)
    if not account.totp_on and account.totp_secret is None:
        account.totp_secret = secret


def enrol(session: Session, who: SignedIn, step: int, code_hashes: Sequence[str], now: datetime) -> None:
    """The phone has proved that it has the secret; recovery codes replace earlier ones. Raises Refused the second time."""
    done = session.execute(
        sa.update(Account)
        .where(Account.id == who.account_id, Account.totp_on.is_(False))
        .values(totp_on=True, totp_step=step)
        .returning(Account.id)
    ).all()
    if not done:
        raise Refused(_("动态码已经设好了。"))
    _pass_second(session, who)
    new_codes(session, who, code_hashes)
    _note(session, by(who), "second_factor.set_up", who.account_id, who.county_code, now)


def new_codes(session: Session, who: SignedIn, code_hashes: Sequence[str]) -> None:
    """These recovery codes instead of those there were."""
    session.execute(sa.delete(RecoveryCode).where(RecoveryCode.account_id == who.account_id))
    session.add_all(RecoveryCode(account_id=who.account_id, code_hash=digest) for digest in code_hashes)


def use_step(session: Session, who: SignedIn, step: int, now: datetime) -> bool:
    """Pass with this code's time step; False when it was used meanwhile."""
    used = session.execute(
        sa.update(Account)
        .where(Account.id == who.account_id, sa.or_(Account.totp_step.is_(None), Account.totp_step < step))
        .values(totp_step=step)
        .returning(Account.id)
    ).all()
    if used:
        _pass_second(session, who)
        _note(session, by(who), "second_factor.pass", who.account_id, who.county_code, now)
    return bool(used)


def use_recovery_code(session: Session, who: SignedIn, code_hash: str, now: datetime) -> bool:
    """Pass with a recovery code, once; False when it is none of theirs or was used."""
    used = session.execute(
        sa.update(RecoveryCode)
        .where(
            RecoveryCode.account_id == who.account_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    ).all()
    if used:
        _pass_second(session, who)
        _note(session, by(who), "second_factor.recovery_code", who.account_id, who.county_code, now)
    return bool(used)


def _pass_second(session: Session, who: SignedIn) -> None:
    session.execute(sa.update(SignInSession).where(SignInSession.id == who.session_id).values(second_passed=True))


def _end(session: Session, account_id: str, now: datetime, *which: sa.ColumnElement[bool]) -> int:
    ended = session.execute(
        sa.update(SignInSession)
        .where(SignInSession.account_id == account_id, SignInSession.ended_at.is_(None), *which)
        .values(ended_at=now)
        .returning(SignInSession.id)
    ).all()
    return len(ended)


def _county(session: Session, account_id: str) -> str:
    """Of the first post that is not over, else of the last one."""
    order = (Post.ends_on.is_not(None), Post.id)
    return (
        session.scalar(sa.select(Post.county_code).where(Post.account_id == account_id).order_by(*order).limit(1))
        or NOWHERE
    )


def _note(
    session: Session,
    by: By,
    action: str,
    account_id: str,
    county_code: str,
    now: datetime,
    facts: dict[str, str | int] | None = None,
) -> None:
    audit.record(
        session,
        county_code=county_code,
        actor_id=by.account_id,
        actor_role=by.role,
        action=action,
        about=("account", account_id),
        facts=facts,
        now=now,
    )
