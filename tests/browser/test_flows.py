"""What a resident does, from "外地看病" to a station's telephone number and back, on a phone, with scripts and without."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import EXECUTABLE, FLAGS, HERE

BOTH = pytest.mark.parametrize("js", [True, False], ids=["scripts", "no scripts"])


@pytest.fixture
def village(urls):
    """The name of a village in Jinan, as a resident types it."""
    return parse_qs(urlsplit(urls["stations.finder typed"]).query)["at"][0]


@BOTH
def test_from_going_elsewhere_for_care_to_a_station_and_a_word_about_it(phone, village, js):
    here = phone(js=js, position=None)
    page = here.open("/")

    page.locator("input[name=q]").fill("外地看病")
    page.get_by_role("button", name="搜索").click()
    expect(page).to_have_url(re.compile(r"/search\?q="))
    page.locator("ul.cells a.cell").first.click()

    expect(page).to_have_url(re.compile(r"/services/items/\d+"))
    expect(page.locator("h1")).to_contain_text("备案")
    expect(page.get_by_text("带什么")).to_be_visible()
    expect(page.locator(".checks li").first).to_be_attached()
    page.get_by_role("link", name="到附近站点").click()

    expect(page).to_have_url(re.compile(r"/stations\?item=\d+"))
    page.locator("input[name=at]").fill(village)
    page.get_by_role("button", name="搜索").click()
    page.wait_for_url("**at=*")
    page.locator("#results").locator("ol.st, a.cell, .empty").first.wait_for()
    if page.get_by_text("您说的是哪一个").is_visible():
        page.locator("#results a.cell").first.click()
    assert "item=" in page.url
    if page.get_by_role("link", name="不限远近").is_visible():
        page.get_by_role("link", name="不限远近").click()
    station = page.locator("ol.st h3 a").first
    name = station.inner_text()
    station.click()

    expect(page.locator("h1")).to_have_text(name)
    number = page.locator("a[href^='tel:']").first
    assert re.fullmatch(r"tel:[\d-]{7,}", number.get_attribute("href"))
    ways = [link.get_attribute("href") for link in page.locator("#ways a").all()]
    assert [way.split(":")[0] for way in ways] == ["https", "https", "https", "geo"]

    page.get_by_role("link", name=re.compile("信息不对")).click()
    page.get_by_role("button", name="告诉我们").click()
    expect(page.locator("#errors")).to_contain_text("请选择")
    page.get_by_text("电话打不通").click()
    page.locator("textarea").fill("打了三次没人接")
    page.get_by_role("button", name="告诉我们").click()
    expect(page.locator("h1")).to_contain_text("收到了")
    page.get_by_role("link", name="回站点页").click()
    expect(page.locator("h1")).to_have_text(name)


@BOTH
def test_step_by_step_from_the_city_to_a_village(phone, js):
    here = phone(js=js, position=None)
    page = here.open("/stations")
    page.get_by_role("link", name="济南市", exact=True).click()
    page.get_by_role("link", name="历下区", exact=True).click()
    page.locator("ul.cells a.cell").first.click()
    expect(page.locator(".crumbs a")).to_have_text(["全省", "济南市", "历下区"])
    chosen = page.locator("ul.cells a.cell").first.inner_text().strip()
    page.locator("ul.cells a.cell").first.click()
    expect(page).to_have_url(re.compile(r"/stations\?area=\d{12}"))
    expect(page.locator("main")).to_contain_text(chosen)
    page.locator(".crumbs a").first.click() if page.locator(".crumbs").count() else page.go_back()
    expect(page.locator("h1")).to_be_visible()


def test_the_position_button_finds_and_says_how_exact_it_is(phone):
    here = phone()
    page = here.open("/stations")
    page.get_by_role("button", name="用我的位置找").click()
    expect(page).to_have_url(re.compile(r"lat=36\.6637&lon=117\.1510&acc=30"))
    expect(page.locator("main")).to_contain_text("误差约 30 米")
    expect(page.locator("ol.st > li").first).to_be_visible()


def test_a_rough_position_is_called_rough(phone):
    here = phone(position=HERE | {"accuracy": 2500})
    page = here.open("/stations")
    page.get_by_role("button", name="用我的位置找").click()
    expect(page.locator("main")).to_contain_text("误差约 2.5 公里")
    expect(page.locator("main")).to_contain_text("位置不太准")


def test_without_permission_the_page_says_what_to_do_instead(phone):
    here = phone(position=None)
    page = here.open("/stations")
    button = page.get_by_role("button", name="用我的位置找")
    button.click()
    expect(page.get_by_role("status").filter(has_text="没取到位置")).to_be_visible()
    expect(button).to_be_enabled()
    expect(page.locator("input[name=at]")).to_be_visible()


def test_after_looking_at_a_station_the_position_button_works_again(phone):
    here = phone()
    page = here.open("/stations")
    page.get_by_role("button", name="用我的位置找").click()
    page.wait_for_url(re.compile("lat="))
    page.go_back()
    page.get_by_role("button", name="用我的位置找").click()
    page.wait_for_url(re.compile("lat="))


def test_a_place_typed_after_going_back_counts_and_not_the_position_of_before(chromium, server):
    """On a browser that keeps a left page alive for Back, as phones do; Playwright's own does not."""
    kind = chromium.browser_type
    keeps = kind.launch(executable_path=EXECUTABLE, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"])
    page = keeps.new_context(geolocation=HERE, permissions=["geolocation"]).new_page()
    page.goto(f"{server}/stations")
    page.get_by_role("button", name="用我的位置找").click()
    page.wait_for_url(re.compile("lat="))
    page.evaluate("history.back()")
    page.wait_for_url(f"{server}/stations", wait_until="commit")
    page.locator("input[name=at]").fill("烟台市")
    page.locator("input[name=at]").press("Enter")
    page.wait_for_url(re.compile("at="), wait_until="commit")
    assert "lat=" not in page.url
    keeps.close()


NEAR = "/stations?lat=36.66370&lon=117.15100&acc=30&m=0"


def test_a_filter_changes_only_the_list_and_the_address(phone):
    here = phone()
    page = here.open(NEAR)
    before = page.locator("#results").inner_text()
    page.evaluate("() => { document.querySelector('h1').mark = 'the same page'; }")

    page.locator(".seg label", has_text="开车").click()

    expect(page).to_have_url(re.compile("by=car"))
    expect(page.locator("#results")).to_contain_text("开车约")
    assert page.locator("#results").inner_text() != before
    assert page.evaluate("() => document.querySelector('h1').mark") == "the same page"
    assert "lat=36.66370" in page.url

    page.go_back()
    expect(page).not_to_have_url(re.compile("by=car"))
    expect(page.locator("#results")).to_contain_text("走路约")
    assert page.locator("#results").inner_text() == before
    page.reload()
    assert page.locator("#results").inner_text() == before


def test_an_address_with_filters_can_be_sent_to_somebody(phone):
    """What htmx shows and what the address gives are the same."""
    here = phone()
    page = here.open(NEAR)
    page.locator("label.opt", has_text="现在开门的").click()
    expect(page).to_have_url(re.compile("open=1"))
    expect(page.locator("#results h2").first).to_be_visible()
    shown, address = page.locator("#results").inner_text(), here.path
    other = phone(js=False)
    assert other.open(address).locator("#results").inner_text().split() == shown.split()


def test_a_filter_works_without_scripts(phone):
    here = phone(js=False, position=None)
    page = here.open(NEAR)
    page.locator(".seg label", has_text="电动车").click()
    page.locator("select[name=m]").select_option("30")
    page.get_by_role("button", name="按这些条件找").click()
    expect(page).to_have_url(re.compile("by=ebike.*m=30"))
    expect(page.locator(".seg input:checked")).to_have_value("ebike")


def test_nothing_in_reach_leads_on(phone):
    here = phone(js=False, position=None)
    page = here.open("/stations?lat=37.9&lon=118.9")
    expect(page.locator("#results")).to_contain_text("走路 15 分钟内没有")
    expect(page.locator("#results")).to_contain_text("估算")
    assert page.locator("ol.st > li").count() >= 1
    page.locator("#results a.btn.go").click()
    expect(page.locator("#results h2").first).to_be_visible()
    assert page.url != here.server + "/stations?lat=37.9&lon=118.9"


def test_an_address_is_copied_and_said_so(phone, urls):
    here = phone()
    here.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = here.open(urls["stations.show"])
    button = page.locator("[data-copy]")
    address = button.get_attribute("data-copy")
    button.click()
    expect(button).to_have_text("抄好了")
    assert page.evaluate("() => navigator.clipboard.readText()") == address


def test_a_station_is_sent_to_the_family_or_its_address_copied(phone, urls):
    here = phone()
    here.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = here.open(urls["stations.show"] + "?from=somewhere")
    page.get_by_role("button", name="发给家人").click()
    expect(page.get_by_role("button", name="网址抄好了")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == here.server + urls["stations.show"]


def test_what_is_shared_is_the_page_and_nothing_of_the_reader(phone, urls):
    here = phone()
    here.context.add_init_script("navigator.share = what => { window.shared = what; return Promise.resolve(); };")
    page = here.open(urls["stations.show"] + "?lat=36.66&lon=117.15")
    page.get_by_role("button", name="发给家人").click()
    assert page.evaluate("() => window.shared.url") == here.server + urls["stations.show"]


@BOTH
def test_large_text_stays_until_it_is_put_back(phone, js):
    here = phone(js=js)
    page = here.open("/stations?item=2")
    normal = page.evaluate("() => getComputedStyle(document.body).fontSize")
    page.get_by_role("link", name="大字").click()
    expect(page.locator("html")).to_have_attribute("data-big", "")
    assert here.path == "/stations?item=2"
    large = page.evaluate("() => getComputedStyle(document.body).fontSize")
    assert float(large.removesuffix("px")) == pytest.approx(1.4 * float(normal.removesuffix("px")), rel=0.01)
    again = here.context.new_page()
    again.goto(here.server + "/")
    expect(again.locator("html")).to_have_attribute("data-big", "")
    page.get_by_role("link", name="小字").click()
    expect(page.locator("html")).not_to_have_attribute("data-big", "")


@BOTH
def test_english_stays_until_it_is_put_back(phone, js):
    here = phone(js=js, lang="zh")
    page = here.open("/")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.locator("main a.cell").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(here.server + "/")
    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")


def test_a_keyboard_reaches_the_content_first(phone):
    here = phone()
    page = here.open("/")
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    expect(skip).to_have_text("跳到正文")
    assert skip.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "main"


def test_a_wrong_form_moves_the_reader_to_what_is_wrong(phone, urls):
    here = phone()
    page = here.open(urls["stations.report"])
    page.locator("textarea").fill("门口的牌子换了")
    page.get_by_role("button", name="告诉我们").click()
    expect(page.locator("#errors")).to_be_visible()
    expect(page.locator("textarea")).to_have_value("门口的牌子换了")
    page.locator("#errors a").click()
    assert page.url.endswith("#trouble")


def test_the_check_list_can_be_ticked(phone, urls):
    here = phone()
    page = here.open(urls["services_catalog.item"])
    box = page.locator(".checks input").first
    page.locator(".checks label").first.click()
    expect(box).to_be_checked()


def test_the_first_visit_costs_thirty_kilobytes(phone):
    """Home and finder with styles and scripts, headers included, as the browser counted them on the wire."""
    here = phone()
    bytes_of: dict[str, int] = {}
    names: dict[str, str] = {}
    here.devtools.send("Network.enable")
    here.devtools.on(
        "Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]})
    )
    here.devtools.on(
        "Network.loadingFinished",
        lambda event: bytes_of.update({names.get(event["requestId"], "?"): int(event["encodedDataLength"])}),
    )
    here.open("/")
    page = here.open("/stations?lat=36.66370&lon=117.15100")
    page.wait_for_load_state("networkidle")
    assert any("htmx" in url for url in bytes_of)
    assert any(url.endswith("app.css") for url in bytes_of)
    assert sum(bytes_of.values()) <= 30_000, bytes_of


def test_a_phone_without_the_library_still_has_every_page(phone):
    """A proxy that eats scripts is like no scripts, but the page thinks it has them."""
    here = phone()
    here.context.route(re.compile("htmx"), lambda route: route.abort())
    page = here.page
    page.remove_listener("response", here._answered)
    here.open(NEAR)
    page.locator(".seg label", has_text="开车").click()
    page.get_by_text("更多条件").click()
    page.get_by_role("button", name="按这些条件找").click()
    expect(page).to_have_url(re.compile("by=car"))
    here.faults.clear()


@pytest.mark.parametrize("name", ["stations.show", "services_catalog.item"])
def test_printed_paper_has_what_a_reader_takes_along(phone, urls, name):
    here = phone()
    page = here.open(urls[name])
    page.emulate_media(media="print")
    for hidden in ("header.top", "nav.bar"):
        for element in page.locator(hidden).all():
            assert not element.is_visible()
    expect(page.locator("h1")).to_be_visible()
    if name == "stations.show":
        expect(page.locator("a[href^='tel:']").first).to_be_visible()
    else:
        expect(page.locator(".checks")).to_be_visible()
