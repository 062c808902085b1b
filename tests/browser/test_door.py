"""A helper's phone at a station's door: readings that come one after another, the median, a photo, and the way back."""

import io
import json
import math

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.looks import axe_faults, layout_faults
from tests.common.pictures import photo

# Plays the role of the phone's receiver: gives the readings one after another, and what it is told to say instead.
RECEIVER = """readings => {
  let watching = null;
  const api = {
    watchPosition(heard, failed, options) {
      window.asked = options; watching = true;
      readings.forEach(one => setTimeout(() => { if (!watching) return;
        if (one.code) failed(one); else heard({coords: one}); }, one.after || 0));
      return 1;
    },
    clearWatch() { watching = false; },
    getCurrentPosition() { throw new Error('one reading is not enough'); },
  };
  Object.defineProperty(navigator, 'geolocation', {value: api, configurable: true});
}"""


def reading(north: float, east: float, accuracy: float, after: int = 0) -> dict:
    """One of a station in Jinan, so many metres north and east of its square, so many milliseconds after the tap."""
    lat = 36.6637 + north / 111_000
    lon = 117.151 + east / (111_320 * math.cos(math.radians(36.66)))
    return {"latitude": lat, "longitude": lon, "accuracy": accuracy, "after": after}


@pytest.fixture
def at_the_door(phone, urls):
    """A phone on the page of the link, its receiver giving these readings, its clock in our hands."""

    def open_(*readings: dict, **settings):
        here = phone(**settings)
        here.page.clock.install()
        here.page.add_init_script(f"({RECEIVER})({json.dumps(readings)})")
        return here, here.open(urls["station_doors.show"])

    return open_


def sent(page) -> dict[str, str]:
    """The hidden fields of the page after measuring."""
    page.wait_for_url("**/look")
    return {name: page.locator(f"[name={name}]").input_value() for name in ("lat", "lon", "acc", "n")}


def test_the_median_of_the_good_readings_is_sent(at_the_door):
    _here, page = at_the_door(
        reading(0, 0, 2500),  # what the network thinks: not counted
        reading(10, -10, 20, 1000),
        reading(0, 0, 8, 2000),
        reading(4000, 4000, 30, 3000),  # one wild one moves a mean, no median
        reading(-2, 2, 6, 4000),
        reading(2, -2, 5, 5000),
    )
    page.locator("[data-door]").click()
    page.clock.run_for(10)
    expect(page.locator("[data-door-live]")).to_have_text("误差约 2500 米，太大，再等等")
    expect(page.locator("[data-door]")).to_be_disabled()
    page.clock.run_for(2000)
    expect(page.locator("[data-door-live]")).to_have_text("已读 2 次，误差约 8 米")
    page.clock.run_for(9000)
    said = sent(page)
    assert abs(float(said["lat"]) - reading(2, 0, 0)["latitude"]) < 2e-6
    assert abs(float(said["lon"]) - reading(0, 0, 0)["longitude"]) < 2e-6
    assert (float(said["acc"]), said["n"]) == (8, "5")
    assert page.evaluate("window.asked") is None  # a new page
    expect(page.locator("h1")).to_contain_text("离原来")


def test_ten_readings_are_enough(at_the_door):
    _here, page = at_the_door(*(reading(n, n, 5, 10 * n) for n in range(15)))
    page.locator("[data-door]").click()
    page.clock.run_for(200)
    assert sent(page)["n"] == "10"


def test_bad_reception_is_said_and_another_try_is_open(at_the_door):
    _here, page = at_the_door(reading(0, 0, 101), reading(0, 0, 900, 5000), {"code": 2, "after": 6000})
    page.locator("[data-door]").click()
    page.clock.run_for(26_000)
    expect(page.locator("[data-door-wrong]")).to_have_text("信号不好，没量准。请走到空旷处再点一次。")
    expect(page.locator("[data-door]")).to_be_enabled()
    expect(page.locator("[data-door]")).to_have_text("量门口的位置")


def test_a_refused_position_says_what_to_do(at_the_door):
    _here, page = at_the_door({"code": 1})
    page.locator("[data-door]").click()
    page.clock.run_for(10)
    expect(page.locator("[data-door-wrong]")).to_have_text("手机没允许取位置。请在设置里允许，再点一次。")


def test_without_scripts_the_page_says_so_and_offers_the_telephone(phone, urls):
    page = phone(js=False).open(urls["station_doors.show"])
    expect(page.locator("[data-door]")).to_be_hidden()
    assert "这部手机量不了" in page.locator("noscript .note").text_content()
    assert page.locator("noscript .note").bounding_box()["height"] > 40
    expect(page.locator("a[href='tel:12393']")).to_be_visible()


@pytest.mark.parametrize("settings", [{}, {"big": True, "dark": True}, {"lang": "en"}], ids=str)
def test_measured_photographed_saved_and_put_back(at_the_door, settings):
    _here, page = at_the_door(reading(3000, 0, 7), **settings)
    page.locator("[data-door]").click()
    page.clock.run_for(9000)
    page.wait_for_url("**/look")
    assert layout_faults(page) + axe_faults(page) == []

    large = photo(3000, 2000, noise=True)
    page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": large})
    page.wait_for_function("size => document.querySelector('#photo').files[0].size < size / 2", arg=len(large))
    page.locator("main .btn.go").click()
    page.wait_for_url("**?done=1")
    assert layout_faults(page) + axe_faults(page) == []

    page.locator("form[action$='/back'] button").click()
    page.wait_for_url("**?done=2")
    expect(page.locator("ul.cells > li").nth(1)).to_be_attached()


def test_a_photo_over_ten_megabytes_is_refused_on_the_phone(at_the_door):
    _here, page = at_the_door(reading(0, 0, 7))
    page.locator("[data-door]").click()
    page.clock.run_for(9000)
    page.wait_for_url("**/look")
    page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": b"x" * 10_000_001})
    expect(page.locator("[data-photo-wrong]")).to_contain_text("最多 10 MB")
    assert page.evaluate("document.querySelector('#photo').files.length") == 0


def test_a_small_photo_stays_as_it_is(at_the_door):
    _here, page = at_the_door(reading(0, 0, 7))
    page.locator("[data-door]").click()
    page.clock.run_for(9000)
    page.wait_for_url("**/look")
    small = photo(300, 200)
    assert Image.open(io.BytesIO(small)).format == "JPEG"
    page.set_input_files("#photo", {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": small})
    assert page.evaluate("document.querySelector('#photo').files[0].name") == "IMG.jpg"
