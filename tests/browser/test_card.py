"""A child opens a station's card and sends it on: as a picture from the share sheet, by a long press, or as a file."""

import re

import pytest
from playwright.sync_api import expect

SHARES = """
  navigator.canShare = data => data.files.every(file => file.type === 'image/png');
  navigator.share = data => { window.sent = data.files.map(file => [file.name, file.type, file.size]); return Promise.resolve(); };
"""


@pytest.fixture
def card(urls):
    """/stations/…/card?item=1"""
    return urls["cards.show for-item"]


def test_the_picture_is_there_at_full_width_with_all_its_words(phone, card):
    page = phone().open(card)
    picture = page.locator("img.card")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") == 1080
    assert picture.bounding_box()["width"] > 300
    words = picture.get_attribute("alt")
    assert "居民参保登记" in words
    assert re.search(r"电话：[\d-]{7,}", words)


def test_one_tap_hands_the_picture_to_the_share_sheet(phone, card):
    here = phone()
    here.context.add_init_script(SHARES)
    page = here.open(card)
    page.get_by_role("button", name="发给家人").click()
    [[name, kind, size]] = page.evaluate("window.sent")
    assert re.fullmatch(r"menkou-\w+\.png", name)
    assert kind == "image/png"
    assert 10_000 < size < 120_000


def test_where_files_cannot_be_shared_the_button_stays_away_and_the_file_can_be_kept(phone, card):
    page = phone().open(card)
    expect(page.get_by_role("button", name="发给家人")).to_be_hidden()
    with page.expect_download() as kept:
        page.get_by_role("link", name="存图片").click()
    assert kept.value.suggested_filename.endswith(".png")


@pytest.mark.parametrize("js", [True, False], ids=["scripts", "no scripts"])
def test_from_the_station_to_the_card_of_another_item(phone, urls, js):
    page = phone(js=js).open(urls["stations.show"])
    page.get_by_role("link", name="做成图片发给家人").click()
    page.get_by_label("要办什么").select_option(label="新生儿参保")
    page.get_by_role("button", name="换成这件事").click()
    expect(page.locator("img.card")).to_have_attribute("alt", re.compile("要办：新生儿参保"))
    page.get_by_role("link", name="站点", exact=True).click()
    expect(page).to_have_url(re.compile(r"\?item=2$"))
