"""Closed doors of the whole site: headers on every kind of answer, cookies, hosts, methods, sizes, and nothing shipped by mistake."""

import os
import re
import subprocess

import pytest

from common.settings import ROOT
from tests.addresses import addresses
from tests.page_watcher import header_faults

FORM = "application/x-www-form-urlencoded"
DIRECTIVES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}


@pytest.fixture
def client(demo_app):
    return demo_app.test_client()


@pytest.fixture
def report(demo_app):
    """The one address that takes a form."""
    return next(address.url for address in addresses(demo_app) if address.name == "stations.report")


def policy(response) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split(";")
    return {part.split()[0]: " ".join(part.split()[1:]) for part in parts}


@pytest.mark.parametrize("url", ["/", "/stations", "/no-such-page", "/stations/x/report", "/look"])
def test_pages_run_only_our_own_scripts_and_talk_to_nobody_else(client, url):
    said = policy(client.get(url))
    assert {name: said.get(name) for name in DIRECTIVES} == DIRECTIVES
    assert re.fullmatch(r"'nonce-[\w-]{22,}'", said["script-src"])
    assert said["img-src"] == "'self' data:"


@pytest.mark.parametrize("back", ["https://evil.example", "//evil.example", "/\\evil.example", "evil.example"])
def test_choosing_how_pages_look_leads_nowhere_else(client, back):
    response = client.get("/look", query_string={"big": "1", "back": back})
    assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_the_nonce_is_new_every_time(client):
    assert len({policy(client.get("/"))["script-src"] for _ in range(5)}) == 5


def test_every_answer_has_the_headers_whatever_it_is(client, demo_app, report):
    answers = [client.get(address.url) for address in addresses(demo_app)]
    answers += [client.get("/none"), client.delete("/"), client.post(report, data=b"x" * 70_000, content_type=FORM)]
    answers += [client.post(report, headers={"Sec-Fetch-Site": "cross-site"}), client.get("/x" * 10_000)]
    assert {answer.status_code for answer in answers} >= {200, 303, 403, 404, 405, 413, 414, 422}
    for answer in answers:
        assert header_faults(answer.headers) == [], answer.request.path


def test_pages_are_kept_by_nobody_between_us_and_the_reader(client, demo_app):
    for address in addresses(demo_app):
        response = client.get(address.url)
        if response.mimetype == "text/html" and response.status_code != 303:
            assert response.headers["Cache-Control"] == "private, no-cache", address.name


def test_nothing_tells_what_we_run_on(client):
    headers = client.get("/").headers
    assert "X-Powered-By" not in headers
    assert not re.search(r"\d", headers.get("Server", ""))


def test_no_page_sets_a_cookie_that_nobody_asked_for(client, demo_app):
    """No session for a reader: nothing to steal, nothing to consent to."""
    for address in addresses(demo_app):
        response = client.get(address.url)
        if address.endpoint != "preferences.look":
            assert "Set-Cookie" not in response.headers, address.name


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "TRACE", "PROPFIND"])
def test_a_page_answers_no_other_method(client, method):
    response = client.open("/stations", method=method)
    assert response.status_code == 405
    assert "这个地址不能这样打开" in response.text


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1@evil.example", "a b", "localhost\u00e9", "x" * 300, ""]
)
def test_a_forged_host_is_never_part_of_a_page(client, host):
    response = client.get("/stations", headers={"Host": host})
    assert response.status_code in {200, 400}
    assert "evil.example" not in response.text


def test_a_forged_proxy_header_changes_nothing(client):
    headers = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}
    response = client.get("/look?big=1&back=/stations", headers=headers)
    assert response.headers["Location"] == "/stations"


@pytest.mark.parametrize("kind", [FORM, "multipart/form-data; boundary=x"])
def test_a_body_larger_than_any_form_is_refused(client, report, kind):
    response = client.post(report, data=b"x" * 70_000, content_type=kind)
    assert response.status_code == 413
    assert "发来的内容太大" in response.text


@pytest.mark.parametrize(
    "path",
    [
        "/.env",
        "/.git/config",
        "/var/menkou.sqlite3",
        "/static/app.css",
        "/app.py",
        "/assets/../app.py",
        "/admin",
        "/debug",
        "/console",
    ],
)
def test_nothing_beside_the_pages_is_there(client, path):
    assert client.get(path).status_code == 404


def test_hostile_words_come_back_as_words(client):
    hostile = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    for url in ("/stations", "/search"):
        page = client.get(url, query_string={"at": hostile, "q": hostile}).text
        assert "<script>alert" not in page
        assert "<img" not in page


def test_a_hostile_station_is_only_text(client, make_hostile):
    client, code = make_hostile
    for url in (
        f"/stations/{code}",
        "/stations?lat=36.6512&lon=117.1201",
        f"/stations/{code}/report",
        "/search?q=hostile",
    ):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert 'href="javascript' not in page


@pytest.fixture
def make_hostile(app, make, sqlite_url):
    name = 'hostile"><script>alert(1)</script>\u202e${7*7}<%= 7*7 %>' + "长" * 40
    address = "javascript:alert(1)\"'><b>" + "路" * 100
    return app.test_client(), make.station(name[:120], address=address[:200], phone="0531-000'\"<b>")


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


# What must not be in the repository. Each pattern is put together so that this file does not hold what it looks for.
SECRETS = [
    "-----BEGIN " + "[A-Z ]*PRIVATE KEY-----",
    "AK" + "IA[0-9A-Z]{16}",
    "gh" + "[pousr]_[A-Za-z0-9]{30,}",
    r"(?i)(pass" + r"word|secret|token|api_?key)\s*[=:]\s*['\"][A-Za-z0-9+/_-]{12,}['\"]",
    r"\b1[1-6][0-9]{4}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9]{4}[0-9Xx]\b",
]
HOSTS_NAMED = {"www.w3.org", "doi.org"}


def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        message = "not a git checkout: nobody looked for secrets"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("pattern", SECRETS, ids=range(len(SECRETS)))
def test_no_secret_and_no_persons_number_is_in_the_repository(pattern):
    found = []
    for name in tracked():
        if name.startswith("tests/") or name.endswith((".lock", ".gz", ".png", ".geojson", "package-lock.json")):
            continue
        text = (ROOT / name).read_text(encoding="utf-8", errors="ignore")
        found += [f"{name}: {match.group()[:12]}…" for match in re.finditer(pattern, text)]
    assert found == []


def test_no_address_of_a_package_registry_is_written_down():
    """Where packages come from is each machine's own setting."""
    for name in tracked():
        if name.endswith((".lock", "package-lock.json", ".npmrc", "pyproject.toml", "Makefile")):
            text = (ROOT / name).read_text(encoding="utf-8")
            assert not re.search(r"https?://(?!github\.com)[^\s\"']*(pypi|npm|registry|index|mirror|simple)", text), (
                name
            )


def test_data_and_secrets_of_a_running_menkou_are_not_tracked():
    names = tracked()
    assert not [
        name for name in names if name.startswith(("var/", ".env/", "node_modules/", ".venv/")) or name == ".env"
    ]
    assert not [name for name in names if re.search(r"\.(sqlite3?|db|pem|key|p12|log)$", name)]
