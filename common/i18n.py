"""Two languages: Chinese is what the code speaks, English is one catalogue. Floor 0.

Flask-Babel looks its catalogue up on every call (12 µs, as much as the rest of a page with 100 words). So the language of
a request is settled once, when it begins, and words that stand alone in a template are translated when the template is
compiled: one environment per language. Import from here: `from common.i18n import gettext as _, lazy_gettext as _l`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from gettext import NullTranslations
from typing import Any

from babel.support import Translations
from flask import Flask, request
from flask_babel import Babel, LazyString
from jinja2 import Environment
from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

from common.clock import SHANGHAI

LANGUAGES = {"zh": "zh_Hans_CN", "en": "en"}
COOKIE = "lang"
_catalogues: dict[str, NullTranslations] = {"zh": NullTranslations()}  # the words in the code are Chinese already
_language: ContextVar[str] = ContextVar("language", default="zh")


def set_up(app: Flask) -> None:
    """Wire Flask-Babel: Chinese unless the reader asked for English (a cookie; Accept-Language lies on many phones)."""
    app.config["BABEL_DEFAULT_LOCALE"] = LANGUAGES["zh"]
    app.config["BABEL_DEFAULT_TIMEZONE"] = "Asia/Shanghai"
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(app.config["TRANSLATIONS"])
    Babel(app, locale_selector=lambda: LANGUAGES[language()])
    _catalogues["en"] = Translations.load(app.config["TRANSLATIONS"], ["en"])
    app.jinja_env.globals.update(_=gettext, gettext=gettext, ngettext=ngettext)

    @app.before_request
    def settle() -> None:
        chosen = request.cookies.get(COOKIE)
        _language.set(chosen if chosen in LANGUAGES else "zh")

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        _language.set("zh")


def environments(environment: Environment) -> dict[str, Environment]:
    """One environment per language, in which `_("words")` is a constant."""
    made = {}
    for name in LANGUAGES:
        made[name] = environment.overlay(extensions=[_Words])
        made[name].language = name  # type: ignore[attr-defined]
    return made


class _Words(Extension):
    """Puts the translation where a template says `_("words")` without values."""

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        translate = _catalogues[getattr(self.environment, "language", "zh")].gettext
        held: list[Token] = []
        for token in stream:
            held.append(token)
            shape = [(one.type, one.value) if one.type == "name" else one.type for one in held]
            if shape == _CALL:
                yield Token(token.lineno, "string", translate(held[2].value))
            elif shape == _CALL[: len(shape)]:
                continue
            else:
                yield from held
            held = []
        yield from held


_CALL: list[Any] = [("name", "_"), "lparen", "string", "rparen"]


def language() -> str:
    """`zh` or `en`, for this request."""
    return _language.get()


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Inside, words are in that language: what goes to other people than the reader (a picture, a poster) has its own."""
    before = _language.set(name)
    try:
        yield
    finally:
        _language.reset(before)


def english() -> bool:
    """Whether this reader asked for English."""
    return _language.get() == "en"


def _translations() -> NullTranslations:
    return _catalogues[_language.get()]


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


def chinese(words: str) -> bool:
    """Whether it holds Chinese, whatever the reader's language: a name, an address, what was said in another language."""
    return any("\u3400" <= c <= "\u9fff" or c == "〇" for c in words)


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
