"""The audit: who saw or did what, about what, what for. Entries are chained by HMAC per county and day. Floor 0.

Each entry's mac covers its words and the mac before it; the head row of the day covers how many there are. Whoever
changes, removes or adds a row without the audit key breaks the chain, and `verify` says where.
"""

import re
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from common.clock import local_date
from common.models import AuditEntry, AuditHead
from common.sealing import KeyRing, canonical, keys_of

AT_A_TIME = 1_000  # entries in memory while a chain is verified
_NUMBER_OF_A_PERSON = re.compile(r"(?<![0-9A-Za-z])(1[3-9]\d{9}|\d{17}[\dXx]|\d{15})(?![0-9A-Za-z])")


def record(
    session: Session,
    *,
    county_code: str,
    actor_id: str | None,
    actor_role: str,
    action: str,
    about: tuple[str, str],
    purpose: str | None = None,
    facts: dict[str, str | int] | None = None,
    now: datetime,
) -> None:
    """Add an entry in the transaction of what it is about: both are kept, or neither.

    about    kind and id: ("case", "01a2…").
    purpose  what a person typed as the reason; sealed.
    facts    numbers, codes and names of fields, never a value of a person: a telephone or ID number raises ValueError.

    Call it last: from here to the commit nobody else writes the audit of this county. Raises KeysMissing.
    """
    facts = facts or {}
    if any(_NUMBER_OF_A_PERSON.search(str(said)) for said in (*facts.values(), *about)):
        raise ValueError("an audit entry was about to hold a number of a person")
    keys, day = keys_of(session), local_date(now)
    head = _locked_head(session, keys, county_code, day)
    entry: dict[str, Any] = {
        "county_code": county_code,
        "day": day,
        "seq": head.seq + 1,
        "at": now,
        "actor_id": actor_id,
        "actor_role": actor_role,
        "action": action,
        "about_kind": about[0],
        "about_id": about[1],
        "purpose": purpose,
        "facts": facts,
        "prev": head.last,
    }
    entry["mac"] = _entry_mac(keys, AuditEntry(**entry))
    session.execute(sa.insert(AuditEntry).values(entry))
    step = {"seq": head.seq + 1, "last": entry["mac"]}
    step["mac"] = _head_mac(keys, AuditHead(county_code=county_code, day=day, before=head.before, **step))
    session.execute(
        sa.update(AuditHead)
        .where(AuditHead.county_code == county_code, AuditHead.day == day)
        .values(step)
        .execution_options(synchronize_session=False)
    )


def _locked_head(session: Session, keys: KeyRing, county_code: str, day: date) -> Any:
    """before, seq and last of the day's head, begun where there is none; locked until the transaction ends."""
    wanted = (
        sa.select(AuditHead.before, AuditHead.seq, AuditHead.last)
        .where(AuditHead.county_code == county_code, AuditHead.day == day)
        .with_for_update()
    )
    head = session.execute(wanted).one_or_none()
    if head is None:
        begun = AuditHead(county_code=county_code, day=day, seq=0, last="")
        begun.before = session.scalar(
            sa.select(sa.func.max(AuditHead.day)).where(AuditHead.county_code == county_code, AuditHead.day < day)
        )
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(
            insert(AuditHead)
            .values(county_code=county_code, day=day, before=begun.before, seq=0, last="", mac=_head_mac(keys, begun))
            .on_conflict_do_nothing()  # another writer began it: theirs counts, and the lock waits for them
        )
        head = session.execute(wanted).one()
    return head


def _entry_mac(keys: KeyRing, entry: AuditEntry) -> str:
    said = [entry.county_code, entry.day.isoformat(), entry.seq, _moment(entry.at), entry.actor_id, entry.actor_role]
    said += [entry.action, entry.about_kind, entry.about_id, entry.purpose, entry.facts, entry.prev]
    return keys.audit_mac(canonical(["entry", *said]))


def _head_mac(keys: KeyRing, head: AuditHead) -> str:
    before = head.before.isoformat() if head.before else None
    return keys.audit_mac(canonical(["head", head.county_code, head.day.isoformat(), before, head.seq, head.last]))


def _moment(at: datetime) -> int:
    """Microseconds since 1970: the same number from both databases, whatever zone it is told in."""
    return int(at.timestamp()) * 1_000_000 + at.microsecond
