"""/accounts: the system administrator's pages, for accounts whose posts lie inside the own area."""

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts import operations, passwords, queries
from accounts.current import current_actor
from accounts.doors import needs
from accounts.models import Account, Post
from accounts.operations import By, NewAccount, Refused
from accounts.places import new_post, places
from accounts.policy import Action
from accounts.schema import ROLE_WORDS, NewAccountForm, SearchForm
from common import clock
from common.db import reading, writing
from common.forms import Form
from common.i18n import gettext as _
from common.pages import page, see

bp = Blueprint("accounts_admin", __name__)

SHOWN = 50


@bp.get("/accounts")
@needs(Action.KEEP_ACCOUNTS)
def overview() -> ResponseReturnValue:
    """Accounts of the area, by sign-in name. Three statements with the sign-in."""
    form = Form.read(SearchForm, request.args)
    asked = form.value if form.ok else SearchForm()
    today = clock.local_date(clock.now())
    rows = queries.accounts_within(
        reading(), current_actor().area, today, words=asked.q, after=asked.after, limit=SHOWN + 1
    )
    posts = queries.posts_of(reading(), [row.id for row in rows[:SHOWN]], today)
    shown = [
        {
            "id": row.id,
            "name": row.name,
            "staff_name": row.staff_name,
            "active": row.active,
            "posts": [(ROLE_WORDS[one.role], one.station_name or one.area) for one in posts.get(row.id, [])],
        }
        for row in rows[:SHOWN]
    ]
    more = rows[SHOWN - 1].name if len(rows) > SHOWN else ""
    return page("accounts/overview.html", accounts=shown, q=asked.q, more=more)


@bp.get("/accounts/new")
@needs(Action.KEEP_ACCOUNTS)
def new() -> ResponseReturnValue:
    """A form for a new colleague."""
    return page("accounts/new.html", form=Form.blank(NewAccountForm))


@bp.post("/accounts/new")
@needs(Action.KEEP_ACCOUNTS)
def make() -> ResponseReturnValue:
    """Make the account and show its first password, this once."""
    form, actor = Form.read(NewAccountForm, request.form), current_actor()
    if not form.ok:
        return page("accounts/new.html", form=form), 422
    asked, password = form.value, passwords.first_password()
    hashed = passwords.hash_password(password)
    try:
        post = new_post(reading(), places(), asked.role, asked.area or "", asked.station or "")
        if not post.area.startswith(actor.area):
            raise Refused(_("只能给自己管辖范围里的岗位。"))
        with writing() as session:
            account = NewAccount(asked.name, asked.staff_name, hashed, [post], asked.phone)
            operations.make_account(session, account, by=_by(), now=clock.now())
            session.commit()
    except Refused as problem:
        form.errors["form"] = str(problem)
        return page("accounts/new.html", form=form), 422
    return page("accounts/first_password.html", name=asked.name, password=password)


@bp.get("/accounts/<account_id>")
@needs(Action.KEEP_ACCOUNTS)
def show(account_id: str) -> ResponseReturnValue:
    """One account: posts, and what can be done with it."""
    account, now = _account(reading(), account_id), clock.now()
    posts = queries.posts_of(reading(), [account.id], clock.local_date(now)).get(account.id, [])
    return page(
        "accounts/one.html",
        account=account,
        posts=[(one.id, ROLE_WORDS[one.role], one.station_name or one.area) for one in posts],
        devices=len(queries.sessions_of(reading(), account.id, now)),
        own=account.id == current_actor().account_id,
        done=request.args.get("done"),
    )


@bp.post("/accounts/<account_id>/end-sessions")
@needs(Action.KEEP_ACCOUNTS)
def end_sessions(account_id: str) -> ResponseReturnValue:
    """Sign them out everywhere."""
    with writing() as session:
        account = _account(session, account_id)
        operations.end_sessions(session, account, by=_by(), now=clock.now())
        session.commit()
    return see(url_for("accounts_admin.show", account_id=account_id, done="ended"))


@bp.post("/accounts/<account_id>/posts/<post_id>/end")
@needs(Action.KEEP_ACCOUNTS)
def end_post(account_id: str, post_id: str) -> ResponseReturnValue:
    """They do something else now. Cases they had taken up lie where they lay; others at that desk go on with them."""
    with writing() as session:
        account = _account(session, account_id, not_own=True)
        post = session.get(Post, post_id)
        if post is None or post.account_id != account.id:
            abort(404)
        operations.end_post(session, post, by=_by(), now=clock.now())
        session.commit()
    return see(url_for("accounts_admin.show", account_id=account_id, done="post"))


@bp.post("/accounts/<account_id>/close")
@needs(Action.KEEP_ACCOUNTS)
def close(account_id: str) -> ResponseReturnValue:
    """They do not work here any more."""
    with writing() as session:
        account = _account(session, account_id, not_own=True)
        if account.active:
            operations.close_account(session, account, by=_by(), now=clock.now())
        session.commit()
    return see(url_for("accounts_admin.show", account_id=account_id, done="closed"))


@bp.post("/accounts/<account_id>/reset-password")
@needs(Action.KEEP_ACCOUNTS)
def reset_password(account_id: str) -> ResponseReturnValue:
    """Another first password, shown this once; the second factor is set up anew."""
    password = passwords.first_password()
    hashed = passwords.hash_password(password)
    with writing() as session:
        account = _account(session, account_id, not_own=True)
        name = account.name
        operations.reset_password(session, account, hashed, by=_by(), now=clock.now())
        session.commit()
    return page("accounts/first_password.html", name=name, password=password)


def _account(session: Session, account_id: str, *, not_own: bool = False) -> Account:
    """An account of this administrator's area; one of another area is as if it were not there."""
    actor = current_actor()
    found = queries.account_within(session, account_id, actor.area, clock.local_date(clock.now()))
    if found is None or (not_own and found.id == actor.account_id):
        abort(404)
    return found


def _by() -> By:
    actor = current_actor()
    return By(actor.account_id, actor.role)
