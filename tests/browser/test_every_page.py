"""Every page there is, on a small phone: for old eyes, for thumbs, in the dark, in English, on paper.

The list comes from the routes (tests/addresses.py). MENKOU_SHOTS=1 also keeps pictures in var/shots/ for people to look at.
"""

import os

import pytest

from app import create_app
from common.settings import Settings
from tests.addresses import page_names
from tests.browser.looks import axe_faults, font_faults, layout_faults, shoot

PAGES = page_names(
    create_app(Settings(_env_file=None, DATABASE_URL="sqlite://", secret_key="t" * 40, development=True))
)
SHOOTING = os.environ.get("MENKOU_SHOTS") == "1"


def shot_name(page: str) -> str:
    return page.split(".")[-1].replace(" ", "-")


def check(faults: list[str]) -> None:
    assert not faults, "\n".join(["", *faults])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_suits_eyes_and_thumbs(phone, urls, name):
    """Normal, dark, 长辈版 and on paper: no axe violation, nothing sideways, cut off or too small to hit, no error in the console."""
    here = phone()
    page = here.open(urls[name])
    faults = {"normal": axe_faults(page) + layout_faults(page) + font_faults(page, here.devtools)}
    if SHOOTING:
        shoot(page, f"{shot_name(name)}")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or colours are measured while they change
    faults["dark"] = axe_faults(page, rules=["color-contrast"])
    if SHOOTING:
        shoot(page, f"{shot_name(name)}-dark", whole=False)

    large = phone(big=True)
    page = large.open(urls[name])
    faults["长辈版"] = axe_faults(page) + layout_faults(page)
    if SHOOTING:
        shoot(page, f"{shot_name(name)}-big")
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or colours are measured while they change
    faults["长辈版 dark"] = axe_faults(page, rules=["color-contrast"])
    page.emulate_media(media="print")
    shown = [kind for kind in ("header.top", "nav.bar", ".noprint") if page.locator(kind).first.is_visible()]
    faults["on paper"] = [f"{kind} is printed" for kind in shown]
    check([f"{mode}: {fault}" for mode, found in faults.items() for fault in found])


@pytest.mark.parametrize("name", PAGES)
def test_a_page_holds_when_the_phones_own_font_is_twice_as_large(phone, urls, name):
    """On top of 长辈版: 17 px become 48."""
    here = phone(big=True)
    here.devtools.send("Page.enable")
    here.devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    page = here.open(urls[name])
    assert page.evaluate("() => parseFloat(getComputedStyle(document.documentElement).fontSize)") > 40
    faults = layout_faults(page)
    if SHOOTING:
        shoot(page, f"{shot_name(name)}-200", whole=False)  # a picture of the whole page would reset the font
    check(faults)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete_in_english(phone, urls, name):
    """Words are longer there."""
    here = phone(lang="en")
    page = here.open(urls[name])
    if SHOOTING:
        shoot(page, f"{shot_name(name)}-en")
    assert page.locator("html").get_attribute("lang") == "en"
    check(axe_faults(page) + layout_faults(page))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_all_there_without_scripts(phone, urls, name):
    """The same words, but for what only a script can do: those buttons are hidden until the script is there."""
    here = phone(js=False)
    page = here.open(urls[name])
    assert page.locator("h1").count() == 1
    for button in page.locator("button[type=button]").all():
        assert not button.is_visible(), f"{button.inner_text()} does nothing without scripts"


def test_the_list_of_pages_is_what_people_see():
    assert {"services_catalog.home", "stations.finder", "stations.show", "ui_pieces.pieces"} <= set(PAGES)
    assert len(PAGES) > 20
