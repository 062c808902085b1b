"""/_ui shows every piece of the pages, and only to who develops."""

import re

import pytest

from common.settings import ROOT
from tests.conftest import make_app


@pytest.fixture
def database_url(sqlite_url):
    """Nothing here depends on the database."""
    return sqlite_url


TEMPLATES = ROOT / "templates"


@pytest.fixture
def developing(database_url, tmp_path):
    app = make_app(database_url, tmp_path, development=True)
    yield app.test_client()
    app.extensions["db"].engine.dispose()


def test_every_macro_stands_on_the_page():
    pieces = re.findall(r"{%-? macro (\w+)", (TEMPLATES / "ui" / "ui.html").read_text(encoding="utf-8"))
    page = (TEMPLATES / "ui" / "pieces.html").read_text(encoding="utf-8")
    missing = [name for name in pieces if not name.startswith("_") and f"ui.{name}(" not in page]
    assert pieces
    assert not missing, f"show these on /_ui as well: {missing}"


def test_every_widget_of_a_field_stands_on_the_page(developing):
    macro = (TEMPLATES / "ui" / "ui.html").read_text(encoding="utf-8")
    page = developing.get("/_ui").text
    assert set(re.findall(r"ask\.widget == '(\w+)'", macro)) <= {"choice", "select", "words"}
    for sign in ('type="radio"', "<select", "<textarea", '<input class="in"', 'class="er"', 'id="errors"'):
        assert sign in page, f"no {sign}: show the new widget on /_ui"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_is_a_page_as_good_as_the_others(developing, language):
    developing.set_cookie("lang", language)
    assert developing.get("/_ui").status_code == 200


def test_it_does_not_exist_where_people_use_menkou(client):
    assert client.get("/_ui").status_code == 404
