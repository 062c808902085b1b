"""Pages of the stations room: the finder, areas step by step, one station, what is wrong with it, the search box."""

from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from common import clock
from common.db import reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.i18n import gettext as _
from common.i18n import ngettext
from common.pages import page, see
from maps.queries import reach_policy
from maps.reach import Mode, ReachPolicy
from maps.valhalla import valhalla
from services_catalog.queries import catalogue
from services_catalog.views import Catalogue
from stations import details, operations, queries, search
from stations.cards import distance_words, way_words
from stations.finder import Listed, Origin, find_cards, origin_of, place_of, read_query
from stations.names import NameHit
from stations.nearest import SHOWN, Found
from stations.schema import CHANNEL_WORDS, MODE_WORDS, FinderQuery, TroubleReport

bp = Blueprint("stations", __name__)

LONG_WALK_MIN = 30
KEPT = ("lat", "lon", "acc", "area", "item", "channel", "open", "by", "m")


@bp.get("/stations")
@open_to(EVERYONE)
def finder() -> ResponseReturnValue:
    """The nearest stations that suit. Three statements at most (one more when a place is typed or a village chosen)."""
    session, now = reading(), clock.now()
    form = read_query(session, request.args, now=now)
    current = catalogue(session, clock.local_date(now))
    query = form.value if form.ok else FinderQuery()
    kept: dict[str, Any] = {name: form.typed[name] for name in KEPT if form.typed.get(name) and name not in form.errors}
    if not form.ok:  # a wrong half of a position is no position; what else was chosen stays chosen
        kept = {name: value for name, value in kept.items() if name not in {"lat", "lon", "acc", "area"}}
    context: dict[str, Any] = {
        "form": form,
        "query": query,
        "kept": kept,
        "item": current.items.get(int(kept["item"])) if "item" in kept else None,
        "items": tuple((one.no, one.short) for one in current.items.values()),
        "modes": MODE_WORDS.items(),
        "channels": CHANNEL_WORDS.items(),
        "origin": None,
        "choices": [],
        "said_unknown": False,
        "found": None,
        "cards": [],
        "quick": bool(query.item and current.items[query.item].promised == 0),
        "cities": [],
    }
    if not form.ok:
        context["cities"] = queries.children(session, "370000")
        return page("stations/finder.html", block="results", **context), 422
    origin, hits = origin_of(session, query)
    if origin is None and query.at:
        context["choices"] = [_choice(hit, kept) for hit in hits]
        context["said_unknown"] = not hits
    if origin is not None:
        kept |= place_of(query, origin, hits)
        context |= _results(query, origin, kept)
    elif not query.at:
        context["cities"] = queries.children(session, "370000")
    return page("stations/finder.html", block="results", **context)


def _choice(hit: NameHit, kept: dict[str, Any]) -> dict[str, str]:
    more = {name: value for name, value in kept.items() if name not in {"lat", "lon", "acc", "area"}}
    if hit.kind == "station":
        url = url_for("stations.show", code=hit.code)
    elif hit.place is not None:
        url = url_for("stations.finder", area=hit.code, **more)
    else:
        url = url_for("stations.areas", code=hit.code, **{k: v for k, v in more.items() if k == "item"})
    return {"kind": hit.kind, "name": hit.name, "above": hit.above, "url": url}


def _results(query: FinderQuery, origin: Origin, kept: dict[str, Any]) -> dict[str, Any]:
    session, now = reading(), clock.now()
    today = clock.local_date(now)
    listed = find_cards(session, query, origin.place, now=now, roads=valhalla())
    found, cards = listed.found, listed.cards
    return {
        "origin": origin,
        "found": found,
        "cards": cards,
        "station_url": url_for("stations.show", code="-")[:-1],  # codes are letters and digits; 20 calls cost 0.3 ms
        "item_tail": f"?item={query.item}" if query.item else "",
        "sample": any(card.station.synthetic for card in cards),
        "heading": _heading(query, found),
        "policy": listed.policy,
        "measure": listed.measure,
        "by_words": str(MODE_WORDS[query.by]),
        "nearest_words": _nearest_words(listed, reach_policy(session, Mode.EBIKE, today)),
        **_wider(query, found, kept),
    }


