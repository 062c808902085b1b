"""How a reader wants pages to look: large text, language. Kept in a cookie, so it works without scripts. Floor 0."""

from flask import Blueprint, request
from werkzeug.wrappers import Response

from common.doors import EVERYONE, open_to
from common.i18n import COOKIE as LANG_COOKIE
from common.i18n import LANGUAGES
from common.pages import BIG_COOKIE, own_path, see

A_YEAR = 365 * 24 * 3600  # seconds

bp = Blueprint("preferences", __name__)


@bp.get("/look")
@open_to(EVERYONE)
def look() -> Response:
    """Remember `big` (1 or 0) and `lang` (zh or en), then go back to the page the reader was on."""
    response = see(own_path(request.args.get("back")))
    if request.args.get("big") in {"0", "1"}:
        _remember(response, BIG_COOKIE, request.args["big"])
    if request.args.get("lang") in LANGUAGES:
        _remember(response, LANG_COOKIE, request.args["lang"])
    return response


def _remember(response: Response, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax", httponly=True, secure=request.is_secure)
