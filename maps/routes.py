"""What the map page fetches beside stations: the script that makes the map, and the county lines. Room `maps`, floor 2."""

from flask import Blueprint, Response, abort

from common.assets import A_YEAR
from common.doors import EVERYONE, open_to
from maps.borders import borders
from maps.chosen import may_draw_borders, our_shell

bp = Blueprint("maps", __name__)


@bp.get("/map/<digest>/shell.js")
@open_to(EVERYONE)
def shell_script(digest: str) -> Response:
    """folium's script, to be kept for a year: another setting is another address."""
    made = our_shell()
    if digest != made.digest:
        abort(404)
    return _kept(made.script, "text/javascript")


@bp.get("/map/<digest>/counties.json")
@open_to(EVERYONE)
def county_lines(digest: str) -> Response:
    """The lines between counties (maps/borders.py), to be kept for a year."""
    if not may_draw_borders() or digest != borders().digest:
        abort(404)
    return _kept(borders().text, "application/json")


def _kept(text: str, type_: str) -> Response:
    response = Response(text, mimetype=type_)
    response.headers["Cache-Control"] = A_YEAR
    return response
