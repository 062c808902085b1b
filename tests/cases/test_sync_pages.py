"""The bureau's page of the province's channel: whose cases it shows, what it hides, sending again, pausing. Both databases."""

import re

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases.models import State
from cases.receipts import say_ref
from cases.transitions import Step
from common.models import AuditEntry
from sync.models import ChannelState, InboxEntry, OutboxEntry, OutState, PullCursor
from tests.cases.steps import ANSWERS, Way
from tests.conftest import NOW
from tests.statements import statements_of


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine) as session:
        yield session


@pytest.fixture
def helper(make):
    return make.actor(Role.HELPER, station_code=make.station())


@pytest.fixture
def clerk(make, helper):
    return make.actor(Role.CLERK, station_code=helper.station_code)


@pytest.fixture
def as_(app, make):
    """as_(Role.COUNTY_OFFICER, area="370202"): a client of theirs."""
    return lambda role, **at: make.signed_in(app.test_client(), make.actor(role, **at))


@pytest.fixture
def way(app, make, helper, clerk):
    """A case whose work order waits; way(refused="…") one whose work order the platform refused."""

    def begin(refused="", county="370102", **facts):
        one = Way(app, make.case(by=helper, answers=ANSWERS, county_code=county, **facts))
        one.take(Step.ACCEPT, clerk)
        if refused:
            one.refuse("work_order", refused)
        return one

    return begin


def text(answer):
    return re.sub(r"\s+", "", BeautifulSoup(answer.text, "html.parser").main.text)


def entry_of(session):
    session.rollback()
    return session.scalars(sa.select(OutboxEntry).order_by(OutboxEntry.made_at)).first()


@pytest.mark.parametrize(
    ("role", "area", "sees"),
    [
        (Role.COUNTY_OFFICER, "370102", True),
        (Role.COUNTY_OFFICER, "370202", False),
        (Role.BUREAU_VIEWER, "370102", True),
        (Role.CITY_ADMIN, "3701", True),
        (Role.CITY_ADMIN, "3702", False),
        (Role.PROVINCE_ADMIN, "37", True),
    ],
)
def test_a_bureau_sees_what_its_area_owes_and_no_name(as_, way, role, area, sees):
    one = way(refused="王玉兰 379801195208170020 station_no 未知")
    page = text(as_(role, area=area).get("/sync"))
    assert (say_ref(one.ref) in page) == sees
    assert ("平台退回1件" in page) == sees
    assert ("王*兰379***20station_no未知" in page) == sees
    for personal in ("王玉兰", "379801195208170020", "15400000001"):
        assert personal not in page


def test_nothing_owed_is_said_so(as_, make):
    make.station()
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert "没有要人看的" in page
    assert "还没有过回音" in page
    assert "没有在等的" in page


def test_what_waits_is_counted_by_state_with_its_age_and_why(app, as_, way, session):
    for _ in range(3):
        way()
    way(refused="station_no 未知")
    session.execute(sa.update(OutboxEntry).where(OutboxEntry.state == "pending").values(error_kind="timeout"))
    session.commit()
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    for words in (
        "待同步3件",
        "待核实0件",
        "平台退回1件",
        "等回音超时待同步·3件",
        "平台不收平台退回·1件",
        "等得最久0分钟",
    ):
        assert words in page


def test_it_costs_six_statements_whatever_there_is(app, as_, way):
    client = as_(Role.COUNTY_OFFICER)
    for _ in range(3):
        way(refused="未知")
        client.get("/sync")
        with statements_of(app.extensions["db"].engine) as said:
            assert client.get("/sync").status_code == 200
        assert len(said) <= 6, "\n".join(said)


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9999", "50", "2"])
def test_an_odd_page_number_shows_a_page(as_, way, page):
    way(refused="未知")
    assert as_(Role.COUNTY_OFFICER).get(f"/sync?page={page}").status_code == 200


def test_a_long_list_has_pages(as_, way):
    refs = {say_ref(way(refused="未知").ref) for _ in range(21)}
    client = as_(Role.COUNTY_OFFICER)
    seen = [{ref for ref in refs if ref in text(client.get(f"/sync?page={n}"))} for n in (1, 2)]
    assert [len(found) for found in seen] == [20, 1]
    assert seen[0] | seen[1] == refs


# Sending again


def test_after_mending_it_is_sent_again_with_another_number(as_, way, session):
    way(refused="station_no 未知")
    entry = entry_of(session)
    client = as_(Role.COUNTY_OFFICER)
    assert "再报一次" in text(client.get("/sync"))
    assert client.post(f"/sync/entries/{entry.id}/replay").status_code == 303
    again = entry_of(session)
    assert (again.state, again.msgid, again.attempts) == (OutState.PENDING, None, 0)
    audited = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "sync.replay")).one()
    assert (audited.about_kind, audited.about_id, audited.county_code) == ("outbox", entry.id, "370102")
    assert client.post(f"/sync/entries/{entry.id}/replay").status_code == 404, "it needs nobody any more"


