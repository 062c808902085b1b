"""Reading accounts, posts and sign-ins. Room `accounts`, floor 1."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.limits import LASTING, UNFINISHED
from accounts.models import Account, Post, SignInSession
from accounts.policy import SECOND_FACTOR, Actor, Role
from common.clock import local_date

NOWHERE = "000000"  # the county of whoever has no post


class Step(StrEnum):
    """What is still missing before somebody who typed the right password may work."""

    UNLOCK = "unlock"  # idle for too long: the password again
    CODE = "code"  # the second factor
    PASSWORD = "password"  # noqa: S105  the first one was given by somebody else
    ENROL = "enrol"  # a second factor to set up
    POST = "post"  # which of several
    NO_POST = "no_post"  # none today


@dataclass(frozen=True, slots=True)
class PostView:
    """One post as it is now."""

    id: str
    role: Role
    area: str
    county_code: str
    station_code: str | None
    station_name: str | None


@dataclass(frozen=True, slots=True, eq=False)
class SignedIn:
    """Who holds this token, and how far the sign-in has come. What Flask-Login calls a user."""

    token: str = field(repr=False)
    session_id: str
    account_id: str
    name: str
    staff_name: str
    must_change: bool
    totp_on: bool
    second_passed: bool
    posts: tuple[PostView, ...]  # those of today
    post_id: str | None
    made_at: datetime
    seen_at: datetime
    is_authenticated: bool = True
    is_active: bool = True
    is_anonymous: bool = False

    def get_id(self) -> str:
        """What the cookie holds."""
        return self.token

    @property
    def post(self) -> PostView | None:
        """The post people work at: the only one, or the one they chose."""
        if len(self.posts) == 1:
            return self.posts[0]
        return next((post for post in self.posts if post.id == self.post_id), None)

    @property
    def needs_second(self) -> bool:
        """Whether one of the posts asks for a second factor."""
        return any(post.role in SECOND_FACTOR for post in self.posts)

    @property
    def county_code(self) -> str:
        """For the audit: where the post is, NOWHERE without one."""
        post = self.post or (self.posts[0] if self.posts else None)
        return post.county_code if post else NOWHERE

    @property
    def role(self) -> str:
        """For the audit."""
        return self.post.role if self.post else "staff"

    def over(self, now: datetime) -> bool:
        """Whether this sign-in has ended by age."""
        lasting = [LASTING[post.role] for post in self.posts] or [LASTING[Role.BUREAU_VIEWER]]
        if now - self.made_at > min(one.most for one in lasting):
            return True
        unfinished = self.needs_second and not self.second_passed
        return unfinished and now - self.made_at > UNFINISHED

    def missing(self, now: datetime) -> Step | None:
        """The next step before work; None when there is none."""
        if self.needs_second and self.totp_on and not self.second_passed:
            return Step.CODE
        if self.posts and now - self.seen_at > min(LASTING[post.role].idle for post in self.posts):
            return Step.UNLOCK
        if self.must_change:
            return Step.PASSWORD
        if self.needs_second and not self.second_passed:
            return Step.ENROL
        if not self.posts:
            return Step.NO_POST
        return None if self.post else Step.POST

    @property
    def actor(self) -> Actor:
        """Who acts, at which post. Only when no step is missing."""
        post = self.post
        if post is None:
            raise ValueError("no post was chosen")
        return Actor(
            account_id=self.account_id,
            name=self.staff_name,
            role=post.role,
            post_id=post.id,
            area=post.area,
            station_code=post.station_code,
            station_name=post.station_name,
            session_id=self.session_id,
        )


def token_hash(token: str) -> str:
    """How a token is stored: it is random, so a plain hash will do."""
    return hashlib.sha256(token.encode()).hexdigest()


def signed_in(session: Session, token: str, now: datetime) -> SignedIn | None:
    """Whose token this is; None when it is nobody's, ended, too old, or the account is closed. One statement."""
    rows = session.execute(
        sa.select(SignInSession, *_ACCOUNT, Post)
        .join(Account, Account.id == SignInSession.account_id)
        .outerjoin(Post, sa.and_(Post.account_id == Account.id, _current(local_date(now))))
        .where(SignInSession.token_hash == token_hash(token), SignInSession.ended_at.is_(None), Account.active)
        .order_by(Post.id)
    ).all()
    if not rows:
        return None
    first = rows[0]
    found: SignInSession = first.SignInSession
    who = SignedIn(
        token=token,
        session_id=found.id,
        account_id=found.account_id,
        name=first.name,
        staff_name=first.staff_name,
        must_change=first.must_change,
        totp_on=first.totp_on,
        second_passed=found.second_passed,
        posts=tuple(post_view(row.Post) for row in rows if row.Post is not None),
        post_id=found.post_id,
        made_at=found.made_at,
        seen_at=found.seen_at,
    )
    return None if who.over(now) else who


