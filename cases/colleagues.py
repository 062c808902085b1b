"""Who else sits at a desk, to hand a case over to. Room `cases`, floor 4."""

from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.models import Account, Post
from accounts.policy import Actor

MOST = 100


@dataclass(frozen=True)
class Colleague:
    """Somebody with a post at the same desk."""

    account_id: str
    name: str
    place: str  # the station, where the post has one


def colleagues(session: Session, by: Actor, today: date) -> list[Colleague]:
    """Everybody but the actor who holds a post of the same role in the same area today, by name. One SELECT."""
    holds = sa.and_(Post.role == by.role, Post.area == by.area, Post.starts_on <= today)
    still = sa.or_(Post.ends_on.is_(None), Post.ends_on >= today)
    wanted = (
        sa.select(Account.id, Account.staff_name, sa.func.min(Post.station_name).label("place"))
        .join(Post, Post.account_id == Account.id)
        .where(Account.active, Account.id != by.account_id, holds, still)
        .group_by(Account.id, Account.staff_name)
        .order_by(Account.staff_name, Account.id)
    )
    return [Colleague(row.id, row.staff_name, row.place or "") for row in session.execute(wanted.limit(MOST))]
