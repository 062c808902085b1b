"""Whatever is put into an address, Menkou answers with a page or a sentence: never with a failure, never with a broken page.

The test client (tests/page_watcher.py) looks at every page that comes back: well-formed, nothing of the input as HTML.
Hypothesis chooses the combinations; HOSTILE is what people, scanners and broken phones really send.
"""

import json
import re
import shutil
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.addresses import addresses
from tests.builders import Make
from tests.conftest import BOTH, NOW, make_app
from tests.page_watcher import plain
from tests.statements import statements_of

STATEMENTS = 9  # for any one request; tests/test_budgets.py is stricter, page by page
EXAMPLES = 200  # for each test and database
HOSTILE = [
    *("", " ", "0", "-1", "1", "2", "15", "18", "33", "61", "62", "63", "64", "on", "true", "walk", "window", "none"),
    *(
        "nan",
        "NaN",
        "inf",
        "-inf",
        "Infinity",
        "1e400",
        "-1e400",
        "1e-400",
        "0x10",
        "1_000",
        "٣٦",
        "１１７",
        "３６．６５",
    ),
    *("36.65", "117.12", "36,65", "90.0000001", "-180.1", "179.999999999999", "+36", "36.65°N", "0.0", "-0.0"),
    *("9" * 19, "9" * 400, "-" + "9" * 30, "2147483648", "9223372036854775808", "1.7976931348623157e308"),
    *("370000", "370100", "370102", "370102001", "370102001001", "999999", "37010", "00000000000000000000", "37010²"),
    *(
        "\x00",
        "大桥\x00村",
        "\x1b[31m",
        "\r\nSet-Cookie: a=b",
        "\ud7ff",
        "\ufeff",
        "\u2028",
        "\u202e文反",
        "\u200b\u200d",
    ),
    *(
        "</script><script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "' OR 1=1 --",
        "%",
        "%%",
        "%_",
        "_",
        "\\",
    ),
    *("${7*7}", "#{7*7}", "<%= 7*7 %>", "%(name)s", "%s", "{0}", "{name.__class__}", "javascript:alert(1)", "data:,x"),
    *(
        "//example.com",
        "/\\example.com",
        "https://example.com",
        "../../etc/passwd",
        "..%2f..%2fapp.py",
        "/stations?x=1",
    ),
    *("😀", "👨‍👩‍👧‍👦", "𠀀𪚥", "z̷̢̛a̶l̸g̵o̴", "ﷺ" * 50, "大" * 61, "大" * 400, "长" * 10_000, "x" * 10_000, "a b c " * 50),
    *(
        "外地看病",
        "waidi",
        "wdkb",
        "大桥",
        "济南市历下区",
        "历下",
        "370102大桥",
        "大 桥",
        "ｄａｑｉａｏ",
        "()[]{}*?+^$|",
        "&amp;",
        "&#60;",
    ),
]
PARAMETERS = (
    "lat",
    "lon",
    "acc",
    "area",
    "at",
    "item",
    "channel",
    "open",
    "by",
    "m",
    "q",
    "big",
    "lang",
    "back",
    "done",
    "size",
    "x",
)
text = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(max_size=30),
    st.floats().map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.floats(-90, 90).map(str),
)
query = st.lists(st.tuples(st.sampled_from(PARAMETERS), text), max_size=6)
headers = st.fixed_dictionaries(
    {},
    optional={
        "HX-Request": st.sampled_from(["true", "false", ""]),
        "HX-History-Restore-Request": st.just("true"),
        "Accept-Encoding": st.sampled_from(["br", "gzip", "gzip;q=0", "nonsense"]),
        "Accept-Language": st.sampled_from(["en", "zh-TW", ";;;", "x" * 500]),
        "Cookie": st.sampled_from(["lang=en", "lang=fr", "big=1", "big=9; lang=zh", "session=broken.cookie.x", "=;=;"]),
        "Sec-Fetch-Site": st.sampled_from(["cross-site", "same-origin", "?"]),
    },
)
fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Site(NamedTuple):
    """A client on a small world, the addresses of every GET route in it, and the SQL statements said so far."""

    client: FlaskClient
    urls: list[str]
    statements: list[str]

    def __repr__(self) -> str:
        return "site"

    def check(self, url: str, method: str = "GET", **given: Any) -> None:
        """Ask; the answer must be one a person or a program can use, and cost little."""
        self.statements.clear()
        check(self.client.open(url, method=method, **given))
        assert len(self.statements) <= STATEMENTS, "\n\n".join([url[:500], *self.statements])


