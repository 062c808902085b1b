"""What a poster says goes into its QR code and comes back whole, or not at all."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posters.models import PosterScan
from posters.version import EPOCH, LAST, MAX_TEXT, Version, mark, read_version, sealed, unsealed, write_version
from services_catalog.models import MAX_ITEM_NO

CODE = "370102001001Z1"
ALL_33 = Version(date(2026, 11, 23), (1 << 34) - 2, 0, 0, mark("Mo-Fr 08:30-17:30"), mark("0531-0001851"))


@st.composite
def versions(draw) -> Version:
    modes = draw(st.lists(st.sampled_from(["", "direct", "assist", "consult"]), max_size=MAX_ITEM_NO))
    masks = {mode: sum(1 << no for no, one in enumerate(modes, 1) if one == mode) for mode in set(modes) - {""}}
    masks = {"direct": 0, "assist": 0, "consult": 0} | masks
    marks = st.binary(min_size=2, max_size=2)
    return Version(draw(st.dates(EPOCH, LAST)), **masks, hours=draw(marks), phone=draw(marks))


@given(versions(), st.text(st.characters(codec="utf-8"), max_size=24))
def test_every_version_comes_back_from_its_address(version, code):
    written = write_version(version, code)
    assert read_version(written, code) == version
    assert read_version(written.upper(), code) == version
    assert len(written) <= MAX_TEXT <= PosterScan.version.type.length
    assert written.isalnum()
    assert written.isascii()
    assert written == written.lower()


@given(versions(), st.integers(0, MAX_TEXT - 1), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_sign_that_was_misread_is_noticed_or_means_the_same(version, place, sign):
    written = write_version(version, CODE)
    place %= len(written)
    damaged = written[:place] + sign + written[place + 1 :]
    found = read_version(damaged, CODE)
    assert found is None or write_version(found, CODE) == damaged  # one damage in 65,536 makes another version


@given(st.text(max_size=60))
def test_any_words_have_a_version_or_none(words):
    assert read_version(words, CODE) is None or len(words) > 12


@pytest.mark.parametrize(
    "change", [str.strip, lambda words: words[:-1], lambda words: words + "a", lambda words: words[1:]]
)
def test_a_version_cut_short_is_none(change):
    written = write_version(ALL_33, CODE)
    found = read_version(change(written), CODE)
    assert found == (ALL_33 if change(written) == written else None)


def test_a_version_holds_for_its_own_station_only():
    assert read_version(write_version(ALL_33, CODE), "370102001002Z1") is None


def test_thirty_three_items_take_thirty_five_signs():
    assert len(sealed(write_version(ALL_33, CODE), CODE, "s")) <= 35


@given(versions(), st.text(st.characters(codec="utf-8"), max_size=24))
def test_what_we_seal_is_known_as_ours_in_capitals_too(version, code):
    written = write_version(version, code)
    address = sealed(written, code, "s")
    assert unsealed(address, code, "s") == unsealed(address.upper(), code, "s") == (written, True)


@pytest.mark.parametrize(("code", "secret"), [("370102001002Z1", "s"), (CODE, "another")])
def test_a_seal_holds_for_one_station_and_one_secret(code, secret):
    written = write_version(ALL_33, CODE)
    assert unsealed(sealed(written, CODE, "s"), code, secret) == (written, False)


@given(st.text(max_size=60))
def test_any_words_can_be_looked_at_for_a_seal(words):
    assert not unsealed(words, CODE, "s")[1]


@pytest.mark.parametrize("day", [EPOCH - timedelta(days=1), LAST + timedelta(days=1)])
def test_a_day_that_does_not_fit_is_refused(day):
    with pytest.raises(ValueError, match="no poster was printed"):
        write_version(Version(day, 0, 0, 0, mark(None), mark(None)), CODE)


def test_an_item_number_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="items go to 62"):
        write_version(Version(EPOCH, 1 << 63, 0, 0, mark(None), mark(None)), CODE)


def test_marks_tell_words_apart():
    assert len({mark(None), mark("Mo-Fr 08:30-17:30"), mark("Mo-Fr 08:30-17:00"), mark("0531-1")}) == 4
    assert mark(None) == mark("")
