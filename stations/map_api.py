"""The map's stations as JSON under /api/v1: clusters and markers of a box. Names and shapes here do not change."""

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.openapi import Mistakes, speaks
from services_catalog.queries import catalogue
from stations.nearest import Wanted
from stations.schema import NO_SUCH_ITEM, ViewportQuery
from stations.viewport import as_json, in_view

A_MINUTE = "public, max-age=60"  # the same for everybody; a station may close meanwhile

bp = Blueprint("stations_map_api", __name__)


@bp.get("/api/v1/stations/map")
@open_to(EVERYONE)
@speaks(query=ViewportQuery, answers={200: None, 422: Mistakes})
def viewport() -> ResponseReturnValue:
    """The stations of a box. box=west,south,east,north (WGS-84 degrees), z (zoom, 0 to 18), item, channel, open. The box is
    widened to whole cells of 64 pixels, at most 640 of them.

    200 {"clusters": [[lat, lon, n], …], "stations": [{"code", "name", "area", "lat", "lon", "state"}, …], "total": n,
    "open_now": whether closed ones were left out, which happens from zoom 12 on}; 422 {"errors": {parameter: sentence}}.
    Three statements at most, 8 kB at most.
    """
    session, now = reading(), clock.now()
    form = Form.read(ViewportQuery, request.args)
    if (
        form.ok
        and form.value.item is not None
        and form.value.item not in catalogue(session, clock.local_date(now)).items
    ):
        form.errors["item"] = str(NO_SUCH_ITEM)
    if not form.ok:
        return {"errors": form.errors}, 422
    query = form.value
    response = jsonify(as_json(in_view(session, query.cells, Wanted(query.item, query.channel, query.open), now=now)))
    response.headers["Cache-Control"] = A_MINUTE
    return response