@pytest.fixture(scope="module", params=BOTH)
def site(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("fuzz")
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("demo_sqlite"), folder / "fuzz.sqlite3")
        app = make_app(f"sqlite:///{folder}/fuzz.sqlite3", folder)
    else:
        server, template = request.getfixturevalue("postgres_server"), request.getfixturevalue("loaded_postgres")
        app = make_app(server.copy(template, "fuzz"), folder)
        make = Make(app.extensions["db"], NOW)
        for number in range(5):
            make.station(f"大桥村{number}")
    app.testing = False  # a failure becomes a 500 here as it would for a reader
    client, known = app.test_client(), addresses(app)
    for address in known:
        client.get(address.url)  # loads reference data, once per process
    with statements_of(app.extensions["db"].engine) as statements:
        yield Site(client, sorted({address.url.split("?")[0] for address in known}), statements)
    app.extensions["db"].engine.dispose()


def check(response) -> None:
    """An answer a person or a program can use. (The client has looked at the page and the headers already.)"""
    assert response.status_code < 500, f"{response.status_code} {response.request.url}"
    assert response.status_code in {200, 303, 308, 400, 401, 404, 405, 410, 413, 414, 422, 429}
    assert len(response.data) < 100_000
    binary = response.mimetype in {"application/pdf", "image/png"} or response.request.path.startswith("/assets/")
    words = "" if binary else plain(response).decode()
    if response.status_code in {303, 308}:
        target = response.headers["Location"].removeprefix("http://localhost")
        assert re.match(r"/(?![/\\])", target), f"a redirect leads to {target}"
    elif response.mimetype == "application/json":
        answer = json.loads(words, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
        if response.status_code >= 400:
            sentences = list(answer["errors"].values()) if "errors" in answer else [answer["message"]]
            assert sentences
            assert all(re.search("[\u4e00-\u9fff]|[a-z]{3}", sentence) for sentence in sentences)
    elif response.mimetype == "text/html" and response.status_code in {404, 422}:
        assert re.search('role="alert"|class="note bad"|<h1>', words)


@fuzzed
@given(data=st.data())
def test_any_question_to_any_page_has_an_answer(site, data):
    url = data.draw(st.sampled_from(site.urls))
    asked = urlencode(data.draw(query), errors="surrogatepass")
    site.check(f"{url}?{asked}", headers=data.draw(headers))


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_no_hostile_value_breaks_a_parameter(site, value):
    near = {"lat": "36.65", "lon": "117.12", "m": "0"}
    for name in ("lat", "lon", "acc", "area", "item", "channel", "open", "by", "m"):
        site.check("/stations?" + urlencode(near | {name: value}))
        site.check("/api/v1/stations?" + urlencode(near | {name: value}))
    for url in ("/stations?at=", "/api/v1/stations?at=", "/search?q=", "/look?back=", "/stations/areas/370100?item="):
        site.check(url + quote(value))
    site.check("/services/items/2?at=" + quote(value))
    for url in ("/stations/", "/stations/areas/", "/answers/", "/services/", "/services/items/", "/api/v1/items/", "/"):
        site.check(url + quote(value, safe=""))


@fuzzed
@given(
    lat=st.floats(), lon=st.floats(), m=st.sampled_from(["15", "30", "60", "0"]), by=st.sampled_from(["walk", "car"])
)
@example(lat=90.0, lon=180.0, m="0", by="walk")
@example(lat=-90.0, lon=-180.0, m="60", by="car")
@example(lat=36.65, lon=5e-324, m="15", by="car")
def test_any_position_has_an_answer(site, lat, lon, m, by):
    site.check("/stations", query_string={"lat": lat, "lon": lon, "m": m, "by": by})


@fuzzed
@given(raw=st.binary(max_size=60), path=st.sampled_from(["/stations", "/search", "/api/v1/stations", "/look"]))
@example(raw=b"lat=%ff&lon=%fe", path="/stations")
@example(raw=b"q=%ed%a0%80", path="/search")
@example(raw=b"at=%C0%AF&at=1&at=2", path="/api/v1/stations")
@example(raw=b"&&=&==&%&%zz", path="/stations")
@example(raw=b"\x80", path="/search")
def test_any_bytes_in_the_query_have_an_answer(site, raw, path):
    site.check(path, environ_overrides={"QUERY_STRING": raw.decode("latin-1")})


@fuzzed
@given(fields=st.lists(st.tuples(st.sampled_from(["trouble", "words", "x"]), text), max_size=4))
def test_any_report_has_an_answer(site, fields):
    url = next(url for url in site.urls if url.endswith("/report"))
    site.check(url, "POST", data=urlencode(fields), content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"trouble=phone&" * 5000, "application/x-www-form-urlencoded"),
        (b"words=" + b"x" * 200_000, "application/x-www-form-urlencoded"),
        (b'{"trouble": "phone"}', "application/json"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"no boundary", "multipart/form-data"),
        (b"trouble=phone", "text/plain; charset=no-such-charset"),
    ],
)
def test_a_broken_body_has_an_answer(site, body, kind):
    url = next(url for url in site.urls if url.endswith("/report"))
    site.check(url, "POST", data=body, content_type=kind)
