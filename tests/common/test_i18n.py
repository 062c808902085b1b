"""Chinese unless the reader asked for English; dates and times as people in Shandong say them."""

from datetime import UTC, date, datetime

import pytest

from common import i18n


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture
def reads(app):
    """reads("en", function, …): what the function says to a reader with that cookie."""

    def call(cookie, function, *arguments, **values):
        seen = []
        app.view_functions["health.alive"] = lambda: (
            seen.append(function(*arguments, **values)) or ("ok", {"Content-Type": "text/plain"})
        )
        client = app.test_client()
        if cookie is not None:
            client.set_cookie("lang", cookie)
        assert client.get("/healthz", headers={"Accept-Language": "en"}).status_code == 200
        return seen[0]

    return call


@pytest.mark.parametrize(
    ("cookie", "language"),
    [(None, "zh"), ("zh", "zh"), ("en", "en"), ("fr", "zh"), ("", "zh"), ("en; x", "zh"), ("EN", "zh")],
)
def test_the_language_is_the_readers_choice_and_chinese_without_one(reads, cookie, language):
    """Accept-Language is not asked: many phones sold in China say en without their owner knowing."""
    assert reads(cookie, i18n.language) == language


@pytest.mark.parametrize(
    ("day", "zh", "en"),
    [
        (date(2026, 11, 25), "11月25日 周三", "Wed 25 Nov"),
        (date(2027, 1, 1), "1月1日 周五", "Fri 1 Jan"),
        (date(2026, 3, 8), "3月8日 周日", "Sun 8 Mar"),
    ],
)
def test_a_date_is_said_as_people_say_it(reads, day, zh, en):
    assert reads("zh", i18n.say_date, day) == zh
    assert reads("en", i18n.say_date, day) == en


def test_weekdays_have_names_in_both_languages(reads):
    assert [reads("zh", i18n.weekday, number) for number in range(7)] == [f"周{n}" for n in "一二三四五六日"]
    assert [reads("en", i18n.weekday, number) for number in (0, 6)] == ["Mon", "Sun"]


def test_a_time_is_what_a_clock_in_shandong_shows():
    assert i18n.say_time(datetime(2026, 11, 23, 9, 30, tzinfo=UTC)) == "17:30"
    assert i18n.say_time(datetime(2026, 11, 23, 16, 5, tzinfo=UTC)) == "0:05"


@pytest.mark.parametrize(
    ("zh", "en", "in_zh", "in_en"),
    [("站", "station", "站", "station"), ("站", None, "站", "站"), ("站", "", "站", "站"), (None, None, "", "")],
)
def test_of_two_texts_the_reader_gets_theirs(reads, zh, en, in_zh, in_en):
    assert reads("zh", i18n.pick, zh, en) == in_zh
    assert reads("en", i18n.pick, zh, en) == in_en


def test_words_that_nobody_translated_stay_chinese(reads):
    assert reads("en", i18n.gettext, "这句话没有英文") == "这句话没有英文"


def test_values_are_filled_in_and_a_percent_sign_needs_no_care_without_them(reads):
    assert i18n.gettext("还有 %(n)s 件（%(much)s）", n=3, much="50%") == "还有 3 件（50%）"
    assert i18n.gettext("报 50% 左右") == "报 50% 左右"
    assert i18n.ngettext("%(num)s 个", "%(num)s 个", 2) == "2 个"


def test_words_written_at_import_are_chosen_when_they_are_shown(reads):
    words = i18n.lazy_gettext("找站点")
    shown = {language: reads(language, lambda: str(words)) for language in ("zh", "en")}
    assert shown["zh"] == "找站点"
    assert shown["en"] != "找站点"


def test_outside_a_request_words_are_chinese():
    assert i18n.gettext("没有这一页") == "没有这一页"
    assert i18n.language() == "zh"


def test_one_readers_language_is_not_the_next_ones(reads):
    assert [reads(cookie, i18n.language) for cookie in ("en", None, "en", "zh")] == ["en", "zh", "en", "zh"]


def test_a_page_is_wholly_in_one_language(app):
    client = app.test_client()
    assert '<html lang="zh-CN"' in client.get("/stations").text
    client.set_cookie("lang", "en")
    assert '<html lang="en"' in client.get("/stations").text
