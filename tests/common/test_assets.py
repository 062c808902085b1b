"""Styles and scripts: named by their content, kept for a year, whitelisted, and done without when they are missing."""

import gzip
import os

import brotli
import pytest

from common import assets


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


@pytest.fixture
def url(app):
    with app.test_request_context():
        return assets.asset_url("app.css")


def test_an_asset_never_changes_under_its_address(client, url):
    response = client.get(url)
    assert response.data == assets.without_comments((assets.STATIC / "app.css").read_bytes())
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response.mimetype == "text/css"


@pytest.mark.parametrize(
    ("accepts", "encoding", "unpack"),
    [
        ("gzip, br", "br", brotli.decompress),
        ("gzip", "gzip", gzip.decompress),
        ("br;q=0", None, bytes),
        ("", None, bytes),
    ],
)
def test_an_asset_is_compressed_as_the_browser_likes_it(client, url, accepts, encoding, unpack):
    response = client.get(url, headers={"Accept-Encoding": accepts})
    assert response.headers.get("Content-Encoding") == encoding
    assert response.headers["Vary"] == "Accept-Encoding"  # and not Cookie: one copy serves all readers
    assert unpack(response.data) == assets.without_comments((assets.STATIC / "app.css").read_bytes())


@pytest.mark.parametrize(
    "name",
    [
        "app.py",
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "settings.py",
        "nothing.css",
        ".hidden",
        "app.css/",
        "htmx",
        "",
    ],
)
def test_what_is_not_on_the_list_is_not_served(client, url, name):
    assert client.get(url.rsplit("/", 1)[0] + "/" + name).status_code in {404, 405}


def test_an_old_address_is_gone_rather_than_new_content(client, url):
    assert client.get(url.replace(url.split("/")[2], "0" * 12)).status_code == 404


def test_every_file_of_static_can_be_served(app, client):
    with app.test_request_context():
        for file in assets.STATIC.iterdir():
            address = assets.asset_url(file.name)
            assert address, f"{file.name}: add its type to common/assets.py, or take it out of static/"
            assert client.get(address).status_code == 200


def test_a_page_does_without_a_library_that_is_not_installed(app, client, monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "NODE_MODULES", tmp_path)
    assets._load_once.cache_clear()
    try:
        page = client.get("/stations")
        assert page.status_code == 200
        assert "htmx.js" not in page.text
    finally:
        assets._load_once.cache_clear()


def test_a_change_is_seen_at_once_in_development(app, monkeypatch, tmp_path):
    monkeypatch.setattr(assets, "STATIC", tmp_path)
    app.config["DEVELOPMENT"] = True
    (tmp_path / "new.css").write_text("a{}")
    with app.test_request_context():
        before = assets.asset_url("new.css")
        (tmp_path / "new.css").write_text("b{}")
        os.utime(tmp_path / "new.css", ns=(1, 1))
        assert assets.asset_url("new.css") != before
