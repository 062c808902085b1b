"""/account: one's own sign-ins, devices and password."""

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue

from accounts import attempts, current, operations, passwords, queries
from accounts.doors import needs
from accounts.models import Account
from accounts.policy import MAY, Role
from accounts.queries import SignedIn
from accounts.schema import ROLE_WORDS, PasswordForm
from common import clock
from common.db import reading, writing
from common.forms import Form
from common.i18n import gettext as _
from common.i18n import say_date, say_time
from common.pages import own_path, page, see

bp = Blueprint("account", __name__)


def _who() -> SignedIn:
    who = current.signed_in()
    if who is None:
        raise RuntimeError("a view behind needs() ran for a stranger")
    return who


@bp.get("/begin")
@needs()
def begin() -> ResponseReturnValue:
    """On to where this person's work begins; to the account where that is nowhere."""
    return see(next((address for address, _words in _work(current.current_actor().role)), url_for("account.show")))


def _work(role: Role) -> list[tuple[str, str]]:
    """Address and name of each staff page that a post opens, the most used first. app.py knows them all."""
    return [
        (address, str(words)) for action, address, words in current_app.extensions["work_places"] if action in MAY[role]
    ]


@bp.get("/account")
@needs()
def show() -> ResponseReturnValue:
    """Who I am here, and on which devices I am signed in."""
    who, now = _who(), clock.now()
    devices = [
        {
            "id": one.id,
            "words": one.device,
            "when": f"{say_date(clock.local_date(one.seen_at))} {say_time(one.seen_at)}",
            "here": one.id == who.session_id,
        }
        for one in queries.sessions_of(reading(), who.account_id, now)
    ]
    post = who.post
    return page(
        "accounts/account.html",
        who=who,
        role=ROLE_WORDS[post.role] if post else "",
        place=(post.station_name or post.area) if post else "",
        several=len(who.posts) > 1,
        work=_work(post.role) if post else [],
        devices=devices,
        done=request.args.get("done"),
    )


@bp.post("/account/sessions/<session_id>/end")
@needs()
def end_one(session_id: str) -> ResponseReturnValue:
    """Sign out on one device."""
    who = _who()
    with writing() as session:
        operations.end_session(session, who, session_id, clock.now())
        session.commit()
    if session_id == who.session_id:
        current.forget()
        return see(url_for("accounts.sign_in", out=1))
    return see(url_for("account.show", done="ended"))


@bp.post("/account/sessions/end-others")
@needs()
def end_others() -> ResponseReturnValue:
    """Sign out everywhere but here."""
    with writing() as session:
        operations.end_others(session, _who(), clock.now())
        session.commit()
    return see(url_for("account.show", done="ended"))


@bp.get("/account/password")
@needs()
def password() -> ResponseReturnValue:
    """Change it; the first one must be."""
    return _ask(Form.blank(PasswordForm))


@bp.post("/account/password")
@needs(secret=True)
def change_password() -> ResponseReturnValue:
    """The new one, when the old one is right and the new one is not easily guessed."""
    who, form = _who(), Form.read(PasswordForm, request.form)
    if form.ok:
        _look(who, form)
    if not form.ok:
        return _ask(form), 422
    hashed = passwords.hash_password(form.value.new)
    with writing() as session:
        operations.change_password(session, who, hashed, clock.now())
        session.commit()
    given = request.values.get("next")
    return see(own_path(given) if given else url_for("account.show", done="password"))


def _look(who: SignedIn, form: Form[PasswordForm]) -> None:
    """What is wrong with it, beside the field."""
    account, now = reading().get_one(Account, who.account_id), clock.now()
    counted = [attempts.key(current_app.extensions["keys"], "name", who.name)]  # as guesses at the sign-in are
    with writing() as session:
        until = attempts.begin(session, counted, now)
        if until is None:
            session.commit()
    if until is not None:
        form.errors["old"] = attempts.wait_words(until, now)
        return
    if not passwords.is_password(account.password_hash, form.value.old):
        form.errors["old"] = _("现在的密码不对。")
        return
    with writing() as session:
        attempts.forgive(session, counted)
        session.commit()
    if form.value.new == form.value.old:
        form.errors["new"] = _("新密码要和原来的不一样。")
    elif fault := passwords.weakness(form.value.new, names=(who.name, who.staff_name, account.phone or "")):
        form.errors["new"] = fault
    elif form.value.again != form.value.new:
        form.errors["again"] = _("两遍输的不一样，请再输一遍。")


def _ask(form: Form[PasswordForm]) -> str:
    given = request.values.get("next")
    return page(
        "accounts/password.html",
        form=form,
        must=_who().must_change,
        next=own_path(given) if given else "",
        least=passwords.LEAST,
    )
