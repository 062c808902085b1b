"""Bringing in what cities decide: rows of cases/city_rules.py into the table. Room `cases`, floor 4. Never commits."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.city_rules import CityRule
from cases.models import CitySetting
from common.editions import bump


def keep_city_rules(session: Session, rules: Iterable[CityRule]) -> int:
    """Add these rows; one with the same city, name and date takes the place of the old one. How many differ from before."""
    known = {(row.city_code, row.name, row.effective_on): row for row in session.scalars(sa.select(CitySetting))}
    changed = 0
    for rule in rules:
        row = known.get((rule.city_code, rule.name, rule.effective_on))
        if row is None:
            row = CitySetting(city_code=rule.city_code, name=rule.name, effective_on=rule.effective_on, source="")
            session.add(row)
        elif (row.value, row.source) == (rule.value, rule.source):
            continue
        row.value, row.source = rule.value, rule.source
        changed += 1
    if changed:
        bump(session, "city_rules")
    return changed