def _heading(query: FinderQuery, found: Found) -> str:
    number = len(found.stations)
    if not number:
        return _("没有符合条件的站点")
    if not query.minutes:
        return ngettext("最近的 %(num)s 个", "最近的 %(num)s 个", number)
    if found.within and number == SHOWN:  # there may be more, nobody counted
        return _("%(m)s 分钟内最近的 %(num)s 个", m=query.minutes, num=number)
    if found.within:
        return ngettext("%(m)s 分钟内有 %(num)s 个", "%(m)s 分钟内有 %(num)s 个", number, m=query.minutes)
    return {
        Mode.WALK: _("走路 %(m)s 分钟内没有", m=query.minutes),
        Mode.EBIKE: _("骑电动车 %(m)s 分钟内没有", m=query.minutes),
        Mode.CAR: _("开车 %(m)s 分钟内没有", m=query.minutes),
    }[query.by]


def _nearest_words(listed: Listed, by_ebike: ReachPolicy) -> str:
    """How far the nearest is when none is in reach: nobody walks an hour, so then by e-bike."""
    found, policy = listed.found, listed.policy
    if found.within or not found.stations:
        return ""
    first = found.stations[0]
    if not listed.cards[0].estimated and listed.cards[0].minutes <= LONG_WALK_MIN:
        return _("最近的一个%(way)s。", way=listed.cards[0].way)
    if policy.mode is Mode.WALK and policy.minutes(first.metres) > LONG_WALK_MIN:
        policy = by_ebike
    way = way_words(policy.minutes(first.metres), policy.mode)
    return _("最近的一个%(way)s·%(far)s（估算）。", way=way, far=distance_words(first.metres))


def _wider(query: FinderQuery, found: Found, kept: dict[str, Any]) -> dict[str, str | None]:
    """The way on: a larger circle on foot, else by e-bike; without filters when they leave nothing."""
    if not found.stations:
        fewer = {name: value for name, value in kept.items() if name in {"lat", "lon", "acc", "area"}}
        return {"wider_url": url_for("stations.finder", **fewer), "wider_words": _("去掉条件，看所有站点")}
    if not query.minutes or (found.within and len(found.stations) == SHOWN):
        return {"wider_url": None, "wider_words": None}  # a larger circle would show the same list
    if not found.within:
        return _first_circle(found.stations[0].metres, kept)
    url = url_for("stations.finder", **(kept | {"m": str(query.wider)}))
    if not query.wider:
        return {"wider_url": url, "wider_words": _("不限远近，看最近的")}
    if found.more:
        words = ngettext(
            "放宽到 %(m)s 分钟，再看 %(num)s 个", "放宽到 %(m)s 分钟，再看 %(num)s 个", found.more, m=query.wider
        )
        return {"wider_url": url, "wider_words": words}
    return {"wider_url": url, "wider_words": _("放宽到 %(m)s 分钟", m=query.wider)}


def _first_circle(metres: float, kept: dict[str, Any]) -> dict[str, str | None]:
    """The least trouble that reaches the nearest: by e-bike, by car, or however long it takes."""
    session, today = reading(), clock.local_date(clock.now())
    words = {Mode.EBIKE: _("看骑电动车能到的"), Mode.CAR: _("看开车能到的")}
    for mode, minutes in ((Mode.EBIKE, 15), (Mode.EBIKE, 30), (Mode.CAR, 30), (Mode.CAR, 60)):
        if reach_policy(session, mode, today).straight_metres(minutes) >= metres:
            url = url_for("stations.finder", **(kept | {"by": mode.value, "m": str(minutes)}))
            return {"wider_url": url, "wider_words": words[mode]}
    url = url_for("stations.finder", **(kept | {"by": Mode.CAR.value, "m": "0"}))
    return {"wider_url": url, "wider_words": _("不限远近，看最近的")}