# Not the sealed columns: unsealing at every request would be for nothing.
_ACCOUNT = (Account.name, Account.staff_name, Account.must_change, Account.totp_on)


def _current(today: date) -> sa.ColumnElement[bool]:
    return sa.and_(Post.starts_on <= today, sa.or_(Post.ends_on.is_(None), Post.ends_on >= today))


def post_view(post: Post) -> PostView:
    """A row as pages and rules get it."""
    return PostView(post.id, Role(post.role), post.area, post.county_code, post.station_code, post.station_name)


def account_named(session: Session, name: str) -> Account | None:
    """An account by what is typed to sign in, closed ones too."""
    return session.scalars(sa.select(Account).where(Account.name == name)).one_or_none()


def posts_of(session: Session, account_ids: Sequence[str], today: date) -> dict[str, list[PostView]]:
    """Today's posts of these accounts. One statement."""
    found: dict[str, list[PostView]] = {}
    wanted = sa.select(Post).where(Post.account_id.in_(account_ids), _current(today)).order_by(Post.area, Post.id)
    for post in session.scalars(wanted):
        found.setdefault(post.account_id, []).append(post_view(post))
    return found


def sessions_of(session: Session, account_id: str, now: datetime) -> list[SignInSession]:
    """Where this account is signed in, last seen first; those that ended by age are left out."""
    longest = max(lasting.most for lasting in LASTING.values())
    wanted = sa.select(SignInSession).where(
        SignInSession.account_id == account_id,
        SignInSession.ended_at.is_(None),
        SignInSession.made_at > now - longest,
    )
    return list(session.scalars(wanted.order_by(SignInSession.seen_at.desc())))


def within(area: str, today: date) -> sa.ColumnElement[bool]:
    """Accounts whose posts all lie inside this area, and which have or had one: what an administrator there may touch."""
    inside = sa.exists().where(Post.account_id == Account.id, Post.area.startswith(area, autoescape=True))
    outside = sa.exists().where(
        Post.account_id == Account.id, ~Post.area.startswith(area, autoescape=True), _not_over(today)
    )
    return sa.and_(inside, ~outside)


def _not_over(today: date) -> sa.ColumnElement[bool]:
    return sa.or_(Post.ends_on.is_(None), Post.ends_on >= today)


def accounts_within(
    session: Session, area: str, today: date, *, words: str = "", after: str = "", limit: int = 50
) -> list[Any]:
    """(id, name, staff_name, active) of accounts in this area, by name, from `after` on; `words` in either name."""
    wanted = sa.select(Account.id, Account.name, Account.staff_name, Account.active).where(within(area, today))
    if words:
        wanted = wanted.where(
            sa.or_(
                Account.name.contains(words.lower(), autoescape=True),
                Account.staff_name.contains(words, autoescape=True),
            )
        )
    return list(session.execute(wanted.where(Account.name > after).order_by(Account.name).limit(limit)))


def account_within(session: Session, account_id: str, area: str, today: date) -> Account | None:
    """One account, when an administrator of this area may touch it."""
    return session.scalars(sa.select(Account).where(Account.id == account_id, within(area, today))).one_or_none()


def staff_names(session: Session, ids: Collection[str]) -> dict[str, str]:
    """Account → the name colleagues know. One SELECT, none for nobody."""
    if not ids:
        return {}
    wanted = sa.select(Account.id, Account.staff_name).where(Account.id.in_(sorted(ids)))
    return {row.id: row.staff_name for row in session.execute(wanted)}
