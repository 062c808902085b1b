"""The whole way on small phones: from home over the village's helper, the town and the county back to the resident who asks.
And each other form from its first page to the receipt at a town's counter, without scripts.
"""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect
from sqlalchemy.orm import aliased

from accounts.policy import Actor, Role
from stations.models import Level, Station
from tests.browser.conftest import Phone
from tests.browser.test_file_remote_care import FILE, draw_a_name, go_on
from tests.builders import Make

AT_THE_VILLAGE, AT_THE_TOWN = (2, 15), (1, 4, 14, 17)
COUNTY, COUNTY_NAME = "370102", "历下区"
PERSON = {"insu_admdvs": COUNTY_NAME}
SEEN = {"ident_by": "original"}  # what is not asked at home

# One person per test: the server and its live cases are shared with the other files.
REMOTE = [
    {"certno": "379801198812010019", "psn_name": "孙强", "insutype": "390", "mob": "15400000006"} | PERSON,
    {
        "rloc_admdvs": "南京",
        "begndate": "2026-11-24",
        "resout_addr": "南京市某路 1 号",
        "proof_route": "paper",
    },
]
NEWBORN = [
    {
        "grdn_name": "张明",
        "grdn_certno": "37980119900512003X",
        "grdn_relation": "father",
        "grdn_mob": "15400000003",
        "psn_name": "张小暑",
        "birth_cert_no": "T379900025",
        "gend": "1",
        "brdy": "2026-11-05",
        "naty": "01",
    },
    PERSON | {"insu_years": "2026"},
]
WAYS = {  # item: what is typed on the two pages, the four digits, what the town asks for (kind, name), what is agreed to
    "remote-care": (15, REMOTE, "0019", ("other", "租房合同"), ["notice_version"]),
    "newborn": (2, NEWBORN, "0025", ("household_book", "户口簿"), ["notice_version", "grdn_consent"]),
}


@pytest.fixture
def signed_in(twin, make, phone_of) -> Callable[..., Phone]:
    """signed_in("helper", js=False): a phone on which the helper, clerk or officer of one town and its county has signed in."""
    people = _people(twin, make)
    return lambda who, **settings: phone_of(people[who], **settings)


def _people(app: Any, make: Make) -> dict[str, Actor]:
    """A village whose station takes what is filed there, and its town, whose station takes the rest."""
    town = aliased(Station)
    able = [
        one.direct_mask.bitwise_or(one.assist_mask).bitwise_and(wanted) == wanted
        for one, items in ((Station, AT_THE_VILLAGE), (town, AT_THE_TOWN))
        for wanted in [sum(1 << no for no in items)]
    ]
    with app.extensions["db"].read_session() as session:
        village, at_town, area = session.execute(
            sa.select(Station.code, town.code, town.town_code)
            .join(town, town.town_code == Station.town_code)
            .where(Station.level == Level.VILLAGE, town.level == Level.TOWN, Station.open, town.open, *able)
            .where(Station.county_code == COUNTY)
            .order_by(Station.code)
        ).first()
    return {
        "helper": make.actor(Role.HELPER, area=area, station_code=village),
        "clerk": make.actor(Role.CLERK, area=area, station_code=at_town, name="孙丽"),
        "officer": make.actor(Role.COUNTY_OFFICER, area=COUNTY, name="周海"),
    }


def fill_in(page: Page, typed: dict[str, str]) -> None:
    """Fields by name, whatever they are: chosen, ticked, or typed."""
    for name, value in typed.items():
        fields = page.locator(f"#form [name={name}]")
        if fields.first.evaluate("e => e.type === 'radio' || e.type === 'checkbox'"):
            page.locator(f"#form [name={name}][value='{value}']").check()
        elif fields.evaluate("e => e.tagName") == "SELECT":
            fields.select_option(value)
        else:
            fields.fill(value)


def step(page: Page, words: str) -> None:
    """One of the steps that lie folded under 现在能办: open it and take it."""
    page.locator("summary", has_text=words).click()
    page.get_by_role("button", name=words, exact=True).click()
    page.wait_for_load_state()


def open_from_queue(page: Page, said: str) -> None:
    page.get_by_role("row").filter(has_text=said).get_by_role("link").click()


