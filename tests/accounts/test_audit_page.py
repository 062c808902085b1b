"""The auditor's page: of which area and day, masked, in pages, at a known price. Both databases."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from accounts.policy import Role
from common import audit, db
from tests.conftest import NOW, on_sqlite
from tests.statements import statements_of


@pytest.fixture
def done(app, make):
    """done("case.reveal", purpose=…, county="370102"): an entry, by a clerk named 孙丽."""
    make.station()
    clerk = make.actor(Role.CLERK, name="孙丽")

    def record(action="case.accept", county="370102", now=NOW, **more):
        with app.app_context(), db.writing() as session:
            about = more.pop("about", ("case", "0" * 24 + "abcd1234"))
            audit.record(
                session,
                county_code=county,
                actor_id=more.pop("actor_id", clerk.account_id),
                actor_role=more.pop("actor_role", "clerk"),
                action=action,
                about=about,
                now=now,
                **more,
            )
            session.commit()

    return record


@pytest.fixture
def auditor(app, make):
    """auditor("370102"): a client of the one for this area."""
    return lambda area="370102": make.signed_in(app.test_client(), make.actor(Role.SECURITY_AUDITOR, area=area))


def text(answer):
    return re.sub(r"\s+", "", BeautifulSoup(answer.text, "html.parser").main.text)


def lines(answer):
    return len(BeautifulSoup(answer.text, "html.parser").select("tbody tr"))


def test_an_auditor_of_a_county_reads_who_did_what_about_what_and_what_for(done, auditor):
    done("case.reveal", purpose="核对住院信息 379801195208170020", facts={"field": "certno"})
    answer = auditor().get("/audit")
    page = text(answer)
    for words in ("查看完整信息", "孙丽·镇街经办", "…abcd1234", "哪一项certno", "核对住院信息379***20", "10:00"):
        assert words in page
    assert "379801195208170020" not in answer.text


@pytest.mark.parametrize(
    ("action", "about", "facts", "words"),
    [
        ("sync.release", ("list", "divisions"), {}, "放行省里的名单"),
        ("sync.release", ("list", "divisions"), {}, "名单行政区划"),
        ("sync.settle", ("inbox", "a" * 32), {}, "省里的决定…aaaaaaaa"),
        ("sign_in", ("account", "a" * 32), {"session": "b" * 32}, "登录…bbbbbbbb"),
        ("name.refused", ("sign_in", "a" * 32), {"account": "b" * 32}, "账号…bbbbbbbb"),
        ("account.end_sessions", ("account", "a" * 32), {"ended": 2}, "退出几台设备2"),
        ("person.export", ("person", "a" * 64), {"cases": 3}, "导出几件3"),
    ],
)
@on_sqlite
def test_what_it_was_about_is_said_in_words(done, auditor, action, about, facts, words):
    done(action, about=about, facts=facts)
    assert words in text(auditor().get("/audit"))


@pytest.mark.parametrize(
    ("role", "words"),
    [("resident", "居民"), ("province", "省平台"), ("clock", "到期自动"), ("unheard_of", "unheard_of")],
)
def test_who_has_no_account_is_named_by_what_they_are(done, auditor, role, words):
    done(actor_id=None, actor_role=role)
    assert words in text(auditor().get("/audit"))


def test_an_auditor_of_a_city_chooses_a_county_first(done, auditor, make):
    make.division("370103", "市中区")
    done()
    done(county="370103")
    done(county="370103")
    done(county="370202")
    page = text(auditor("3701").get("/audit"))
    assert "历下区1条" in page
    assert "市中区2条" in page
    assert "370202" not in page
    assert lines(auditor("3701").get("/audit?county=370103")) == 2


@pytest.mark.parametrize(("area", "county"), [("370102", "370103"), ("3701", "370202"), ("370102", "370000")])
def test_another_area_is_not_there(done, auditor, area, county):
    done(county=county)
    assert auditor(area).get(f"/audit?county={county}").status_code == 404


def test_a_day_and_an_action_are_chosen(done, auditor):
    done("case.reveal", now=NOW - timedelta(days=1), purpose="核对")
    done("case.accept")
    done("case.reveal", purpose="核对")
    client = auditor()
    assert lines(client.get("/audit")) == 2
    assert lines(client.get("/audit?action=case.reveal")) == 1
    assert lines(client.get("/audit?day=2026-11-22")) == 1
    assert "这一天没有记录" in text(client.get("/audit?day=2026-11-21"))
    assert "后一天" not in text(client.get("/audit"))
    assert "后一天" in text(client.get("/audit?day=2026-11-22"))


def test_many_entries_have_pages(done, auditor):
    for _ in range(51):
        done()
    client = auditor()
    first = client.get("/audit")
    assert lines(first) == 50
    older = BeautifulSoup(first.text, "html.parser").find("a", string="更早的")["href"]
    assert lines(client.get(older)) == 1


def test_it_costs_four_statements(app, done, auditor):
    for _ in range(3):
        done()
    for client, url in ((auditor(), "/audit"), (auditor("37"), "/audit"), (auditor("37"), "/audit?county=370102")):
        client.get(url)
        with statements_of(app.extensions["db"].engine) as said:
            assert client.get(url).status_code == 200
        assert len(said) <= 4, "\n".join(said)


@pytest.mark.parametrize(
    "query",
    [
        "day=gestern",
        "day=2026-13-40",
        "county=37010",
        "county=x",
        "action=%27or1",
        "action=" + "x" * 41,
        "before=x",
        "before=0",
        "before=99999999999999999999",
    ],
)
@on_sqlite
def test_what_is_asked_wrongly_gets_a_sentence(done, auditor, query):
    done()
    answer = auditor().get(f"/audit?{query}")
    assert answer.status_code == 422
    assert BeautifulSoup(answer.text, "html.parser").select_one(".note.bad").text.strip()


@pytest.mark.parametrize("query", ["day=0001-01-01", "day=9999-12-31", "day=&action=&before=", "before=1"])
def test_an_odd_day_is_an_empty_one(done, auditor, query):
    done()
    assert auditor().get(f"/audit?{query}").status_code == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SECURITY_AUDITOR])
@on_sqlite
def test_nobody_else_reads_it(app, make, role):
    station = make.station()
    at = {"station_code": station} if role in {Role.HELPER, Role.CLERK} else {}
    assert make.signed_in(app.test_client(), make.actor(role, **at)).get("/audit").status_code == 403
