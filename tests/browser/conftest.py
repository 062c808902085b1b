"""A real server, a real browser, a phone of 360 × 740: `phone()` opens one and watches it.

Each test process has its own server on its own copy of the demo data. Without Chromium these tests cannot run: said by
name, and an error in CI.
"""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect, sync_playwright

from accounts.policy import Actor, Role
from common.clock import Clock
from common.db import sqlite_module
from common.settings import ROOT
from stations.models import Station
from tests.addresses import addresses
from tests.builders import Make
from tests.conftest import NOW, make_app

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--force-color-profile=srgb"]
EXECUTABLE = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
WIDTH, HEIGHT = 360, 740
PATIENCE_MS = 30_000  # before a thing counts as missing: a busy machine is slow, and no test here is about speed
expect.set_options(timeout=PATIENCE_MS)
HERE = {"latitude": 36.6637, "longitude": 117.151, "accuracy": 30}  # Jinan, among the stations of the demo data


@pytest.fixture(scope="session")
def server_folder(demo_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its database."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(demo_sqlite, folder / "menkou.sqlite3")
    return folder


@pytest.fixture
def server_database(server_folder: Path) -> Iterator[sa.Engine]:
    """The running server's database, to arrange what a page shall show."""
    engine = sa.create_engine(f"sqlite:///{server_folder}/menkou.sqlite3", module=sqlite_module())
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def server_clock() -> Clock:
    """What the server's clock shows, or a little later: begun before it, for what a test arranges there meanwhile."""
    return Clock(NOW)


@pytest.fixture(scope="session")
def server(server_folder: Path, server_clock: Clock) -> Iterator[str]:
    """http://127.0.0.1:port of granian with the demo data, in development so that /_ui is there too."""
    folder = server_folder
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "DATA_DIR": str(folder),
        "CLOCK": NOW.isoformat(),
        "DEVELOPMENT": "on",
        "LOG_REQUESTS": "off",
        "DEMO_STATIONS": "300",
        "SECRET_KEY": "t" * 40,  # as tests/conftest.py: links signed there open here
    }
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8"}
    environment |= {f"MENKOU_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--workers", "1"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning", "app:create_app"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=log)
    try:
        _wait_for(port, process, folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()


def _wait_for(port: int, process: subprocess.Popen, log: Path) -> None:
    for _ in range(200):
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            try:
                connection.request("GET", "/readyz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()}")


@pytest.fixture(scope="session")
def urls(server_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Paths of every page by name (tests/addresses.py), as they are on the server."""
    app = make_app(f"sqlite:///{server_folder}/menkou.sqlite3", tmp_path_factory.mktemp("urls"), development=True)
    found = {address.name: address.url for address in addresses(app)}
    app.extensions["db"].engine.dispose()
    return found


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser per test process."""
    if EXECUTABLE is None:
        message = "Chromium is not installed: pages were not opened in a browser"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield browser
        browser.close()


class Phone:
    """A page on a phone, and what went wrong on it. `path`s are ours; `faults` must stay empty."""

    def __init__(self, context: BrowserContext, server: str):
        self.context = context
        self.server = server
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.devtools: CDPSession = context.new_cdp_session(self.page)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("request", self._asked)
        self.page.on("response", self._answered)

    def open(self, path: str) -> Page:
        """Go there and wait until it has loaded."""
        self.page.goto(self.server + path)
        return self.page

    def prefers(self, **cookies: str) -> None:
        """From the next page on: lang="en", big="1"."""
        self.context.add_cookies([{"name": name, "value": said, "url": self.server} for name, said in cookies.items()])

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.server)

    def _heard(self, message) -> None:
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request) -> None:
        if not request.url.startswith((self.server, "data:", "blob:")):
            self.faults.append(f"asked another host: {request.url[:80]}")

    def _answered(self, response) -> None:
        expected = response.request.is_navigation_request() or "hx-request" in response.request.headers
        if response.status >= 500 or (response.status >= 400 and not expected):
            self.faults.append(f"{response.status} for {response.url[:80]}")


@pytest.fixture
def phone(chromium: Browser, server: str) -> Iterator[Callable[..., Phone]]:
    """phone(js=False, big=True, lang="en", dark=True, position=None): a phone with those settings, without a past."""
    opened: list[Phone] = []

    def make(*, js: bool = True, big: bool = False, lang: str = "zh", dark: bool = False, position=HERE) -> Phone:
        context = chromium.new_context(
            viewport={"width": WIDTH, "height": HEIGHT},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            color_scheme="dark" if dark else "light",
            java_script_enabled=js,
            geolocation=position,
            permissions=["geolocation"] if position else [],
        )
        context.set_default_timeout(PATIENCE_MS)
        opened.append(Phone(context, server))
        opened[-1].prefers(lang=lang, **({"big": "1"} if big else {}))
        return opened[-1]

    yield make
    for one in opened:
        one.context.close()
    assert [fault for one in opened for fault in one.faults] == []


@pytest.fixture
def twin(server: str, server_clock: Clock, server_folder: Path) -> Iterator[Flask]:
    """The app once more in this process: the running server's database, keys and time."""
    app = make_app(f"sqlite:///{server_folder}/menkou.sqlite3", server_folder, key_dir=server_folder / "keys")
    app.extensions["clock"] = server_clock
    yield app
    app.extensions["db"].engine.dispose()


@pytest.fixture
def make(twin: Flask, server_clock: Clock) -> Make:
    """Builders on the running server's database."""
    return Make(twin.extensions["db"], server_clock.now())


@pytest.fixture
def people(twin: Flask, make: Make) -> dict[str, Actor]:
    """Those of one town and its county, and who watches."""
    with twin.extensions["db"].read_session() as session:
        station = session.scalars(sa.select(Station).where(Station.open).order_by(Station.code)).first()
        code, town, county = station.code, station.town_code, station.county_code
    at = {"area": town, "station_code": code}
    return {
        "helper": make.actor(Role.HELPER, **at),
        "clerk": make.actor(Role.CLERK, **at, name="孙丽"),
        "officer": make.actor(Role.COUNTY_OFFICER, area=county, name="周海"),
        "province": make.actor(Role.PROVINCE_ADMIN, area="37", name="省台"),
        "auditor": make.actor(Role.SECURITY_AUDITOR, area=county, name="审计"),
    }


@pytest.fixture
def signed_in(people: dict[str, Actor], phone_of: Callable[..., Phone]) -> Callable[..., Phone]:
    """signed_in("clerk", js=False): a phone on which that person has signed in."""
    return lambda who, **settings: phone_of(people[who], **settings)


@pytest.fixture
def phone_of(twin: Flask, make: Make, phone: Callable[..., Phone], server: str) -> Callable[..., Phone]:
    """phone_of(actor, js=False): a phone on which they have signed in."""

    def open_(actor: Actor, **settings) -> Phone:
        client = make.signed_in(twin.test_client(), actor)
        here = phone(**settings)
        here.context.add_cookies([{"name": "session", "value": client.get_cookie("session").value, "url": server}])
        return here

    return open_
