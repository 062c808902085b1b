"""What the map page fetches beside stations: the script that makes the map, and the county lines. Room `maps`, floor 2."""

from flask import Blueprint, Response, abort, current_app, url_for

from common.assets import A_YEAR
from common.doors import EVERYONE, open_to
from common.settings import Settings
from maps.borders import borders
from maps.shell import Shell, shell

bp = Blueprint("maps", __name__)


def settings() -> Settings:
    """The operator's."""
    found: Settings = current_app.config["SETTINGS"]
    return found


def our_shell() -> Shell:
    """The map as this installation has it."""
    return shell(settings().map_tiles, settings().map_key)


def may_draw_borders() -> bool:
    """Publishing administrative lines needs a 审图号 (地图审核管理规定, Art. 5); a demo on one's own machine publishes nothing."""
    return settings().mode != "production" or bool(settings().map_approval)


def borders_url() -> str | None:
    """Where the county lines are; None where they may not be shown, or where tiles show them."""
    if settings().map_tiles or not may_draw_borders():
        return None
    return url_for("maps.county_lines", digest=borders().digest)


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
