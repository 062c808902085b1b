"""Gathers what a form is judged against (cases/circumstances.py) from the database. Room `cases`, floor 4.

Called before the transaction to draw a page, and again inside it to submit: a station may have given an item back, another
helper may have filed the same.
"""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases import in_force
from cases.circumstances import AtStation, Circumstances, CityRules, CollectionPeriod, Known, Live
from cases.city_rules import KNOWN, CityRule
from cases.models import Authorisation, Case, CitySetting, Consent
from cases.receipts import say_ref
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
    guardian: str | None = None,
    insured_at: str | None = None,
    own_mobile: str | None = None,
    lock: bool = False,
    known: Known | None = None,
    unreachable: bool = False,
    papers: frozenset[str] = frozenset(),
    confirmed: frozenset[str] = frozenset(),
    besides: str | None = None,
    agent: str | None = None,
    shown_at: datetime | None = None,
) -> Circumstances:
    """At most six SELECTs. certno, guardian: normalised numbers, to find the live cases of the person, and those of other
    children of the guardian. agent: of who acts for them, shown_at: when its evidence came (see taken_back). insured_at: the county whose city's rules hold; the station's where nobody said. besides: a case
    that does not count."""
    today = clock.local_date(now)
    found = stations.station(session, station_code) if station_code else None
    days = working_days(session)
    if lock and certno:  # to submit: what is found holds until the transaction ends
        in_force.filings_of(session, person_index(session, certno), lock=True)
    return Circumstances(
        now=now,
        today=today,
        station=_at(session, found, item_no) if found else None,
        channel=channel,
        by_role=str(by.role) if by else None,
        own_mobile=own_mobile,
        rules=rules_for(session, _city(insured_at or (found.county_code if found else "000000")), today),
        known=known,
        unreachable=unreachable,
        live=live_cases(session, certno, guardian, besides) if certno else (),
        divisions={code: view.name for code, view in stations.divisions(session).items()},
        merged={code: view.became for code, view in stations.divisions(session).items() if view.became},
        today_deadline={n: days.after(today, n).date for n in range(FURTHEST_SUPPLEMENT_WD + 1)},
        papers=papers,
        authorisation_revoked=bool(certno and agent) and taken_back(session, str(certno), str(agent), shown_at),
        confirmed=confirmed,
    )


def _at(session: Session, found: Station, item_no: int) -> AtStation:
    item = catalogue(session).items.get(item_no)
    bit = 1 << item_no if item else 0  # a station's choice stays when the catalogue leaves the item out
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


def cases_of(session: Session, number: str) -> list[sa.Select[Any]]:
    """Ids of a person's cases, by the normalised number, to be united: those filed under it, and a newborn's that was filed under its birth
    certificate and had a number of its own already (cases/submitting.py: _consents)."""
    person = person_index(session, number)
    beside = sa.select(Consent.case_id).where(Consent.person_index == person, Consent.case_id.is_not(None))
    return [sa.select(Case.id).where(Case.person_index == person), beside]


def live_cases(
    session: Session, certno: str, guardian: str | None = None, besides: str | None = None
) -> tuple[Live, ...]:
    """This person's cases that a new one may collide with, and the guardian's other children's. What holds no place by the
    rules does not count, whatever its row says: an older version of the programme may have written it. One SELECT."""
    person = person_index(session, certno)
    whose = Case.person_index == person
    if guardian:
        whose = sa.or_(whose, sa.and_(Case.guardian_index == person_index(session, guardian), Case.live))
    wanted = sa.select(Case).where(whose).order_by(Case.filed_at.desc(), Case.id.desc())
    found = [case for case in session.scalars(wanted) if case.id != besides]
    rightful = {case.id for case in in_force.holders(case for case in found if case.person_index == person)}
    return tuple(
        Live(
            ref=say_ref(case.ref),
            item_no=case.item_no,
            live_key=case.live_key,
            place=case.answers.get("rloc_admdvs"),
            starts_on=case.starts_on,
            ends_on=case.ends_on,
            same_person=case.person_index == person,
            under_way=in_force.under_way(case),
            birth_day=date.fromisoformat(case.subject["born"]) if case.subject.get("born") else None,
        )
        for case in found
        if case.live and (case.id in rightful or case.person_index != person)
    )


def taken_back(session: Session, certno: str, agent: str, shown_at: datetime | None) -> bool:
    """Whether this person has taken back what this agent (both by number) was allowed, and has allowed nothing since:
    neither in a filing nor by what was signed or photographed at `shown_at`. What is only said does not outweigh it. One SELECT."""
    wanted = sa.select(Authorisation).where(Authorisation.person_index == person_index(session, certno))
    theirs = [one for one in session.scalars(wanted) if (one.agent or {}).get("agnter_certno") == agent]
    last = max((one.revoked_at for one in theirs if one.revoked_at), default=None)
    if last is None:
        return False
    return not any(given > last for given in [*(one.made_at for one in theirs), *[shown_at] * bool(shown_at)] if given)


# What cities decide


def rules_for(session: Session, city_code: str, on: date) -> CityRules:
    """The rules of a city in force on a day: the defaults, what holds for every city, what this city decided. In memory."""
    settings = _settings(session)
    rows = [
        row for rows in (settings.get("", ()), settings.get(city_code, ())) for row in rows if row.effective_on <= on
    ]
    values: dict[str, Any] = {
        row.name: periods(row.value) if row.name == "collection_periods" else row.value for row in rows
    }
    return replace(CityRules(), **values)


def periods(rows: list[dict[str, Any]]) -> tuple[CollectionPeriod, ...]:
    """Collection periods as the table holds them."""
    return tuple(
        CollectionPeriod(row["year"], date.fromisoformat(row["start"]), date.fromisoformat(row["end"])) for row in rows
    )


def _load_settings(session: Session) -> dict[str, tuple[CityRule, ...]]:
    found: dict[str, list[CityRule]] = {}
    for row in session.scalars(sa.select(CitySetting).order_by(CitySetting.effective_on)):
        if row.name in KNOWN:  # another version's setting
            rule = CityRule(row.city_code, row.name, row.value, row.effective_on, row.source)
            found.setdefault(row.city_code, []).append(rule)
    return {city: tuple(rows) for city, rows in found.items()}


_settings = Kept(_load_settings, "city_rules")
