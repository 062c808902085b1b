"""What a page may cost: SQL statements and bytes on the wire. Never time: that is `make bench`."""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.test import TestResponse

from stations.models import Division, Station
from tests.builders import door_link
from tests.conftest import NOW
from tests.statements import statements_of

FIRST_VISIT = 30_000  # bytes: page, styles, scripts and icon, with their headers
PAGE = 12_000  # bytes of any page's HTML
BROWSER = {"Accept-Encoding": "gzip, deflate, br", "Accept": "text/html"}

DENSE = "lat=36.6637&lon=117.151"  # Jinan, within the 300 stations of the demo
# path, statements at most: one asks whether reference data is still current, the rest is the page's own
COSTS = [
    ("/", 1),
    ("/services", 1),
    ("/services/1", 1),
    ("/services/items/18", 1),
    ("/answers", 1),
    ("/answers/{answer}", 1),
    ("/stations", 1),
    (f"/stations?{DENSE}", 3),
    (f"/stations?{DENSE}&m=0", 3),
    (f"/stations?{DENSE}&by=car&m=60", 3),
    (f"/stations?{DENSE}&item=18&open=1&channel=door_to_door", 3),
    ("/stations?lat=37.9&lon=118.9", 3),  # in the province, nothing in reach
    ("/stations?lat=31.23&lon=121.47&item=18", 3),  # Shanghai
    ("/stations?lat=31.23&lon=121.47&m=0", 3),
    ("/stations?area={county}", 3),
    ("/stations?area={town}", 3),
    ("/stations?area={village}", 5),
    ("/stations?at={station_name}", 7),
    ("/stations?at=没有这个地方", 5),
    ("/stations?lat=95&lon=1", 1),  # no such place
    ("/stations/map", 1),
    ("/stations/map?item=18&channel=video", 2),
    ("/stations/map?area=370100", 1),
    ("/stations/map?area={county}&by=car&m=60", 3),
    (f"/stations/map?{DENSE}&item=18", 3),
    ("/stations/areas", 1),
    ("/stations/areas/{town}", 2),
    ("/stations/{station}", 3),
    ("/stations/{station}/report", 1),
    ("/stations/door/{token}", 3),
    ("/stations/{station}/card?item=18", 2),
    ("/pocket/", 1),
    ("/pocket/{county}?item=18", 2),
    ("/pocket/{county}.json", 2),
    ("/pocket/saved", 0),
    ("/search?q=外地看病", 5),
    ("/search?q={station_name}", 5),
    ("/search?q=waidikanbing", 5),
    ("/api/v1/items", 1),
    ("/api/v1/items/18", 1),
    (f"/api/v1/stations?{DENSE}", 3),
    ("/api/v1/stations/{station}", 3),
]


@pytest.fixture(scope="module")
def some(demo_app: Flask) -> dict[str, str]:
    """A code of each kind, to put into paths."""
    with demo_app.extensions["db"].read_session() as session:
        station = session.scalars(sa.select(Station).order_by(Station.code)).first()
        village = sa.select(Division.code).where(Division.level == 5, Division.lat.is_not(None)).order_by(Division.code)
        return {
            "station": station.code,
            "token": door_link(demo_app.extensions["db"], station.code, now=NOW),
            "station_name": station.name,
            "county": station.county_code,
            "town": station.town_code,
            "village": session.scalars(village).first(),
            "answer": session.scalar(sa.text("SELECT id FROM policy_fact ORDER BY id LIMIT 1")),
        }


@pytest.fixture
def statements(demo_app: Flask) -> Iterator[list[str]]:
    with statements_of(demo_app.extensions["db"].engine) as said:
        yield said


@pytest.mark.parametrize(("path", "most"), COSTS)
def test_a_page_costs_few_statements(demo_app, some, statements, path, most):
    client = demo_app.test_client()
    client.get(path.format(**some))  # loads reference data, once per process
    statements.clear()

    response = client.get(path.format(**some))

    assert response.status_code in {200, 422}
    assert len(statements) <= most, "\n\n".join(statements)


@pytest.mark.parametrize("path", [path for path, _most in COSTS if not path.startswith("/api/")])
def test_a_page_is_small(demo_app, some, path):
    response = demo_app.test_client().get(path.format(**some), headers=BROWSER)

    assert response.headers["Content-Encoding"] == "br"
    assert len(response.data) <= PAGE


@pytest.mark.parametrize("path", ["/", "/stations", f"/stations?{DENSE}&m=0", "/stations/{station}"])
def test_a_first_visit_fits_a_slow_link_and_asks_nobody_else(demo_app, some, path):
    client = demo_app.test_client()
    page = client.get(path.format(**some), headers=BROWSER)
    html = client.get(path.format(**some)).text

    loaded = parts(html)
    assert all(address.startswith("/assets/") for address in loaded)
    assert {"app.css", "icon.svg"} <= {address.rsplit("/", 1)[1] for address in loaded}
    sizes = {path: on_the_wire(page)} | {part: on_the_wire(client.get(part, headers=BROWSER)) for part in loaded}
    assert sum(sizes.values()) <= FIRST_VISIT, sizes


def parts(html: str) -> list[str]:
    """What a browser fetches besides the page."""
    soup = BeautifulSoup(html, "html.parser")
    found = [tag["src"] for tag in soup.select("[src]")]
    found += [tag["href"] for tag in soup.select("link[href]")]
    return found + re.findall(r"url\(([^)#]+)\)", html)


def on_the_wire(response: TestResponse) -> int:
    """Bytes of body and headers."""
    assert response.status_code == 200
    return len(response.data) + len(str(response.headers).encode()) + len("HTTP/1.1 200 OK\r\n")
