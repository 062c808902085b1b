"""Signing in, step by step: password, second factor, post. Strangers open these pages; each leads to the step that is due."""

from datetime import datetime

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from accounts import attempts, current, operations, passwords, queries, second_factor
from accounts.attempts import Key
from accounts.device import device_words
from accounts.doors import STEPS
from accounts.models import Account
from accounts.queries import SignedIn, Step
from accounts.schema import ROLE_WORDS, CodeForm, FirstCodeForm, PostForm, SignInForm, UnlockForm
from common import clock
from common.db import reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.i18n import gettext as _
from common.pages import own_path, page, see
from common.sealing import KeyRing

bp = Blueprint("accounts", __name__)


@bp.after_request
def _kept_by_nobody(response: Response) -> Response:
    """Secrets, recovery codes, and forms carried over a pause stand on these pages."""
    if request.endpoint != "accounts.sign_in":  # the empty form is like any other page
        response.headers["Cache-Control"] = "private, no-store"
    return response


def wrong_words() -> str:
    """The one sentence for every wrong name or password: it tells nobody which names exist."""
    return _("用户名或密码不对。")


# The password


@bp.get("/sign-in")
@open_to(EVERYONE)
def sign_in() -> ResponseReturnValue:
    """Name and password; whoever is signed in already goes on."""
    who = current.signed_in()
    if who is not None:
        return _onward(who)
    return _ask(Form.blank(SignInForm), out=request.args.get("out") == "1")


@bp.post("/sign-in")
@open_to(EVERYONE)
def check_password() -> ResponseReturnValue:
    """Sign in, or say that name or password are wrong and how long to wait. The same work for names nobody has."""
    form = Form.read(SignInForm, request.form)
    if not form.ok:
        return _ask(form), 422
    now = clock.now()
    name = attempts.key(_keys(), "name", form.value.name)
    address = attempts.of_address(_keys(), "sign_in", request.remote_addr, now)
    counted = [name, *address]
    with writing() as session:
        until = attempts.begin(session, counted, now)
        if until is None:
            session.commit()
    if until is not None:
        form.errors["form"] = attempts.wait_words(until, now)
        return _ask(form), 429
    account = queries.account_named(reading(), form.value.name)
    known = account if account is not None and account.active else None
    if not passwords.is_password(known.password_hash if known else None, form.value.password) or known is None:
        with writing() as session:
            operations.note_failure(session, "sign_in.refused", name.digest, account.id if account else None, now)
            until = attempts.waiting_until(session, counted, now)
            session.commit()
        form.errors["form"] = " ".join(filter(None, (wrong_words(), attempts.wait_words(until, now) if until else "")))
        return _ask(form), 422
    secret = second_factor.new_secret()  # in case the phone has to be set up
    with writing() as session:
        attempts.forgive(session, [name], address)
        if not known.totp_on:
            operations.offer_secret(session, known.id, secret)
        token = operations.start_session(session, known.id, device=device_words(request.user_agent.string), now=now)
        session.commit()
    reading().rollback()  # to see what was just written
    return _onward(current.remember(token))


@bp.post("/sign-out")
@open_to(EVERYONE)
def sign_out() -> ResponseReturnValue:
    """End this sign-in."""
    who = current.signed_in()
    if who is not None:
        with writing() as session:
            operations.end_session(session, who, who.session_id, clock.now())
            session.commit()
    current.forget()
    return see(url_for("accounts.sign_in", out=1))


# The password again


