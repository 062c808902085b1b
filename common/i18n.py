"""Two languages: Chinese is what the code speaks, English is one catalogue. Floor 0.

Flask-Babel's own gettext looks its catalogue up on every call (12 µs, a third of a page with 100 words); this one keeps
it for the request. Import from here: `from common.i18n import gettext as _, lazy_gettext as _l`.
"""

from datetime import date, datetime
from gettext import NullTranslations
from typing import Any

from flask import Flask, g, has_request_context, request
from flask_babel import Babel, LazyString, get_translations

from common.clock import SHANGHAI

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
COOKIE = "lang"
_CHINESE = NullTranslations()  # the words in the code are Chinese already


def set_up(app: Flask) -> None:
    """Wire Flask-Babel: Chinese unless the reader asked for English (a cookie; Accept-Language lies on many phones)."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["zh"]
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.config["TRANSLATIONS"])
    Babel(app, locale_selector=lambda: LANGUAGES[language()])
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        lambda words: _translations().gettext(words),
        lambda one, many, n: _translations().ngettext(one, many, n),
        newstyle=True,
    )


def language() -> str:
    """`zh` or `en`, for this request."""
    if not has_request_context():
        return "zh"
    chosen = request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else "zh"


def english() -> bool:
    """Whether this reader asked for English."""
    return language() == "en"


def _translations() -> NullTranslations:
    if not has_request_context():
        return _CHINESE
    if "translations" not in g:
        g.translations = get_translations() if english() else _CHINESE
    found: NullTranslations = g.translations
    return found


def gettext(words: str, **values: Any) -> str:
    """The words in the reader's language, `%(name)s` filled in."""
    said = _translations().gettext(words)
    return said % values if values else said


def ngettext(one: str, many: str, n: int, **values: Any) -> str:
    """As gettext, for a number: English needs two forms."""
    return _translations().ngettext(one, many, n) % {"num": n, **values}


def lazy_gettext(words: str, **values: Any) -> LazyString:
    """Words that are chosen when they are shown, for what is written at import time."""
    return LazyString(gettext, words, **values)


def say_date(day: date) -> str:
    """11月25日 周三, or Wed 25 Nov."""
    if english():
        return f"{_ENGLISH_DAYS[day.weekday()]} {day.day} {_ENGLISH_MONTHS[day.month - 1]}"
    return f"{day.month}月{day.day}日 周{'一二三四五六日'[day.weekday()]}"


def say_time(moment: datetime) -> str:
    """8:30 or 17:30, as a clock in Shandong shows it."""
    there = moment.astimezone(SHANGHAI)
    return f"{there.hour}:{there.minute:02}"


def weekday(number: int) -> str:
    """周一 … 周日 for 0 … 6, or Mon … Sun."""
    return _ENGLISH_DAYS[number] if english() else f"周{'一二三四五六日'[number]}"


def pick(zh: str | None, en: str | None) -> str:
    """The one the reader reads; Chinese where there is no English."""
    return (english() and en) or zh or ""


_ENGLISH_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ENGLISH_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
