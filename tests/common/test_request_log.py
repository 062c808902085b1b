"""One line of JSON per request, with which route and how long, and nothing of what anybody typed or is."""

import json
import logging

import pytest

from tests.conftest import make_app

PRIVATE = [
    "王芳",
    "%E7%8E%8B",
    "110101199001011234",
    "13805310000",
    "36.6512",
    "117.1201",
    "370102001777Z1",
    "203.0.113.9",
]


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture
def lines(caplog):
    """Every line of the log so far, parsed."""
    caplog.set_level(logging.INFO)
    return lambda: [json.loads(record.message) for record in caplog.records if record.name == "menkou.requests"]


def test_a_line_says_route_status_time_statements_and_bytes(client, lines):
    response = client.get("/readyz")
    line = lines()[-1]
    assert set(line) == {"at", "id", "method", "route", "status", "ms", "sql", "bytes"}
    assert (line["method"], line["route"], line["status"], line["sql"]) == ("GET", "/readyz", 200, 1)
    assert line["bytes"] == len(response.data)
    assert line["at"].startswith("2026-11-23T02:00")
    assert line["ms"] >= 0


def test_every_request_has_its_own_id(client, lines):
    client.get("/healthz")
    client.get("/healthz")
    first, second = lines()[-2:]
    assert first["id"] != second["id"]
    assert len(first["id"]) == 32


def test_nothing_typed_and_nobodys_address_is_written_down(client, make, caplog):
    caplog.set_level(logging.DEBUG)
    code = make.station(code="370102001777Z1")
    headers = {"User-Agent": "王芳的手机", "Referer": "http://x/13805310000", "X-Forwarded-For": "203.0.113.9"}
    given = {"at": "王芳", "lat": "36.6512", "lon": "117.1201", "q": "110101199001011234"}
    for path in ("/stations", "/search", f"/stations/{code}", "/nothing/13805310000", "/api/v1/stations"):
        client.get(path, query_string=given, headers=headers, environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    client.post(f"/stations/{code}/report", data={"trouble": "phone", "words": "王芳 13805310000"}, headers=headers)
    client.post(f"/stations/{code}/report", data={"trouble": "王芳"}, headers={"Sec-Fetch-Site": "cross-site"})
    written = "\n".join(record.getMessage() for record in caplog.records)
    assert written.count('"route"') == 7
    assert [private for private in PRIVATE if private in written] == []


def test_a_failure_is_logged_by_kind_and_place_only(app, caplog):
    def fail():
        raise ValueError("王芳 110101199001011234")

    app.testing = False
    app.add_url_rule("/fail", "fail", fail)
    app.test_client().get("/fail?name=王芳")
    written = [record.getMessage() for record in caplog.records if record.name == "menkou.errors"]
    assert len(written) == 1
    assert written[0].startswith("ValueError at test_request_log.py:")
    assert [private for private in PRIVATE if private in caplog.text] == []


def test_refused_and_unknown_requests_are_logged_too(client, lines):
    client.get("/no-such-page")
    client.post("/stations/x/report", headers={"Sec-Fetch-Site": "cross-site"})
    client.delete("/stations")
    assert [(line["route"], line["status"]) for line in lines()[-3:]] == [
        (None, 404),
        ("/stations/<code>/report", 403),
        (None, 405),
    ]


def test_lines_go_to_standard_error_one_json_each(database_url, tmp_path, capfd):
    logger = logging.getLogger("menkou.requests")
    before = logger.handlers, logger.level, logger.propagate
    try:
        app = make_app(database_url, tmp_path, log_requests=True)
        app.test_client().get("/healthz")
        app.extensions["db"].engine.dispose()
        output = capfd.readouterr()
    finally:
        logger.handlers, logger.level, logger.propagate = before
    assert output.out == ""
    assert json.loads(output.err)["route"] == "/healthz"