@bp.get("/sign-in/unlock")
@open_to(EVERYONE)
def unlock() -> ResponseReturnValue:
    """After a long pause: the password again, then back to the same page."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) is not Step.UNLOCK:
        return _onward(who)
    return _ask_again(who)


@bp.post("/sign-in/unlock")
@open_to(EVERYONE)
def check_unlock() -> ResponseReturnValue:
    """Go on, with the form that was on its way when there is one."""
    who = current.signed_in()
    if who is None:
        return _onward(who)
    form, now = Form.read(UnlockForm, request.form), clock.now()
    if not form.ok:
        return _ask_again(who, form.errors), 422
    counted = [attempts.key(_keys(), "name", who.name)]
    fault = _try(who, counted, now, lambda account: passwords.is_password(account.password_hash, form.value.password))
    if fault is not None:
        return _ask_again(who, {"password": fault or _("密码不对。")}), 422
    with writing() as session:
        attempts.forgive(session, counted)
        operations.seen(session, who, now)
        session.commit()
    if kept := _carried():
        return page("accounts/again.html", to=own_path(request.form.get("next")), kept=kept)
    return see(_next())


def _ask_again(who: SignedIn, errors: dict[str, str] | None = None) -> str:
    return page("accounts/unlock.html", name=who.name, errors=errors or {}, next=_asked(), kept=_carried())


def _carried() -> list[tuple[str, str]]:
    """The form that was on its way when the sign-in was locked (accounts/doors.py), so that nothing typed is lost."""
    sent = request.form.items(multi=True)
    return [(name.removeprefix("kept."), value) for name, value in sent if name.startswith("kept.")]


# The second factor


@bp.get("/sign-in/code")
@open_to(EVERYONE)
def code() -> ResponseReturnValue:
    """The code of the authenticator app, or a recovery code."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) is not Step.CODE:
        return _onward(who)
    return page("accounts/code.html", form=Form.blank(CodeForm), next=_asked())


@bp.post("/sign-in/code")
@open_to(EVERYONE)
def check_code() -> ResponseReturnValue:
    """Pass with a code; each is good once."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) is not Step.CODE:
        return _onward(who)
    form, now = Form.read(CodeForm, request.form), clock.now()
    counted = [attempts.key(_keys(), "code", who.account_id)]
    if form.ok:
        fault = _try(who, counted, now, lambda account: _pass(who, account, form.value.code, now))
        if fault is None:
            with writing() as session:
                attempts.forgive(session, counted)
                session.commit()
            reading().rollback()
            return _onward(current.load(who.token))
        form.errors["code"] = fault or _("动态码不对，或者用过了。等下一个再填。")
    return page("accounts/code.html", form=form, next=_asked()), 422


def _pass(who: SignedIn, account: Account, typed: str, now: datetime) -> bool:
    """Whether this code is good; if so it is used."""
    digits = second_factor.digits_of(typed)
    if digits.isascii() and digits.isdigit() and len(digits) == 6:
        step = second_factor.used_step(account.totp_secret or "", digits, last=account.totp_step)
        if step is None:
            return False
        with writing() as session:
            passed = operations.use_step(session, who, step, now)
            session.commit()
        return passed
    digest = second_factor.recovery_hash(_keys(), typed)
    with writing() as session:
        passed = operations.use_recovery_code(session, who, digest, now)
        session.commit()
    return passed


@bp.get("/sign-in/enrol")
@open_to(EVERYONE)
def enrol() -> ResponseReturnValue:
    """A picture for the authenticator app, the same to be typed, and a field for its first code."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) is not Step.ENROL:
        return _onward(who)
    return _show_secret(who, Form.blank(FirstCodeForm))


