"""A form at the counter, page by page until it is a case. Through HTTP."""

import io
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import Role
from cases.models import WITH_CASE, Authorisation, Case, Consent, Draft, Paper, State
from cases.receipts import say_ref
from common.clock import Clock
from tests.cases.form_pages.typed import count
from tests.cases.forms_typed import BABY, MATTER, SIGNED, WHO, value, wrong
from tests.cases.handed_in import signature
from tests.common.pictures import photo
from tests.conftest import NOW, on_sqlite
from tests.statements import statements_of


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


@on_sqlite
def test_a_page_of_the_form_costs_at_most_twelve_statements_also_with_what_is_wrong_on_it(app, clerk):
    clerk.begin(15).to_the_end()
    clerk.fill(1, WHO | AGENT | {"by_agent": "1", "auth_kind": "spoken_on_video"})
    for step in (1, 2, 3, 4):
        with statements_of(app.extensions["db"].engine) as said:
            answer = clerk.client.get(f"{clerk.at}?step={step}&check=1")
        assert (answer.status_code, len(said) <= 12) == (200, True), (step, said)


def test_back_after_handing_in_says_that_it_was_handed_in(clerk):
    clerk.begin(15)
    clerk.fill(1, WHO)
    clerk.fill(2, MATTER)
    assert clerk.hand_in().status_code == 303
    answer = clerk.client.get(f"{clerk.at}?step=4")
    assert answer.status_code == 404
    assert "可能交上去了" in answer.text
    assert 'href="/begin"' in answer.text


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


@on_sqlite
def test_a_filing_is_changed_early_with_a_paper_that_the_form_asks_for(session, clerk):
    assert clerk.begin(15).to_the_end().hand_in().status_code == 303
    session.execute(sa.update(Case).values(state=State.DONE, desk=None))  # the province has confirmed it
    session.commit()
    clerk.at = "/work/drafts"
    clerk.begin(15)
    clerk.fill(1, WHO)
    clerk.fill(2, MATTER | {"filing_act": "change", "rloc_admdvs": "上海"})
    assert "确需提前的请交材料" in clerk.hand_in().text
    upload(clerk, clerk.page(3).find("input", attrs={"name": "kind", "value": "change_proof"})["value"], photo())
    page = clerk.page(4).main.get_text(" ", strip=True)
    assert "确需提前的请交材料" not in page
    assert "已交材料的由县医保局核实" in page


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


def test_a_newborn_is_found_by_its_certificate_and_by_its_own_number(app, make, session, clerk):
    own = "379801202611050021"
    clerk.begin(2)
    assert clerk.fill(1, BABY | {"certno": own}).status_code == 303
    clerk.fill(2, BABY | {"certno": own, "insu_admdvs": "370102", "insu_years": [_year(clerk)]})
    for kind in [tag["value"] for tag in clerk.page(3).find_all("input", attrs={"name": "kind"})]:
        upload(clerk, kind, photo())
    answer = clerk.hand_in({"notice_version": "1", "grdn_consent": "1", "commit_mark": "spoken"})
    assert answer.status_code == 303, wrong(answer)
    case = session.scalars(sa.select(Case)).one()
    officer = make.signed_in(app.test_client(), make.actor(Role.COUNTY_OFFICER))
    for number in (BABY["birth_cert_no"], own):
        assert say_ref(case.ref) in clerk.client.post("/cases/search", data={"q": number}).text
        taken = officer.post("/cases/export", data={"number": number, "purpose": "监护人要一份"})
        assert [one["receipt"] for one in taken.json["cases"]] == [say_ref(case.ref)]


def _year(clerk):
    return clerk.page(2).find("input", attrs={"name": "insu_years"})["value"]


AGENT = {
    "by_agent": "1",
    "agnter_name": "张明",
    "agnter_cert_type": "01",
    "agnter_certno": "37980119900512003X",
    "agnter_tel": "15400000003",
    "agnter_rlts": "child",
}


@pytest.mark.parametrize(
    ("given", "until", "shown"),
    [
        ({"auth_kind": "written_photo"}, WITH_CASE, "authorisation_photo"),
        ({"auth_kind": "spoken_on_video", "auth_to": "2026-12-31"}, date(2026, 12, 31), None),
    ],
    ids=["a photo, no last day", "spoken, with a last day"],
)
@on_sqlite
def test_an_authorisation_is_recorded_as_far_as_it_was_given(session, clerk, given, until, shown):
    clerk.begin(15)
    clerk.fill(1, WHO | AGENT | given)
    clerk.fill(2, MATTER)
    upload(clerk, "authorisation_signature", signature())  # drawn before another way was chosen
    upload(clerk, "authorisation_photo", photo())
    answer = clerk.hand_in()
    assert answer.status_code == 303, wrong(answer)
    made = session.scalars(sa.select(Authorisation)).one()
    kind = session.scalar(sa.select(Paper.kind).where(Paper.id == made.evidence_paper_id))
    assert (made.ends_on, kind) == (until, shown)
    ref, said = session.scalar(sa.select(Case.ref)), "到本事项办结" if until == WITH_CASE else f"有效到 {until}"
    assert said in clerk.client.get(f"/cases/{ref}").text


def test_the_photo_of_an_agents_authorisation_is_no_signature_under_the_promise(session, clerk):
    clerk.begin(15)
    clerk.fill(1, WHO | AGENT | {"auth_kind": "written_photo"})
    clerk.fill(2, MATTER)
    upload(clerk, "authorisation_photo", photo())
    signed = SIGNED | {"commit_mark": "drawn_signature"}
    assert wrong(clerk.hand_in(signed)) == {"commit_mark": "还没签字：请在框里写名字，再按“存好并上传”"}
    upload(clerk, "drawn_signature", signature())
    assert clerk.hand_in(signed).status_code == 303


def test_somebody_elses_agent_leaves_an_authorisation_with_its_evidence(session, clerk):
    clerk.begin(15)
    assert (
        clerk.fill(1, WHO | AGENT | {"auth_kind": "drawn_signature"}).status_code == 303
    )  # the signature comes on the last page
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
