"""A resident follows a case: receipt number and code, then where it is, what is missing, by when. Room `cases`, floor 4.

Both are typed into a form and travel by POST; what the browser keeps is cases/follow_pass.py. A wrong number and a wrong code
get the same sentence, and whoever guesses is slowed down by receipt and by address.
"""

from typing import Annotated, Any

import sqlalchemy as sa
from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import AfterValidator, BaseModel, StringConstraints
from werkzeug.wrappers import Response

from accounts import attempts
from cases import follow_pass, following, operations, queries, receipts
from cases.drafts import Refused
from cases.follow_access import held
from cases.handling_schema import Op
from cases.models import Case
from cases.queries import File
from cases.trail import add_audit
from cases.transitions import RESIDENT, Step
from common import clock
from common.db import done_once, reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.ids import new_id
from common.pages import page, see

bp = Blueprint("follow", __name__)

BY_RESIDENT = {Step.WITHDRAW, Step.SUPPLY}
CODE_WORDS = _l("查询码是 6 位数字")


def _whole_ref(typed: str) -> str:
    found = receipts.read_ref(typed)
    if found is None:
        raise ValueError(_("回执号不对，请照着回执再核一遍"))
    return found


def _six_digits(typed: str) -> str:
    plain = "".join(chr(ord(c) - 0xFEE0) if "０" <= c <= "９" else c for c in typed if not c.isspace())
    if not (len(plain) == receipts.CODE_DIGITS and plain.isascii() and plain.isdigit()):
        raise ValueError(str(CODE_WORDS))
    return plain


class FollowForm(BaseModel):
    """What stands on the receipt."""

    ref: Annotated[
        str, StringConstraints(max_length=40), AfterValidator(_whole_ref), Ask(_l("回执号"), _l("例如 K7M2-4Q9P"))
    ]
    code: Annotated[str, StringConstraints(max_length=20), AfterValidator(_six_digits), Ask(_l("查询码"), CODE_WORDS)]


class OwnStepForm(BaseModel):
    """What a resident does with the own case."""

    op: Op
    version: Annotated[int, Ask(_l("这一项"), wrong=_l("这一页不完整。请刷新再试。"))]


@bp.after_request
def _kept_by_nobody(response: Response) -> Response:
    if request.method == "POST" or follow_pass.COOKIE in request.cookies:  # the empty form is like any other page
        response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@bp.get("/follow")
@open_to(EVERYONE)
def show() -> ResponseReturnValue:
    """The case of this browser's receipt, or the form that asks for one. Five statements at most."""
    file = _followed()
    return _show(file) if file else page("cases/follow_ask.html", form=Form.blank(FollowForm))


@bp.post("/follow")
@open_to(EVERYONE)
def find() -> ResponseReturnValue:
    """Look up number and code. The try is counted before it is checked."""
    form, now = Form.read(FollowForm, request.form), clock.now()
    if not form.ok:
        return page("cases/follow_ask.html", form=form), 422
    keys = current_app.extensions["keys"]
    of_receipt = attempts.key(keys, "code", f"follow:{form.value.ref}")
    of_address = attempts.of_address(keys, "follow", request.remote_addr, now)
    with writing() as session:
        until = attempts.begin(session, (of_receipt, *of_address), now)
        if until is None:
            session.commit()
    if until is not None:
        minutes = max(1, -(-int((until - now).total_seconds()) // 60))
        form.errors["form"] = _("试得太多了，请过 %(n)s 分钟再试", n=minutes)
        return page("cases/follow_ask.html", form=form), 429
    with writing() as session:
        file = queries.followed(session, form.value.ref, form.value.code)
        if file is not None:
            attempts.forgive(session, (of_receipt,), of_address)
            add_audit(session, file.case, "case.follow", RESIDENT, now)
            passed = file.case.ref, file.case.follow_hash
            session.commit()
    if file is None:
        form.errors["form"] = _("没查到。请照着回执，把回执号和查询码再核一遍。")
        return page("cases/follow_ask.html", form=form), 422
    response = see(url_for("follow.show"))
    _remember(response, follow_pass.sign(_secret(), *passed, now))
    return response


@bp.post("/follow/leave")
@open_to(EVERYONE)
def leave() -> ResponseReturnValue:
    """Forget the receipt in this browser."""
    response = see(url_for("follow.show"))
    response.delete_cookie(follow_pass.COOKIE, httponly=True, samesite="Lax")
    return response


@bp.post("/follow/withdraw")
@open_to(EVERYONE)
def withdraw() -> ResponseReturnValue:
    """The resident takes the case back."""
    return _own_step(Step.WITHDRAW)


@bp.post("/follow/supply")
@open_to(EVERYONE)
def supply() -> ResponseReturnValue:
    """The resident has handed in what was missing."""
    return _own_step(Step.SUPPLY)


@bp.post("/follow/no-sms")
@open_to(EVERYONE)
def no_sms() -> ResponseReturnValue:
    """The resident wants no short messages any more. Doing it twice changes nothing."""
    now, passed = clock.now(), held()
    if passed is None:
        return see(url_for("follow.show"))

    def work(session: Any) -> None:
        wanted = sa.select(Case).where(Case.ref == passed[0], Case.follow_hash == passed[1]).with_for_update()
        case = session.scalars(wanted).one_or_none()
        if case is not None:
            operations.no_more_messages(session, case, by=RESIDENT, now=now)

    done_once(work)
    return see(url_for("follow.show", done="no_sms"))


def _own_step(step: Step) -> ResponseReturnValue:
    form, now, passed = Form.read(OwnStepForm, request.form), clock.now(), held()
    if passed is None:
        return see(url_for("follow.show"))
    if not form.ok:
        return _again(next(iter(form.errors.values())), 422)
    said = {"step": str(step), "version": str(form.value.version), "ref": passed[0]}

    def work(session: Any) -> None:
        wanted = sa.select(Case).where(Case.ref == passed[0], Case.follow_hash == passed[1]).with_for_update()
        case = session.scalars(wanted).one_or_none()
        if case is None:
            raise Refused(_("没查到。请照着回执，把回执号和查询码再核一遍。"), 404)
        if operations.done_before(session, form.value.op, said, None):
            return
        operations.take_step(session, case, step, by=RESIDENT, now=now, version=form.value.version)
        operations.remember(session, form.value.op, said, case, None, now)

    try:
        done_once(work)
    except Refused as problem:
        return _again(problem.words, problem.status)
    return see(url_for("follow.show", done=str(step)))


def _again(words: str, status: int) -> ResponseReturnValue:
    """The page as the case stands now, with the sentence above it."""
    file = _followed()
    return (_show(file, words), status) if file else see(url_for("follow.show"))


def _show(file: File, wrong: str = "") -> str:
    done = request.args.get("done", "")
    facts = following.follow_page(reading(), file, now=clock.now())
    return page("cases/follow.html", **facts, op=new_id(), wrong=wrong, done=done)


def _followed() -> File | None:
    passed = held()
    if passed is None:
        return None
    reading().rollback()
    return queries.followed_again(reading(), *passed)


def _remember(response: Response, value: str) -> None:
    response.set_cookie(
        follow_pass.COOKIE,
        value,
        max_age=int(follow_pass.LASTS.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SETTINGS"].mode == "production",
    )


def _secret() -> str:
    secret: str = current_app.config["SETTINGS"].secret_key
    return secret
