"""What a review found broken in the browser, and must stay mended."""

import pytest

from tests.browser.test_every_page import PAGES

LANGUAGES = pytest.mark.parametrize("lang", ["zh", "en"])


@LANGUAGES
def test_no_page_is_wider_than_the_phone_at_twice_the_font(phone, urls, lang):
    """长辈版 on top of the phone's own 200 %: nothing scrolls sideways, in either language."""
    here = phone(big=True, lang=lang)
    here.devtools.send("Page.enable")
    here.devtools.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    wide = {}
    for name in PAGES:
        page = here.open(urls[name])
        assert page.evaluate("() => parseFloat(getComputedStyle(document.documentElement).fontSize)") > 40
        width = page.evaluate("() => document.documentElement.scrollWidth")
        if width > page.viewport_size["width"]:
            wide[name] = width
    assert wide == {}


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