@pytest.mark.parametrize("way", WAYS)
def test_from_home_over_village_town_and_county_back_to_the_resident(signed_in, phone, way):
    item, (first, second), digits, (kind, paper), agreed = WAYS[way]

    home = phone()
    page = home.open(f"/file?item={item}")
    page.get_by_role("button", name="开始填").click()
    fill_in(page, first)
    go_on(page)
    fill_in(page, second)
    go_on(page)
    page.get_by_role("button", name="要取件码").click()
    expect(page.locator("h1")).to_have_text("填好了，还没有提交")
    code = page.locator(".digits").inner_text()

    helper = signed_in("helper")
    page = helper.open("/work")
    page.get_by_label("取件码").fill(code)
    page.get_by_label("证件号码后四位").fill(digits)
    page.get_by_role("button", name="取出来").click()
    expect(page.locator("#psn_name")).to_have_value(first["psn_name"])
    fill_in(page, SEEN)
    go_on(page)
    go_on(page)
    page.locator("input[type=file]").first.set_input_files(FILE)
    expect(page.locator("[data-paper-state]").first).to_have_text("已收到")
    go_on(page)
    draw_a_name(page)
    for name in agreed:
        page.locator(f"#{name}").check()
    go_on(page)
    expect(page.locator("h1")).to_have_text("收下了")
    said = page.locator(".plate strong").inner_text()
    follow_code = page.locator("strong.digits").inner_text()

    clerk = signed_in("clerk")
    page = clerk.open("/cases")
    open_from_queue(page, said)
    page.locator("summary", has_text="要补材料").click()
    if kind == "other":
        page.locator("#ask-other").fill(paper)
    else:
        page.locator(f"[name=asked][value={kind}]").check()
    page.locator("#ask-words").fill(f"请带{paper}来。")
    page.get_by_role("button", name="告诉居民").click()
    expect(page.locator(".head")).to_contain_text("等居民补材料")
    case = clerk.path.split("?")[0]

    page = helper.open("/work")
    page.locator(f"a[href='{case}']").click()
    page.locator(f"#file-{kind}").set_input_files(FILE | {"name": "more.jpg"})
    expect(page.locator("[data-paper-state]").first).to_contain_text("已收到")
    page.get_by_role("button", name="材料补齐了").click()
    expect(page.locator(".head")).to_contain_text("已受理")

    page = clerk.open(case)
    expect(page.locator("#papers")).to_contain_text(paper)
    step(page, "交给县里")
    expect(page.locator(".head")).not_to_contain_text("已受理")

    officer = signed_in("officer")
    page = officer.open("/cases")
    open_from_queue(page, said)
    while page.get_by_role("button", name="合格", exact=False).filter(has_not_text="不合格").count():
        page.get_by_role("button", name="合格", exact=False).filter(has_not_text="不合格").first.click()
    step(page, "通过")
    expect(page.locator(".head")).to_contain_text("待同步")

    page = home.open("/follow")
    page.get_by_label("回执号").fill(said)
    page.get_by_label("查询码").fill(follow_code)
    page.get_by_role("button", name="查一查").click()
    expect(page.locator(".head")).to_contain_text("同意了，等省里确认")
    expect(page.locator(".tl")).to_contain_text("请您补材料")
    assert said.replace("-", "") not in page.url


COUNTER = {  # item: what is typed on the two pages, papers, whether the second page warns once
    1: (
        {"certno": "379801199211050044", "psn_name": "刘芳", "naty": "01", "mob": "15400000004"} | SEEN,
        PERSON
        | {
            "enrol_kind": "first",
            "insu_year": "2026",
            "hsreg_local": "yes",
            "resd_loc_admdvs": "济南市 历下区",
            "other_insurance": "none",
        },
        0,
        False,
    ),
    4: (
        {"certno": "379801195208170020", "psn_name": "王玉兰", "mob": "15400000001"} | PERSON | SEEN,
        {"stop_reason": "joined_employee", "stop_date": "2026-11-30"},
        0,
        True,
    ),
    14: (
        {"certno": "37980119900512003X", "psn_name": "张明", "insutype": "310", "mob": "15400000003"} | PERSON | SEEN,
        {
            "rloc_admdvs": "上海市",
            "begndate": "2026-11-23",
            "resout_addr": "上海市某路 1 号",
            "resd_loc_admdvs": "上海市",
            "retr_flag": "1",
            "hsreg_moved": "1",
            "proof_route": "paper",
        },
        1,
        False,
    ),
    17: (
        {"certno": "37980120081123001X", "psn_name": "陈晓", "insutype": "390", "mob": "15400000008"} | PERSON | SEEN,
        {
            "rloc_admdvs": "北京市",
            "begndate": "2026-11-23",
            "trafout_fixmedins_name": "某县人民医院",
            "refl_date": "2026-11-22",
        },
        1,
        False,
    ),
}


@pytest.mark.parametrize("item", COUNTER)
def test_a_clerk_without_scripts_takes_each_form_to_its_receipt(signed_in, item):
    first, second, papers, warned = COUNTER[item]
    page = signed_in("clerk", js=False).open("/work/new")
    page.locator(f"button[name=item][value='{item}']").click()
    fill_in(page, first)
    go_on(page)
    fill_in(page, second)
    go_on(page)
    assert page.locator("[name=confirmed]").count() == int(warned)
    if warned:
        page.locator("[name=confirmed]").check()
        go_on(page)
    assert page.locator("h1").inner_text() == "拍材料", page.locator("main").inner_text()
    assert page.locator("form.add").count() == papers
    if papers:
        page.locator("form.add input[type=file]").set_input_files(FILE)
        page.locator("form.add").get_by_role("button", name="上传").click()
        expect(page.locator("[data-paper-state]")).to_have_text("已收到")
    go_on(page)
    page.locator("#notice_version").check()
    go_on(page)
    assert page.locator("h1").inner_text() == "收下了", page.locator("main").inner_text()
    assert len(page.locator("strong.digits").inner_text()) == 6
