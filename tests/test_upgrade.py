"""A database of the first release, with stations in it, becomes one of today: nothing is lost, and what is new works."""

from collections.abc import Iterator
from pathlib import Path

import alembic.command
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import Database
from common.migrate import alembic_config
from maps.place import pixel_of
from posters.models import PosterScan
from stations.models import DoorReading, StationCluster
from tests.builders import OFFICE_HOURS, SQUARE, door_link
from tests.conftest import BOTH, NOW, make_app

FIRST = "0001_start"


@pytest.fixture(params=BOTH)
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database as the first release left it: two stations, one report, in the tables it had."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/old.sqlite3"
        fill(url)
        yield url
    else:
        server = request.getfixturevalue("postgres_server")
        server.sql("CREATE DATABASE old")
        url = server.url("old")
        fill(url)
        yield url
        server.sql("DROP DATABASE old WITH (FORCE)")


def fill(url: str) -> None:
    alembic.command.upgrade(alembic_config(url), FIRST)
    engine = Database(url).engine
    tables = sa.MetaData()
    tables.reflect(engine)
    assert "door_reading" not in tables.tables
    pixel = pixel_of(SQUARE)
    station = {
        "pinyin": "zhan", "initials": "z", "level": "village", "host": "village_centre", "county_code": "370102",
        "town_code": "370102001", "lat": SQUARE.lat, "lon": SQUARE.lon, "mx": pixel.mx, "my": pixel.my, "datum": "gcj02",
        "place_source": "名册", "source": "名册", "hours_id": "w", "direct_mask": 2, "assist_mask": 0, "consult_mask": 0,
        "channels": 1, "access": 0, "synthetic": False, "updated_at": NOW, "phone": "0531-0000128",
    }  # fmt: skip
    report = {"id": "r", "county_code": "370102", "station_id": "a", "trouble": "phone", "reported_at": NOW}
    with engine.begin() as connection:
        connection.execute(tables.tables["opening_hours"].insert(), {"id": "w", "week": OFFICE_HOURS})
        open_one = station | {"id": "a", "code": "LS0001", "name": "老站", "open": True}
        closed_one = station | {"id": "b", "code": "LS0002", "name": "停办站", "open": False}
        connection.execute(tables.tables["station"].insert(), [open_one, closed_one])
        connection.execute(tables.tables["station_report"].insert(), report)
    engine.dispose()


def test_the_first_releases_stations_are_on_the_map_have_posters_and_can_be_measured(old_url, tmp_path):
    app = make_app(old_url, tmp_path)
    for _ in range(2):  # a service runs it at every start
        result = app.test_cli_runner().invoke(args=["db", "upgrade"])
        assert result.exit_code == 0, result.output
    database, client = app.extensions["db"], app.test_client()

    station = client.get("/api/v1/stations/LS0001").json
    assert (station["name"], station["phone"], station["verified_on"]) == ("老站", "0531-0000128", None)
    assert "老站" in client.get("/stations/LS0001/card").text
    assert "老站" in client.get("/stations/LS0001/poster").text
    with Session(database.engine) as session:
        assert [cell.n for cell in session.scalars(sa.select(StationCluster))] == [1] * 12
        assert session.scalar(sa.text("SELECT count(*) FROM station_report")) == 1
        assert session.scalar(sa.select(sa.func.count()).select_from(PosterScan)) == 0

    link = "/stations/door/" + door_link(database, "LS0001", now=NOW)
    sent = {"lat": 36.651531, "lon": 117.120412, "acc": "5", "n": "8", "op": "0" * 32}
    assert client.post(link, data=sent).status_code == 303
    with Session(database.engine) as session:
        row = session.scalars(sa.select(DoorReading)).one()
        assert (row.old_lat, row.old_datum, row.old_place_source) == (SQUARE.lat, "gcj02", "名册")
    database.engine.dispose()
