"""Stations as JSON under /api/v1: what the pages show, for machines. Names and shapes here do not change."""

from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.i18n import gettext as _
from common.openapi import Mistakes, speaks
from maps.valhalla import valhalla
from stations import details, queries
from stations.cards import Card
from stations.finder import find_cards, origin_of, read_query
from stations.masks import bits_set, item_numbers
from stations.models import Access, Channel
from stations.schema import FinderQuery

bp = Blueprint("stations_api", __name__)


@bp.get("/api/v1/stations")
@open_to(EVERYONE)
@speaks(query=FinderQuery, answers={200: None, 422: Mistakes})
def nearest() -> ResponseReturnValue:
    """The finder's list. Same parameters as the page: lat and lon (WGS-84) or area or at, item, channel, open, by, m.

    200 {"within": bool, "more": int, "measure": "estimate" | "roads", "reach": {…}, "stations": […]}; 422 {"errors":
    {parameter: sentence}} when something is wrong or no place was given.
    """
    session, now = reading(), clock.now()
    form = read_query(session, request.args, now=now)
    if not form.ok:
        return {"errors": form.errors}, 422
    origin, hits = origin_of(session, form.value)
    if origin is None:
        error = _("请说明从哪里找：lat 和 lon，或者 area")
        if form.value.at:
            error = _("这个名字有好几处，请用 area 说明是哪一处") if hits else _("没找到这个地方")
        choices = [{"kind": hit.kind, "code": hit.code, "name": hit.name, "above": hit.above} for hit in hits]
        return {"errors": {"form": error}, "choices": choices}, 422
    listed = find_cards(session, form.value, origin.place, now=now, roads=valhalla())
    return {
        "within": listed.found.within,
        "more": listed.found.more,
        "measure": "roads" if listed.measure == "roads" else "estimate",
        "reach": {"mode": listed.policy.mode, "km_per_hour": listed.policy.km_per_hour, "detour": listed.policy.detour},
        "stations": [_row(card) for card in listed.cards],
    }


@bp.get("/api/v1/stations/<code>")
@open_to(EVERYONE)
def one(code: str) -> dict[str, Any]:
    """One station. 404 when there is none of that code. Closed ones are given, with `open` false."""
    session, now = reading(), clock.now()
    found = queries.station(session, code)
    if found is None:
        abort(404)
    page = details.station_page(session, found, now=now)
    return {
        "code": found.code,
        "name": found.name,
        "level": found.level,
        "host": found.host,
        "county_code": found.county_code,
        "town_code": found.town_code,
        "village_code": found.village_code,
        "address": found.address,
        "phone": found.phone,
        "lat": found.lat,
        "lon": found.lon,
        "open": found.open,
        "state": page["state"],
        "hours_estimated": page["unsure"],
        "hours": queries.week_text(session, found),
        "items": {
            "direct": item_numbers(found.direct_mask),
            "assist": item_numbers(found.assist_mask),
            "consult": item_numbers(found.consult_mask),
        },
        "channels": bits_set(found.channels, Channel),
        "access": bits_set(found.access, Access),
        "verified_on": found.verified_on.isoformat() if found.verified_on else None,
        "synthetic": found.synthetic,
    }


def _row(card: Card) -> dict[str, Any]:
    station = card.station
    return {
        "code": station.code,
        "name": station.name,
        "area": card.area,
        "address": station.address,
        "phone": station.phone,
        "lat": station.place.lat,
        "lon": station.place.lon,
        "metres": round(station.metres),
        "minutes": card.minutes,
        "minutes_estimated": card.estimated,
        "state": card.state,
        "hours_estimated": card.unsure,
        "opening": card.opening,
        "items": {
            "direct": item_numbers(station.direct_mask),
            "assist": item_numbers(station.assist_mask),
            "consult": item_numbers(station.consult_mask),
        },
        "mode": card.mode,
        "synthetic": station.synthetic,
    }
