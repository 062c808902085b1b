"""The map page: the same question as the finder, the same stations, seen from above. Room `stations`."""

from typing import Any

from flask import Blueprint, make_response, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from common import clock
from common.db import reading
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.headers import page_policy
from common.i18n import gettext as _
from common.i18n import ngettext
from common.pages import page
from maps import chosen, counties
from maps.overview import overview
from maps.tiles import SERVICES
from maps.valhalla import valhalla
from services_catalog.queries import catalogue
from stations import queries, shares
from stations.finder import Listed, Origin, find_cards, origin_of, place_of, read_query
from stations.names import NameHit
from stations.nearest import Wanted
from stations.schema import CHANNEL_WORDS, MODE_WORDS, FinderQuery, MapView

bp = Blueprint("stations_map", __name__)

PROVINCE = "370000"
KEPT = ("lat", "lon", "acc", "area", "item", "channel", "open", "by", "m")


@bp.get("/stations/map")
@open_to(EVERYONE)
def show() -> ResponseReturnValue:
    """The map, and below it the nearest stations of the chosen place. As many statements as the finder; markers come after.

    Without a place, or with a city, it is an overview: how many stations each part has, and how many are verified.

    v=lat,lon,zoom  where the reader last moved the map to; without it, it shows the circle, or all of the installation.
    """
    session, now = reading(), clock.now()
    form = read_query(session, request.args, now=now)
    seen = Form.read(MapView, request.args)
    form.errors |= seen.errors
    query = form.value if form.ok else FinderQuery()
    kept: dict[str, Any] = {name: form.typed[name] for name in KEPT if form.ok and form.typed.get(name)}
    current = catalogue(session, clock.local_date(now))
    origin, hits = origin_of(session, query) if form.ok else (None, [])
    kept |= place_of(query, origin, hits)
    area = queries.division(session, kept["area"]) if "area" in kept else None
    # Nobody starts from a city: it is looked at from above, like the province.
    city = area if area and area.level <= 2 else None
    if city:
        origin = None
    wide = origin is None and (city is not None or not query.at)
    wanted = Wanted(query.item, query.channel)
    parts = shares.below(session, city.code if city else PROVINCE, wanted) if wide else []
    listed = find_cards(session, query, origin.place, now=now, roads=valhalla()) if origin else None
    settings = chosen.settings()
    service = SERVICES.get(settings.map_tiles)
    filters: dict[str, Any] = {name: kept[name] for name in ("item", "channel", "open") if name in kept}
    response = make_response(
        page(
            "stations/map.html",
            form=form,
            query=query,
            kept=kept,
            item=current.items.get(query.item) if query.item else None,
            items=tuple((one.no, one.short) for one in current.items.values()),
            modes=MODE_WORDS.items(),
            channels=CHANNEL_WORDS.items(),
            origin=origin,
            circle=_circle(query, origin, listed),
            circle_words=_("%(by)s %(m)s 分钟", by=MODE_WORDS[query.by], m=query.minutes),
            listed=listed,
            by_words=str(MODE_WORDS[query.by]),
            heading=_heading(query, listed),
            choices=[_choice(hit, kept) for hit in hits]
            if form.ok and query.at and origin is None and not wide
            else [],
            said_unknown=bool(form.ok and query.at and not hits and origin is None),
            city=city,
            parts=[(part, shares.share_words(part), _nearer(part, filters)) for part in parts],
            drawing=overview() if parts and not city else None,
            outlines=chosen.may_draw_borders(),
            county=area,
            county_words=_county_words(session, area),
            view=seen.typed["v"] if seen.ok and seen.typed.get("v") else None,
            bounds=counties.box_of(
                [city.code[:4] if city.level == 2 else city.code[:2]] if city else settings.divisions
            ),
            filters=filters,
            shell=chosen.our_shell(),
            borders=chosen.borders_url(),
            tiles=service,
            approval=settings.map_approval,
            item_tail=f"?item={query.item}" if query.item else "",
        ),
        200 if form.ok else 422,
    )
    if service:  # this page alone may show pictures of that service, and of no other
        response.headers["Content-Security-Policy"] = page_policy(images=service.hosts)
    return response


def _nearer(part: shares.Share, filters: dict[str, Any]) -> str:
    """The map of a city; of a county, as far as a car comes in an hour."""
    far: dict[str, Any] = {} if part.code.endswith("00") else {"by": "car", "m": "60"}
    return url_for(".show", area=part.code, **far, **filters)


def _county_words(session: Session, area: queries.DivisionView | None) -> str | None:
    return shares.share_words(shares.of_county(session, area.code, area.name)) if area and area.level == 3 else None


def _circle(query: FinderQuery, origin: Origin | None, listed: Listed | None) -> str | None:
    """Latitude, longitude and metres of what is in reach, for the script; no metres when the way may take any time."""
    if origin is None or listed is None:
        return None
    metres = round(listed.policy.straight_metres(query.minutes)) if query.minutes else 0
    return f"{origin.place.lat:.5f},{origin.place.lon:.5f},{metres}"


def _heading(query: FinderQuery, listed: Listed | None) -> str:
    number = len(listed.cards) if listed else 0
    if not number:
        return _("没有符合条件的站点")
    if listed and listed.found.within and query.minutes:
        return ngettext("%(m)s 分钟内有 %(num)s 个", "%(m)s 分钟内有 %(num)s 个", number, m=query.minutes)
    return ngettext("最近的 %(num)s 个", "最近的 %(num)s 个", number)


def _choice(hit: NameHit, kept: dict[str, Any]) -> dict[str, str]:
    """One of the places a typed name may mean."""
    more = {name: value for name, value in kept.items() if name not in {"lat", "lon", "acc", "area"}}
    url = url_for("stations.show", code=hit.code) if hit.kind == "station" else url_for(".show", area=hit.code, **more)
    return {"kind": hit.kind, "name": hit.name, "above": hit.above, "url": url}
