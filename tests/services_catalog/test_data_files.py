"""The words and figures shipped in services_catalog/data and the defaults in stations/data: complete, short, backed."""

import csv
import gzip
import io
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "services_catalog" / "data"
STATIONS = ROOT / "stations" / "data"

SURENESS = ("guess", "knowledge", "verified")
HARD_WORDS = ("尽快", "相关部门", "予以", "点击", "敬请", "！", "!", "……", "系统繁忙", "你")
ASCII_PUNCTUATION = re.compile(r"[,;?()\"]|(?<!\d):")  # 2:1 is a ratio
PLACEHOLDER = re.compile(r"\{(\w*)\}")
LIMIT_OF = {"promised": "promised_limit_wd", "statutory": "statutory_limit_wd"}


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, plain or gzipped, as UTF-8 without a byte-order mark."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode("utf-8")
    return list(csv.DictReader(io.StringIO(text, newline="")))


CATALOGUE_ROWS = rows_of(CATALOGUE / "catalogue.csv")
ITEMS = {row["item_no"]: row for row in CATALOGUE_ROWS}
PLAIN = rows_of(CATALOGUE / "item_plain.csv")
CATEGORIES = rows_of(CATALOGUE / "category_plain.csv")
MATERIALS = rows_of(CATALOGUE / "material_plain.csv")
TOPICS = rows_of(CATALOGUE / "topics.csv")
FACTS = rows_of(CATALOGUE / "policy_facts.csv")
OVERRIDES = rows_of(CATALOGUE / "item_overrides.csv")
DEFAULTS = rows_of(STATIONS / "default_items.csv")

every_item = pytest.mark.parametrize("plain", PLAIN, ids=lambda row: row["item_no"])
every_fact = pytest.mark.parametrize("fact", FACTS, ids=lambda row: row["id"])


# Shape


@pytest.mark.parametrize(
    "path", sorted([*CATALOGUE.glob("*.csv"), *STATIONS.glob("*.csv*")]), ids=lambda path: path.name
)
def test_every_data_file_is_a_table_with_the_same_columns_in_each_row(path):
    rows = rows_of(path)
    assert rows
    assert not next(iter(rows[0])).startswith("\ufeff")
    assert all(None not in row and None not in row.values() for row in rows)


def test_there_are_12_categories_and_33_items_and_a_plain_row_for_each():
    numbers = [str(n) for n in range(1, 34)]
    assert [row["item_no"] for row in CATALOGUE_ROWS] == numbers
    assert [row["item_no"] for row in PLAIN] == numbers
    assert [row["category_no"] for row in CATEGORIES] == [str(n) for n in range(1, 13)]


def test_plain_words_stand_beside_the_official_name_they_were_written_for():
    assert {row["item_no"]: row["item_name_zh"] for row in PLAIN} == {
        no: row["item_name_zh"] for no, row in ITEMS.items()
    }
    official = {row["category_no"]: row["category_name_zh"] for row in CATALOGUE_ROWS}
    assert {row["category_no"]: row["category_name_zh"] for row in CATEGORIES} == official


def test_each_material_has_its_english_and_one_plain_row():
    wanted = []
    for row in CATALOGUE_ROWS:
        names, english = row["materials"].split(";"), row["materials_en"].split(";")
        assert len(names) == len(english), row["item_no"]
        wanted += names
    plain = [row["material_zh"] for row in MATERIALS]
    assert sorted(plain) == sorted(set(wanted))
    assert {row["kind"] for row in MATERIALS} <= {"original", "form", "proof", "bank", "none"}


def test_a_form_is_never_something_to_bring():
    for row in MATERIALS:
        assert (row["kind"] == "form") == row["material_zh"].startswith("《") or row[
            "material_zh"
        ] == "《出生医学证明》"
        assert row["kind"] != "form" or row["instead_zh"] == "到站里填，不用带"


# Words


@every_item
def test_item_words_are_short_enough_to_read_aloud(plain):
    assert 2 <= len(plain["short_zh"]) <= 10
    assert len(plain["short_en"]) <= 30
    assert len(plain["purpose_zh"]) <= 40
    assert plain["purpose_zh"].endswith("。")
    assert plain["purpose_zh"].count("。") == 1
    steps = plain["next_zh"].split("|")
    assert 2 <= len(steps) <= 4
    for step in steps:
        assert len(PLACEHOLDER.sub("30", step)) <= 24
        assert step.endswith("。")
    for note in (plain["bring_note_zh"], plain["caution_zh"]):
        assert len(note) <= 24
        assert note == "" or note.endswith("。")


