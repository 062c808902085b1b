"""A Valhalla to ask, on this machine."""

from collections.abc import Iterator

import pytest

from tests.maps.valhalla_standin import StandIn


@pytest.fixture
def standin() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.stop()
