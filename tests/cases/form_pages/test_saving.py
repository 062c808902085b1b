"""What is typed is kept: field by field, on two pages at once, against whoever may not see it. Through HTTP."""

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.models import Account
from accounts.policy import Role
from cases.models import Case, Draft
from tests.cases.form_pages.typed import count
from tests.cases.forms_typed import MATTER, SIGNED, WHO, Filler, value, wrong
from tests.conftest import on_sqlite


def test_single_fields_are_saved_while_they_are_typed_and_are_there_on_another_device(app, make, clerk, station):
    clerk.begin(15)
    answer = clerk.client.post(f"{clerk.at}/save", data={"psn_name": "王玉", "certno": "379801201609010018"})
    assert answer.json["saved"] == "10:00"
    assert answer.json["facts"]["guardian_needed"] == "1"  # a child: the script opens the guardian's block
    clerk.client.post(f"{clerk.at}/save", data={"psn_name": "王玉兰"})
    tablet = Filler(make.signed_in(app.test_client(), make.actor(Role.CLERK, station_code=station)), clerk.at)
    assert value(tablet.page(1), "psn_name") == "王玉兰"
    assert value(tablet.page(1), "certno") == "379801201609010018"
    assert "没填完的" in clerk.client.get("/work").text


def test_two_tabs_lose_nothing_of_each_other(clerk):
    clerk.begin(15)
    clerk.client.post(f"{clerk.at}/save", data={"psn_name": "王玉兰"})
    clerk.client.post(f"{clerk.at}/save", data={"mob": "15400000001"})
    page = clerk.page(1)
    assert (value(page, "psn_name"), value(page, "mob")) == ("王玉兰", "15400000001")


def opened(clerk, step):
    """A page as a browser has it before it: what it was drawn with travels back with it."""
    page = clerk.page(step)
    return {name: page.find("input", attrs={"name": name})["value"] for name in ("tab", "base")}


def stored(session):
    session.rollback()
    return session.scalars(sa.select(Draft)).one().answers


def test_what_a_page_did_not_touch_it_does_not_undo(session, clerk):
    clerk.begin(15)
    clerk.fill(1, WHO)
    phone, screen = opened(clerk, 1), opened(clerk, 1)
    assert clerk.fill(1, WHO | {"mob": "15400000002", "channel": "assisted"} | phone).status_code == 303
    assert clerk.fill(1, WHO | {"psn_name": "王玉芝", "channel": "window"} | screen).status_code == 303
    kept = stored(session)
    assert (kept["mob"], kept["psn_name"], kept["channel"]) == ("15400000002", "王玉芝", "assisted")


@on_sqlite
@pytest.mark.parametrize("go", ["", "back"])
def test_what_two_pages_changed_is_asked_about_with_both_values_and_then_kept(session, clerk, go):
    clerk.begin(15)
    clerk.fill(2, MATTER)
    phone, screen = opened(clerk, 2), opened(clerk, 2)
    clerk.fill(2, MATTER | {"rloc_admdvs": "成都", "resout_addr": "成都市某路 2 号"} | phone)
    answer = clerk.fill(2, MATTER | {"rloc_admdvs": "杭州"} | screen, go=go)
    assert answer.status_code == 409
    assert wrong(answer) == {
        "rloc_admdvs": "就医地在别处改成了“四川省 成都市”，这里填的是“浙江省 杭州市”。留下对的，再按一次。"
    }
    page = BeautifulSoup(answer.text, "html.parser")
    assert (value(page, "rloc_admdvs"), value(page, "resout_addr")) == ("浙江省 杭州市", "成都市某路 2 号")
    assert stored(session)["rloc_admdvs"] == "510100"
    again = {name: value(page, name) for name in (*MATTER, "tab", "base")}
    assert clerk.fill(2, again).status_code == 303
    assert stored(session)["rloc_admdvs"] == "330100"


@on_sqlite
def test_ticks_and_choices_that_two_pages_changed_are_named_in_words(clerk):
    clerk.begin(15)
    clerk.fill(1, WHO)
    phone, screen = opened(clerk, 1), opened(clerk, 1)
    clerk.fill(1, WHO | {"insutype": "310", "no_phone": "1", "channel": "assisted"} | phone)
    answer = clerk.fill(1, WHO | {"insutype": "", "channel": "door_to_door"} | screen)
    told = wrong(answer)
    assert set(told) == {"insutype", "channel"}
    assert "“职工医保”，这里填的是“没填”" in told["insutype"]
    assert "“帮办代办”，这里填的是“上门办”" in told["channel"]
    assert value(BeautifulSoup(answer.text, "html.parser"), "no_phone") == "1"


@on_sqlite
def test_a_page_is_never_in_its_own_way_however_its_saves_arrive(session, clerk):
    clerk.begin(15)
    page = opened(clerk, 1)
    for typed in ("1540000", "15400000001"):
        assert clerk.client.post(f"{clerk.at}/save", data={"mob": typed} | page).status_code == 200
    assert clerk.fill(1, WHO | {"mob": "15400000003"} | page).status_code == 303
    assert clerk.fill(1, WHO | {"mob": ""} | page).status_code == 422  # emptied again: as it was drawn
    assert stored(session)["mob"] == ""


