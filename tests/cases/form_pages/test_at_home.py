"""A resident fills a form in at home and takes a code to the counter. Through HTTP."""

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from accounts import attempts
from accounts.limits import USES
from accounts.policy import Role
from cases.models import Case, Draft
from cases.receipts import say_ref
from common.clock import Clock
from common.ids import new_id
from tests.cases.form_pages.typed import count, pre_fill
from tests.cases.forms_typed import MATTER, SIGNED, WHO, value
from tests.conftest import NOW, on_sqlite


def test_what_a_resident_filled_in_at_home_is_loaded_checked_and_handed_in_at_the_counter(session, resident, clerk):
    code = pre_fill(resident)
    answer = clerk.client.post("/work/load", data={"code": f" {code[:3]} {code[3:]}", "tail": "００20"})
    assert answer.status_code == 303, answer.text
    clerk.at = answer.location.split("?")[0]
    page = clerk.page(1)
    assert value(page, "psn_name") == "王玉兰"
    assert value(page, "ident_by") == ""  # somebody here looks at the paper
    assert clerk.hand_in().status_code == 422
    assert clerk.fill(1, WHO).status_code == 303
    assert clerk.hand_in().status_code == 303
    case = session.scalars(sa.select(Case)).one()
    assert case.identity_how == "original"
    assert resident.client.get("/file/draft").location == "/file?gone=1"  # in other hands now


def test_a_station_that_does_not_do_it_leaves_the_code_for_another(session, resident, clerk, station):
    code = pre_fill(resident)
    mask = session.scalar(sa.text("SELECT direct_mask FROM station WHERE code = :code"), {"code": station})
    change = sa.text("UPDATE station SET direct_mask = :mask WHERE code = :code")
    session.execute(change, {"mask": mask & ~(1 << 15), "code": station})
    session.commit()
    answer = clerk.client.post("/work/load", data={"code": code, "tail": "0020"})
    assert answer.status_code == 409
    assert "本站没有承接这件事，请到能办的站点办理。取件码还能用。" in answer.text
    assert resident.client.get("/file/draft/code").status_code == 200
    session.execute(change, {"mask": mask, "code": station})
    session.commit()
    assert clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).status_code == 303


