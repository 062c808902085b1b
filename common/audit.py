"""The audit: who saw or did what, about what, what for. Entries are chained by HMAC per county and day. Floor 0.

Each entry's mac covers its words and the mac before it; the head row of the day covers how many there are. Whoever
changes, removes or adds a row without the audit key breaks the chain, and common/audit_check.py says where.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from common.clock import local_date
from common.db import Model
from common.models import AuditEntry, AuditHead
from common.sealing import KeyRing, canonical, keys_of

# What the macs cover. A column added later does not belong here: chains written before it would break.
_DAY = ("county_code", "day", "seq")
_ENTRY = (*_DAY, "at", "actor_id", "actor_role", "action", "about_kind", "about_id", "purpose", "facts", "prev")
_HEAD = (*_DAY, "before", "last")
PURPOSE = "audit_entry.purpose"  # what the purpose is sealed for
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Built once: each entry costs three statements, and building them would cost more than running them.
_heads = Model.metadata.tables[AuditHead.__tablename__]
_THAT_DAY = (_heads.c.county_code == sa.bindparam("county"), _heads.c.day == sa.bindparam("that_day"))
_LOCK = sa.select(_heads.c.before, _heads.c.seq, _heads.c.last).where(*_THAT_DAY).with_for_update()
_ADD = sa.insert(Model.metadata.tables[AuditEntry.__tablename__])
_STEP = sa.update(_heads).where(*_THAT_DAY)
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
    entry["mac"] = entry_mac(keys, entry)
    session.execute(_ADD, entry)
    key = {"county_code": county_code, "day": day, "before": head.before}
    step = {"seq": head.seq + 1, "last": entry["mac"]}
    session.execute(_STEP, {"county": county_code, "that_day": day, "mac": head_mac(keys, key | step), **step})


def _locked_head(session: Session, keys: KeyRing, county_code: str, day: date) -> Any:
    """before, seq and last of the day's head, begun where there is none; locked until the transaction ends."""
    that_day = {"county": county_code, "that_day": day}
    head = session.execute(_LOCK, that_day).one_or_none()
    if head is None:
        before = session.scalar(
            sa.select(sa.func.max(AuditHead.day)).where(AuditHead.county_code == county_code, AuditHead.day < day)
        )
        begun = {"county_code": county_code, "day": day, "before": before, "seq": 0, "last": ""}
        insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
        session.execute(
            insert(AuditHead)
            .values(**begun, mac=head_mac(keys, begun))
            .on_conflict_do_nothing()  # another writer began it: theirs counts, and the lock waits for them
        )
        head = session.execute(_LOCK, that_day).one()
    return head


def entry_mac(keys: KeyRing, entry: Mapping[str, Any]) -> str:
    """64 hex digits over everything an entry says, its purpose in plain words, and the mac before it."""
    said = {name: entry[name] for name in _ENTRY}
    # Microseconds: the same number from both databases, whatever zone they tell it in.
    microseconds = (entry["at"] - _EPOCH) // timedelta(microseconds=1)
    return keys.audit_mac(canonical(["entry", said | {"day": entry["day"].isoformat(), "at": microseconds}]))


def head_mac(keys: KeyRing, head: Mapping[str, Any]) -> str:
    """64 hex digits over how far a day has come."""
    said = {name: head[name] for name in _HEAD}
    before = head["before"] and head["before"].isoformat()
    return keys.audit_mac(canonical(["head", said | {"day": head["day"].isoformat(), "before": before}]))
