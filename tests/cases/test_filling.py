"""Filling a form in through HTTP, for a resident and by one: saved as typed, checked page by page, handed in once. Both databases."""

import io
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.models import Account
from accounts.policy import Role
from cases.models import Authorisation, Case, Consent, Draft, Paper, State
from cases.receipts import say_ref
from common.clock import Clock
from common.ids import new_id
from tests.cases.forms_typed import BABY, MATTER, SIGNED, WHO, Filler, value, wrong
from tests.cases.handed_in import signature
from tests.common.pictures import photo
from tests.conftest import NOW, on_sqlite


@pytest.fixture
def session(app):
    """To look with. Not within an application context: requests would share it, and with it who is signed in."""
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def station(loaded, make):
    """A town station of 历下区 that does the items with a form, but not item 17."""
    make.division("370103", "市中区")
    return make.station("解放路街道医保工作站", items=(1, 2, 14, 15, 16, 18, 22), level="town")


@pytest.fixture
def clerk(app, make, station):
    actor = make.actor(Role.CLERK, station_code=station, name="孙丽")
    return Filler(make.signed_in(app.test_client(), actor))


@pytest.fixture
def other(app, make):
    """A helper of another station."""
    actor = make.actor(Role.HELPER, station_code=make.station("远站", items=(15,)), name="李远")
    return make.signed_in(app.test_client(), actor)


def count(session, model):
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model))


# Staff


def test_a_form_is_filled_in_page_by_page_and_becomes_a_case(session, clerk):
    clerk.begin(15).to_the_end()
    answer = clerk.hand_in()
    assert answer.status_code == 303, wrong(answer)
    case = session.scalars(sa.select(Case)).one()
    assert answer.location == f"/cases/{case.ref}/receipt"
    assert case.state == State.ACCEPTED
    assert case.answers["rloc_admdvs"] == "320100"  # 南京 was typed
    assert case.channel == "window"
    assert count(session, Draft) == 0
    assert {consent.kind for consent in session.scalars(sa.select(Consent))} == {"notice"}


def test_the_receipt_shows_number_and_code_to_whoever_filed_and_only_for_half_an_hour(app, make, session, clerk, other):
    answer = clerk.begin(15).to_the_end().hand_in()
    case = session.scalars(sa.select(Case)).one()
    page = clerk.client.get(answer.location)
    said = BeautifulSoup(page.text, "html.parser")
    code = said.find(class_="digits").get_text()
    assert case.ref[:4] + "-" + case.ref[4:] in page.text
    assert code in said.find(class_="said").get_text()
    assert "http" not in said.find(class_="said").get_text()
    assert "王玉兰" not in page.text
    assert page.headers["Cache-Control"] == "private, no-store"
    assert other.get(answer.location).status_code == 404
    colleague = make.actor(Role.CLERK, station_code=case.station_code, name="同事")
    shown = make.signed_in(app.test_client(), colleague).get(answer.location)
    assert shown.status_code == 200
    assert code not in shown.text
    app.extensions["clock"] = Clock(NOW + timedelta(minutes=31))
    assert code not in clerk.client.get(answer.location).text


@on_sqlite
def test_the_receipt_and_the_resident_at_home_are_told_what_matters_from_now_on(app, session, clerk):
    answer = clerk.begin(15).to_the_end().hand_in()
    said = BeautifulSoup(clerk.client.get(answer.location).text, "html.parser")
    words = said.main.get_text(" ", strip=True)
    assert "办成后有效 2026-11-23 起，没有截止日" in words
    assert "省平台暂时连不上" not in words  # nobody asked it
    assert said.find("ul", class_="dots").get_text(strip=True) == "报销比例可能和在本地不同，以参保地核定为准"
    home, typed = app.test_client(), {"ref": session.scalars(sa.select(Case.ref)).one()}
    home.post("/follow", data=typed | {"code": said.find(class_="digits").get_text()})
    at_home = home.get("/follow").text
    assert "办成以后请留意" in at_home
    assert "报销比例可能和在本地不同，以参保地核定为准" in at_home
    session.rollback()
    session.execute(sa.update(Case).values(state=State.WITHDRAWN, desk=None))
    session.commit()
    assert "办成以后请留意" not in home.get("/follow").text


def test_handing_in_twice_is_one_case_and_one_answer(session, clerk):
    clerk.begin(15).to_the_end()
    sent = SIGNED | clerk.hidden()
    first, second = clerk.fill(4, sent), clerk.fill(4, sent)
    assert first.location == second.location
    assert count(session, Case) == 1


