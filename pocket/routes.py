"""Pages of the pocket room: choose a county, its towns and stations, what the phone keeps of it. Nothing here writes.

The same addresses serve a phone without network: the worker answers them with /pocket/saved, which reads the pack.
"""

from collections import Counter
from typing import Any

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.headers import page_policy
from common.pages import page
from pocket.pack import OLD_AFTER_DAYS, bring_note, county_pack, items_here
from pocket.queries import PocketStation, stations_of, towns_of
from pocket.schema import PocketQuery
from pocket.worker import worker_script
from stations.details import week_lines
from stations.queries import DivisionView, children, division, lineage, weeks

SHOWN = 50  # stations a page; a phone with the pack shows all of a town
COUNTY = 3

bp = Blueprint("pocket", __name__)


@bp.get("/pocket/")
@open_to(EVERYONE)
def home() -> ResponseReturnValue:
    """Choose a county, city by city; and what this phone has kept already. One statement."""
    session = reading()
    cities = [(city.name, children(session, city.code)) for city in children(session, "370000")]
    return _with_worker(page("pocket/home.html", cities=cities))


@bp.get("/pocket/<county>")
@open_to(EVERYONE)
def show(county: str) -> ResponseReturnValue:
    """A county's towns, or the stations of one of them; only those that do the item, when one is chosen. Two statements."""
    session, here = reading(), _county(county)
    today = clock.local_date(clock.now())
    items = {item.no: item for item in items_here(session, here.code, today)}
    form = Form.read(PocketQuery, request.args)
    if form.ok and form.value.item and form.value.item not in items:
        form.errors["item"] = str(form["item"].ask.wrong)
    open_here = stations_of(session, here.code)
    towns = towns_of(session, here, open_here)
    if form.ok and form.value.town and form.value.town not in towns:
        form.errors["town"] = str(form["town"].ask.wrong)
    query = form.value if form.ok else PocketQuery()
    suiting = [one for one in open_here if not query.item or one.mode_of(query.item)]
    counts = Counter(one.town_code for one in suiting)
    mine = [one for one in suiting if one.town_code == query.town] if query.town else []
    item = items[query.item] if query.item else None
    body = page(
        "pocket/county.html",
        form=form,
        county=here,
        area="·".join(part.name for part in lineage(session, here.code)),
        items=[(str(one.no), one.short) for one in items.values()],
        item=item,
        note=bring_note(item) if item else "",
        town=query.town,
        town_name=towns.get(query.town or "", ""),
        towns=[(code, name, counts[code]) for code, name in towns.items() if counts[code]],
        stations=[_shown(one, query.item) for one in mine[query.after : query.after + SHOWN]],
        rest=max(0, len(mine) - query.after - SHOWN),
        after=query.after + SHOWN,
        sample=any(one.synthetic for one in suiting),
        old_after=OLD_AFTER_DAYS,
    )
    return _with_worker(body, 200 if form.ok else 422)


@bp.get("/pocket/saved")
@open_to(EVERYONE)
def saved() -> ResponseReturnValue:
    """The page that works without network: it shows what the phone has kept. No statement."""
    return _with_worker(page("pocket/saved.html", old_after=OLD_AFTER_DAYS))


@bp.get("/pocket/<county>.json")
@open_to(EVERYONE)
def pack(county: str) -> ResponseReturnValue:
    """The pack of a county (pocket/pack.py says what is in it). Two statements."""
    found = county_pack(reading(), _county(county), now=clock.now(), hotline=current_app.config["HOTLINE"])
    response = current_app.json.response(found)
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return response


@bp.get("/pocket/sw.js")
@open_to(EVERYONE)
def worker() -> ResponseReturnValue:
    """The service worker. It may ask this host, nobody else; its scope is /pocket/."""
    response = Response(worker_script(), mimetype="text/javascript")
    response.headers["Content-Security-Policy"] = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'"
    response.headers["Cache-Control"] = "no-cache"
    response.headers["Service-Worker-Allowed"] = url_for("pocket.home")
    return response


def _county(code: str) -> DivisionView:
    """404 for anything but a county of the list."""
    found = division(reading(), code) if len(code) == 6 else None
    return found if found is not None and found.level == COUNTY else abort(404)


def _shown(one: PocketStation, item: int | None) -> dict[str, Any]:
    week = weeks(reading()).get(one.hours_id) if one.hours_id else None
    return {
        "code": one.code,
        "name": one.name,
        "phone": one.phone,
        "address": one.address,
        "mode": one.mode_of(item) if item else None,
        "hours": week_lines(week) if week else [],
    }


def _with_worker(body: str, status: int = 200) -> Response:
    """A page that may start the worker of its own host."""
    response = Response(body, status, mimetype="text/html")
    response.headers["Content-Security-Policy"] = page_policy("worker-src 'self'")
    return response
