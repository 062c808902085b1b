"""Staff for tests: accounts with posts, and clients that are signed in. `PASSWORD` is everybody's, hashed once."""

import functools
from collections.abc import Iterable
from datetime import datetime
from itertools import count

import flask_login  # noqa: F401
from flask import Flask
from flask.testing import FlaskClient

from accounts import operations, passwords
from accounts.operations import OPERATOR, NewAccount, NewPost
from accounts.policy import Role
from accounts.queries import token_hash

PASSWORD = "yellow-river-boat-42"
COUNTY = "370102"
AREAS = {
    Role.HELPER: COUNTY + "001",
    Role.CLERK: COUNTY + "001",
    Role.COUNTY_OFFICER: COUNTY,
    Role.BUREAU_VIEWER: COUNTY,
    Role.CITY_ADMIN: COUNTY[:4],
    Role.PROVINCE_ADMIN: "37",
    Role.SYSTEM_ADMIN: COUNTY,
    Role.SECURITY_AUDITOR: COUNTY,
}
_numbers = count(1)


@functools.cache
def _hash() -> str:
    return passwords.hash_password(PASSWORD)


def make_account(
    app: Flask,
    role: Role | Iterable[Role] = Role.HELPER,
    *,
    area: str | None = None,
    station_code: str | None = "ST001",
    name: str | None = None,
    must_change: bool = False,
    now: datetime | None = None,
) -> str:
    """The id of a new account with one post for each role."""
    roles = [role] if isinstance(role, Role) else list(role)
    posts = [
        NewPost(
            one,
            area or AREAS[one],
            station_code if one in {Role.HELPER, Role.CLERK} else None,
            "大桥村医保工作站" if one in {Role.HELPER, Role.CLERK} else None,
        )
        for one in roles
    ]
    name = name or f"staff{next(_numbers)}"
    database, now = app.extensions["db"], now or app.extensions["clock"].now()
    with database.writing() as session:
        new = NewAccount(name, "赵敏", _hash(), posts, must_change=must_change)
        account_id = operations.make_account(session, new, by=OPERATOR, now=now).id
        session.commit()
    return account_id


def sign_in(app: Flask, client: FlaskClient, account_id: str, *, second: bool = True) -> str:
    """Sign `client` in without typing anything; `second`: with the second factor passed. Returns the token."""
    database, now = app.extensions["db"], app.extensions["clock"].now()
    with database.writing() as session:
        token = operations.start_session(session, account_id, device="Chrome·Android", now=now)
        if second:
            found = session.query(operations.SignInSession).filter_by(token_hash=token_hash(token)).one()
            found.second_passed = True
        session.commit()
    with client.session_transaction() as kept:
        kept["_user_id"] = token
        kept.permanent = True
    return token


def client_of(app: Flask, role: Role | Iterable[Role] = Role.HELPER, **facts: object) -> FlaskClient:
    """A client that is signed in with that role."""
    client = app.test_client()
    sign_in(app, client, make_account(app, role, **facts))  # type: ignore[arg-type]
    return client
