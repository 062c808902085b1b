"""Asking the province about the person on a form: what is filled in, what is kept and for how long, and that filing never waits
for it. Both databases; the province is a function, and once the simulator."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases import look_up
from cases.models import Case, Draft
from common.models import AuditEntry
from sync.people import NOBODY, Insured, PersonFacts
from tests.cases.forms_typed import MATTER, WHO, Filler
from tests.conftest import make_app

AT_HOME = Insured("390", "1601", "1", "370102")


def facts(*insured, name="王玉兰", died=False):
    return PersonFacts("370000001", name, "2", "1952-08-17", "01", insured, (), died)


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def clerk(loaded, app, make):
    station = make.station("解放路街道医保工作站", items=(1, 2, 4, 14, 15, 16, 18), level="town")
    return Filler(make.signed_in(app.test_client(), make.actor(Role.CLERK, station_code=station, name="孙丽")))


@pytest.fixture
def province(app):
    """province(answer): from now on it says this. `asked`: what it was asked."""
    asked = []

    def answers(said):
        def look_up(*about):
            asked.append(about)
            return said

        app.extensions["look_up_person"] = look_up
        return asked

    return answers


def ask(clerk, **typed):
    who = {"certno": WHO["certno"], "psn_name": WHO["psn_name"], "ident_by": "original", "mob": WHO["mob"]} | typed
    answer = clerk.client.post(f"{clerk.at}/look-up", data=who)
    if answer.status_code == 303:
        answer = clerk.client.get(answer.location)
    return answer, BeautifulSoup(answer.text, "html.parser").main.get_text(" ", strip=True)


def draft_of(session):
    session.rollback()
    return session.scalars(sa.select(Draft)).one()


def test_what_the_province_says_is_filled_in_shown_and_filed(session, clerk, province):
    asked = province(facts(AT_HOME))
    clerk.begin(15)
    _answer, page = ask(clerk)
    assert asked == [("379801195208170020", "01", "王玉兰")]
    assert "居民医保·正常参保·历下区" in page
    said = draft_of(session).answers
    assert (said["insutype"], said["insu_admdvs"]) == ("390", "370102")
    clerk.to_the_end()
    assert clerk.hand_in().status_code == 303
    session.rollback()
    case = session.scalars(sa.select(Case)).one()
    assert case.answers["psn_no"] == "370000001"
    assert case.answers["psn_type"] == "1601"
    audited = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "person.look_up")).one()
    assert audited.facts == {"found": 1}


def test_what_was_typed_is_not_typed_over(session, clerk, province):
    province(facts(Insured("310", "12", "1", "370103")))
    clerk.begin(15)
    ask(clerk, insu_admdvs="370102", insutype="390")
    said = draft_of(session).answers
    assert (said["insutype"], said["insu_admdvs"]) == ("390", "370102")


def test_where_it_does_not_answer_filing_goes_on(session, clerk, province):
    province(None)
    clerk.begin(15)
    _answer, page = ask(clerk)
    assert "省平台暂时没有回话" in page
    assert clerk.to_the_end().hand_in().status_code == 303
    case = session.scalars(sa.select(Case)).one()
    assert "psn_no" not in case.answers
    assert "暂时连不上" not in clerk.client.get(f"/cases/{case.ref}/receipt").text


def test_only_who_asked_is_told_that_the_province_is_silent(clerk, province):
    province(None)
    clerk.begin(15)
    clerk.fill(1, WHO)
    assert "暂时连不上" not in str(clerk.page(4))
    ask(clerk)
    assert "暂时连不上，已收下" in str(clerk.page(4))


def test_a_number_that_is_nobodys_is_said_to_be_so(session, clerk, province):
    province(NOBODY)
    clerk.begin(15)
    _answer, page = ask(clerk)
    assert "没查到这个人" in page
    assert "known" not in draft_of(session).answers


def test_a_page_from_before_does_not_empty_what_the_province_filled_in(session, clerk, province):
    province(facts(AT_HOME))
    clerk.begin(15)
    before = {one["name"]: one.get("value", "") for one in clerk.page(1).find_all("input", attrs={"type": "hidden"})}
    ask(clerk)
    clerk.client.post(f"{clerk.at}?step=1", data=before | WHO | {"insutype": "", "insu_admdvs": ""})
    said = draft_of(session).answers
    assert (said["insutype"], said["insu_admdvs"]) == ("390", "370102")


def test_another_name_opens_nothing(session, clerk, province):
    province(facts(AT_HOME, name="李建国"))
    clerk.begin(15)
    answer, page = ask(clerk)
    assert "是另一个名字" in page
    assert "李建国" not in answer.text
    assert "正常参保" not in page
    assert "known" not in draft_of(session).answers
    assert session.scalars(sa.select(AuditEntry.facts)).all() == [{"found": 0}]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"psn_name": ""}, "姓名"),
        ({"certno": ""}, "证件号码"),
        ({"certno": "379801195208170021"}, "身份证号"),
        ({"certno": "", "psn_name": ""}, "证件号码"),
    ],
)
def test_without_a_name_and_a_right_number_nobody_is_asked(clerk, province, typed, sentence):
    asked = province(facts(AT_HOME))
    clerk.begin(15)
    answer, page = ask(clerk, **typed)
    assert answer.status_code == 422
    assert sentence in page
    assert asked == []


@pytest.mark.parametrize("change", [{"certno": "379801194903020011"}, {"psn_name": "王玉莲"}], ids=str)
def test_what_is_known_counts_for_this_person_only(clerk, province, change):
    province(facts(AT_HOME))
    clerk.begin(15)
    assert "正常参保" in ask(clerk)[1]
    clerk.fill(1, WHO | change)
    assert "正常参保" not in clerk.page(1).main.get_text(" ", strip=True)


@pytest.mark.parametrize("said", [facts(AT_HOME), None], ids=["an answer", "silence"])
@pytest.mark.parametrize("change", [{"certno": "379801194903020011"}, {"psn_name": "王玉莲"}], ids=str)
def test_an_answer_about_somebody_else_by_now_is_kept_of_nobody(app, session, clerk, said, change):
    """A number is mended while the province thinks."""
    clerk.begin(15)

    def slow(*_about):
        clerk.client.post(f"{clerk.at}/save", data=change)
        return said

    app.extensions["look_up_person"] = slow
    _answer, page = ask(clerk)
    assert "查到的没有记下。请再查一次" in page
    kept = draft_of(session).answers
    assert ("known" in kept, kept.get("insutype"), kept.get("insu_admdvs")) == (False, None, None)


@pytest.mark.parametrize(("hours", "counts"), [(0, True), (24, True), (24.01, False), (-1, False)])
def test_what_is_known_counts_for_a_day(session, clerk, province, hours, counts):
    province(facts(AT_HOME))
    clerk.begin(15)
    ask(clerk)
    kept = draft_of(session)
    asked_at = datetime.fromisoformat(kept.answers["known"]["at"])
    known = look_up.known_of(kept.answers, asked_at + timedelta(hours=hours))
    assert (known is not None) == counts


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (facts(Insured("390", "1601", "2", "370102")), "目前没有正常参保"),
        (facts(), "目前没有正常参保"),
        (facts(AT_HOME, died=True), "登记为已故"),
    ],
    ids=["paused", "nothing", "died"],
)
def test_the_form_is_judged_by_what_the_province_says(clerk, province, said, sentence):
    province(said)
    clerk.begin(15)
    ask(clerk, insu_admdvs="370102", insutype="390")
    clerk.fill(1, WHO)
    clerk.fill(2, MATTER)
    assert sentence in clerk.page(4).main.get_text(" ", strip=True)


def test_odd_answers_break_no_page(clerk, province):
    province(facts(Insured("", "", "", ""), Insured("39902", "x", "9", "999999"), AT_HOME))
    clerk.begin(15)
    assert "居民医保·正常参保·历下区" in ask(clerk)[1]


def test_another_helpers_draft_is_not_there(app, make, clerk, province):
    asked = province(facts(AT_HOME))
    clerk.begin(15)
    stranger = make.actor(Role.HELPER, station_code=make.station("远站", items=(15,)))
    answer = make.signed_in(app.test_client(), stranger).post(f"{clerk.at}/look-up", data=WHO)
    assert answer.status_code == 404
    assert asked == []


def test_a_form_without_a_number_of_its_own_asks_nobody(clerk, province):
    province(facts(AT_HOME))
    clerk.begin(2)
    assert "查参保信息" not in clerk.client.get(f"{clerk.at}?step=1").text
    clerk.begin(15)
    assert "查参保信息" in clerk.client.get(f"{clerk.at}?step=1").text


def test_the_simulator_is_asked(platform, sqlite_url, tmp_path, monkeypatch):
    app = make_app(sqlite_url, tmp_path, key_dir=platform.keys.parent, channel=platform.channel_file)
    found = app.extensions["look_up_person"]("379801195208170020", "01", "王玉兰")
    assert (found.name, found.insurances[0].insutype, found.insurances[0].admdvs) == ("王玉兰", "390", "371302")
    asked = platform.journal(infno="1101")
    assert asked
    with monkeypatch.context() as hurry:
        hurry.setattr("sync.asking.WITHIN_S", 0.0)  # all of it was spent waiting for one's turn
        assert app.extensions["look_up_person"]("379801195208170020", "01", "王玉兰") is None
    assert platform.journal(infno="1101") == asked
    platform.stop()
    assert app.extensions["look_up_person"]("379801195208170020", "01", "王玉兰") is None
    app.extensions["look_up_person"].close()
    app.extensions["db"].engine.dispose()
