"""Every page there is, on a small phone: for old eyes, for thumbs, in the dark, in English, on paper.

The list comes from the routes (tests/addresses.py). MENKOU_SHOTS=1 also keeps pictures in var/shots/ for people to look at.
"""

import os

import pytest
from playwright.sync_api import Page

from app import create_app
from common.settings import Settings
from tests.addresses import page_names
from tests.browser.looks import axe_faults, font_faults, layout_faults, shoot

PAGES = page_names(
    create_app(Settings(_env_file=None, DATABASE_URL="sqlite://", secret_key="t" * 40, development=True))
)
SHOOTING = os.environ.get("MENKOU_SHOTS") == "1"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_suits_eyes_and_thumbs(phone, urls, name):
    """No axe violation, nothing sideways, cut off or too small to hit, no error in the console: as it is, in English, in 长辈版,
    and with the phone's own font twice as large on top of it. In the dark as legible, and nothing idle on paper."""
    here = phone()
    page = here.open(urls[name])
    faults = {"normal": axe_faults(page) + layout_faults(page) + font_faults(page, here.devtools)}
    picture(page, name)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or colours are measured while they change
    faults["dark"] = axe_faults(page, rules=["color-contrast"])
    picture(page, name, "-dark", whole=False)
    page.emulate_media(color_scheme="light", media="print")
    shown = [kind for kind in ("header.top", "nav.bar", ".noprint") if page.locator(kind).first.is_visible()]
    faults["on paper"] = [f"{kind} is printed" for kind in shown]
    page.emulate_media(media="screen")

    here.prefers(lang="en")  # words are longer there
    page.reload()
    faults["English"] = layout_faults(page)
    picture(page, name, "-en")
    assert page.locator("html").get_attribute("lang") == "en"

    here.prefers(lang="zh", big="1")
    page.reload()
    faults["长辈版"] = layout_faults(page)
    picture(page, name, "-big")
    here.devtools.send("Page.enable")
    here.devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    page.reload()
    assert page.evaluate("() => parseFloat(getComputedStyle(document.documentElement).fontSize)") > 40  # of 17
    faults["twice as large"] = layout_faults(page)
    picture(page, name, "-200", whole=False)  # a picture of the whole page would reset the font
    here.prefers(lang="en")
    page.reload()
    faults["twice as large, English"] = layout_faults(page)
    assert [f"{mode}: {fault}" for mode, found in faults.items() for fault in found] == []


def picture(page: Page, name: str, mode: str = "", *, whole: bool = True) -> None:
    if SHOOTING:
        shoot(page, name.split(".")[-1].replace(" ", "-") + mode, whole=whole)


def test_every_page_is_all_there_without_scripts(phone, urls):
    """The same words, but for what only a script can do: those buttons are hidden until the script is there."""
    here, faults = phone(js=False), []
    for name in PAGES:
        page = here.open(urls[name])
        faults += [f"{name}: no heading"] if page.locator("h1").count() != 1 else []
        idle = [button for button in page.locator("button[type=button]").all() if button.is_visible()]
        faults += [f"{name}: {button.inner_text()} does nothing without scripts" for button in idle]
    assert faults == []


def test_the_list_of_pages_is_what_people_see():
    assert {"services_catalog.home", "stations.finder", "stations.show", "ui_pieces.pieces"} <= set(PAGES)
    assert len(PAGES) > 20