@bp.get("/stations/areas")
@bp.get("/stations/areas/<code>")
@open_to(EVERYONE)
def areas(code: str | None = None) -> ResponseReturnValue:
    """City → county → town → village, one step a page, keeping the item asked for. Two statements at most. A division that
    was merged leads to what it is part of now."""
    session = reading()
    here = queries.division(session, code) if code else None
    if code and (here is None or here.level == 1):
        abort(404)
    form = Form.read(FinderQuery, request.args)
    item = _item(catalogue(session, clock.local_date(clock.now())), form)
    more: dict[str, Any] = {"item": item.no} if item else {}
    if here is not None and (into := queries.successor(session, here)):
        return see(url_for("stations.areas", code=into.code, **more))
    below = queries.children(session, code or "370000")
    rows = [
        {
            "name": child.name,
            "url": url_for("stations.finder", area=child.code, **more)
            if child.level == 5
            else url_for("stations.areas", code=child.code, **more),
        }
        for child in below
    ]
    line = queries.lineage(session, code) if code else []
    return page("stations/areas.html", here_division=here, line=line, children=rows, item=item, more=more)


def _item(current: Catalogue, form: Form[FinderQuery]) -> Any:
    return current.items.get(form.value.item) if form.ok and form.value.item else None


@bp.get("/stations/<code>")
@open_to(EVERYONE)
def show(code: str) -> str:
    """One station: call, go, share; what it does and how; when. Four statements at most."""
    session, now = reading(), clock.now()
    found = queries.station(session, code)
    if found is None:
        abort(404)
    item = request.args.get("item", "")
    back: dict[str, Any] = {"item": item} if item.isascii() and item.isdigit() and len(item) < 3 else {}
    return page(
        "stations/station.html",
        back_url=url_for("stations.finder", area=found.town_code, m=0, by=Mode.EBIKE.value, **back),
        item=back.get("item"),
        **details.station_page(session, found, now=now),
    )


@bp.get("/stations/<code>/report")
@open_to(EVERYONE)
def report(code: str) -> ResponseReturnValue:
    """Ask what is wrong with a station's page; after sending, say thanks."""
    found = queries.station(reading(), code)
    if found is None:
        abort(404)
    if request.args.get("done"):
        return page("stations/reported.html", s=found)
    return page("stations/report.html", s=found, form=Form.blank(TroubleReport))


@bp.post("/stations/<code>/report")
@open_to(EVERYONE)
def send_report(code: str) -> ResponseReturnValue:
    """Keep one reader's word about one station."""
    found = queries.station(reading(), code)
    if found is None:
        abort(404)
    form = Form.read(TroubleReport, request.form)
    if not form.ok:
        return page("stations/report.html", s=found, form=form), 422
    with writing() as session:
        try:
            operations.report_trouble(session, found, form.value.trouble, form.value.words, now=clock.now())
        except operations.Refused as refused:
            form.errors["form"] = str(refused)
            return page("stations/report.html", s=found, form=form), 429
        session.commit()
    return see(url_for("stations.report", code=code, done=1))


@bp.get("/search")
@open_to(EVERYONE)
def search_page() -> ResponseReturnValue:
    """One box over items, answers, places and stations."""
    typed = request.args.get("q", "")
    try:
        results = search.find(reading(), typed, on=clock.local_date(clock.now()))
    except search.TooLong as problem:
        return page("stations/search.html", typed=typed[:60], results=None, problem=str(problem), url_of=_url_of), 422
    return page("stations/search.html", typed=typed, results=results, problem=None, url_of=_url_of)


def _url_of(result: search.Result) -> str:
    match result.kind:
        case "item":
            return url_for("services_catalog.item", no=int(result.ref))
        case "answer":
            return url_for("services_catalog.answer", id=result.ref)
        case "station":
            return url_for("stations.show", code=result.ref)
    return url_for("stations.finder" if len(result.ref) == 12 else "stations.areas", **_area(result.ref))


def _area(code: str) -> dict[str, Any]:
    return {"area": code} if len(code) == 12 else {"code": code}
