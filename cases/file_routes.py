"""在家先填好: a resident fills a form in without an account and takes a code along. Nothing is submitted here. Floor 4.

The draft belongs to this browser by a secret in a cookie that only /file sees; neither its id nor its code stands in an address.
"""

from datetime import datetime
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from accounts import attempts
from cases import drafts, filling
from cases.drafts import OWN_DAYS, Refused
from cases.families import FAMILIES
from cases.filling import Filled
from cases.form_pages import (
    Addresses,
    clash_page,
    exit_page,
    form_page,
    save_answer,
    step_asked,
    stop_if_unlisted,
    take_along_page,
    wrong_here,
)
from cases.form_steps import CODE, Step
from cases.form_view import doubts
from cases.item_names import named
from cases.models import Draft
from cases.work_schema import BeginForm
from common import clock
from common.db import reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.i18n import gettext as _
from common.i18n import say_date, say_time
from common.pages import page, see
from services_catalog.queries import catalogue, item_for

bp = Blueprint("file", __name__)

COOKIE = "own_form"
LAST = Step.PAPERS  # where staff photograph papers, a resident gets the code


def form_address(item_no: int) -> str | None:
    """Where a resident begins this item's form; None while there is none. For pages of the catalogue, by app.py."""
    return url_for("file.start", item=item_no) if item_no in FAMILIES else None


@bp.after_request
def _kept_by_nobody(response: Response) -> Response:
    if request.endpoint != "file.start":
        response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/file")
@open_to(EVERYONE)
def start() -> ResponseReturnValue:
    """What it is, and which items have a form; ?item= is one of them. Three statements."""
    return _start()


def _start(errors: dict[str, str] | None = None) -> str:
    listed = catalogue(reading())
    known = listed.items
    given = request.values.get("item", "")
    chosen = int(given) if given.isdecimal() and len(given) < 4 else 0
    found = _mine()
    return page(
        "cases/file.html",
        items=[known[no] for no in sorted(FAMILIES) if no in known],
        chosen=known.get(chosen) if chosen in FAMILIES else None,
        begun=named(listed, found.item_no) if found else None,
        has_code=found is not None and found.code_index is not None,
        days=OWN_DAYS,
        gone=request.args.get("gone") == "1",
        errors=errors or {},
    )


@bp.post("/file")
@open_to(EVERYONE)
def begin() -> ResponseReturnValue:
    """A draft of one's own, found again by this browser for seven days."""
    form, now = Form.read(BeginForm, request.form), clock.now()
    if not form.ok or form.value.item not in FAMILIES or form.value.item not in catalogue(reading()).items:
        return _start(form.errors or {"form": _("这件事还不能在家填，请到站里办。")}), 422
    if words := _too_often("draft"):
        return _start({"form": words}), 429
    with writing() as session:
        before = _of_this_browser(session, now)
        if before is not None and before.code_index is None:
            session.delete(before)  # no code leads to it, and soon no browser
        made, secret = drafts.begin(session, form.value.item, now=now)
        session.commit()
        cookie = f"{made.id}.{secret}"
    response = see(url_for("file.draft", step=1))
    response.set_cookie(
        COOKIE, cookie, max_age=OWN_DAYS * 86_400, path="/file", httponly=True, samesite="Lax", secure=_https_only()
    )
    return response


def _https_only() -> bool:
    """As the sign-in's cookie: behind a proxy the request itself does not know that it came by HTTPS."""
    return bool(current_app.config["SESSION_COOKIE_SECURE"])


def _too_often(what: str) -> str:
    """A sentence when everybody behind this address has asked for too many, "" otherwise; counts the use."""
    with writing() as session:
        until = attempts.use(session, current_app.extensions["keys"], what, request.remote_addr, clock.now())
        session.commit()
    return _("这里刚填过很多份了，%(time)s 以后再来。", time=say_time(until)) if until else ""


# The draft of this browser


def _held() -> tuple[str, str]:
    id, _dot, secret = request.cookies.get(COOKIE, "").partition(".")
    return id[:32], secret[:64]


def _of_this_browser(session: Session, now: datetime) -> Draft | None:
    id, secret = _held()
    return drafts.find(session, id, now=now, secret=secret) if id and secret else None


def _mine() -> Draft | None:
    return _of_this_browser(reading(), clock.now())


def _filled() -> Filled | None:
    found = _mine()
    if found is None:
        return None
    stop_if_unlisted(reading(), found, _addresses())
    return filling.look(reading(), found, by=None, now=clock.now())


def _addresses() -> Addresses:
    return Addresses(
        step=url_for("file.draft") + "?step={n}",
        save=url_for("file.save"),
        delete=url_for("file.ask_delete"),
        out=url_for("file.start"),
    )


