"""Every route opened as every role, in the area and outside, and as a stranger: from the routes themselves, so that a new
one is looked at without being named here. What belongs to somebody is named: an account in OBJECTS, a case, its papers,
draft and messages in tests/cases/desk/foreign.py; a route to such a thing that is named nowhere fails.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest
import sqlalchemy as sa
from flask import Flask

from accounts.models import Account, Post
from accounts.policy import MAY, Action, Actor, Role, may
from tests.accounts.staff import AREAS, COUNTY, client_of
from tests.addresses import NOT_PAGES
from tests.cases.desk.foreign import FOREIGN
from tests.conftest import make_app

ELSEWHERE = {2: "37", 4: "3702", 6: "370202", 9: "370202001"}  # an area of as many digits that is not Jinan's
EXAMPLE = "0" * 32  # an id that nothing has


class Object(NamedTuple):
    """Something that belongs to an area. `values(app)` makes the route's arguments; `roles`: who in its area may open it."""

    endpoint: str
    values: Callable[[Flask], dict[str, str]]
    roles: frozenset[Role]


def an_account(app: Flask) -> dict[str, str]:
    """Of a helper in Lixia."""
    with app.extensions["db"].read_session() as session:
        return {"account_id": session.scalars(sa.select(Account.id).where(Account.name == "foreign")).one()}


def a_post(app: Flask) -> dict[str, str]:
    """The one of that helper."""
    account = an_account(app)
    with app.extensions["db"].read_session() as session:
        found = sa.select(Post.id).where(Post.account_id == account["account_id"])
        return account | {"post_id": session.scalars(found).one()}


KEEPERS = frozenset({Role.SYSTEM_ADMIN})
OBJECTS = [
    Object("accounts_admin.show", an_account, KEEPERS),
    Object("accounts_admin.end_sessions", an_account, KEEPERS),
    Object("accounts_admin.reset_password", an_account, KEEPERS),
    Object("accounts_admin.end_post", a_post, KEEPERS),
    Object("accounts_admin.close", an_account, KEEPERS),
]
OWN = {"account.end_one"}  # a sign-in of one's own: tests/accounts/test_sign_in.py
BY_HOLDER = ("papers.", "follow.")  # doors for everyone, behind which the holder's rights or a pass decide


@pytest.fixture(scope="module")
def staffed(demo_sqlite, tmp_path_factory):
    """Demo data, and a signed-in client of every role: in Lixia, and in another city."""
    import shutil

    from tests.accounts.staff import make_account

    folder = tmp_path_factory.mktemp("rights")
    shutil.copy(demo_sqlite, folder / "demo.sqlite3")
    app = make_app(f"sqlite:///{folder}/demo.sqlite3", folder, demo_stations=300)
    make_account(app, Role.HELPER, name="foreign")
    app.inside = {role: client_of(app, role) for role in Role}
    app.outside = {role: client_of(app, role, area=ELSEWHERE[len(AREAS[role])], station_code="ST999") for role in Role}
    yield app
    app.extensions["db"].engine.dispose()


def guarded(app):
    """(endpoint, method, address, actions) of every route that is not for everyone."""
    for rule in app.url_map.iter_rules():
        door = app.view_functions[rule.endpoint].door
        if isinstance(door, frozenset):
            with app.test_request_context():
                url = app.url_map.bind("localhost").build(rule.endpoint, dict.fromkeys(rule.arguments, EXAMPLE))
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule.endpoint, method, url, door


def test_there_is_something_to_guard(staffed):
    assert len(list(guarded(staffed))) >= 10


def test_a_stranger_is_led_to_the_sign_in_by_every_guarded_route(staffed):
    for endpoint, method, url, _door in guarded(staffed):
        answer = staffed.test_client().open(url, method=method)
        if url.startswith("/api/"):
            assert answer.status_code == 401, f"{method} {url}"
            assert answer.json["message"]
        else:
            assert answer.status_code == 303, f"{method} {url}"
            assert answer.headers["Location"].startswith("/sign-in"), f"{endpoint} {url}"


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_what_its_actions_allow_and_nothing_else(staffed, role):
    for _endpoint, method, url, door in guarded(staffed):
        if url.endswith("/end-others") or "/sessions/" in url:
            continue  # one's own
        status = staffed.inside[role].open(url, method=method).status_code
        allowed = not door or bool(MAY[role] & door)
        assert (status != 403) == allowed, f"{role}: {method} {url} gives {status}"
        assert status < 500, f"{role}: {method} {url} gives {status}"


@pytest.mark.parametrize("role", Role)
def test_a_role_may_open_every_page_that_is_for_everyone(staffed, role):
    for rule in staffed.url_map.iter_rules():
        view = staffed.view_functions[rule.endpoint]
        if rule.arguments or "GET" not in rule.methods or isinstance(view.door, frozenset):
            continue
        if rule.endpoint.startswith(NOT_PAGES):
            continue
        assert staffed.inside[role].get(rule.rule).status_code in {200, 303, 422}, rule.rule


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("thing", OBJECTS, ids=lambda thing: thing.endpoint)
def test_what_belongs_to_another_area_is_as_if_it_were_not_there(staffed, role, thing):
    rule = next(rule for rule in staffed.url_map.iter_rules() if rule.endpoint == thing.endpoint)
    method = "GET" if "GET" in rule.methods else "POST"
    with staffed.test_request_context():
        url = staffed.url_map.bind("localhost").build(thing.endpoint, thing.values(staffed))
    outside = staffed.outside[role].open(url, method=method).status_code
    everywhere = len(ELSEWHERE[len(AREAS[role])]) == 2  # the province has no outside
    assert outside in {403, 404} or (everywhere and role in thing.roles), f"{role} outside: {outside}"
    if method == "GET":
        inside = staffed.inside[role].open(url).status_code
        assert (inside == 200) == (role in thing.roles), f"{role} inside: {inside}"
    assert staffed.test_client().open(url, method=method).status_code in {303, 401}


def test_every_route_to_what_belongs_to_somebody_is_tried_in_the_wrong_hands(staffed):
    """A new one belongs into OBJECTS or FOREIGN."""
    found = set()
    for rule in staffed.url_map.iter_rules():
        door = staffed.view_functions[rule.endpoint].door
        if (isinstance(door, frozenset) and rule.arguments) or rule.endpoint.startswith(BY_HOLDER):
            found.add(rule.endpoint)
    named = [thing.endpoint for thing in OBJECTS] + [one.endpoint for one in FOREIGN] + sorted(OWN)
    assert sorted(named) == sorted(found)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("role", Role)
def test_the_one_function_answers_by_role_area_and_station(role, action):
    area = AREAS[role]
    actor = Actor("a", "赵敏", role, "p", area, "ST001" if role is Role.HELPER else None)
    granted = action in MAY[role]
    assert may(actor, action) == granted
    town = (area + "102001")[:9] if len(area) < 9 else area
    assert may(actor, action, town, "ST001") == granted
    assert not may(actor, action, "370202001", "ST001") or role is Role.PROVINCE_ADMIN
    if role is Role.HELPER:
        assert not may(actor, action, town, "ST002"), "a helper works at one station"


def test_every_role_is_named_once():
    assert set(MAY) == set(Role) == set(AREAS)
    assert COUNTY.startswith("37")
