"""The simulator tells the product's own lists: compared with a demo, nothing of it changes."""

import shutil

import pytest

from platform_sim import seeds
from stations.models import Station
from tests.conftest import NOW, make_app


@pytest.fixture(scope="module")
def demo(demo_sqlite, tmp_path_factory):
    folder = tmp_path_factory.mktemp("own-lists")
    app = make_app(f"sqlite:///{shutil.copy(demo_sqlite, folder / 'demo.sqlite3')}", folder)
    with app.test_request_context():
        yield app
    app.extensions["db"].engine.dispose()


@pytest.mark.parametrize("logical", ["divisions", "catalogue", "roster"])
def test_the_products_own_list_changes_nothing(demo, logical):
    with demo.extensions["db"].read_session() as session:
        rows = {"divisions": seeds.divisions, "catalogue": seeds.catalogue, "roster": seeds.stations}[logical]()
        if logical == "roster":  # the demo of the tests has 300 of them
            ours = {code for (code,) in session.query(Station.code)}
            rows = [row for row in rows if row["code"] in ours]
        planned = demo.extensions["sync_lists"][logical].plan(session, rows, True, NOW)
        assert planned.open_now >= {"divisions": 1_979, "catalogue": 33, "roster": 300}[logical]
    assert (list(planned.facts), planned.ending, planned.wrong, planned.differs) == ([], {}, {}, {})