@bp.post("/sign-in/enrol")
@open_to(EVERYONE)
def check_enrol() -> ResponseReturnValue:
    """The first code is right: show the recovery codes, this once."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) is not Step.ENROL:
        return _onward(who)
    form, now = Form.read(FirstCodeForm, request.form), clock.now()
    if not form.ok:
        return _show_secret(who, form, 422)
    counted = [attempts.key(_keys(), "code", who.account_id)]
    steps: list[int] = []

    def right(account: Account) -> bool:
        step = second_factor.used_step(account.totp_secret or "", form.value.code, last=account.totp_step)
        steps.extend([step] if step else [])
        return step is not None

    fault = _try(who, counted, now, right)
    if fault is not None:
        form.errors["code"] = fault or _("动态码不对。看看手机的时间准不准，再填新的。")
        return _show_secret(who, form, 422)
    codes = second_factor.new_recovery_codes()
    with writing() as session:
        attempts.forgive(session, counted)
        operations.enrol(session, who, steps[0], [second_factor.recovery_hash(_keys(), one) for one in codes], now)
        session.commit()
    return page("accounts/recovery.html", codes=codes, next=_next(), name=who.name)


def _show_secret(who: SignedIn, form: Form[FirstCodeForm], status: int = 200) -> ResponseReturnValue:
    account = reading().get_one(Account, who.account_id)
    if account.totp_secret is None:  # a post above clerk was given while signed in: sign in anew
        current.forget()
        return see(url_for("accounts.sign_in", next=_asked() or None))
    box, path = second_factor.picture(second_factor.address(account.totp_secret, who.name))
    secret = second_factor.groups(account.totp_secret)
    return page("accounts/enrol.html", form=form, box=box, path=path, secret=secret, next=_asked()), status


# The post


@bp.get("/sign-in/post")
@open_to(EVERYONE)
def post() -> ResponseReturnValue:
    """Which of several posts; or that there is none today."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) not in {Step.POST, Step.NO_POST, None}:
        return _onward(who)
    return _show_posts(who, {})


@bp.post("/sign-in/post")
@open_to(EVERYONE)
def choose_post() -> ResponseReturnValue:
    """Work at this one."""
    who = current.signed_in()
    if who is None or who.missing(clock.now()) not in {Step.POST, None}:
        return _onward(who)
    form = Form.read(PostForm, request.form)
    if not form.ok:
        return _show_posts(who, {"post": _("请选一个岗位。")}), 422
    try:
        with writing() as session:
            operations.choose_post(session, who, form.value.post)
            session.commit()
    except operations.Refused as problem:
        return _show_posts(who, {"post": str(problem)}), 422
    return see(_next())


def _show_posts(who: SignedIn, errors: dict[str, str]) -> str:
    posts = [(one.id, ROLE_WORDS[one.role], one.station_name or one.area) for one in who.posts]
    return page("accounts/post.html", posts=posts, chosen=who.post_id, errors=errors, next=_asked())


# What they share


def _ask(form: Form[SignInForm], *, out: bool = False) -> str:
    return page("accounts/sign_in.html", form=form, next=_asked(), out=out)


def _onward(who: SignedIn | None) -> ResponseReturnValue:
    """To the step that is due, or to where they wanted to go."""
    if who is None:
        return see(url_for("accounts.sign_in", next=_asked() or None))
    step = who.missing(clock.now())
    return see(_next() if step is None else url_for(STEPS[step], next=_asked() or None))


def _asked() -> str:
    """Where they wanted to go; nothing when nowhere."""
    given = request.values.get("next")
    return own_path(given) if given else ""


def _next() -> str:
    """Where they wanted to go, else where their work begins."""
    return _asked() or url_for("account.begin")


def _try(who: SignedIn, counted: list[Key], now: datetime, right: object) -> str | None:
    """None when `right(account)`; else what to say, "" when that is only that it was wrong. Counted before it is checked."""
    with writing() as session:
        until = attempts.begin(session, counted, now)
        if until is None:
            session.commit()
    if until is not None:
        return attempts.wait_words(until, now)
    account = reading().get_one(Account, who.account_id)
    if right(account):  # type: ignore[operator]
        return None
    with writing() as session:
        operations.note_failure(session, f"{counted[0].kind}.refused", counted[0].digest, who.account_id, now)
        until = attempts.waiting_until(session, counted, now)
        session.commit()
    return attempts.wait_words(until, now) if until else ""


def _keys() -> KeyRing:
    keys: KeyRing = current_app.extensions["keys"]
    return keys
