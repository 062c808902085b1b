"""What every template gets, as common/pages.py gives it to ours."""

from functools import cache
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from common import assets


@cache
def _asset(name: str) -> str | None:
    found = assets._load_once(name)
    return f"/assets/{found.digest}/{name}" if found else None


def pieces(request: HttpRequest) -> dict[str, Any]:
    return {
        "nonce": request.nonce,
        "lang": "en" if get_language() == "en" else "zh",
        "here": request.get_full_path(),
        "big": request.COOKIES.get("big") == "1",
        "hotline": "12393",
        "css": _asset("app.css"),
        "favicon": _asset("icon.svg"),
        "htmx": _asset("htmx.js"),
        "locate": _asset("locate.js"),
        "copy": _asset("copy.js"),
        "filters": _asset("filters.js"),
    }
