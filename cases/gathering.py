"""Gathers what a form is judged against (cases/circumstances.py) from the database. Room `cases`, floor 4.

Called before the transaction to draw a page, and again inside it to submit: a station may have given an item back, another
helper may have filed the same.
"""

from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases.circumstances import AtStation, Circumstances, CityRules, CollectionPeriod, Known, Live
from cases.models import Case, CitySetting
from common import clock
from common.editions import Kept, working_days
from common.sealing import keys_of
from services_catalog.queries import catalogue
from stations import queries as stations
from stations.models import Station

FURTHEST_SUPPLEMENT_WD = 30


def gather(
    session: Session,
    *,
    item_no: int,
    now: datetime,
    station_code: str | None = None,
    by: Actor | None = None,
    channel: str = "window",
    certno: str | None = None,
    own_mobile: str | None = None,
    known: Known | None = None,
    papers: frozenset[str] = frozenset(),
    confirmed: frozenset[str] = frozenset(),
    besides: str | None = None,
) -> Circumstances:
    """At most five SELECTs. certno: normalised, to find the person's live cases; besides: a case that does not count."""
    today = clock.local_date(now)
    found = stations.station(session, station_code) if station_code else None
    days = working_days(session)
    return Circumstances(
        now=now,
        today=today,
        station=_at(session, found, item_no) if found else None,
        channel=channel,
        by_role=str(by.role) if by else None,
        own_mobile=own_mobile,
        rules=rules_for(session, _city(found.county_code) if found else None, today),
        known=known,
        live=live_cases(session, certno, besides) if certno else (),
        divisions={code: view.name for code, view in stations.divisions(session).items()},
        today_deadline={n: days.after(today, n).date for n in range(FURTHEST_SUPPLEMENT_WD + 1)},
        papers=papers,
        confirmed=confirmed,
    )


def _at(session: Session, found: Station, item_no: int) -> AtStation:
    bit = 1 << item_no
    mode = next(
        (
            name
            for name, mask in (
                ("direct", found.direct_mask),
                ("assist", found.assist_mask),
                ("consult", found.consult_mask),
            )
            if mask & bit and found.open
        ),
        None,
    )
    item = catalogue(session).items.get(item_no)
    city = stations.division(session, _city(found.county_code))
    return AtStation(
        code=found.code,
        name=found.name,
        level=found.level,
        division_code=found.village_code or found.town_code,
        city_code=_city(found.county_code),
        city_name=city.name if city else "",
        item_mode=mode,
        channels=frozenset(name.replace("-", "_") for name in item.channels) if item else frozenset(),
    )


def _city(county_code: str) -> str:
    return county_code[:4] + "00"


# What is live already


def person_index(session: Session, certno: str) -> str:
    """By which a person's cases are found: of the normalised ID number, or of a birth certificate's."""
    return keys_of(session).index(certno, "certno")


def live_cases(session: Session, certno: str, besides: str | None = None) -> tuple[Live, ...]:
    """This person's cases that a new one may collide with. One SELECT."""
    wanted = sa.select(Case).where(Case.person_index == person_index(session, certno), Case.live)
    return tuple(
        Live(
            ref=case.ref,
            item_no=case.item_no,
            live_key=case.live_key,
            place=case.answers.get("rloc_admdvs"),
            starts_on=case.starts_on,
            ends_on=case.ends_on,
        )
        for case in session.scalars(wanted)
        if case.id != besides
    )


# What cities decide


def rules_for(session: Session, city_code: str | None, on: date) -> CityRules:
    """The rules of a city in force on a day: the defaults, and over them what the city decided. Kept in memory."""
    return _decided(CityRules(), _settings(session).get(city_code or "", ()), on)


def _decided(rules: CityRules, settings: tuple[tuple[date, str, Any], ...], on: date) -> CityRules:
    values = {name: value for since, name, value in settings if since <= on and name in _NAMES}
    if "collection_periods" in values:
        values["collection_periods"] = tuple(
            CollectionPeriod(row["year"], date.fromisoformat(row["start"]), date.fromisoformat(row["end"]))
            for row in values["collection_periods"]
        )
    return replace(rules, **values)


_NAMES = {field.name for field in fields(CityRules)}


def _load_settings(session: Session) -> dict[str, tuple[tuple[date, str, Any], ...]]:
    found: dict[str, list[tuple[date, str, Any]]] = {}
    for row in session.scalars(sa.select(CitySetting).order_by(CitySetting.effective_on)):
        found.setdefault(row.city_code, []).append((row.effective_on, row.name, row.value))
    return {city: tuple(rows) for city, rows in found.items()}


_settings = Kept(_load_settings, "city_rules")