@every_item
def test_item_steps_are_the_same_number_in_english_and_ask_for_the_same_limits(plain):
    chinese, english = plain["next_zh"].split("|"), plain["next_en"].split("|")
    assert [PLACEHOLDER.findall(step) for step in chinese] == [PLACEHOLDER.findall(step) for step in english]


@every_item
def test_a_limit_is_a_placeholder_only_where_the_catalogue_has_one_to_say(plain):
    for name in PLACEHOLDER.findall(plain["next_zh"]):
        assert int(ITEMS[plain["item_no"]][LIMIT_OF[name]]) > 0
    words = " ".join(value for key, value in plain.items() if key.endswith(("_zh", "_en")))
    assert not re.search(r"\d", PLACEHOLDER.sub("", words)), "no number is typed: the page fills limits in"


@every_item
def test_item_words_are_no_surer_than_the_catalogue_row_and_say_where_they_come_from(plain):
    assert SURENESS.index(plain["confidence"]) <= SURENESS.index(ITEMS[plain["item_no"]]["confidence"])
    assert plain["provenance"].startswith("words ours")
    assert bool(plain["fee_zh"]) == bool(plain["fee_free_source"])


@pytest.mark.parametrize(
    ("rows", "pairs"),
    [
        (PLAIN, ("short", "purpose", "bring_note", "next", "caution", "fee", "lasts")),
        (CATEGORIES, ("tile",)),
        (MATERIALS, ("title", "instead")),
        (FACTS, ("question", "answer")),
        (OVERRIDES, ("value",)),
    ],
    ids=("item_plain", "category_plain", "material_plain", "policy_facts", "item_overrides"),
)
def test_chinese_is_neighbourly_and_english_is_complete(rows, pairs):
    for row in rows:
        for name in pairs:
            chinese, english = row[f"{name}_zh"], row[f"{name}_en"]
            assert bool(chinese) == bool(english), row
            assert [word for word in HARD_WORDS if word in chinese] == [], chinese
            assert not ASCII_PUNCTUATION.search(chinese), chinese
            assert not re.search(r"[\u3000-\u9fff\uff00-\uffef]", english), english
            assert "!" not in english


def test_tiles_fit_three_across():
    for row in CATEGORIES:
        assert 2 <= len(row["tile_zh"]) <= 5
        assert len(row["tile_en"]) <= 16
        assert re.fullmatch(r"[a-z]+", row["icon"])
    assert len({row["icon"] for row in CATEGORIES}) == 12


# Policy answers


DATE_ZH = re.compile(r"\d{4}年(?:度)?(?:\d{1,2}月)?(?:\d{1,2}日)?|\d{1,2}月(?:\d{1,2}日)?")
YEAR_EN = re.compile(r"(?<![\d.,])((?:19|20)\d\d)(?!\d|,\d{3}|\.\d)")
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"


def figures_zh(text: str) -> set[Decimal]:
    """What a Chinese text counts or measures, in ones; its dates left out."""
    unit = {"万": 10_000, "亿": 100_000_000, "": 1}
    return {
        Decimal(number) * unit[scale] * (10 if tenths else 1)  # 6成 = 60%
        for number, scale, tenths in re.findall(r"(\d+(?:\.\d+)?)[多余]?([万亿]?)(成?)", DATE_ZH.sub(" ", text))
    }


def figures_en(text: str) -> set[Decimal]:
    """What an English text counts or measures, in ones; dates and ordinals left out."""
    text = YEAR_EN.sub(" ", re.sub(rf"(?:\d{{1,2}} )?(?:{MONTHS})(?: \d{{4}})?", " ", text))
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", re.sub(r"\d+th\b", " ", text))
    unit = {"million": 1_000_000, "billion": 1_000_000_000, "": 1}
    return {Decimal(n) * unit[scale] for n, scale in re.findall(r"(\d+(?:\.\d+)?)(?: (million|billion))?", text)}


