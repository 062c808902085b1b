"""Whole pages, fragments for htmx, the way back, and what is said when a page cannot be shown."""

import pytest
from werkzeug.exceptions import HTTPException, default_exceptions

from common import pages
from tests.page_watcher import faults


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


NEAR = "/stations?lat=36.65&lon=117.12"


def test_htmx_gets_the_block_and_everybody_else_the_page(client, make):
    make.station()
    whole = client.get(NEAR).text
    block = client.get(NEAR, headers={"HX-Request": "true"}).text
    assert whole.startswith("<!doctype html>")
    assert block.lstrip().startswith('<div id="results"')
    assert block.strip() in whole.replace("\r\n", "\n")


def test_a_page_taken_out_of_history_is_whole(client):
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert client.get(NEAR, headers=headers).text.startswith("<!doctype html>")


def test_a_cache_keeps_page_and_fragment_and_languages_apart(client):
    assert {"HX-Request", "Cookie", "Accept-Encoding"} <= set(client.get(NEAR).headers["Vary"].split(", "))


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("/stations", "/stations"),
        ("/stations?lat=1&lon=2", "/stations?lat=1&lon=2"),
        ("/search?q=大桥", "/search?q=大桥"),
        (None, "/"),
        ("", "/"),
        ("stations", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        ("\\/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/stations\r\nSet-Cookie: a=b", "/"),
    ],
)
def test_a_link_back_never_leaves_the_site(app, client, given, path):
    with app.test_request_context():
        assert pages.own_path(given) == path
    response = client.get("/look", query_string={"big": "1"} | ({"back": given} if given is not None else {}))
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/")
    assert "evil.example" not in response.headers["Location"].split("?")[0]


@pytest.mark.parametrize("big", ["1", "0"])
def test_large_text_is_remembered_for_a_year_and_drawn_by_the_server(client, big):
    response = client.get(f"/look?big={big}&back=/stations")
    cookie = response.headers["Set-Cookie"]
    assert f"big={big};" in cookie
    assert "Max-Age=31536000" in cookie
    assert ("data-big" in client.get("/stations").text) == (big == "1")


def test_an_unknown_wish_is_not_remembered(client):
    assert "Set-Cookie" not in client.get("/look?big=2&lang=fr").headers


def test_cookies_travel_only_encrypted_where_the_page_did(client):
    over_https = client.get("/look?big=1", base_url="https://menkou.example")
    assert "Secure" in over_https.headers["Set-Cookie"]
    assert "Secure" not in client.get("/look?big=1").headers["Set-Cookie"]


@pytest.mark.parametrize("code", sorted(default_exceptions))
@pytest.mark.parametrize("path", ["/broken", "/api/broken"])
def test_every_error_says_in_words_what_to_do(app, code, path):
    def broken():
        raise default_exceptions[code]("secret words of the exception")

    app.add_url_rule(path, "broken", broken)
    response = app.test_client().get(path)
    assert response.status_code == code
    assert "secret" not in response.text
    if path.startswith("/api/"):
        assert set(response.get_json()) == {"error", "message"}
        assert response.get_json()["message"]
    else:
        assert faults(response.text, response.headers) == []


def test_an_unexpected_failure_tells_a_reader_nothing_of_its_inside(app):
    def fail():
        raise ValueError("王芳 110101199001011234")

    app.testing = False
    app.add_url_rule("/fail", "fail", fail)
    app.add_url_rule("/api/fail", "api_fail", fail)
    client = app.test_client()
    for path in ("/fail", "/api/fail"):
        response = client.get(path)
        assert response.status_code == 500
        assert "王芳" not in response.text
        assert "ValueError" not in response.text
        assert "12393" in response.text or path == "/api/fail"


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_what_was_typed_into_the_address_bar_is_understood_as_old_browsers_send_it(client, encoding):
    raw = "at=大桥".encode(encoding).decode("latin-1")
    response = client.get("/stations", environ_overrides={"QUERY_STRING": raw})
    assert response.status_code == 200
    assert 'value="大桥"' in response.text


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("/stations?at=" + "x" * 20_000, 414),
        ("/" + "x" * 20_000, 414),
        ("/stations?at=" + "大" * 10_000, 414),
        ("/stations?item=" + "9" * 10_000, 422),
        ("/search?q=" + "x" * 10_000, 422),
        ("/" + "x" * 10_000, 404),
        ("/stations/a%00b", 404),
        ("/stations?at=" + "大" * 60, 200),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_absurd_address_is_answered_shortly(client, url, status):
    response = client.get(url)
    assert response.status_code == status
    assert len(response.data) < 16_000


def test_words_for_errors_are_there_for_every_status(app):
    with app.test_request_context():
        for code in (*default_exceptions, 599):
            title, advice = pages.error_words(code)
            assert title
            assert advice


def test_http_exceptions_without_a_code_pass_through(app):
    from werkzeug.routing import RequestRedirect

    app.add_url_rule("/slash/", "slash", lambda: "ok")
    assert issubclass(RequestRedirect, HTTPException)
    assert app.test_client().get("/slash").status_code == 308
