"""Reading the maps room's tables. Floor 2."""

from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import Kept
from maps.models import ReachRule
from maps.reach import DEFAULT_POLICIES, Mode, ReachPolicy


def _load_rules(session: Session) -> list[ReachRule]:
    rules = list(session.scalars(sa.select(ReachRule).order_by(ReachRule.effective_on)))
    session.expunge_all()
    return rules


_rules = Kept(_load_rules, "reach")


def reach_policy(session: Session, mode: Mode, on: date) -> ReachPolicy:
    """How far people get by `mode` on that date: the operator's latest rule that has begun, else our default."""
    policy = DEFAULT_POLICIES[mode]
    for rule in _rules(session):
        if rule.mode == mode and rule.effective_on <= on:
            policy = ReachPolicy(mode, rule.km_per_hour, rule.detour, rule.source)
    return policy
