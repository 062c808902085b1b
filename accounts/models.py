"""Tables of the accounts room: who works here, at which posts, signed in from where, and what was tried in vain.

Nothing here points at a station or a division: the room stands below them, so a post names its place in plain text and
app.py hands down the functions that know what exists. A sign-in name is not personal; a telephone number is, and sealed.
"""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model, new_id
from common.sealing import SealedText


class Account(Model):
    """One member of staff."""

    __tablename__ = "account"
    __table_args__ = (sa.Index(None, "phone_index"),)

    id: Mapped[str] = new_id()
    name: Mapped[str] = mapped_column(sa.String(40), unique=True)  # what is typed to sign in, lower case
    staff_name: Mapped[str] = mapped_column(sa.String(60))  # what colleagues read
    phone: Mapped[str | None] = mapped_column(SealedText("account.phone"))
    phone_index: Mapped[str | None] = mapped_column(sa.String(32))
    password_hash: Mapped[str] = mapped_column(sa.String(120))
    must_change: Mapped[bool]  # the password was given by somebody else
    totp_secret: Mapped[str | None] = mapped_column(SealedText("account.totp_secret"))
    totp_on: Mapped[bool]  # a first code proved that the phone has the secret
    totp_step: Mapped[int | None] = mapped_column(sa.BigInteger)  # the last one used: no code twice
    active: Mapped[bool]
    made_at: Mapped[datetime]
    password_at: Mapped[datetime]


class Post(Model):
    """What somebody is, where, and from when to when. One account may have several."""

    __tablename__ = "post"
    __table_args__ = (sa.Index(None, "account_id"), sa.Index(None, "county_code"))

    id: Mapped[str] = new_id()
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(sa.String(20))  # accounts/policy.py: Role
    area: Mapped[str] = mapped_column(sa.String(12))  # a prefix of division codes
    county_code: Mapped[str] = mapped_column(sa.String(6))  # six digits of the area, filled up with zeros
    station_code: Mapped[str | None] = mapped_column(sa.String(24))
    station_name: Mapped[str | None] = mapped_column(sa.String(60))
    starts_on: Mapped[date] = mapped_column(sa.Date)
    ends_on: Mapped[date | None] = mapped_column(sa.Date)  # the last day


class SignInSession(Model):
    """One device on which somebody is signed in. The cookie holds the token, this row only its hash."""

    __tablename__ = "sign_in_session"
    __table_args__ = (sa.Index(None, "account_id", "ended_at"), sa.Index(None, "made_at"))

    id: Mapped[str] = new_id()
    token_hash: Mapped[str] = mapped_column(sa.String(64), unique=True)  # SHA-256
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("account.id"))
    post_id: Mapped[str | None] = mapped_column(sa.ForeignKey("post.id"))  # the one chosen, where there are several
    device: Mapped[str] = mapped_column(sa.String(60))  # "Chrome·Android": no more of it is kept
    made_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    second_passed: Mapped[bool]


class SignInAttempt(Model):
    """How often something was got wrong: a name (known or not), an address, the codes of an account; and how often an
    address began a form. Keyed hashes only."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = (sa.Index(None, "last_at"),)

    key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    failures: Mapped[int]
    locked_until: Mapped[datetime | None]
    last_at: Mapped[datetime]


class RecoveryCode(Model):
    """One code for the day the phone is lost. Hashed, good once."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.UniqueConstraint("account_id", "code_hash"),)

    id: Mapped[str] = new_id()
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("account.id"))
    code_hash: Mapped[str] = mapped_column(sa.String(32))
    used_at: Mapped[datetime | None]
