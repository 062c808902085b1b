"""Forms not yet submitted: begun, saved field by field, told by a code, taken over by staff. Room `cases`, floor 4.

Never commits. A draft holds what was typed, right or wrong, sealed; nothing of it is a case before it is submitted.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Actor, Role
from cases.models import Draft
from cases.receipts import new_code
from common.ids import new_id
from common.sealing import keys_of

OWN_DAYS = 7  # a resident's own, DESIGN.md §4
STAFF_DAYS = 30
MAX_FIELDS = 120
MAX_VALUE = 2_000  # characters of one field
TAIL = 4  # last characters of the number on the paper that staff type beside the code


class Refused(Exception):
    """What the rules forbid, in one sentence for the person who asked. `status`: of the answer."""

    def __init__(self, words: str, status: int = 409):
        super().__init__(words)
        self.words = words
        self.status = status


@dataclass(frozen=True)
class Told:
    """What a resident takes along: the code, until when it holds."""

    code: str
    until: datetime


def begin(
    session: Session,
    item_no: int,
    *,
    now: datetime,
    by: Actor | None = None,
    county_code: str = "370000",
    answers: Mapping[str, Any] | None = None,
    corrects_id: str | None = None,
) -> tuple[Draft, str]:
    """A new draft, and for a resident (`by` None) the secret by which this browser finds it again."""
    secret = "" if by else secrets.token_urlsafe(24)
    draft = Draft(
        county_code=by.county_code if by else county_code,
        item_no=item_no,
        account_id=by.account_id if by else None,
        station_code=by.station_code if by else None,
        key_hash=_hash(secret) if secret else None,
        answers=dict(answers or {}),
        version=1,
        op_id=new_id(),
        corrects_id=corrects_id,
        made_at=now,
        updated_at=now,
        expires_at=now + timedelta(days=STAFF_DAYS if by else OWN_DAYS),
    )
    session.add(draft)
    session.flush()
    return draft, secret


def find(session: Session, id: str, *, now: datetime, by: Actor | None = None, secret: str = "") -> Draft | None:
    """The draft, when it is this actor's (a clerk also sees those of the own station), or this browser's."""
    draft = session.get(Draft, id)
    if draft is None or draft.expires_at <= now:
        return None
    if by is not None:
        own = draft.account_id == by.account_id
        of_station = by.role is Role.CLERK and by.station_code is not None and draft.station_code == by.station_code
        return draft if own or (of_station and draft.account_id is not None) else None
    known = draft.key_hash is not None and bool(secret)
    return draft if known and secrets.compare_digest(draft.key_hash or "", _hash(secret)) else None


def mine(session: Session, by: Actor, now: datetime, limit: int = 20) -> list[Draft]:
    """This actor's drafts, the newest first. One SELECT."""
    wanted = sa.select(Draft).where(Draft.account_id == by.account_id, Draft.expires_at > now)
    return list(session.scalars(wanted.order_by(Draft.updated_at.desc()).limit(limit)))


def save(draft: Draft, typed: Mapping[str, Any], now: datetime) -> Draft:
    """Keep these fields; the others stay. Which of two pages may speak is for two_pages.py to say. Raises Refused."""
    answers = {**draft.answers, **typed}
    too_long = any(len(part) > MAX_VALUE for value in typed.values() for part in _parts(value))
    if len(answers) > MAX_FIELDS or too_long:
        raise Refused("填的内容太长了，请写短一些", 413)
    if answers != draft.answers:
        draft.answers = answers
        draft.version += 1
        draft.updated_at = now
    return draft


def _parts(value: Any) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list | tuple) else [str(value)]


def tell(session: Session, draft: Draft, number: str, now: datetime) -> Told:
    """The six digits by which staff load a resident's draft. `number`: the normalised ID number (or birth certificate's);
    its last four stand beside the code, so that a guessed code opens nobody's form."""
    for _attempt in range(20):
        code = new_code()
        index = _code_index(session, code, number)
        taken = sa.select(Draft.id).where(Draft.code_index == index, Draft.expires_at > now)
        if session.scalar(taken) is None:
            draft.code_index = index
            draft.updated_at = now
            draft.expires_at = now + timedelta(days=OWN_DAYS)
            return Told(code, draft.expires_at)
    raise Refused("现在不能生成取件码，请过一会儿再试", 503)


def load(session: Session, code: str, tail: str, *, by: Actor, now: datetime) -> Draft | None:
    """The resident's draft behind this code, from now on in this actor's hands; None when there is none. The caller limits
    how often one may try."""
    wanted = sa.select(Draft).where(Draft.code_index == _code_index(session, code, tail), Draft.expires_at > now)
    draft = session.scalars(wanted.with_for_update()).one_or_none()
    if draft is None:
        return None
    draft.account_id = by.account_id
    draft.station_code = by.station_code
    draft.county_code = by.county_code
    draft.code_index = draft.key_hash = None  # one hand at a time, and the code has done its work
    draft.version += 1
    draft.updated_at = now
    draft.expires_at = now + timedelta(days=STAFF_DAYS)
    return draft


def _code_index(session: Session, code: str, number: str) -> str:
    return keys_of(session).index(f"{code}\0{number[-TAIL:].upper()}", "draft_code")


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
