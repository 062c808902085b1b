"""A resident fills a form in at home on a small phone; at the counter a helper loads it, looks at the ID, takes papers and a
signature, and hands it in. With and without scripts."""

import os

import pytest
from playwright.sync_api import expect

from tests.browser.looks import axe_faults, layout_faults, shoot
from tests.browser.test_staff import sign_in
from tests.common.pictures import photo

SHOOTING = os.environ.get("MENKOU_SHOTS") == "1"
FILE = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photo()}
NUMBERS = {  # one person per test, and none of other files: the server and its live cases are shared
    "js": ("周桂兰", "379801195303110026"),
    "plain": ("吴长河", "379801194706200013"),
    "back": ("郑秀云", "379801196109090046"),
}


def choose(page, name, value):
    page.locator(f"[name={name}][value='{value}']").check()


def field(page, name):
    """One field by its name; that it has a label is axe's to see."""
    return page.locator(f"#{name}")


def go_on(page):
    page.locator(".bar .go").click()
    page.wait_for_load_state()


def who(page, name, number):
    field(page, "certno").fill(number)
    field(page, "psn_name").fill(name)
    choose(page, "insutype", "390")


def matter(page, route):
    page.get_by_label("就医地").fill("南京")
    page.get_by_label("开始日期", exact=True).fill("2026-11-24")
    page.get_by_label("那里的地址").fill("南京市某路 1 号")
    choose(page, "proof_route", route)


def at_the_counter(phone, **settings):
    """A clerk's phone, signed in."""
    desk = phone(**settings)
    sign_in(desk.open("/sign-in?next=/work"), "clerk")
    return desk


def look(page, name):
    """Nothing wrong with the page as it stands."""
    faults = axe_faults(page) + layout_faults(page)
    if SHOOTING:
        shoot(page, f"file-{name}", whole=False)
    assert faults == [], name


def draw_a_name(page):
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for n in range(3):
        page.mouse.move(box["x"] + 40 + 80 * n, box["y"] + 30)
        page.mouse.down()
        page.mouse.move(box["x"] + 70 + 80 * n, box["y"] + 90, steps=4)
        page.mouse.move(box["x"] + 50 + 80 * n, box["y"] + 150, steps=4)
        page.mouse.up()
    page.get_by_role("button", name="存好并上传").click()
    expect(page.locator("img.signed")).to_be_visible()


def test_a_resident_fills_in_at_home_and_the_counter_hands_it_in(phone):
    name, number = NUMBERS["js"]
    home = phone()
    page = home.open("/services/items/15")
    page.get_by_role("link", name="在家先填好").click()
    look(page, "start")
    page.get_by_role("button", name="开始填").click()
    expect(field(page, "certno")).to_be_visible()
    assert page.locator("[name=ident_by]").count() == 0
    expect(field(page, "grdn_name")).to_be_hidden()
    field(page, "certno").fill("379801201609010018")  # a child: the guardian's questions open by themselves
    expect(field(page, "grdn_name")).to_be_visible()
    look(page, "child")
    who(page, name, number)
    expect(field(page, "grdn_name")).to_be_hidden()
    page.get_by_label("参保地").fill("历下区")
    field(page, "mob").fill("15400000001")
    expect(page.locator("#saved")).to_contain_text("已存")
    go_on(page)
    matter(page, "paper")
    look(page, "matter")
    go_on(page)
    look(page, "take")
    page.get_by_role("button", name="要取件码").click()
    look(page, "code")
    expect(page.locator("h1")).to_have_text("填好了，还没有提交")
    code = page.locator(".digits").inner_text()

    desk = at_the_counter(phone)
    page = desk.page
    look(page, "work")
    page.get_by_label("取件码").fill(code)
    page.get_by_label("证件号码后四位").fill(number[-4:])
    page.get_by_role("button", name="取出来").click()
    expect(field(page, "certno")).to_have_value(number)
    choose(page, "ident_by", "original")
    go_on(page)
    go_on(page)
    page.locator("input[type=file]").first.set_input_files(FILE)
    expect(page.locator("[data-paper-state]")).to_have_text("已收到")
    look(page, "papers")
    go_on(page)
    draw_a_name(page)
    page.get_by_label("已读个人信息告知").check()
    look(page, "sign")
    go_on(page)
    expect(page.locator("h1")).to_have_text("收下了")
    look(page, "receipt")
    assert page.locator(".plate strong").inner_text()[4] == "-"
    assert len(page.locator("strong.digits").inner_text()) == 6
    page.go_back()  # the draft is a case now
    expect(page.locator("main")).to_contain_text("这份表不在了")