@pytest.mark.parametrize(("role", "area"), [(Role.COUNTY_OFFICER, "370202"), (Role.CITY_ADMIN, "3702")])
def test_another_area_sends_nothing_again(as_, way, session, role, area):
    way(refused="未知")
    answer = as_(role, area=area).post(f"/sync/entries/{entry_of(session).id}/replay")
    assert answer.status_code == 404
    assert entry_of(session).state == OutState.REJECTED


def test_a_filing_that_went_back_to_the_county_is_not_sent_again_as_it_was(as_, way, clerk, session):
    one = way()
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "未参保")
    assert one.case.state == State.IN_REVIEW
    entry = next(entry for entry in one.owed() if entry.logical == "case_submit")
    client = as_(Role.COUNTY_OFFICER)
    answer = client.post(f"/sync/entries/{entry.id}/replay")
    assert answer.status_code == 409
    assert "请到办件里处理" in text(answer)


def test_what_is_in_doubt_is_asked_for_by_the_system(as_, way, session):
    way()
    session.execute(sa.update(OutboxEntry).values(state="unknown", doubtful=True))
    session.commit()
    client = as_(Role.COUNTY_OFFICER)
    assert "系统会自己问" in text(client.get("/sync"))
    assert client.post(f"/sync/entries/{entry_of(session).id}/replay").status_code == 409


# Pausing


def test_the_province_pauses_with_a_reason_and_resumes(as_, make, session):
    make.station()
    client = as_(Role.PROVINCE_ADMIN)
    assert client.post("/sync/pause", data={"reason": "平台今晚维护"}).status_code == 303
    page = text(client.get("/sync"))
    assert "暂停了" in page
    assert "平台今晚维护" in page
    assert "平台今晚维护" in text(as_(Role.COUNTY_OFFICER).get("/sync"))
    state = session.get(ChannelState, "province")
    assert state.paused_at is not None
    assert state.paused_until is None
    assert client.post("/sync/resume").status_code == 303
    assert "通着" in text(client.get("/sync"))
    session.rollback()
    actions = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.seq)).all()
    assert actions == ["sync.pause", "sync.resume"]


@pytest.mark.parametrize("reason", ["", "一", " ", "长" * 61, "\0"])
def test_without_a_reason_nothing_is_paused(as_, make, session, reason):
    make.station()
    answer = as_(Role.PROVINCE_ADMIN).post("/sync/pause", data={"reason": reason})
    assert answer.status_code == 422
    assert "为什么暂停" in text(answer)
    assert session.get(ChannelState, "province") is None


@pytest.mark.parametrize("role", [Role.COUNTY_OFFICER, Role.CITY_ADMIN, Role.BUREAU_VIEWER, Role.HELPER, Role.CLERK])
@pytest.mark.parametrize("what", ["pause", "resume", "release"])
def test_only_the_province_stops_everybody(as_, make, role, what):
    station = make.station()
    at = {"station_code": station} if role in {Role.HELPER, Role.CLERK} else {}
    assert as_(role, **at).post(f"/sync/{what}", data={"reason": "试一试"}).status_code == 403


def test_a_held_list_of_stations_is_released_by_the_province(as_, make, session):
    make.station()
    held = PullCursor(channel="province", logical="roster", cursor="", next_at=NOW, faults=0, held=900)
    session.add(held)
    session.commit()
    client = as_(Role.PROVINCE_ADMIN)
    assert "停掉900个站点" in text(client.get("/sync"))
    assert "停掉900个站点" not in text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert client.post("/sync/release", data={"list": "channel"}).status_code == 422
    assert client.post("/sync/release", data={"list": "roster"}).status_code == 303
    session.rollback()
    session.refresh(held)
    assert (held.held, held.allowed) == (None, 900)
    assert client.post("/sync/release", data={"list": "roster"}).status_code == 409


def test_what_differs_in_the_provinces_lists_is_shown_by_code_to_the_province(as_, make, session):
    make.station()
    session.add(
        PullCursor(channel="province", logical="catalogue", cursor="", next_at=NOW, faults=0, held=3, ok_at=NOW)
    )
    session.add(PullCursor(channel="province", logical="divisions", cursor="", next_at=NOW, faults=2))
    for n in range(11):
        told = {"logical": "catalogue", "rid": f"{n:02}", "ver": 0, "at": NOW, "state": "differs", "body": {}}
        session.add(InboxEntry(county_code="", channel="province", error=f"第 {n} 项叫法不同", **told))
    session.commit()
    client = as_(Role.PROVINCE_ADMIN)
    shown = text(client.get("/sync"))
    for words in ("事项清单拦下了", "停办3个事项", "事项清单11月23日", "没读成", "09第9项叫法不同", "还有1条"):
        assert words in shown
    assert "没看懂" not in shown  # that is about decisions
    assert "事项清单" not in text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert client.post("/sync/release", data={"list": "catalogue"}).status_code == 303
    session.rollback()
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "sync.release")).one()
    assert (entry.about_kind, entry.about_id) == ("list", "catalogue")