@pytest.mark.parametrize(
    ("chinese", "english"),
    [
        ("3.5万家", "35,000 stations in 2025"),
        ("1220.45万件", "12.2045 million cases"),
        ("300余万笔", "over 3 million by November 2025"),
        ("近6成", "nearly 60%"),
        ("“十四五”期间39.01亿元", "during the 14th plan 3.901 billion yuan"),
    ],
)
def test_figures_are_compared_across_units_and_languages(chinese, english):
    assert figures_zh(chinese) == figures_en(english) != set()


@every_fact
def test_an_answer_says_the_figures_its_source_carries_and_no_other(fact):
    carried = figures_zh(fact["figure"])
    assert figures_zh(fact["answer_zh"]) == carried
    assert figures_en(fact["answer_en"]) == carried
    assert figures_zh(fact["question_zh"]) | figures_zh(fact["caution"]) <= carried
    assert figures_en(fact["question_en"]) | figures_en(fact["caution_en"]) <= carried


@every_fact
def test_an_answer_names_the_same_years_in_both_languages(fact):
    assert set(re.findall(r"(\d{4})年", fact["answer_zh"])) == set(YEAR_EN.findall(fact["answer_en"]))


@every_fact
def test_no_digits_are_lost_after_a_thousands_comma(fact):
    for name in ("question_en", "answer_en", "caution_en"):
        assert not re.search(r"\d,(?!\d{3}\b)", YEAR_EN.sub("year", fact[name])), fact[name]


@every_fact
def test_an_answer_is_dated_and_sourced_and_its_caution_is_in_both_languages(fact):
    assert re.fullmatch(r"\d{4}(-\d{2}-\d{2})?", fact["valid_as_of"])
    for name in ("topic", "region", "region_en", "source", "source_en", "caution", "caution_en"):
        assert fact[name], name
    assert len(fact["caution"]) <= 24
    assert [word for word in HARD_WORDS if word in fact["caution"]] == []


def test_what_is_superseded_leads_to_a_later_answer_on_the_same_topic_that_stands():
    facts = {fact["id"]: fact for fact in FACTS}
    assert len(facts) == len(FACTS)
    for old in FACTS:
        if old["superseded_by"]:
            new = facts[old["superseded_by"]]
            assert new["topic"] == old["topic"]
            assert new["valid_as_of"] > old["valid_as_of"]
            assert new["superseded_by"] == ""


def test_each_topic_has_an_english_name_and_a_place_in_the_order():
    assert {row["topic"] for row in TOPICS} == {fact["topic"] for fact in FACTS}
    assert [row["order"] for row in TOPICS] == [str(n) for n in range(1, len(TOPICS) + 1)]
    assert len({row["topic_en"] for row in TOPICS}) == len(TOPICS)


# Search words, overrides, defaults


def test_an_everyday_word_means_one_item_that_exists():
    words = rows_of(CATALOGUE / "everyday_words.csv")
    assert {row["item_no"] for row in words} == set(ITEMS)
    assert [word for word, times in Counter(row["word"] for row in words).items() if times > 1] == []


def test_overrides_belong_to_an_item_and_a_division_that_exist():
    divisions = {row["code"] for row in rows_of(STATIONS / "divisions.csv")}
    for row in OVERRIDES:
        assert row["item_no"] in ITEMS
        assert row["division_code"] in divisions
        assert row["source"]
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["effective_on"])


def test_each_level_and_host_of_the_roster_has_default_items_with_one_mode_each():
    roster = {(row["level"], row["host"]) for row in rows_of(STATIONS / "demo_stations.csv.gz")}
    assert roster <= {(row["level"], row["host"]) for row in DEFAULTS}
    keys = [(row["level"], row["host"], row["item_no"]) for row in DEFAULTS]
    assert len(set(keys)) == len(keys)
    assert {row["item_no"] for row in DEFAULTS} == set(ITEMS)
    assert all(row["mode"] in {"direct", "assist", "consult"} and row["provenance"] for row in DEFAULTS)


def test_no_default_goes_beyond_what_the_catalogue_allows_at_that_level():
    for row in DEFAULTS:
        item = ITEMS[row["item_no"]]
        allowed = item["town_mode"] if row["host"] == "town_centre" else item["village_mode"]
        assert row["mode"] == allowed, row


def test_banks_insurers_and_clinics_take_no_claims_by_default():
    paid_out = {no for no, item in ITEMS.items() if "银行账户信息" in item["materials"]}
    for row in DEFAULTS:
        if row["host"] in {"bank", "insurer", "clinic"}:
            assert row["item_no"] not in paid_out
