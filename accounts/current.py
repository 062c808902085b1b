"""Who is asking: read from the sign-in session of the cookie, once per request, and only when somebody wants to know."""

import flask_login
from flask import current_app, g, request, session

from accounts import queries
from accounts.policy import Actor
from accounts.queries import SignedIn
from common import clock
from common.db import reading


def load(token: str) -> SignedIn | None:
    """Flask-Login's user loader: whose token this is. One statement."""
    return queries.signed_in(reading(), token, clock.now())


def signed_in() -> SignedIn | None:
    """Who typed the right password, whatever may still be missing. Costs nothing without a cookie."""
    if current_app.config["SESSION_COOKIE_NAME"] not in request.cookies:
        return None
    found = flask_login.current_user._get_current_object()
    return found if isinstance(found, SignedIn) else None


def maybe_actor() -> Actor | None:
    """Who acts, for a page that strangers open too; None for everybody whose sign-in is not complete."""
    if "actor" not in g:
        who = signed_in()
        g.actor = who.actor if who is not None and who.missing(clock.now()) is None else None
    actor: Actor | None = g.actor
    return actor


def current_actor() -> Actor:
    """Who acts, in a view behind `needs(...)`."""
    actor = maybe_actor()
    if actor is None:
        raise RuntimeError("current_actor() was asked in a view without needs(...)")
    return actor


def remember(token: str) -> SignedIn:
    """Put the token into the cookie, and nothing else; whatever another person left there goes."""
    session.clear()
    who = load(token)
    if who is None:
        raise RuntimeError("a token was to be remembered that is nobody's")
    flask_login.login_user(who)
    for name in ("_id", "_fresh"):  # of Flask-Login's session protection, which is off
        session.pop(name, None)
    session.permanent = True
    return who


def forget() -> None:
    """Sign this browser out."""
    flask_login.logout_user()
    session.clear()
