"""Pages of the poster: on screen and paper, as PDF, and what a scanned one says today."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel

from common import clock
from common.db import reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.i18n import say_date
from common.pages import page, see
from common.qr import qr
from posters import operations, pdf, queries
from posters.address import public_url
from posters.fonts import font_file
from posters.version import unsealed
from stations.details import area_words, taken_on, week_lines
from stations.models import Station
from stations.queries import station, weeks

A_DAY = 24 * 60 * 60
NAMED = 6  # changed items named on the page of an old poster
COUNTED = "told"  # a cookie of the scanned address alone: this browser has told of this poster

bp = Blueprint("posters", __name__)


class PosterQuery(BaseModel):
    """`?size=`."""

    size: Annotated[pdf.Size, Ask(_l("纸张"), wrong=_l("纸张只有 A4 和 A3，请重新选。"))] = "a4"


@bp.get("/stations/<code>/poster")
@open_to(EVERYONE)
def show(code: str) -> ResponseReturnValue:
    """The poster, to be read or printed as it stands. One statement beside the reference data."""
    found = _station(code)
    form = Form.read(PosterQuery, request.args)
    problem = form.errors.get("size", "")
    body = _page(found, form.value.size if form.ok else "a4", problem)
    return (body, 422) if problem else body


@bp.get("/stations/<code>/poster.pdf")
@open_to(EVERYONE)
def as_pdf(code: str) -> ResponseReturnValue:
    """The same as a PDF of one page. The page with a sentence, and 404 or 422, where there is none to have."""
    found = _station(code)
    form = Form.read(PosterQuery, request.args)
    if not form.ok:
        return _page(found, "a4", form.errors["size"]), 422
    if not found.open:
        return _page(found, form.value.size, ""), 404
    if not _has_fonts():
        return _page(found, form.value.size, _("这台服务器没装字体，做不了 PDF。请直接打印这一页。")), 404
    response = Response(pdf.one(_poster(found), form.value.size), mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.code}-{form.value.size}.pdf"'
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.get("/p/<code>/<version>")
@open_to(EVERYONE)
def scanned(code: str, version: str) -> ResponseReturnValue:
    """What the QR code of a poster opens: is the paper still true, and what is true today. One statement beside the
    reference data; counting an old one is `tell`."""
    return _scanned(_station(code), version, "yes" if COUNTED in request.cookies else "")


def _scanned(found: Station, version: str, told: str, block: str | None = None) -> str:
    """told: "yes" it is counted, "no" it was not, "" nobody has asked for it."""
    session, now = reading(), clock.now()
    written, ours = unsealed(version, found.code, _secret())
    said = queries.differences(session, found, written, now=now)
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    return page(
        "posters/scanned.html",
        block=block,
        s=found,
        area=area_words(session, found),
        said=said,
        printed=_day(said.printed_on, clock.local_date(now)) if said else "",
        new=_some(said.new) if said else "",
        gone=_some(said.gone) if said else "",
        rows=taken_on(session, found, now),
        hours=week_lines(week) if week else [],
        version=version,
        told=told,
        ours=ours,
    )


@bp.post("/p/<code>/<version>/old")
@open_to(EVERYONE)
def tell(code: str, version: str) -> ResponseReturnValue:
    """Count one scan of an old poster, once a day for each browser, as far as a cookie can tell; never who scanned.

    Only of a poster that we printed; an answer says 记下了 when it is counted, and 429 when it is one of too many today.
    """
    found = _station(code)
    counted = COUNTED in request.cookies or _count(found, version)
    address = url_for("posters.scanned", code=code, version=version)
    if request.htmx:  # type: ignore[attr-defined]
        response = Response(_scanned(found, version, "yes" if counted else "no", block="thanks"))
    elif counted:
        response = Response("", 303, {"Location": see(address).location})
    else:
        response = Response(_scanned(found, version, "no"), 429)
    if counted:
        response.set_cookie(
            COUNTED, "1", max_age=A_DAY, path=address, httponly=True, samesite="Lax", secure=request.is_secure
        )
    return response


def _count(found: Station, version: str) -> bool:
    """Whether that scan is counted now. Nobody waits for the writing session where there is nothing to count."""
    written, ours = unsealed(version, found.code, _secret())
    if not ours or not operations.may_count(reading(), found, written, now=clock.now()):
        return False
    with writing() as session:
        counted = operations.count_scan(session, found, written, now=clock.now())
        if counted:
            session.commit()
        return counted


def _station(code: str) -> Station:
    found = station(reading(), code)
    return found if found is not None else abort(404)


def _poster(found: Station) -> queries.Poster:
    root = public_url(request.script_root)
    hotline = current_app.config["HOTLINE"]
    return queries.poster_of(reading(), found, root=root, hotline=hotline, secret=_secret(), now=clock.now())


def _page(found: Station, size: pdf.Size, problem: str) -> str:
    poster = _poster(found)
    return page(
        "posters/poster.html",
        s=found,
        poster=poster,
        code=qr(poster.url),
        size=size,
        problem=problem,
        has_pdf=_has_fonts(),
        no_items=queries.NO_ITEMS,
        scan=pdf.SCAN,
    )


def _some(names: Sequence[str]) -> str:
    """All of a few names; of many the first ones and how many they are: the list of today stands below."""
    shown = _("、").join(names[:NAMED])
    return _("%(names)s 等 %(n)s 件", names=shown, n=len(names)) if len(names) > NAMED else shown


def _day(day: date, today: date) -> str:
    """11月3日 周二; with its year when that is over."""
    return say_date(day) if day.year == today.year else day.isoformat()


def _secret() -> str:
    secret: str = current_app.config["SETTINGS"].secret_key
    return secret


def _has_fonts() -> bool:
    return font_file("regular") is not None and font_file("bold") is not None
