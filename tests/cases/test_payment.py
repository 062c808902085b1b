"""Enrolled is not paid: until when, who may note it, and what ends the waiting when nobody does. Both databases."""

import re
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import Role
from cases import operations, payment
from cases.models import Case, CaseEvent, CitySetting, Paper, State
from cases.transitions import PROVINCE, Step
from common import db, editions
from common.ids import new_id
from tests.cases.steps import ANSWERS, Way
from tests.conftest import NOW, on_sqlite

CODE = "204817"
TODAY = date(2026, 11, 23)


def collect(app, *periods, city="370100", since=date(2026, 1, 1)):
    """The city says when it collects."""
    value = [{"year": year, "start": f"{year - 1}-09-01", "end": end} for year, end in periods]
    with app.app_context(), db.writing() as session:
        facts = {"city_code": city, "effective_on": since, "source": "test"}
        session.add(CitySetting(name="collection_periods", value=value, **facts))
        editions.bump(session, "city_rules")
        session.commit()


@pytest.fixture
def clerk(make):
    return make.actor(Role.CLERK, station_code=make.station(items=(1, 2, 4)))


@pytest.fixture
def confirmed(app, make, clerk):
    """An enrolment of 2027 that the province has confirmed."""

    def one(**facts):
        said = {"family": "resident_enrol", "item_no": 1, "answers": ANSWERS | {"insu_year": 2027}} | facts
        way = Way(app, make.case(by=clerk, state=State.ACCEPTED, code=CODE, **said))
        way.take(Step.APPROVE, clerk)
        way.ack_all()
        way.take(Step.CONFIRM, PROVINCE)
        return way

    return one


def close(app, now):
    with app.app_context(), db.writing() as session:
        done = operations.close_unpaid(session, now)
        session.commit()
        return done


def read_at_home(app, way):
    client = app.test_client()
    client.post("/follow", data={"ref": way.ref, "code": CODE})
    return re.sub(r"\s+", "", BeautifulSoup(client.get("/follow").text, "html.parser").text)


@pytest.mark.parametrize(
    ("answers", "confirmed_on", "day"),
    [
        ({"insu_year": 2027}, TODAY, "2026-12-31"),
        ({"insu_year": "2027"}, date(2026, 12, 31), "2026-12-31"),
        ({"insu_year": 2027}, date(2027, 1, 3), "2027-12-31"),
        ({"insu_year": 2026}, TODAY, "2026-12-31"),
        ({"insu_years": [2026, 2027]}, TODAY, "2026-12-31"),
        ({"insu_years": [2026, 2027]}, date(2027, 1, 3), "2027-12-31"),
        ({"insu_years": [2025]}, TODAY, "2026-12-31"),
        ({}, TODAY, "2026-12-31"),
        ({"insu_year": 2028}, TODAY, "2028-12-31"),
    ],
)
@on_sqlite
def test_the_last_day_is_the_periods_and_else_the_years(app, answers, confirmed_on, day):
    collect(app, (2027, "2026-12-31"))
    with app.app_context(), db.writing() as session:
        case = Case(county_code="370102", answers=answers)
        assert payment.last_day(session, case, confirmed_on, confirmed_on).isoformat() == day


def test_the_resident_reads_until_when_and_a_clerk_who_saw_the_voucher_ends_the_waiting(app, make, confirmed, clerk):
    collect(app, (2027, "2026-12-31"))
    way = confirmed()
    assert way.case.supplement_due_on == date(2026, 12, 31)
    home = read_at_home(app, way)
    assert "等您缴费" in home
    assert "12月31日周四前缴" in home
    helper = make.actor(Role.HELPER, station_code=clerk.station_code)
    sent = {"op": new_id(), "step": "paid", "version": way.case.version}
    assert "记下已缴费" not in make.signed_in(app.test_client(), helper).get(f"/cases/{way.ref}").text
    assert make.signed_in(app.test_client(), helper).post(f"/cases/{way.ref}/step", data=sent).status_code == 403
    client = make.signed_in(app.test_client(), clerk)
    page = client.get(f"/cases/{way.ref}").text
    assert "记下已缴费" in page
    assert "12月31日 周四前缴费" in page
    assert client.post(f"/cases/{way.ref}/step", data=sent).status_code == 303
    assert (way.case.state, way.case.supplement_due_on) == (State.DONE, None)
    assert "看过缴费凭证，已缴费" in client.get(f"/cases/{way.ref}").text
    assert "缴过费了" in read_at_home(app, way)


def test_when_the_time_is_over_the_case_ends_and_says_whose_record_counts(app, session, confirmed):
    collect(app, (2027, "2026-12-31"))
    way = confirmed()
    case = way.case
    facts = {"sha256": "0" * 64, "mime": "image/jpeg", "size": 1, "county_code": "370102", "at": NOW}
    session.add(Paper(case_id=case.id, kind="status_proof", state="received", **facts))
    session.commit()
    runner = app.test_cli_runner()
    assert "结了 0 件" in runner.invoke(args=["cases", "lapse"]).output
    assert close(app, NOW + timedelta(days=38)) == (0, 0), "its last day"
    over = NOW + timedelta(days=39)
    assert close(app, over) == (1, 1)
    assert close(app, over) == (0, 0)
    assert way.case.state == State.DONE
    home = read_at_home(app, way)
    assert "登记办好了" in home
    assert "以税务的缴费记录为准" in home
    assert "等您缴费" not in home
    session.rollback()
    assert session.scalars(sa.select(CaseEvent.step).order_by(CaseEvent.seq.desc())).first() == Step.CLOSE
    session.execute(sa.update(Case).values(state_at=NOW - timedelta(days=200)))
    session.commit()
    assert "材料 1 份" in runner.invoke(args=["cases", "retention"]).output, "its time counts from there"


def test_a_city_that_collects_longer_keeps_its_cases_waiting(app, confirmed):
    collect(app, (2027, "2026-12-31"))
    way = confirmed()
    collect(app, (2027, "2027-02-28"), since=date(2026, 12, 20))
    assert close(app, NOW + timedelta(days=39)) == (1, 0)
    assert way.case.supplement_due_on == date(2027, 2, 28)
    assert close(app, NOW + timedelta(days=98)) == (1, 1)


def test_what_waited_before_there_was_a_last_day_gets_one(app, session, confirmed):
    way = confirmed()
    session.execute(sa.update(Case).values(supplement_due_on=None))
    session.commit()
    assert close(app, NOW) == (1, 0)
    assert way.case.supplement_due_on == date(2027, 12, 31)


def test_who_has_stopped_is_not_told_to_pay(app, confirmed):
    enrolled = confirmed(live_key="1:2027")
    confirmed(family="stop_enrol", item_no=4, live_key="4", filed_at=NOW + timedelta(seconds=1))
    assert enrolled.case.state == State.DONE
    home = read_at_home(app, enrolled)
    assert "停保了，不用缴费" in home
    assert "以税务的缴费记录为准" not in home