def test_the_same_without_scripts(phone):
    name, number = NUMBERS["plain"]
    home = phone(js=False)
    page = home.open("/file?item=15")
    page.get_by_role("button", name="开始填").click()
    who(page, name, "379801201609010018")  # a child: the button opens the guardian's questions
    expect(field(page, "grdn_name")).to_be_hidden()
    go_on(page)
    expect(field(page, "grdn_name")).to_be_visible()
    who(page, name, number)
    go_on(page)
    expect(field(page, "grdn_name")).to_be_hidden()
    page.get_by_label("参保地").fill("济南市 历下区")
    field(page, "mob").fill("15400000002")
    go_on(page)
    matter(page, "commitment")
    go_on(page)
    page.get_by_role("button", name="要取件码").click()
    code = page.locator(".digits").inner_text()

    desk = at_the_counter(phone, js=False)
    page = desk.page
    page.get_by_label("取件码").fill(code)
    page.get_by_label("证件号码后四位").fill(number[-4:])
    page.get_by_role("button", name="取出来").click()
    choose(page, "ident_by", "original")
    for _step in range(3):
        go_on(page)
    expect(page.locator("main")).to_contain_text("选“当面说了”，由工作人员记下。")
    for label in ("已读个人信息告知", "我承诺以上内容属实"):
        page.get_by_label(label).check()
    choose(page, "commit_mark", "spoken")
    go_on(page)
    assert page.locator("h1").inner_text() == "收下了", page.locator("main").inner_text()


def test_a_newborn_is_enrolled_at_the_counter(phone):
    desk = at_the_counter(phone)
    page = desk.open("/work/new")
    look(page, "new")
    page.get_by_role("button", name="新生儿参保").click()
    page.get_by_label("孩子姓名").fill("张小满")
    page.get_by_label("出生医学证明编号").fill("ｔ379900017")
    choose(page, "gend", "2")
    page.get_by_label("出生日期").fill("2026-11-05")
    page.get_by_label("民族").select_option("01")
    choose(page, "ident_by", "original")
    field(page, "grdn_name").fill("刘芳")
    field(page, "grdn_certno").fill("379801199211050044")
    choose(page, "grdn_relation", "mother")
    field(page, "grdn_mob").fill("15400000004")
    look(page, "newborn")
    go_on(page)
    page.get_by_label("参保地").select_option(label="历下区")
    page.locator("[name=insu_years]").first.check()
    go_on(page)
    for chooser in page.locator("input[type=file]").all():
        chooser.set_input_files(FILE)
    for state in page.locator("[data-paper-state]").all():
        expect(state).to_have_text("已收到")
    go_on(page)
    draw_a_name(page)
    for label in ("已读个人信息告知", "同意处理孩子的个人信息"):
        page.get_by_label(label).check()
    go_on(page)
    expect(page.locator("h1")).to_have_text("收下了")


@pytest.mark.parametrize("js", [True, False])
def test_two_tabs_of_one_form_ask_before_one_undoes_the_other(phone, js):
    home = phone(js=js)
    first = home.open("/file?item=15")
    first.get_by_role("button", name="开始填").click()
    who(first, *NUMBERS["back"])
    second = home.context.new_page()
    second.goto(first.url)
    field(first, "mob").fill("15400000001")
    go_on(first)
    field(second, "mob").fill("15400000002")
    if js:
        expect(second.locator("#saved")).to_contain_text("“手机号”在别处改过")
        with second.expect_response("**/save") as later:  # what was asked about is not in the way of the rest
            field(second, "psn_name").fill(NUMBERS["back"][0])
        assert later.value.status == 200
        expect(second.locator("#saved")).to_contain_text("“手机号”在别处改过")
    go_on(second)
    expect(second.locator("#mob-error")).to_contain_text("改成了“15400000001”，这里填的是“15400000002”")
    assert field(second, "psn_name").input_value() == NUMBERS["back"][0]
    if js:
        assert axe_faults(second) + layout_faults(second) == []
    go_on(second)
    expect(second.locator("#mob-error")).to_have_count(0)
    first.goto(first.url.split("?")[0] + "?step=1")
    assert field(first, "mob").input_value() == "15400000002"


