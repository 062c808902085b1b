"""Text goes out as small as the browser can read it, and never in a way it cannot."""

import gzip

import brotli
import pytest
from flask import Response


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


LONG = "门口的医保工作站。" * 200


@pytest.fixture
def get(app):
    answers = {
        "page": lambda: Response(LONG, mimetype="text/html"),
        "json": lambda: {"words": LONG},
        "short": lambda: Response("短", mimetype="text/plain"),
        "picture": lambda: Response(LONG.encode(), mimetype="image/png"),
        "streamed": lambda: Response(iter([LONG]), mimetype="text/csv"),
        "done": lambda: Response(
            gzip.compress(LONG.encode()), mimetype="text/plain", headers={"Content-Encoding": "gzip"}
        ),
        "nothing": lambda: Response(status=204, mimetype="text/plain"),
    }
    for name, answer in answers.items():
        app.add_url_rule(f"/{name}", name, answer)
    app.test_client_class = None
    client = app.test_client()
    return lambda name, accepts: client.get(f"/{name}", headers={"Accept-Encoding": accepts})


@pytest.mark.parametrize("name", ["page", "json"])
@pytest.mark.parametrize(
    ("accepts", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("br", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("identity", None),
        ("brotli-of-its-own", None),
        ("", None),
    ],
)
def test_text_is_compressed_as_the_browser_likes_it(get, name, accepts, encoding):
    response = get(name, accepts)
    assert response.headers.get("Content-Encoding") == encoding
    assert "Accept-Encoding" in response.headers["Vary"]
    plain = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[encoding](response.data)
    assert LONG in plain.decode() or "\\u" in plain.decode()
    assert int(response.headers["Content-Length"]) == len(response.data)
    if encoding:
        assert len(response.data) < 1000


@pytest.mark.parametrize("name", ["short", "picture", "streamed", "nothing"])
def test_what_would_not_gain_is_left_alone(get, name):
    assert "Content-Encoding" not in get(name, "br, gzip").headers


def test_what_is_compressed_already_is_not_compressed_twice(get):
    assert gzip.decompress(get("done", "br, gzip").data).decode() == LONG


def test_a_cache_never_gives_brotli_to_who_cannot_read_it(get):
    """Vary is there even where nothing was compressed: the next reader's answer may be."""
    for name in ("page", "short"):
        assert "Accept-Encoding" in get(name, "").headers["Vary"]