def test_what_was_wrong_stays_typed_and_is_said_beside_its_field(clerk):
    clerk.begin(15)
    answer = clerk.fill(1, WHO | {"certno": "379801195208170021", "psn_name": "测试·买买提", "mob": "1540000"})
    assert answer.status_code == 422
    assert wrong(answer) == {"certno": "身份证号校验位不对，请逐位核对", "mob": "手机号应为 11 位，请逐位核对"}
    page = BeautifulSoup(answer.text, "html.parser")
    assert value(page, "certno") == "379801195208170021"
    assert value(page, "psn_name") == "测试·买买提"
    assert {link["href"] for link in page.find(id="errors").find_all("a")} == {"#certno", "#mob"}
    assert value(clerk.page(1), "mob") == "1540000"  # and it is kept


@on_sqlite
def test_nothing_at_all_typed_is_told_once_for_every_field_of_the_page(clerk):
    answer = clerk.begin(15).fill(1, {})
    assert set(wrong(answer)) == {"certno", "psn_name", "ident_by", "insutype", "insu_admdvs", "mob"}
    assert wrong(answer)["psn_name"] == "请填写姓名"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ({"certno": "３７９８０１１９９００５１２００３ｘ", "psn_name": "张明"}, "37980119900512003X"),
        ({"certno": "379801 1990-0512 003x", "psn_name": "张 · 明"}, "37980119900512003X"),
    ],
)
@on_sqlite
def test_numbers_are_taken_as_people_write_them(session, clerk, typed, kept):
    clerk.begin(15).to_the_end()
    assert clerk.fill(1, WHO | typed).status_code == 303
    assert clerk.hand_in().status_code == 303
    assert session.scalars(sa.select(Case)).one().answers["certno"] == kept


def test_an_empty_last_page_says_what_is_missing_and_hands_nothing_in(session, clerk):
    clerk.begin(15).to_the_end()
    answer = clerk.hand_in({})
    assert answer.status_code == 422
    assert wrong(answer)["notice_version"] == "请先阅读个人信息告知"
    assert "commit_mark" in wrong(answer)
    assert count(session, Case) == 0


def test_a_page_that_was_left_with_mistakes_is_named_before_signing(clerk):
    clerk.begin(15)
    clerk.fill(1, WHO | {"certno": ""})
    page = clerk.page(4)
    links = {link.get_text(): link["href"] for link in page.find(id="errors").find_all("a")}
    assert links["请填写证件号码"] == f"{clerk.at}?step=1&check=1#certno"
    assert page.find("a", href=lambda href: href and href.startswith(f"{clerk.at}?step=2&check=1"))
    assert clerk.page(1, check="1").find(id="certno-error")


def test_a_paper_that_is_due_on_the_next_page_keeps_nobody_on_this_one(session, clerk):
    clerk.begin(15)
    assert clerk.fill(1, WHO).status_code == 303
    assert clerk.fill(2, MATTER | {"proof_route": "paper"}).status_code == 303
    page = clerk.page(3)
    assert page.find("input", attrs={"name": "kind", "value": "residence_proof"})
    assert clerk.hand_in({"notice_version": "1"}).status_code == 422
    upload(clerk, "residence_proof", photo())
    answer = clerk.hand_in({"notice_version": "1"})
    assert answer.status_code == 303, wrong(answer)
    paper = session.scalars(sa.select(Paper)).one()
    assert (paper.case_id is not None, paper.draft_id) == (True, None)


def test_a_promise_that_was_to_be_signed_wants_the_signature(session, clerk):
    clerk.begin(15).to_the_end()
    answer = clerk.hand_in(SIGNED | {"commit_mark": "drawn_signature"})
    assert wrong(answer) == {"commit_mark": "还没签字：请在框里写名字，再按“存好并上传”"}
    upload(clerk, "drawn_signature", signature())
    assert clerk.page(4).find("img", class_="signed")
    assert clerk.hand_in(SIGNED | {"commit_mark": "drawn_signature"}).status_code == 303
    assert session.scalars(sa.select(Paper.kind)).all() == ["drawn_signature"]


def upload(clerk, kind, body):
    """A paper for the draft, as the pages send it without scripts."""
    sent = {"kind": kind, "back": clerk.at, "paper": (io.BytesIO(body), "x.jpg")}
    answer = clerk.client.post(f"/papers/draft/{clerk.at.rsplit('/', 1)[1]}", data=sent)
    assert answer.status_code == 303, answer.text


def test_a_newborn_is_enrolled_by_the_mother(session, clerk):
    clerk.begin(2)
    assert clerk.fill(1, BABY).status_code == 303
    answer = clerk.fill(2, {"insu_admdvs": "370102", "insu_years": ["2026"]})
    if answer.status_code != 303:
        answer = clerk.fill(2, {"insu_admdvs": "370102", "insu_years": [_year(clerk)]})
    assert answer.status_code == 303, wrong(answer)
    needs = [tag["value"] for tag in clerk.page(3).find_all("input", attrs={"name": "kind"})]
    for kind in needs:
        upload(clerk, kind, photo())
    assert clerk.page(4).h1.get_text().startswith(f"请{BABY['grdn_name']}"), "no newborn signs"
    signed = {"notice_version": "1", "grdn_consent": "1", "commit_mark": "spoken"}
    answer = clerk.hand_in(signed)
    assert answer.status_code == 303, wrong(answer)
    case = session.scalars(sa.select(Case)).one()
    assert case.answers["birth_cert_no"] == "T379900017"
    assert {consent.kind for consent in session.scalars(sa.select(Consent))} == {"notice", "guardian"}


