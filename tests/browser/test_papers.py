"""A helper's phone hands in papers: made small on the phone, progress in words, what fails stays; a name drawn with a finger."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.looks import axe_faults, layout_faults
from tests.cases.handed_in import pdf
from tests.common.pictures import photo

RECEIVED = "[data-paper-one] .tag.ok"


@pytest.fixture
def at_papers(phone):
    """A phone on the page to try papers with, a draft begun."""

    def open_(**settings):
        here = phone(**settings)
        page = here.open("/_papers")
        page.locator("main .btn.go").click()
        page.locator("[data-papers]").wait_for()
        return here, page

    return open_


def choose(page, body: bytes, kind: str = "id_front", name: str = "IMG.jpg", mime: str = "image/jpeg") -> None:
    page.set_input_files(f"#file-{kind}", {"name": name, "mimeType": mime, "buffer": body})


def draw(page) -> None:
    """Three strokes in the box."""
    pad = page.locator("canvas.pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    for left in (0.2, 0.4, 0.6):
        page.mouse.move(box["x"] + left * box["width"], box["y"] + 0.2 * box["height"])
        page.mouse.down()
        page.mouse.move(box["x"] + (left + 0.15) * box["width"], box["y"] + 0.8 * box["height"], steps=6)
        page.mouse.up()


@pytest.mark.parametrize("settings", [{}, {"big": True, "dark": True}, {"lang": "en"}], ids=str)
def test_a_photo_of_12_million_pixels_arrives_small_and_its_progress_is_said(at_papers, settings):
    here, page = at_papers(**settings)
    page.evaluate("""() => { window.heard = [];
      new MutationObserver(() => { const tag = document.querySelector('[data-paper-tag] .tag'); if (tag) window.heard.push(tag.textContent); })
        .observe(document.querySelector('.photos'), {childList: true, subtree: true, characterData: true}); }""")
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    sent = photo(4000, 3000, noise=True, quality=75, exif=exif)
    assert len(sent) > 2_000_000
    with page.expect_request("**/papers/draft/*") as asked, page.expect_response("**/papers/draft/*"):
        choose(page, sent)
    page.locator(RECEIVED).wait_for()
    assert int(asked.value.all_headers()["content-length"]) <= 301_000
    heard = page.evaluate("window.heard")
    assert any(re.search(r"\d+%", words) for words in heard)
    full = here.server + page.locator("[data-paper-one] .pic").get_attribute("href")
    kept = here.context.request.get(full)
    picture = Image.open(io.BytesIO(kept.body()))
    assert (picture.size, picture.format) == ((1200, 1600), "JPEG")
    assert len(kept.body()) <= 300_000
    left = picture.convert("RGB").resize((3, 4)).getpixel((1, 0))
    assert left[0] > left[2]  # what was left on the sensor is above on the page
    draw(page)
    assert layout_faults(page) + axe_faults(page) == []


def test_what_did_not_arrive_stays_and_is_sent_again(at_papers):
    here, page = at_papers()
    page.route("**/papers/draft/*", lambda route: route.abort())
    choose(page, photo())
    expect(page.locator("[data-paper-one] .tag")).to_have_text("没传上")
    expect(page.locator("[data-paper-one] [data-paper-wrong]")).to_have_text("网断了。照片还在，有网了再传一次。")
    assert layout_faults(page) + axe_faults(page) == []
    page.unroute("**/papers/draft/*")
    page.locator("[data-paper-again]:visible").click()
    page.locator(RECEIVED).wait_for()
    here.faults.clear()
    page.reload()
    assert page.locator(".photos > li").count() == 1


def test_a_photo_chosen_before_the_script_came_is_sent_when_it_comes(at_papers):
    _here, page = at_papers()
    held = []
    page.route("**/papers*.js*", lambda route: held.append(route))
    page.reload(wait_until="commit")
    choose(page, photo())
    assert page.locator("[data-paper-one]").count() == 0
    held[0].continue_()
    page.locator(RECEIVED).wait_for()
    assert page.locator("[data-paper-one]").count() == 1


def test_what_is_refused_says_why_and_the_rest_goes_on(at_papers):
    here, page = at_papers()
    choose(page, b"MZ" + b"\0" * 500, name="IMG.jpg")
    expect(page.locator("[data-paper-wrong]:visible")).to_contain_text("这个文件不是照片")
    choose(page, pdf(), kind="residence_proof", name="a.pdf", mime="application/pdf")
    page.locator(RECEIVED).wait_for()
    here.faults[:] = [fault for fault in here.faults if "422" not in fault]


def test_a_name_is_drawn_sent_and_an_empty_box_is_not(at_papers):
    _here, page = at_papers()
    page.locator("[data-sign] .go").click()
    expect(page.locator("[data-sign-wrong]")).to_have_text("框里还没写名字。请写上再交。")
    draw(page)
    page.locator("[data-sign-again]").click()
    page.locator("[data-sign] .go").click()
    expect(page.locator("[data-sign-wrong]")).to_be_visible()
    draw(page)
    with page.expect_navigation():
        page.locator("[data-sign] .go").click()
    expect(page.locator("main img[alt='签名']")).to_be_visible()


def test_without_scripts_the_same_forms_do(at_papers):
    _here, page = at_papers(js=False)
    expect(page.locator("[data-sign]")).to_be_hidden()
    choose(page, photo(900, 700))
    page.locator("form.add button").first.click()
    expect(page.locator(".photos img")).to_have_count(1)
    choose(page, b"MZ" + b"\0" * 500)
    page.locator("form.add button").first.click()
    expect(page.locator("main")).to_contain_text("这个文件不是照片")
    assert layout_faults(page) == []
    page.locator("main .btn.go").click()
    expect(page.locator(".photos img")).to_have_count(1)
    page.locator(".photos button").first.click()
    expect(page.locator(".photos img")).to_have_count(0)
