"""Every page and every other address that GET can open, with examples that exist: doors, fuzz and browser walk this list.

A new route without an example here makes tests fail, so that no page is forgotten.
"""

from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask, current_app, url_for

from accounts.models import Account
from cases import receipts
from common import clock
from common.assets import STATIC, find
from common.db import database
from maps.borders import borders
from maps.shell import shell
from posters.queries import version_of
from posters.version import Version, mark, sealed, write_version
from services_catalog.models import PolicyFact
from stations.models import Division, Station
from tests.builders import door_link


class Address(NamedTuple):
    """`name` says the endpoint and which of its faces; `status`: what a stranger gets."""

    name: str
    url: str
    status: int = 200

    @property
    def endpoint(self) -> str:
        return self.name.split(" ")[0]


NOW_ON = date(2026, 11, 23)  # as tests/conftest.py and the browser's server have it
# A poster that says other items and hours than any station of the demo data.
OLD = Version(
    date(2026, 11, 3), direct=1 << 18, assist=1 << 1, consult=1 << 22, hours=mark("Su 00:00-24:00"), phone=b""
)
NEAR = ("36.6637", "117.151")  # in Jinan, among the stations of the demo data
NOT_PAGES = (
    "assets.",
    "cards.picture",
    "cases_api.",
    "health.",
    "maps.",
    "openapi.",
    "papers.",
    "pocket.pack",
    "pocket.worker",
    "posters.as_pdf",
    "receipt_proof.key",
    "preferences.",
    "services_catalog_api.",
    "stations_api.",
    "stations_map_api.",
)
# Faces of a page beside its plain one: what to add to the example, by endpoint.
ASK = {"status": 422}
FACES: dict[str, dict[str, dict[str, Any]]] = {
    "file.start": {"for-item": {"item": "15"}, "gone": {"gone": "1"}},
    "accounts.sign_in": {"out": {"out": "1"}, "next": {"next": "/account"}},
    "services_catalog.item": {"at-a-county": {"at": "370102"}, "another": {"no": 1}},
    "stations.finder": {
        "near": {"lat": NEAR[0], "lon": NEAR[1], "acc": "30", "m": "0"},
        "near-for-item": {"lat": NEAR[0], "lon": NEAR[1], "acc": "2500", "item": "18", "by": "car", "m": "60"},
        "filtered": {"lat": NEAR[0], "lon": NEAR[1], "channel": "window", "open": "1", "m": "0"},
        "nothing-near": {"lat": NEAR[0], "lon": NEAR[1], "m": "15"},
        "far-away": {"lat": "22.5", "lon": "113.9"},
        "for-item": {"item": "18"},
        "from-a-village": {"area": "VILLAGE", "m": "0"},
        "typed": {"at": "VILLAGE_NAME", "m": "0"},
        "typed-many": {"at": "大桥"},
        "typed-unknown": {"at": "没有这个村呀"},
        "wrong": {"lat": "117", "lon": "36", "m": "0"} | ASK,
        "wrong-filter": {"lat": NEAR[0], "lon": NEAR[1], "item": "61"} | ASK,
    },
    "stations.areas": {
        "city": {"code": "370100"},
        "county": {"code": "370102"},
        "town": {"code": "TOWN", "item": "18"},
    },
    "stations_map.show": {
        "near": {"lat": NEAR[0], "lon": NEAR[1], "by": "ebike", "m": "30", "item": "18"},
        "city": {"area": "370100", "item": "18"},
        "county": {"area": "370102", "by": "car", "m": "60"},
        "looking-at": {"v": f"{NEAR[0]},{NEAR[1]},13", "open": "1"},
        "nothing-near": {"lat": NEAR[0], "lon": NEAR[1], "item": "18", "channel": "self_service"},
        "typed-many": {"at": "大桥"},
        "typed-unknown": {"at": "没有这个村呀"},
        "wrong": {"v": "36,117,30"} | ASK,
    },
    "stations_map_api.viewport": {"no-box": {"box": None} | ASK, "afar": {"box": "114,34,123,39", "z": "7"}},
    "stations.search_page": {
        "found": {"q": "外地看病"},
        "found-places": {"q": "历下"},
        "found-station": {"q": "STATION_NAME"},
        "nothing": {"q": "xyzxyz"},
        "too-long": {"q": "长" * 61} | ASK,
    },
    "stations.report": {"done": {"done": "1"}},
    "station_doors.show": {
        "saved": {"done": "1"},
        "back": {"done": "2"},
        "expired": {"token": "OLD_TOKEN", "status": 410},
        "broken": {"token": "abc.def", "status": 404},
    },
    "stations_api.nearest": {"no-place": {"lat": None, "lon": None} | ASK},
    "cards.show": {"for-item": {"item": "1"}, "not-taken-on": {"item": "33"}, "unknown-item": {"item": "61"} | ASK},
    "posters.show": {"a3": {"size": "a3"}, "wrong-size": {"size": "a5"} | ASK},
    "posters.as_pdf": {"a3": {"size": "a3"}, "wrong-size": {"size": "a5"} | ASK},
    "posters.scanned": {"old": {"version": "OLD_VERSION"}, "damaged": {"version": "abc234"}},
    "cards.picture": {"for-item": {"item": "1"}, "unknown-item": {"item": "61", "status": 404}},
    "pocket.show": {
        "for-item": {"item": "18"},
        "town": {"town": "TOWN"},
        "town-for-item": {"town": "TOWN", "item": "18"},
        "wrong": {"item": "61"} | ASK,
    },
    "receipt_proof.verify": {"right": {"t": "RECEIPT"}, "wrong": {"t": "MK1.K7M24Q9P"} | ASK},
    "preferences.look": {"big": {"big": "1", "back": "/stations", "status": 303}},
}
# What an endpoint needs to be opened at all, beyond the arguments below; "status" when it is not 200.
PLAIN: dict[str, dict[str, Any]] = {
    "maps.county_lines": {"digest": borders().digest},
    "maps.shell_script": {"digest": shell("", "").digest},
    "stations_map_api.viewport": {"box": "117.1,36.6,117.2,36.7", "z": "13"},
    "station_doors.show": {"token": "TOKEN"},
    "station_doors.look_again": {"token": "TOKEN", "status": 303},
    "assets.asset": {"name": "app.css"},
    "papers.show": {"id": "0" * 32, "status": 404},  # to a stranger no paper is there
    "papers.small": {"id": "0" * 32, "status": 404},
    "preferences.look": {"status": 303},
    "file.draft": {"status": 303},  # a form of one's own: this browser has none
    "file.code": {"status": 303},
    "file.ask_delete": {"status": 303},
    "accounts.unlock": {"status": 303},
    "accounts.code": {"status": 303},
    "accounts.enrol": {"status": 303},
    "accounts.post": {"status": 303},
    "stations_api.nearest": {"lat": NEAR[0], "lon": NEAR[1], "m": "0"},
}