@on_sqlite
def test_a_save_under_way_overwrites_nothing_newer_and_says_which_field(session, clerk):
    clerk.begin(15)
    phone, screen = opened(clerk, 1), opened(clerk, 1)
    clerk.client.post(f"{clerk.at}/save", data={"mob": "15400000001"} | phone)
    answer = clerk.client.post(f"{clerk.at}/save", data={"mob": "15400000002", "psn_name": "王玉兰"} | screen)
    assert answer.status_code == 409
    assert answer.json["message"] == "“手机号”在别处改过，没存，别的都存了。按下面的按钮再核一遍。"
    assert answer.json["fields"] == ["mob"]
    assert answer.json["facts"]["guardian_needed"] == "0"  # fields that depend on what was kept open all the same
    assert (stored(session)["mob"], stored(session)["psn_name"]) == ("15400000001", "王玉兰")


def test_what_was_changed_behind_the_signers_back_is_not_handed_in(session, clerk):
    clerk.begin(15).to_the_end()
    hidden = clerk.hidden()
    clerk.client.post(f"{clerk.at}/save", data={"mob": "15400000009"})
    answer = clerk.fill(4, SIGNED | hidden)
    assert answer.status_code == 409
    assert "这份申请刚被改过，请看过新内容再提交" in answer.text
    assert count(session, Case) == 0
    assert clerk.hand_in().status_code == 303


def test_going_back_keeps_the_page_whatever_is_wrong_on_it(clerk):
    clerk.begin(15)
    answer = clerk.fill(2, {"resout_addr": "某路", "go": "back"})
    assert answer.location == f"{clerk.at}?step=1"
    assert value(clerk.page(2), "resout_addr") == "某路"


@pytest.mark.parametrize("words", ["长" * 2_001, "x" * 5_000])
@on_sqlite
def test_too_much_is_refused_with_a_sentence(clerk, words):
    answer = clerk.begin(15).client.post(f"{clerk.at}/save", data={"resout_addr": words})
    assert (answer.status_code, answer.json["message"]) == (413, "填的内容太长了，请写短一些")


def test_a_draft_is_deleted_by_its_owner_with_all_that_was_typed(session, clerk):
    clerk.begin(15)
    assert "找不回来" in clerk.client.get(f"{clerk.at}/delete").text
    assert clerk.client.post(f"{clerk.at}/delete").location == "/work?gone=1"
    assert clerk.client.post(f"{clerk.at}/delete").status_code == 303
    assert count(session, Draft) == 0
    assert clerk.client.get(clerk.at).status_code == 404
    assert clerk.fill(1, WHO).status_code == 404


@pytest.mark.parametrize("path", ["", "?step=4", "/delete"])
def test_a_draft_is_nobody_elses_to_see(clerk, other, path):
    assert other.get(clerk.begin(15).at + path).status_code == 404


@pytest.mark.parametrize("path", ["?step=1", "/save"])
def test_a_draft_is_nobody_elses_to_change(session, clerk, other, path):
    clerk.begin(15)
    assert other.post(clerk.at + path, data={"psn_name": "别人"}).status_code == 404
    session.rollback()
    assert "psn_name" not in session.scalars(sa.select(Draft)).one().answers


@on_sqlite
def test_a_stranger_is_led_to_the_sign_in_and_back_to_the_same_page(app, clerk):
    clerk.begin(15)
    stranger = app.test_client()
    assert stranger.get(f"{clerk.at}?step=2").location == f"/sign-in?next={clerk.at}?step%3D2"
    answer = stranger.post(f"{clerk.at}?step=1", data={"psn_name": "王<b>"})  # the sign-in ended: nothing typed is lost
    assert (answer.status_code, 'name="psn_name" value="王&lt;b&gt;"' in answer.text) == (401, True)
    assert f'action="{clerk.at}?step=1"' in answer.text
    answer = stranger.post(f"{clerk.at}/save", data={"psn_name": "王"}, headers={"Accept": "application/json"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("item", "status", "words"),
    [
        ("17", 409, "本站没有承接这件事"),
        ("22", 409, "这件事还不能在这里填"),
        ("61", 409, "本站没有承接这件事"),
        ("x", 422, "没有这个事项"),
        ("", 422, "请填写事项"),
    ],
)
def test_only_what_the_station_does_and_what_has_a_form_can_be_begun(session, clerk, item, status, words):
    answer = clerk.client.post("/work/drafts", data={"item": item})
    assert answer.status_code == status
    assert words in answer.text
    assert count(session, Draft) == 0


def test_a_station_that_lost_the_item_meanwhile_is_told_so(session, clerk, station):
    clerk.begin(15).to_the_end()
    session.execute(sa.text("UPDATE station SET direct_mask = 2 WHERE code = :code"), {"code": station})
    session.commit()
    answer = clerk.hand_in()
    assert answer.status_code == 422
    assert "本站没有承接" in answer.text
    assert count(session, Case) == 0


def test_the_helpers_own_telephone_is_not_the_residents(session, clerk):
    account = session.scalars(sa.select(Account).where(Account.staff_name == "孙丽")).one()
    account.phone = "15400000001"
    session.commit()
    assert "不能填帮办人的手机号" in wrong(clerk.begin(15).fill(1, WHO))["mob"]