def test_what_is_wrong_is_said_twice_and_the_summary_has_the_focus(phone):
    desk = at_the_counter(phone)
    page = desk.open("/work/new")
    page.get_by_role("button", name="异地长期居住备案").click()
    go_on(page)
    summary = page.locator("#errors")
    expect(summary).to_be_focused()
    look(page, "nothing-typed")
    summary.get_by_role("link", name="请填写证件号码").click()
    assert page.evaluate("() => document.activeElement.name") == "certno" or page.url.endswith("#certno")
    field(page, "certno").fill("37980119900512003")
    page.locator("[data-x-key]").first.click()
    expect(field(page, "certno")).to_have_value("37980119900512003X")
    field(page, "certno").fill("379801198812010018")
    field(page, "psn_name").fill("测试・买买提")
    go_on(page)
    expect(page.locator("#certno-error")).to_have_text("身份证号校验位不对，请逐位核对")
    assert page.locator("#psn_name-error").count() == 0
    expect(field(page, "psn_name")).to_have_value("测试・买买提")


def test_the_back_button_and_a_lost_network_lose_nothing(phone):
    name, number = NUMBERS["back"]
    desk = at_the_counter(phone)
    page = desk.open("/work/new")
    page.get_by_role("button", name="异地长期居住备案").click()
    who(page, name, number)
    choose(page, "ident_by", "original")
    page.get_by_label("参保地").select_option(label="历下区")
    field(page, "mob").fill("15400000009")
    go_on(page)
    page.get_by_label("那里的地址").fill("某路")
    expect(page.locator("#saved")).to_contain_text("已存")
    page.go_back()
    expect(field(page, "certno")).to_have_value(number)
    page.go_forward()
    expect(page.get_by_label("那里的地址")).to_have_value("某路")
    desk.context.set_offline(True)
    page.get_by_label("那里的地址").fill("某路 8 号")
    expect(page.locator("#saved")).to_have_text("没存上，有网了再存")
    desk.context.set_offline(False)
    expect(page.locator("#saved")).to_contain_text("已存")
    draft = desk.path
    desk.context.clear_cookies(name="session")  # the sign-in is lost in the middle of the form
    page.get_by_label("那里的地址").fill("某路 9 号")
    expect(page.locator("#saved")).to_have_text("登录已过期，按下面的按钮再登录，内容不会丢")
    go_on(page)
    expect(page.locator("h1")).to_have_text("登录已过期")
    look(page, "held")
    desk.faults.clear()
    with desk.context.expect_page() as opened:
        page.get_by_role("link", name="登录（另开一页）").click()
    sign_in(opened.value, "clerk")
    page.get_by_role("button", name="接着交").click()
    desk.faults.clear()  # the rest of the page is not filled in
    desk.open(draft)
    expect(page.get_by_label("那里的地址")).to_have_value("某路 9 号")


def test_what_was_typed_before_the_script_came_is_saved_when_it_comes(phone):
    page = phone().open("/file?item=14")
    page.get_by_role("button", name="开始填").click()
    field(page, "psn_name").wait_for()
    page.wait_for_load_state()
    held = []
    page.route("**/autosave*.js*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    field(page, "psn_name").fill("魏巧云")
    choose(page, "insutype", "390")
    assert page.locator("#saved").inner_text() == ""
    held[0].continue_()
    expect(page.locator("#saved")).to_contain_text("已存")
    page.unroute("**/autosave*.js*")
    saves = []
    page.on("request", lambda request: saves.append(request.url) if request.method == "POST" else None)
    page.reload()
    expect(field(page, "psn_name")).to_have_value("魏巧云")
    expect(page.locator("[name=insutype][value='390']")).to_be_checked()
    page.wait_for_timeout(1000)  # longer than a save waits
    assert saves == []  # what came with the page is nobody's change


@pytest.mark.parametrize("looks", [{"big": True}, {"lang": "en"}, {"dark": True}], ids=str)
def test_pages_of_a_form_suit_old_eyes_and_other_readers(phone, looks):
    home = phone(**looks)
    page = home.open("/file?item=15")
    page.locator("form button").click()
    look(page, f"who-{next(iter(looks))}")
    go_on(page)
    look(page, f"who-wrong-{next(iter(looks))}")
    page = home.open("/file/draft?step=3")
    look(page, f"take-{next(iter(looks))}")
