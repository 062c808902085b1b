"""Every route says who may open it, and opens for nobody else."""

import pytest

from accounts.policy import Action
from common.doors import DEVELOPMENT, EVERYONE
from tests.addresses import addresses
from tests.conftest import make_app

KNOWN_DOORS = {EVERYONE, DEVELOPMENT}


@pytest.fixture(scope="module")
def developing(demo_sqlite, tmp_path_factory):
    app = make_app(f"sqlite:///{demo_sqlite}", tmp_path_factory.mktemp("developing"), development=True)
    yield app
    app.extensions["db"].engine.dispose()


def views(app):
    return [(rule, app.view_functions[rule.endpoint]) for rule in app.url_map.iter_rules()]


def is_door(door):
    """One of the open ones, or what needs(…) wrote down: actions, none of them for everybody who is signed in."""
    return door in KNOWN_DOORS or (isinstance(door, frozenset) and door <= set(Action))


def test_every_route_says_who_may_open_it(developing):
    undeclared = [rule.rule for rule, view in views(developing) if not is_door(getattr(view, "door", None))]
    assert not undeclared, f"put @open_to(…) or @needs(…) under the route of {undeclared}"


def test_nothing_of_development_exists_where_people_use_menkou(demo_app, developing):
    only_there = {rule.rule for rule, view in views(developing) if view.door == DEVELOPMENT}
    assert "/_ui" in only_there
    assert not only_there & {rule.rule for rule in demo_app.url_map.iter_rules()}
    client = demo_app.test_client()
    assert {client.get(rule).status_code for rule in only_there} == {404}


def test_a_stranger_opens_every_page_that_is_for_everyone_and_is_led_to_the_sign_in_by_the_others(demo_app):
    client = demo_app.test_client()
    for address in addresses(demo_app):
        view = demo_app.view_functions[address.endpoint]
        response = client.get(address.url)
        assert response.status_code == address.status, f"{address.name}: {address.url}"
        if view.door != EVERYONE and address.status == 303:
            assert response.headers["Location"].startswith("/sign-in?next="), address.url


def test_the_same_pages_open_in_english_and_in_large_text(demo_app):
    client = demo_app.test_client()
    client.set_cookie("lang", "en")
    client.set_cookie("big", "1")
    for address in addresses(demo_app):
        assert client.get(address.url).status_code == address.status, f"{address.name}: {address.url}"


def test_head_says_the_same_as_get_and_sends_nothing(demo_app):
    client = demo_app.test_client()
    for address in addresses(demo_app):
        response = client.head(address.url)
        assert (response.status_code, response.data) == (address.status, b""), address.url


def test_looking_never_writes(demo_app):
    """GET is repeated by browsers, previews and robots."""
    database, client = demo_app.extensions["db"], demo_app.test_client()
    with database.engine.connect() as connection:
        before = connection.exec_driver_sql("PRAGMA data_version").scalar()
        for address in addresses(demo_app):
            client.get(address.url)
        assert connection.exec_driver_sql("PRAGMA data_version").scalar() == before


FOREIGN = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
    {"Origin": "https://example.com"},
    {"Origin": "http://localhost.example.com"},
    {"Origin": "null"},
]
OWN = [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}, {}]


def writes(app):
    """(method, address) of every route that changes something."""
    for rule in app.url_map.iter_rules():
        for method in rule.methods - {"GET", "HEAD", "OPTIONS"}:
            values = dict.fromkeys(rule.arguments, "1")
            with app.test_request_context():
                yield method, app.url_map.bind("localhost").build(rule.endpoint, values)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
def test_a_write_that_another_site_started_is_refused(demo_app, headers):
    for method, url in writes(demo_app):
        response = demo_app.test_client().open(url, method=method, headers=headers, data={"trouble": "phone"})
        assert response.status_code == 403, f"{method} {url}"
        assert "这一步不能从别的网站发起" in (response.json["message"] if response.is_json else response.text)


@pytest.mark.parametrize("headers", OWN, ids=str)
def test_our_own_pages_may_write(demo_app, headers):
    for method, url in writes(demo_app):
        response = demo_app.test_client().open(url, method=method, headers=headers)
        assert response.status_code != 403, f"{method} {url}"


def test_there_is_a_write_to_try(demo_app):
    assert list(writes(demo_app))
