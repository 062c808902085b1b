"""What a review found broken in the browser, and must stay mended."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.test_flows import NEAR

LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


@LANGUAGES
@pytest.mark.parametrize("font", [16, 32])
def test_words_at_the_top_stay_whole(phone, urls, lang, font):
    """“Menko u”: no word at the top is broken into two lines."""
    here = phone(big=True, lang=lang)
    here.devtools.send("Page.enable")
    here.devtools.send("Page.setFontSizes", {"fontSizes": {"standard": font, "fixed": 13}})
    for name in ("services_catalog.home", "stations.areas", "stations.show"):
        page = here.open(urls[name])
        lines = page.evaluate(
            """() => [...document.querySelectorAll('.top a')].map(link => {
              const range = document.createRange(); range.selectNodeContents(link.lastChild);
              return [link.textContent.trim(), range.getClientRects().length];
            })"""
        )
        assert lines
        assert [words for words, count in lines if count != 1] == []


# ---- paper

UNSEEN = """selector => [...document.querySelectorAll(selector)]
  .filter(row => !row.checkVisibility({contentVisibilityAuto: true}) || row.getBoundingClientRect().height < 5)
  .map(row => row.textContent.trim())"""


def test_a_printed_station_has_all_its_items_and_none_of_its_buttons(phone, urls):
    page = phone().open(urls["stations.show"])
    items = page.locator("section:not(.noprint) ul.cells > li").count()
    assert items > 12, "nothing is folded away here: take a station that does more"
    assert page.evaluate(UNSEEN, "section:not(.noprint) ul.cells > li"), "on the screen some are folded away"

    page.emulate_media(media="print")

    assert page.evaluate(UNSEEN, "section:not(.noprint) ul.cells > li") == []
    tops = page.evaluate(
        "() => [...document.querySelectorAll('section:not(.noprint) ul.cells > li')].map(li => li.getBoundingClientRect().top)"
    )
    assert len(set(tops)) == items, "they lie on one another"
    for gone in ("summary", ".ways", "[data-copy]", "#ways", "nav.bar"):
        assert [found for found in page.locator(gone).all() if found.is_visible()] == [], gone


def test_a_printed_list_of_stations_has_addresses_and_no_forms(phone, urls):
    page = phone().open(NEAR)
    assert page.locator(".addr span").first.is_hidden()
    page.emulate_media(media="print")
    expect(page.locator(".addr span").first).to_be_visible()
    expect(page.locator(".where summary")).to_be_visible()  # where it counts from
    for gone in ("form", ".acts summary", ".ways"):
        assert [found for found in page.locator(gone).all() if found.is_visible()] == [], gone


# ---- finder


def test_after_a_filter_and_back_the_position_button_still_works(phone):
    here = phone()
    page = here.open(NEAR)
    page.locator(".seg label", has_text="开车").click()
    expect(page).to_have_url(re.compile("by=car"))
    page.go_back()
    expect(page).not_to_have_url(re.compile("by=car"))
    expect(page.locator("#results")).to_contain_text("走路约")
    here.context.set_geolocation({"latitude": 36.700049, "longitude": 117.049951, "accuracy": 40})
    page.locator(".where summary").click()
    button = page.get_by_role("button", name="重新取我的位置")
    expect(button).to_be_visible()
    button.click()
    expect(page).to_have_url(re.compile(r"lat=36\.7000&lon=117\.0500&acc=40"))  # four places are about 11 m


@pytest.mark.parametrize("why", ["no network", "server in trouble"])
def test_a_filter_that_fails_says_so_and_offers_to_search_again(phone, why):
    here = phone()
    page = here.open(NEAR)
    page.remove_listener("response", here._answered)
    warning, again = page.get_by_role("alert"), page.get_by_role("button", name="再找一次")
    expect(again).to_be_hidden()

    if why == "no network":
        here.context.set_offline(True)
    else:
        here.context.route(re.compile("by=car"), lambda route: route.fulfill(status=503, body="busy"))
    page.locator(".seg label", has_text="开车").click()
    expect(warning).to_contain_text("刚才的结果")
    expect(warning.locator("p")).to_be_visible()
    expect(again).to_be_visible()
    assert "by=car" not in page.url
    expect(page.locator("#results")).to_contain_text("走路约")
    assert again.bounding_box()["height"] >= 44

    here.context.set_offline(False)
    here.context.unroute_all()
    again.click()
    expect(page).to_have_url(re.compile("by=car"))
    expect(page.locator("#results")).to_contain_text("开车约")
    expect(again).to_be_hidden()
    here.faults[:] = [fault for fault in here.faults if not fault.startswith("console:")]  # htmx tells it too


def test_a_filter_that_fails_after_back_says_so_too(phone):
    here = phone()
    page = here.open(NEAR)
    page.locator(".seg label", has_text="开车").click()
    expect(page).to_have_url(re.compile("by=car"))
    page.go_back()
    expect(page.locator("#results")).to_contain_text("走路约")
    here.context.set_offline(True)
    page.locator(".seg label", has_text="开车").click()
    expect(page.get_by_role("button", name="再找一次")).to_be_visible()
    here.faults[:] = [fault for fault in here.faults if not fault.startswith("console:")]  # htmx tells it too


def test_what_a_filter_found_is_a_heading_and_is_said_once(phone):
    page = phone().open(NEAR)
    said = page.locator("[data-filters-said]")
    expect(said).to_have_text("")
    heading = page.locator("#results").get_by_role("heading", level=2).first
    expect(heading).to_be_visible()
    page.locator("select[name=m]").select_option("60")
    expect(page).to_have_url(re.compile("m=60"))
    expect(said).to_have_role("status")
    expect(said).to_have_text(heading.inner_text())
    assert page.locator("#results [role=status]").count() == 0