def _year(clerk):
    return clerk.page(2).find("input", attrs={"name": "insu_years"})["value"]


def test_somebody_elses_agent_leaves_an_authorisation_with_its_evidence(session, clerk):
    agent = {
        "by_agent": "1",
        "agnter_name": "张明",
        "agnter_cert_type": "01",
        "agnter_certno": "37980119900512003X",
        "agnter_tel": "15400000003",
        "agnter_rlts": "child",
        "auth_kind": "drawn_signature",
    }
    clerk.begin(15)
    assert clerk.fill(1, WHO | agent).status_code == 303  # the signature comes on the last page
    clerk.fill(2, MATTER)
    kind = clerk.page(4).find("form", attrs={"data-sign": True}).find("input", attrs={"name": "kind"})["value"]
    upload(clerk, kind, signature())
    answer = clerk.hand_in()
    assert answer.status_code == 303, answer.text
    made = session.scalars(sa.select(Authorisation)).one()
    assert made.evidence_paper_id == session.scalars(sa.select(Paper.id)).one()


def test_no_case_is_made_where_none_is_needed_and_the_way_is_shown(session, clerk):
    clerk.begin(15)
    answer = clerk.fill(1, {"emergency": "1"})
    assert "急诊抢救视同已备案" in answer.text
    assert clerk.client.get(f"{clerk.at}?step=4").status_code == 200
    assert value(clerk.page(1), "emergency") == "1"
    assert clerk.fill(1, WHO).status_code == 303  # an empty box is no longer ticked
    assert count(session, Case) == 0


def test_a_doubt_is_confirmed_once_and_again_only_when_the_answer_changes(clerk):
    enrol = {"enrol_kind": "first", "insu_year": "2026", "insu_admdvs": "370102", "hsreg_local": "yes"}
    enrol |= {"resd_loc_admdvs": "历下区", "other_insurance": "none", "live_addr": "大柳树旁边"}
    clerk.begin(1)
    assert clerk.fill(1, WHO | {"naty": "01"}).status_code == 303
    answer = clerk.fill(2, enrol)
    assert "详细地址请写到村或门牌" in answer.text, wrong(answer)
    assert answer.status_code == 422
    assert clerk.fill(2, enrol | {"confirmed": "live_addr"}).status_code == 303, wrong(answer)
    assert clerk.fill(2, enrol).status_code == 303
    assert clerk.fill(2, enrol | {"live_addr": "小桥南"}).status_code == 422


@on_sqlite
def test_what_is_wrong_with_a_tick_stands_under_that_tick(clerk):
    clerk.begin(14)
    clerk.fill(1, WHO | {"insutype": "310"})
    away = MATTER | {"resd_loc_admdvs": "南京"}
    for typed, field in ((away, "retr_flag"), (away | {"retr_flag": "1"}, "hsreg_moved")):
        page = BeautifulSoup(clerk.fill(2, typed).text, "html.parser")
        (error,) = page.form.find_all(class_="er")
        assert error["id"] == f"{field}-error"
        assert error.find_previous_sibling("label").find("input")["name"] == field
        assert page.find(id="errors").find("a")["href"] == f"#{field}"


# Saving


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
    assert (answer.status_code, answer.json["message"]) == (409, "“手机号”在别处改过，按下面的按钮再核一遍。")
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
    assert stranger.post(clerk.at, data={"new_password": "x"}).location.startswith("/sign-in")
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


# A resident at home


@pytest.fixture
def resident(app, station):
    """At home, without an account."""
    return Filler(app.test_client(), "/file/draft")


def pre_fill(resident, who=None):
    assert resident.client.post("/file", data={"item": "15"}).location == "/file/draft?step=1"
    at_home = {name: value for name, value in (WHO | (who or {})).items() if name != "ident_by"}
    assert resident.fill(1, at_home).status_code == 303
    assert resident.fill(2, MATTER).location == "/file/draft?step=3"
    answer = resident.client.post("/file/draft/code")
    assert answer.location == "/file/draft/code"
    page = BeautifulSoup(resident.client.get("/file/draft/code").text, "html.parser")
    return page.find(class_="digits").get_text().replace(" ", "")


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


def test_too_many_forms_from_one_address_are_slowed_down(resident):
    sent = [
        resident.client.post("/file", data={"item": "15"}, environ_base={"REMOTE_ADDR": "192.0.2.7"}) for _ in range(33)
    ]
    assert sent[0].status_code == 303
    assert sent[-1].status_code == 429
    assert "以后再来" in sent[-1].text


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
