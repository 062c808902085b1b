import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.spoken import ELSEWHERE, as_written
from common.wordsearch import Entry, Hit, Index, plain
from tests.common.search_harness import CATALOGUE, DIVISIONS, TABLES, cases, entries, index, misses, rows, short_name


def found(query, limit=5):
    return [f"{hit.kind}:{hit.ref}" for hit in index().find(query, limit)]


def test_nine_of_ten_queries_find_the_right_thing_among_the_first_three():
    table = cases("search_queries.csv")
    missed = misses(table)
    print(*missed, sep="\n")  # noqa: T201
    assert len(missed) <= len(table) // 10, missed


def test_nine_of_ten_queries_it_was_tuned_on_are_right_too():
    table = [case for case in cases("search_tuning.csv") if case.expected]
    missed = misses(table)
    assert len(missed) <= len(table) // 10, missed


def test_what_is_no_business_of_ours_finds_nothing():
    assert not misses(case for case in cases("search_tuning.csv") if not case.expected)


def test_the_table_has_many_queries_mostly_in_words_the_catalogue_does_not_know():
    known = {row["word"] for row in rows(CATALOGUE / "everyday_words.csv")}
    queries = [row["query"] for row in rows(TABLES / "search_queries.csv")]
    assert len(queries) == len(set(queries)) >= 66
    assert sum(query in known for query in queries) <= 20
    assert not {row["query"] for row in rows(TABLES / "search_tuning.csv")} & set(queries)


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("兰山区", "division:371302"),
        ("兰山", "division:371302"),
        ("莒县", "division:371122"),
        ("laoling", "division:371481"),
        ("leling", "division:371481"),
        ("济南市中", "division:370103"),
        ("枣庄市中区", "division:370402"),
        ("临朐城关街道", "division:370724001"),
        ("新生儿医保", "item:2"),
        ("激话医保码", "item:10"),
        ("慢特并", "item:19"),
        ("mantebing", "item:19"),
        ("jtgj", "item:30"),
        ("ｊｔｇｊ", "item:30"),
        ("JIATING gongji", "item:30"),
        ("yīdì jiùyī", "item:18"),
        ("reimbursement inpatient", "item:23"),
        ("<script>alert(1)</script>家庭共济", "item:30"),
        ("\u202e家\u200b庭\u202c共济\U0001f468\u200d\U0001f469", "item:30"),
        ("家庭共济" + "！" * 400, "item:30"),
        ("做试管婴儿能报吗？", "answer:P104"),
    ],
)
def test_the_plain_case_comes_first(query, first):
    assert found(query)[:1] == [first]


def test_a_word_of_several_items_shows_those_it_names_first():
    assert set(found("报销")[:2]) == {"item:22", "item:23"}


def test_an_errand_with_a_place_is_first_the_errand():
    assert found("临沂异地就医")[0].startswith("item:")
    assert "division:371300" in found("临沂异地就医", 10)


@pytest.mark.parametrize(
    "query", ["", " ", "？？？", "\x00", "\ud800", "<", "<b></b>", "&#0;", "怎么办", "🏥" * 400, "a", "的", "ﷺ" * 60]
)
def test_a_query_that_says_nothing_finds_nothing(query):
    assert index().find(query, 5) == []


@pytest.mark.parametrize(
    "query",
    [
        "医保" * 5000,
        "xianan" * 1700,
        "a" * 10_000,
        "<" * 10_000,
        "shi yi " * 1400,
        "医b" * 5000,
        "镇街道" * 3300,
        "&amp" * 2500,
    ],
)
def test_ten_kilobytes_are_answered(query):
    assert len(index().find(query, 5)) <= 5


PHRASES = [(entry, text) for entry in entries() for text, weight in entry.phrases if weight > 0.8]
SHARED = {}
for _entry, _text in PHRASES:
    for _variant in {_text, as_written(_text)}:
        SHARED.setdefault("".join(plain(_variant)), set()).add((_entry.kind, _entry.ref))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(PHRASES))
def test_a_phrase_typed_as_it_stands_finds_its_entry(phrase):
    entry, text = phrase
    if len(SHARED["".join(plain(as_written(text)))]) <= 3:
        assert f"{entry.kind}:{entry.ref}" in found(text, 3)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="异地就医保镇区山庄 yidjuban<>&报销我怎么办15")), st.integers(0, 8))
def test_any_text_is_answered_within_bounds_and_the_same_twice(query, limit):
    hits = index().find(query, limit)
    assert len(hits) <= limit
    assert all(0 < hit.score <= 1 for hit in hits)
    assert hits == sorted(hits, key=lambda hit: -hit.score)
    assert hits == index().find(query, limit)
    assert len({hit[:2] for hit in hits}) == len(hits)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=12))
def test_an_index_of_any_phrases_can_be_built_and_asked(phrases, query):
    small = Index(Entry("note", str(i), ((text, 1.0),)) for i, text in enumerate(phrases))
    for text in [*phrases, query]:
        assert all(hit.score <= 1 for hit in small.find(text, 3))


def test_equal_scores_keep_the_order_of_the_entries():
    twins = Index(Entry("note", ref, (("城关街道", 1.0),)) for ref in ("b", "a", "c"))
    assert [hit.ref for hit in twins.find("城关", 3)] == ["b", "a", "c"]
    assert twins.find("城关街道", 1) == [Hit("note", "b", 1.0)]


def test_an_index_without_entries_finds_nothing():
    assert Index([]).find("医保", 3) == []


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("俺娘", "我老人"),
        ("咋报", "怎么报销"),
        ("娃的码", "孩子的码"),
        ("举报", "举报"),
        ("报名", "报名"),
        ("天气预报", "天气预报"),
        ("瞧病", "看病"),
        ("成都看病", "外地看病"),
        ("在杭州市打工", "在外地打工"),
        ("内蒙古住院", "外地住院"),
        ("珠海", "珠海"),  # alone it may be 珠海街道 of Qingdao
        ("上海路工作站", "上海路工作站"),
        ("东莞镇看病", "东莞镇看病"),  # of Juxian
        ("千佛山看病", "千佛山看病"),
        ("医保定点医院", "医保定点医院"),
        ("济南宁家庄", "济南宁家庄"),
        ("黄河南岸", "黄河南岸"),
        ("", ""),
    ],
)
def test_what_is_said_is_found_under_what_is_written(said, written):
    assert as_written(said) == written


def test_no_city_or_county_of_our_own_counts_as_elsewhere():
    names = {row["name"] for row in rows(DIVISIONS)}
    assert not {name for name in names if "外地" in as_written(f"{name}看病")}
    assert not set(ELSEWHERE) & {short_name(row["name"]) for row in rows(DIVISIONS) if row["level"] in {"2", "3"}}
