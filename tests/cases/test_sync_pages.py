"""The bureau's page of the province's channel: whose cases it shows, what it hides, sending again, pausing. Both databases."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases import province
from cases.models import State
from cases.receipts import say_ref
from cases.transitions import Step
from common import db
from common.models import AuditEntry
from sync import inbox, outbox
from sync.channel import SHIPPED
from sync.models import ChannelState, InboxEntry, OutboxEntry, OutState, PullCursor
from tests.cases.steps import ANSWERS, SN, Way
from tests.conftest import NOW, on_sqlite
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
    assert ("退回来的1件" in page) == sees
    reads = role is Role.COUNTY_OFFICER
    assert ("王*兰379***20station_no未知" in page) == (sees and reads)
    assert ("平台不收（-2）" in page) == (sees and not reads), "kind and code are nobody's"
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
        "退回来的1件",
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
@on_sqlite
def test_an_odd_page_number_shows_a_page(as_, way, page):
    way(refused="未知")
    assert as_(Role.COUNTY_OFFICER).get(f"/sync?page={page}").status_code == 200


@on_sqlite
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


def test_a_filing_that_went_back_to_the_county_is_sent_again_by_nobody_as_it_was(as_, way, clerk, session):
    one = way()
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "未参保")
    assert one.case.state == State.IN_REVIEW
    entry = next(entry for entry in one.owed() if entry.logical == "case_submit")
    client = as_(Role.COUNTY_OFFICER)
    assert "没有要人看的" in text(client.get("/sync")), "it lies on the county's desk"
    assert client.post(f"/sync/entries/{entry.id}/replay").status_code == 404
    outbox.replay(session.get_one(OutboxEntry, entry.id), NOW)  # as flask sync replay does with whatever was refused
    session.commit()
    assert session.get_one(OutboxEntry, entry.id).state == OutState.ACKED


def test_what_is_in_doubt_is_asked_for_by_the_system(as_, way, session):
    way()
    session.execute(sa.update(OutboxEntry).values(state="unknown", doubtful=True))
    session.commit()
    client = as_(Role.COUNTY_OFFICER)
    assert "系统会自己问" in text(client.get("/sync"))
    assert client.post(f"/sync/entries/{entry_of(session).id}/replay").status_code == 409


def test_after_three_days_of_doubt_a_person_is_called(as_, way, session):
    way()
    client = as_(Role.COUNTY_OFFICER)
    session.execute(
        sa.update(OutboxEntry).values(state="unknown", doubtful=True, tried_since=NOW - timedelta(hours=71))
    )
    session.commit()
    assert "报了3天还没报成" not in text(client.get("/sync"))
    session.execute(sa.update(OutboxEntry).values(tried_since=NOW - timedelta(hours=73)))
    session.commit()
    page = text(client.get("/sync"))
    assert "有1件报了3天还没报成" in page
    assert "请打电话问省平台收到没有" in page
    assert "系统会自己问" not in page
    assert "报了3天" not in text(as_(Role.COUNTY_OFFICER, area="370202").get("/sync"))


@on_sqlite
def test_a_person_is_called_when_the_channels_own_file_says_so(app, as_, way, session, tmp_path):
    file = tmp_path / "channel.toml"
    file.write_text(SHIPPED.read_text(encoding="utf-8").replace("alarm_h = 72", "alarm_h = 5"), encoding="utf-8")
    app.config["SETTINGS"] = app.config["SETTINGS"].model_copy(update={"channel": file})
    way()
    tried = {"state": "unknown", "doubtful": True, "tried_since": NOW - timedelta(hours=6)}
    session.execute(sa.update(OutboxEntry).values(tried))
    session.commit()
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert "有1件报了5小时还没报成" in page
    assert "请打电话问省平台收到没有" in page


@on_sqlite
def test_what_nobody_has_asked_yet_calls_nobody_however_old_it_is(as_, way, session):
    way()
    old = {"state": "unknown", "doubtful": True, "made_at": NOW - timedelta(days=9), "tried_since": None}
    session.execute(sa.update(OutboxEntry).values(old))  # as a replay or a restore leaves it
    session.commit()
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert "系统会自己问" in page
    assert "请打电话问省平台" not in page


# What a person was told by telephone


@pytest.fixture
def doubtful(way, clerk, session):
    """An approved case whose filing has been in doubt for three days: doubtful("work_order") another of its messages."""

    def begin(logical="case_submit", **facts):
        one = way(**facts)
        one.take(Step.APPROVE, clerk)
        if logical == "case_cancel":
            one.ack_all()
            one.take(Step.WITHDRAW, clerk)
        one.ack_before(logical)
        long = {"state": "unknown", "doubtful": True, "msgid": "M" * 30, "tried_since": NOW - timedelta(hours=73)}
        in_doubt = (OutboxEntry.logical == logical, OutboxEntry.state == "pending")
        session.execute(sa.update(OutboxEntry).where(*in_doubt).values(long | {"error_kind": "query-ok"}))
        session.commit()
        return one

    return begin


def newest_of(one, logical):
    return next(entry for entry in reversed(one.owed()) if entry.logical == logical)


def actions_of(session):
    session.rollback()
    return session.scalars(sa.select(AuditEntry.action).where(AuditEntry.action.startswith("sync."))).all()


@pytest.mark.parametrize("number", ["", SN])
def test_who_was_called_says_that_the_province_has_it_and_the_case_goes_on(as_, doubtful, session, number):
    one, client = doubtful(), as_(Role.COUNTY_OFFICER)
    entry = newest_of(one, "case_submit")
    page = text(client.get("/sync"))
    for words in ("电话打过了", "省里收到了", "省里没收到", "省里的编号"):
        assert words in page
    answer = client.post(f"/sync/entries/{entry.id}/told", data={"has_it": "yes", "number": f" {number} "})
    assert answer.status_code == 303
    after = newest_of(one, "case_submit")
    assert (after.state, after.acked_at is None, after.msgid) == (OutState.ACKED, False, entry.msgid)
    assert one.case.province_sn == (number or None)
    assert actions_of(session) == ["sync.has_it"]
    assert client.post(f"/sync/entries/{entry.id}/told", data={"has_it": "no"}).status_code == 404


@pytest.mark.parametrize("logical", ["case_submit", "case_cancel"])
def test_what_the_province_does_not_have_is_sent_again_under_its_number_without_being_asked_for(
    as_, doubtful, session, logical
):
    one = doubtful(logical)
    entry = newest_of(one, logical)
    client = as_(Role.PROVINCE_ADMIN)
    assert ("省里的编号" in text(client.get("/sync"))) == (logical == "case_submit")
    assert client.post(f"/sync/entries/{entry.id}/told", data={"has_it": "no"}).status_code == 303
    after = newest_of(one, logical)
    assert (after.state, after.doubtful, after.msgid, after.tried_since) == ("pending", False, "M" * 30, None)
    assert actions_of(session) == ["sync.has_it_not"]


@on_sqlite
def test_a_filing_that_nobody_waits_for_any_more_is_not_sent_again(as_, doubtful, clerk):
    one = doubtful()
    one.decide("supplement", "请再交一份")
    one.take(Step.WITHDRAW, clerk)
    entry = newest_of(one, "case_submit")
    assert as_(Role.COUNTY_OFFICER).post(f"/sync/entries/{entry.id}/told", data={"has_it": "no"}).status_code == 303
    after = newest_of(one, "case_submit")
    assert (after.state, after.acked_at) == (OutState.ACKED, None)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({}, 422),
        ({"has_it": "perhaps"}, 422),
        ({"has_it": "yes", "number": "9" * 31}, 422),
        ({"has_it": "yes", "number": "王玉兰"}, 422),
        ({"has_it": "yes", "number": "９"}, 422),
    ],
    ids=str,
)
@on_sqlite
def test_what_cannot_be_told_changes_nothing(as_, doubtful, session, said, status):
    one = doubtful()
    entry = newest_of(one, "case_submit")
    answer = as_(Role.COUNTY_OFFICER).post(f"/sync/entries/{entry.id}/told", data=said)
    assert answer.status_code == status
    assert "编号只有数字和字母" in text(answer)
    assert newest_of(one, "case_submit").state == OutState.UNKNOWN


@pytest.mark.parametrize(
    ("role", "area", "status"),
    [
        (Role.BUREAU_VIEWER, "370102", 403),
        (Role.COUNTY_OFFICER, "370202", 404),
        (Role.CITY_ADMIN, "3702", 404),
        (Role.COUNTY_OFFICER, "370102", 409),
    ],
)
@on_sqlite
def test_only_the_area_ends_a_doubt_and_only_when_it_was_called(as_, doubtful, session, role, area, status):
    one = doubtful()
    if status == 409:
        session.execute(sa.update(OutboxEntry).values(tried_since=NOW - timedelta(hours=71)))
        session.commit()
    client = as_(role, area=area)
    assert "电话打过了" not in text(client.get("/sync"))
    entry = newest_of(one, "case_submit")
    assert client.post(f"/sync/entries/{entry.id}/told", data={"has_it": "yes"}).status_code == status
    assert newest_of(one, "case_submit").state == OutState.UNKNOWN


def test_a_refused_cancelling_is_done_with_once_it_was_talked_over(app, make, as_, way, clerk, session):
    one = way()
    one.take(Step.APPROVE, clerk)
    one.ack_all()
    one.take(Step.WITHDRAW, clerk)
    one.refuse("case_cancel", "已办结，不能撤销")
    client, entry = as_(Role.COUNTY_OFFICER), newest_of(one, "case_cancel")
    assert "再报一次" in text(client.get("/sync"))
    assert "核对过了" in text(client.get("/sync"))
    assert as_(Role.COUNTY_OFFICER, area="370202").post(f"/sync/entries/{entry.id}/settle").status_code == 404
    assert client.post(f"/sync/entries/{entry.id}/settle").status_code == 303
    assert "没有要人看的" in text(client.get("/sync"))
    assert "平台退回" not in text(client.get(f"/cases/{one.ref}"))
    assert actions_of(session) == ["sync.settle"]


@on_sqlite
def test_only_a_refused_cancelling_is_talked_over(as_, way, session):
    way(refused="station_no 未知")
    assert as_(Role.COUNTY_OFFICER).post(f"/sync/entries/{entry_of(session).id}/settle").status_code == 409


def test_what_a_gateway_refused_may_be_sent_again_or_taken_back(as_, way, clerk):
    one = way()
    one.take(Step.APPROVE, clerk)
    one.stop_at_gateway("case_submit")
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    for words in ("没报进去", "网关出错（422）", "再报一次", "或者拿回县里改"):
        assert words in page
    assert "拿回县里改" not in text(as_(Role.CITY_ADMIN, area="3701").get("/sync")), "they read no case"


# Decisions that the case cannot follow


@pytest.fixture
def unheard(app, way, clerk, session):
    """The province approves what is withdrawn here, and what nobody knows here."""
    one = way()
    one.take(Step.APPROVE, clerk)
    one.ack_all()
    one.take(Step.WITHDRAW, clerk)
    row = {"rid": one.case.id, "ver_no": 3, "ver": 1, "stas": "approved", "memo": ""}
    with app.app_context(), db.writing() as writing:
        inbox.receive(writing, "province", "case_status", row, province.decided, NOW)
        inbox.receive(writing, "province", "case_status", row | {"rid": "e" * 32}, province.decided, NOW)
        writing.commit()
    return one


def test_a_decision_that_the_case_cannot_follow_is_shown_to_its_county_until_it_was_talked_over(as_, unheard, session):
    client = as_(Role.COUNTY_OFFICER)
    page = text(client.get("/sync"))
    assert say_ref(unheard.ref) in page
    assert "省里：同意了·这边：已撤回" in page
    assert "这边没有的办件" not in page
    other = as_(Role.COUNTY_OFFICER, area="370202")
    assert "对不上" not in text(other.get("/sync"))
    mine = session.scalars(sa.select(InboxEntry).where(InboxEntry.rid == unheard.case.id)).one()
    assert other.post(f"/sync/decisions/{mine.id}/settle").status_code == 404
    assert as_(Role.BUREAU_VIEWER).post(f"/sync/decisions/{mine.id}/settle").status_code == 403
    assert client.post(f"/sync/decisions/{mine.id}/settle").status_code == 303
    assert "对不上" not in text(client.get("/sync"))
    session.rollback()
    audited = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "sync.settle")).one()
    assert (audited.about_kind, audited.about_id, audited.county_code) == ("inbox", mine.id, "370102")
    session.refresh(mine)
    assert (mine.body, mine.error) == ({}, None), "what it said of a person is not needed any more"


def test_the_province_sees_what_is_about_no_case(as_, unheard):
    assert "这边没有的办件" in text(as_(Role.PROVINCE_ADMIN).get("/sync"))


# Pausing


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("access: HTTP 403", "平台不让进（HTTP 403）"),
        ("address: HTTP 404", "接口地址不对（HTTP 404）"),
        ("answer-signature", "回音的签名不对"),
        ("pause: 验签失败：王玉兰，电话 138-0013-8000，住历下区某路1号", "平台不认报文、签名或者时间"),
        ("pause -1", "平台不认报文、签名或者时间（-1）"),
        ("", "暂停了"),
        ("验签失败：王玉兰", "没报成"),
    ],
)
def test_of_a_workers_pause_only_kind_and_code_are_shown(as_, make, session, reason, says):
    make.station()
    session.add(
        ChannelState(name="province", paused_at=NOW, paused_until=NOW + timedelta(hours=1), faults=1, reason=reason)
    )
    session.commit()
    page = text(as_(Role.COUNTY_OFFICER).get("/sync"))
    assert says.replace(" ", "") in page
    for personal in ("王玉兰", "8000", "某路", "access", "address", "signature"):
        assert personal not in page


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
@on_sqlite
def test_without_a_reason_nothing_is_paused(as_, make, session, reason):
    make.station()
    answer = as_(Role.PROVINCE_ADMIN).post("/sync/pause", data={"reason": reason})
    assert answer.status_code == 422
    assert "为什么暂停" in text(answer)
    assert '<details class="dec" open>' in answer.text  # the field to mend is not folded away
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


@on_sqlite
def test_what_cannot_be_opened_any_more_stands_in_nobodys_way_on_the_page(as_, way, session):
    one = way()
    known = {"county_code": "370102", "channel": "province", "ver": 1, "at": NOW, "state": inbox.FAILED, "error": "x"}
    heard = InboxEntry(logical="case_status", rid=one.case.id, body={"stas": "approved"}, **known)
    session.add(heard)
    session.execute(sa.update(OutboxEntry).values(state=OutState.REJECTED, error_kind="business", error="不收"))
    session.commit()
    kept = heard.id
    session.execute(sa.text("UPDATE inbox SET body = :spoilt"), {"spoilt": b"\1" * 40})
    session.execute(sa.text("UPDATE outbox SET error = :spoilt"), {"spoilt": b"\1" * 40})
    session.commit()
    officer = as_(Role.COUNTY_OFFICER)
    assert say_ref(one.ref) in officer.get("/sync").text
    assert officer.post(f"/sync/decisions/{kept}/settle").status_code == 303
    assert officer.get("/sync").status_code == 200