def _gone() -> ResponseReturnValue:
    return see(url_for("file.start", gone=1))


@bp.get("/file/draft")
@open_to(EVERYONE)
def draft() -> ResponseReturnValue:
    """One page of the form; without one, back to the beginning."""
    filled, step = _filled(), step_asked(LAST)
    if filled is None:
        return _gone()
    return _show(filled, step, told=request.args.get("check") == "1")


def _show(filled: Filled, step: Step, *, told: bool = False) -> str:
    session, where = reading(), _addresses()
    if step is LAST:
        if filled.checked.exit:
            return exit_page(session, filled, where, Step.MATTER, by=None)
        return take_along_page(session, filled, where)
    errors = wrong_here(filled, step) if told else None
    return form_page(session, filled, step, where, by=None, errors=errors, doubts=told)


@bp.post("/file/draft")
@open_to(EVERYONE)
def fill() -> ResponseReturnValue:
    """Keep one page and go on; what is wrong here is said first."""
    step = step_asked(LAST)
    try:
        _kept, clashes = _keep(step)
    except Refused as problem:
        return _gone() if problem.status == 404 else _refused(problem)
    filled = _filled()
    if filled is None:
        return _gone()
    if clashes:
        return clash_page(reading(), filled, step, _addresses(), clashes, by=None), 409
    if request.form.get("go") == "back":
        return see(url_for("file.draft", step=max(1, step - 1)))
    if filled.checked.exit:
        return exit_page(reading(), filled, _addresses(), step, by=None)
    wrong = wrong_here(filled, step)
    if wrong or doubts(filled.family, filled.checked, step):
        return _show(filled, step, told=True), 422
    return see(url_for("file.draft", step=min(LAST, step + 1)))


def _keep(step: Step | None) -> tuple[Draft, dict[str, Any]]:
    """The draft as it is kept, and what clashes with another page of it."""
    id, secret = _held()
    now = clock.now()
    with writing() as session:
        kept = filling.locked(session, id, now=now, secret=secret)
        clashes = filling.keep(session, kept, request.form, step=step, now=now)
        session.commit()
        session.refresh(kept)
        session.expunge(kept)
    reading().rollback()  # to see what was just written
    return kept, clashes


@bp.post("/file/draft/save")
@open_to(EVERYONE)
def save() -> ResponseReturnValue:
    """Keep single fields while they are typed; for the script."""
    try:
        kept, clashes = _keep(None)
    except Refused as problem:
        return {"error": "draft", "message": problem.words}, problem.status
    return save_answer(reading(), kept, clashes, by=None, now=clock.now())


@bp.post("/file/draft/code")
@open_to(EVERYONE)
def make_code() -> ResponseReturnValue:
    """The six digits for the counter. Asking again gives other ones."""
    id, secret = _held()
    if words := _too_often("code"):
        return page("error.html", words=(_("请等一等"), words)), 429
    try:
        with writing() as session:
            kept = filling.locked(session, id, now=clock.now(), secret=secret)
            filling.tell_code(session, kept, clock.now())
            session.commit()
    except Refused as problem:
        return _gone() if problem.status == 404 else _refused(problem)
    return see(url_for("file.code"))


@bp.get("/file/draft/code")
@open_to(EVERYONE)
def code() -> ResponseReturnValue:
    """The code, until when it holds, what to bring, where to go. Nothing is submitted yet, and that is said."""
    found = _mine()
    if found is None:
        return _gone()
    if not found.answers.get(CODE):
        return see(url_for("file.draft", step=int(LAST)))
    stop_if_unlisted(reading(), found, _addresses())
    item = item_for(reading(), found.item_no, None, clock.local_date(clock.now()))
    return page(
        "cases/file_code.html",
        item=item,
        code=str(found.answers[CODE]),
        until=say_date(clock.local_date(found.expires_at)),
        where=_addresses(),
    )


@bp.get("/file/draft/delete")
@open_to(EVERYONE)
def ask_delete() -> ResponseReturnValue:
    """Whether really."""
    found = _mine()
    if found is None:
        return _gone()
    item = named(catalogue(reading()), found.item_no)
    return page("cases/form_delete.html", item=item, where=_addresses(), by=None)


@bp.post("/file/draft/delete")
@open_to(EVERYONE)
def delete() -> ResponseReturnValue:
    """Forget everything that was typed, now."""
    with writing() as session:
        found = _of_this_browser(session, clock.now())
        if found is not None:
            session.delete(found)
            session.commit()
    response = see(url_for("file.start", gone=1))
    response.delete_cookie(COOKIE, path="/file", httponly=True, samesite="Lax", secure=_https_only())
    return response


def _refused(problem: Refused) -> ResponseReturnValue:
    return page("error.html", words=(_("这一步没做成"), problem.words)), problem.status