def addresses(app: Flask) -> list[Address]:
    """One address for each face of each route. The database must hold the demo data."""
    with app.test_request_context(), app.extensions["db"].read_session() as session:
        samples = _samples(session)
        found = []
        for endpoint, arguments in sorted(_endpoints(app).items()):
            plain = {name: _example(endpoint, name, samples) for name in arguments} | PLAIN.get(endpoint, {})
            found.append(_address(endpoint, plain, samples))
            for face, more in FACES.get(endpoint, {}).items():
                found.append(_address(f"{endpoint} {face}", plain | more, samples))
        unknown = set(FACES) - {address.endpoint for address in found}
        assert not unknown, f"tests/addresses.py knows pages that are gone: {unknown}"
        found += [
            Address(f"assets.asset {file.name}", url_for("assets.asset", digest=find(file.name).digest, name=file.name))
            for file in sorted(STATIC.iterdir())
            if find(file.name)
        ]
    return found


def page_names(app: Flask) -> list[str]:
    """The name of each face of each page that strangers see. Needs no database. Pages of staff lead them to the sign-in:
    tests/browser/test_staff.py looks at those."""
    endpoints = [
        endpoint
        for endpoint in sorted(_endpoints(app))
        if not endpoint.startswith(NOT_PAGES)
        and not isinstance(app.view_functions[endpoint].door, frozenset)  # type: ignore[attr-defined]
        and PLAIN.get(endpoint, {}).get("status", 200) == 200
    ]
    return [
        name
        for endpoint in endpoints
        for name in (endpoint, *(f"{endpoint} {face}" for face in FACES.get(endpoint, {})))
    ]


def _endpoints(app: Flask) -> dict[str, set[str]]:
    """Arguments of each GET route; of two rules of one endpoint the one with fewer."""
    endpoints: dict[str, set[str]] = {}
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: len(rule.arguments)):
        if "GET" in (rule.methods or ()):
            endpoints.setdefault(rule.endpoint, rule.arguments)
    return endpoints


def _samples(session) -> dict[str, Any]:
    station = session.scalars(sa.select(Station).where(Station.open).order_by(Station.code)).first()
    village = session.scalars(
        sa.select(Division).where(Division.level == 5, Division.lat.is_not(None)).order_by(Division.code)
    ).first()
    village = village or session.scalars(sa.select(Division).where(Division.level == 4).order_by(Division.code)).first()
    secret = current_app.config["SETTINGS"].secret_key
    return {
        "code": station.code,
        "no": 2,
        "ref": "K7M24Q9P",  # nobody's receipt
        "account_id": session.scalar(sa.select(Account.id).order_by(Account.name)) or "0" * 32,
        "id": session.scalar(sa.select(PolicyFact.id).order_by(PolicyFact.id)),
        "digest": find("app.css").digest,
        "version": sealed(write_version(version_of(session, station, NOW_ON), station.code), station.code, secret),
        "OLD_VERSION": sealed(
            write_version(replace(OLD, phone=mark(station.phone)), station.code), station.code, secret
        ),
        "TOKEN": door_link(database(), station.code, now=clock.now(), secret=secret),
        "OLD_TOKEN": door_link(database(), station.code, now=clock.now(), days=-1, secret=secret),
        "RECEIPT": receipts.sign(
            current_app.extensions["keys"], receipts.Receipt("K7M24Q9P", 15, station.code, NOW_ON)
        ),
        "TOWN": station.town_code,
        "county": station.county_code,
        "STATION_NAME": station.name,
        "VILLAGE": village.code,
        "VILLAGE_NAME": village.name,
    }


def _for_strangers(endpoint: str) -> int:
    """What a stranger gets: pages of staff lead to the sign-in, their JSON says 401."""
    if not isinstance(current_app.view_functions[endpoint].door, frozenset):  # type: ignore[attr-defined]
        return 200
    return 401 if "_api." in endpoint else 303


def _example(endpoint: str, argument: str, samples: dict[str, Any]) -> Any:
    if argument in PLAIN.get(endpoint, {}):
        return PLAIN[endpoint][argument]
    assert argument in samples, f"{endpoint}: give an example of <{argument}> in tests/addresses.py"
    return samples[argument]


def _address(name: str, arguments: dict[str, Any], samples: dict[str, Any]) -> Address:
    status = arguments.get("status", _for_strangers(name.split(" ")[0]))
    values = {key: samples.get(value, value) for key, value in arguments.items() if key != "status"}
    values = {key: value for key, value in values.items() if value is not None}
    return Address(name, url_for(name.split(" ")[0], **values), status)
