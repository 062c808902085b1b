"""A page, or the block of it that htmx asked for; and where a reader goes next. Floor 0."""

import functools
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app, redirect, request, url_for
from jinja2 import Environment
from jinja2_fragments import render_block
from markupsafe import Markup
from werkzeug.wrappers import Response

from common import assets, i18n
from common.headers import nonce
from common.i18n import gettext as _
from common.sane_requests import address_bytes

BIG_COOKIE = "big"
DRAWN = 16_384  # pieces kept; 30 MB when all of a province has been looked at, a county's need 1 MB
WORTH_REPEATING = 2_000  # bytes of an address; a page holds it three times


def page(template: str, block: str | None = None, **context: Any) -> str:
    """The whole page; or, when htmx asks and is not restoring history, only its block."""
    environment = _environment()
    current_app.update_template_context(context)
    if block and request.htmx and not request.htmx.history_restore_request:  # type: ignore[attr-defined]
        return render_block(environment, template, block, **context)
    return environment.get_template(template).render(context)


def _environment() -> Environment:
    """The templates in the reader's language."""
    languages: dict[str, Environment] = current_app.extensions["languages"]
    return languages[i18n.language()]


def see(url: str) -> Response:
    """Go there with a GET (303): a reload does not send the form again."""
    return redirect(url, code=303)


def here() -> str:
    """The path of this page with its query, to come back to; / instead of an address that nobody typed."""
    if address_bytes(request) > WORTH_REPEATING:
        return "/"
    query = request.query_string.decode()
    return f"{request.path}?{query}" if query else request.path


def own_path(given: str | None) -> str:
    """`given` when it is a path on this site, else the home page: a link may not send people elsewhere."""
    if given and given.startswith("/") and not given.startswith(("//", "/\\")) and given.isprintable():
        return given
    return url_for("services_catalog.home")


def draw(macro: Callable[..., Markup], *arguments: Any) -> Markup:
    """What a piece of `ui` draws of these arguments. As `drawn` its templates get it with a memory: a list of neighbours
    shows the same stations to everybody. The piece must depend on nothing else; its language is its own, since every
    language has its own `ui`."""
    return macro(*arguments)


def set_up(app: Flask) -> None:
    """Give every template what it may use: pieces (`ui`), words, assets, the reader's choices."""
    app.jinja_env.globals.update(
        asset=assets.asset_url,
        drawn=functools.lru_cache(maxsize=DRAWN)(draw),
        pick=i18n.pick,
        say_date=i18n.say_date,
        weekday=i18n.weekday,
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions["languages"] = i18n.environments(app.jinja_env)

    @app.context_processor
    def pieces() -> dict[str, Any]:
        return {
            "ui": _environment().get_template("ui/ui.html").module,
            "nonce": nonce(),
            "lang": i18n.language(),
            "here": here(),
            "big": request.cookies.get(BIG_COOKIE) == "1",
            "hotline": app.config["HOTLINE"],
            "demo": app.config["DEMO"],
        }

    @app.after_request
    def vary(response: Response) -> Response:
        if response.mimetype == "text/html":
            response.vary.update(["HX-Request", "Cookie"])
        elif response.is_json:  # its sentences are in the reader's language
            response.vary.add("Cookie")
        return response


def error_words(code: int) -> tuple[str, str]:
    """What to say when a page cannot be shown: a title, and what the reader can do."""
    too_large = (_("发来的内容太大"), _("请少写一些，再发一次。"))
    said = {
        403: (_("这一步不能从别的网站发起"), _("请回到本站，再按一次。")),
        404: (_("没有这一页"), _("地址可能抄错了，或者这一页已经撤下。")),
        405: (_("这个地址不能这样打开"), _("请从首页重新进入。")),
        413: too_large,
        414: too_large,
        429: (_("这会儿人太多"), _("请过一会儿再试。")),
    }
    return said.get(code, (_("这一页没打开"), _("不是您的错，我们记下了。请再试一次，或者打电话问。")))
