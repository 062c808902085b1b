"""Pages of the forwardable card: the picture, and the page it is forwarded from. Nothing here writes."""

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.i18n import gettext as _
from common.pages import page
from posters.address import public_url
from posters.card import Card, card_of, items_to_choose
from posters.card_drawing import draw
from posters.fonts import font_file
from stations.models import Station
from stations.queries import station

KEPT_S = 600  # what the picture says may change the same day

bp = Blueprint("cards", __name__)


@bp.get("/stations/<code>/card")
@open_to(EVERYONE)
def show(code: str) -> ResponseReturnValue:
    """The picture with what to do with it, and a choice of the item. One statement beside the reference data."""
    found = station(reading(), code) or abort(404)
    if not found.open:
        return page("posters/none.html", s=found)
    asked = request.args.get("item", "")
    try:
        card, problem = _card(found, asked), ""
    except LookupError:
        card, problem = _card(found, ""), _("没有这件事，请重新选。")
    choices = items_to_choose(reading(), found, clock.now())
    chosen = str(int(asked)) if card.item else ""
    if card.item and chosen not in dict(choices):
        choices.append((chosen, card.item.title))
    body = page(
        "posters/card.html",
        s=found,
        card=card,
        item=chosen,
        choices=choices,
        problem=problem,
        drawn_here=_has_fonts(),
    )
    return (body, 422) if problem else body


@bp.get("/stations/<code>/card.png")
@open_to(EVERYONE)
def picture(code: str) -> ResponseReturnValue:
    """The PNG, 1080 px wide, at most 120 kB. Words instead, with 404 or 503, where there is nothing to draw."""
    found = station(reading(), code)
    if found is None:
        return _sentence(_("没有这个站点。"), 404)
    if not found.open:
        return _sentence(_("这个站点已经停办，没有图片可发。"), 404)
    try:
        card = _card(found, request.args.get("item", ""))
    except LookupError:
        return _sentence(_("没有这件事，请重新选。"), 404)
    if not _has_fonts():
        return _sentence(_("这台服务器没装字体，画不出图片，请看文字。"), 503)
    response = Response(draw(card), mimetype="image/png")
    response.headers["Cache-Control"] = f"public, max-age={KEPT_S}"
    response.headers["Content-Disposition"] = f'inline; filename="menkou-{found.code}.png"'
    response.add_etag()
    return response.make_conditional(request)


def _card(found: Station, asked: str) -> Card:
    """The card for what the address says. LookupError for anything but an item of the catalogue in force."""
    if asked and not (asked.isascii() and asked.isdigit() and len(asked) < 3):
        raise LookupError(asked)
    item = int(asked) if asked else None
    url = public_url(url_for("stations.show", code=found.code, item=item))
    hotline = current_app.config["HOTLINE"]
    return card_of(reading(), found, item, url=url, hotline=hotline, now=clock.now())


def _has_fonts() -> bool:
    return font_file("regular") is not None and font_file("bold") is not None


def _sentence(words: str, status: int) -> Response:
    return Response(words, status, mimetype="text/plain")
