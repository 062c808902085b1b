"""Every sentence of the code and the templates has its English, and the English fits the sentence."""

import os
import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from common.settings import ROOT

PO = ROOT / "translations" / "en" / "LC_MESSAGES" / "messages.po"
# What `make translations` looks for: babel's own words and those the Makefile adds with -k.
KEYWORDS = {
    **dict.fromkeys(("_", "gettext", "_l", "lazy_gettext"), None),
    **dict.fromkeys(("ngettext", "lazy_ngettext"), (1, 2)),
}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")


@cache
def said_in_code() -> dict[str | tuple[str, str], str]:
    """Every msgid (with its plural) and one place where it stands."""
    with (ROOT / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    said = {}
    walk = extract_from_dir(ROOT, methods, options, KEYWORDS, directory_filter=our_folder)
    for file, line, words, _comments, _context in walk:
        said[words] = f"{file}:{line}"
    return said


def our_folder(folder: str | os.PathLike[str]) -> bool:
    return not Path(folder).name.startswith(".") and Path(folder).name not in {
        *("node_modules", "var", "tests", "tools", "benchmarks", "migrations", "__pycache__")
    }


@pytest.fixture(scope="module")
def english() -> Catalog:
    assert PO.exists(), "no English catalogue: make translations"
    with PO.open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def messages(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_makefile_and_this_test_look_for_the_same_words():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    added = set(re.findall(r"-k (\w+)", makefile))
    assert {"_l", "lazy_gettext"} <= added <= set(KEYWORDS)


def test_sentences_are_found_in_code_and_templates():
    assert {"没有这一页", "跳到正文"} <= set(said_in_code())


def test_no_sentence_lacks_its_english(english):
    known = {message.id for message in messages(english)}
    missing = {words: where for words, where in said_in_code().items() if words not in known}
    assert not missing, f"{len(missing)} sentences without English, make translations: {missing}"


def test_no_english_is_left_for_a_sentence_nobody_says(english):
    stale = [message.id for message in messages(english) if message.id not in said_in_code()]
    assert not stale, f"make translations: {stale}"
    assert not english.obsolete, "delete the lines that begin with #~"


def test_no_english_is_empty_or_a_guess(english):
    empty = [m.id for m in messages(english) if not all([m.string] if isinstance(m.string, str) else m.string)]
    assert not empty, f"{len(empty)} empty: {empty}"
    assert not [m.id for m in messages(english) if m.fuzzy]
    assert not english.fuzzy, "a guess in its head, and nothing of the catalogue is compiled"


def test_english_has_the_same_placeholders(english):
    for message in messages(english):
        ids = message.id if isinstance(message.id, tuple) else (message.id,)
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        wanted = {name for words in ids for name in PLACEHOLDER.findall(words)}
        for string in strings:
            missing = wanted - set(PLACEHOLDER.findall(string)) - ({"%(num)s"} if len(strings) > 1 else set())
            assert not missing, f"{message.id}: {missing} is lost"
            assert set(PLACEHOLDER.findall(string)) <= wanted, f"{message.id}: {string} has a placeholder of its own"
            assert not re.search(r"%(?!\(\w+\)[sd]|%)", string) or not wanted, f"{message.id}: a lone % in {string}"


def test_english_has_no_chinese_and_its_own_punctuation(english):
    for message in messages(english):
        for string in [message.string] if isinstance(message.string, str) else message.string:
            assert not re.search(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]", string), f"{message.id}: {string}"


def test_english_numbers_have_two_forms(english):
    plurals = [message for message in messages(english) if isinstance(message.id, tuple)]
    assert english.num_plurals == 2
    assert all(len(message.string) == 2 for message in plurals)


def test_english_keeps_spaces_at_the_ends(english):
    """Words that are put together on the page need them: `打` + number + `，或…`."""
    for message in messages(english):
        if isinstance(message.id, str) and message.id.endswith(" "):
            assert message.string.endswith(" "), f"{message.id!r}: {message.string!r}"


SENTENCES = [words for said in said_in_code() for words in (said if isinstance(said, tuple) else (said,))]


def test_chinese_speaks_as_the_copy_rules_say():
    """mockups' design language §5: no exclamation marks, full-width punctuation between Chinese, · without spaces."""
    for words in SENTENCES:
        assert not re.search(r"[!！]|\.\.\.|点击|尽快|相关部门|予以", words), words
        assert not re.search(r"[\u4e00-\u9fff][,;:?](?=[\u4e00-\u9fff]|$)", words), f"half-width punctuation: {words}"
        assert not re.search(r"[\u4e00-\u9fff] ?· | ·[\u4e00-\u9fff]", words), f"spaces around ·: {words}"