def at_once(*works):
    """Their results, all begun at the same moment."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def go(n, work):
        start.wait()
        results[n] = work()

    threads = [threading.Thread(target=go, args=each) for each in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_one_code_typed_by_two_colleagues_at_once_opens_the_form_to_one_of_them(app, make, station, resident, session):
    for _ in range(4):
        code = pre_fill(resident)
        clients = [
            make.signed_in(app.test_client(), make.actor(Role.HELPER, station_code=station)) for _who in range(2)
        ]
        typed = {"code": code, "tail": "0020"}
        answers = at_once(*(lambda one=one, typed=typed: one.post("/work/load", data=typed) for one in clients))
        assert sorted(answer.status_code for answer in answers) == [303, 422]
        where = next(answer.location for answer in answers if answer.status_code == 303)
        assert sorted(one.get(where).status_code for one in clients) == [200, 404]


def test_handing_in_while_a_field_is_still_being_saved_is_one_case_or_one_sentence(app, clerk, session):
    for n in range(4):
        clerk.begin(15).to_the_end()
        clerk.fill(2, MATTER | {"rloc_admdvs": ("南京", "北京", "上海", "天津")[n]})
        said, before = SIGNED | clerk.hidden(), count(session, Case)
        other = app.test_client()
        other.set_cookie("session", clerk.client.get_cookie("session").value)
        saved, handed = at_once(
            lambda other=other, n=n: other.post(f"{clerk.at}/save", data={"resout_addr": f"某路 {n} 号"}),
            lambda said=said: clerk.fill(4, said),
        )
        assert (saved.status_code, handed.status_code) in {(200, 409), (404, 303), (200, 303)}
        if handed.status_code == 409:
            assert clerk.hand_in().status_code == 303
        assert count(session, Case) == before + 1
        assert count(session, Draft) == 0
        case = session.scalars(sa.select(Case).order_by(Case.filed_at.desc(), Case.id.desc())).first()
        if saved.status_code == 200:
            assert case.answers["resout_addr"] == f"某路 {n} 号", "what was said to be kept is kept"
        withdraw(clerk, session, case)


def withdraw(clerk, session, case):
    """So that the same person may file again."""
    step = {"op": new_id(), "step": "withdraw", "version": case.version}
    assert clerk.client.post(f"/cases/{case.ref}/step", data=step).status_code == 303


def test_what_only_the_counter_may_say_does_not_come_from_a_residents_browser(resident, clerk):
    code = pre_fill(resident)
    forged = {"ident_by": "original", "commit_mark": "spoken", "notice_version": "1", "channel": "door_to_door"}
    resident.client.post("/file/draft/save", data=forged)
    answer = clerk.client.post("/work/load", data={"code": code, "tail": "0020"})
    clerk.at = answer.location.split("?")[0]
    assert value(clerk.page(1), "ident_by") == ""
    assert value(clerk.page(1), "channel") == "window"
    assert value(clerk.page(4), "notice_version") == value(clerk.page(4), "commit_mark") == ""


def test_a_resident_is_not_asked_what_only_staff_can_say(resident):
    pre_fill(resident)
    page = resident.page(1)
    assert not page.find(attrs={"name": "ident_by"})
    assert not page.find(attrs={"name": "channel"})
    assert "还没有提交" in resident.client.get("/file/draft/code").text


def test_whoever_knows_a_number_does_not_learn_at_home_what_its_owner_has_filed(session, clerk, resident):
    clerk.begin(15).to_the_end()
    assert clerk.hand_in().status_code == 303
    ref = session.scalars(sa.select(Case)).one().ref
    code = pre_fill(resident)
    seen = "".join(str(resident.page(step)) for step in (1, 2, 3))
    assert say_ref(ref) not in seen
    assert "已有有效备案" not in seen
    assert resident.fill(2, MATTER | {"filing_act": "cancel"}).status_code == 303  # nor that there is none
    assert resident.fill(2, MATTER).status_code == 303
    clerk.at = clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).location.split("?")[0]
    clerk.fill(1, WHO)
    assert say_ref(ref) in clerk.fill(2, MATTER).text


def test_a_number_that_was_changed_makes_the_code_void(resident, clerk):
    code = pre_fill(resident)
    resident.client.post("/file/draft/save", data={"certno": "379801199211050044"})
    assert resident.client.get("/file/draft/code").location == "/file/draft?step=3"
    assert clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).status_code == 422


def test_without_a_number_there_is_no_code(resident):
    resident.client.post("/file", data={"item": "15"})
    answer = resident.client.post("/file/draft/code")
    assert answer.status_code == 422
    assert "先填好证件号码" in answer.text


@on_sqlite
def test_a_wrong_code_opens_nothing_and_guessing_is_slowed_down(resident, clerk):
    code = pre_fill(resident)
    wrong_one = f"{(int(code) + 1) % 10**6:06}"
    answers = [clerk.client.post("/work/load", data={"code": wrong_one, "tail": "0020"}) for _ in range(8)]
    assert "取件码或后四位不对" in answers[0].text
    assert answers[0].status_code == 422
    assert answers[-1].status_code == 429
    assert clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).status_code == 429


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"code": "12345", "tail": "0020"}, "取件码是 6 位数字"),
        ({"code": "12345x", "tail": "0020"}, "取件码是 6 位数字"),
        ({"code": "123456", "tail": "020"}, "最后四位"),
        ({}, "请填写取件码"),
    ],
)
@on_sqlite
def test_a_code_that_cannot_be_one_is_said_beside_its_field(clerk, typed, words):
    answer = clerk.client.post("/work/load", data=typed)
    assert answer.status_code == 422
    assert words in answer.text


def test_after_seven_days_the_form_is_gone_for_everybody(app, make, station, resident, clerk):
    code = pre_fill(resident)
    app.extensions["clock"] = Clock(NOW + timedelta(days=7, minutes=1))
    assert resident.client.get("/file/draft").location == "/file?gone=1"
    make.now = NOW + timedelta(days=7)
    clerk.client = make.signed_in(app.test_client(), make.actor(Role.HELPER, station_code=station))
    assert clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).status_code == 422


def test_a_resident_forgets_the_form_at_once(session, resident):
    pre_fill(resident)
    answer = resident.client.post("/file/draft/delete")
    assert answer.location == "/file?gone=1"
    assert "own_form=;" in answer.headers["Set-Cookie"]
    assert count(session, Draft) == 0
    assert "没有在填的表了" in resident.client.get(answer.location).text


def test_another_form_takes_the_place_of_an_unfinished_one_and_none_of_one_with_a_code(session, resident, clerk):
    resident.client.post("/file", data={"item": "15"})
    assert "重新填一份，原来的删掉" in resident.client.get("/file?item=15").text
    resident.client.post("/file", data={"item": "15"})
    assert count(session, Draft) == 1
    code = pre_fill(resident)
    assert count(session, Draft) == 1
    assert "另填一份，填好的那份凭取件码照样取" in resident.client.get("/file?item=15").text
    resident.client.post("/file", data={"item": "15"})  # for another of the family
    assert count(session, Draft) == 2
    assert clerk.client.post("/work/load", data={"code": code, "tail": "0020"}).status_code == 303


def test_the_draft_is_this_browsers_alone(app, resident):
    pre_fill(resident)
    assert app.test_client().get("/file/draft").location == "/file?gone=1"
    cookie = resident.client.get_cookie("own_form", path="/file")
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/file")
    forged = app.test_client()
    forged.set_cookie("own_form", cookie.value[:-1] + ("a" if cookie.value[-1] != "a" else "b"), path="/file")
    assert forged.get("/file/draft").location == "/file?gone=1"
    assert forged.post("/file/draft?step=1", data=WHO).location == "/file?gone=1"


def test_behind_a_proxy_the_drafts_cookie_travels_over_https_only(app, resident):
    app.config["SESSION_COOKIE_SECURE"] = True  # as production has it, whose proxy speaks plain HTTP to us
    answer = resident.client.post("/file", data={"item": "15"})
    assert "Secure" in answer.headers["Set-Cookie"]


TOWN_HALL = "192.0.2.7"  # one address, and behind it whoever is there


def used(app, what, times):
    """So many ordinary uses from the town hall."""
    for _ in range(times):
        with app.extensions["db"].writing() as session:
            attempts.use(session, app.extensions["keys"], what, TOWN_HALL, app.extensions["clock"].now())
            session.commit()


@pytest.mark.parametrize(("path", "what"), [("/file", "draft"), ("/file/draft/code", "code")])
def test_a_full_hall_begins_its_forms_and_a_machine_is_told_until_when_to_wait(app, resident, path, what):
    there = {"data": {"item": "15"}, "environ_base": {"REMOTE_ADDR": TOWN_HALL}}
    used(app, what, USES - 1)
    assert resident.client.post(path, **there).status_code == 303
    stopped = resident.client.post(path, **there)
    assert (stopped.status_code, "11:00 以后再来" in stopped.text) == (429, True)
    assert resident.client.post(path, data={"item": "15"}, environ_base={"REMOTE_ADDR": "192.0.2.8"}).status_code == 303
    app.extensions["clock"] = Clock(NOW + timedelta(hours=1))
    assert resident.client.post(path, **there).status_code == 303, "nothing is left over from the hour before"


@on_sqlite
def test_a_form_every_ten_minutes_from_one_address_goes_on_for_days(app, resident):
    for tens in range(0, 3 * 144, 12):  # every second hour of three days, and what was begun in between
        app.extensions["clock"] = Clock(NOW + tens * timedelta(minutes=10))
        used(app, "draft", 11)
        answer = resident.client.post("/file", data={"item": "15"}, environ_base={"REMOTE_ADDR": TOWN_HALL})
        assert answer.status_code == 303, tens


@pytest.mark.parametrize("item", ["22", "61", "x", ""])
@on_sqlite
def test_an_item_without_a_form_is_said_to_have_none(resident, item):
    answer = resident.client.post("/file", data={"item": item})
    assert answer.status_code == 422


def test_the_items_page_leads_to_its_form_and_others_do_not(resident):
    assert 'href="/file?item=15"' in resident.client.get("/services/items/15").text
    assert "/file" not in resident.client.get("/services/items/22").text


@on_sqlite
def test_pages_of_forms_are_whole_in_english_too(clerk, resident):
    pre_fill(resident)
    for filler in (clerk, resident):
        filler.client.set_cookie("lang", "en")
    clerk.begin(15).to_the_end()
    for step in (1, 2, 3, 4):
        clerk.page(step)
    clerk.client.get(f"{clerk.at}/delete")
    receipt = clerk.client.get(clerk.hand_in().location)
    assert receipt.status_code == 200
    for path in ("/work", "/work/new"):
        assert clerk.client.get(path).status_code == 200
    for path in ("/file", "/file?item=15", "/file/draft?step=1", "/file/draft?step=3", "/file/draft/code", "/privacy"):
        assert resident.client.get(path).status_code == 200
