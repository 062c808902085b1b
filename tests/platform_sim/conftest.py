"""One simulator for all tests of a file: starting a process is what takes the time."""

from collections.abc import Iterator

import pytest

from tests.conftest import NOW
from tests.platform_process import Platform, start_platform
from tests.platform_sim.caller import Caller


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A running simulator whose decisions take no time. Whatever a test spoils, the next finds mended."""
    platform = start_platform(tmp_path_factory.mktemp("shared"), NOW, "--review-after", "0")
    yield platform
    platform.stop()


@pytest.fixture(scope="module")
def _voice(shared: Platform) -> Caller:
    return Caller(shared, NOW)


@pytest.fixture
def caller(shared: Platform, _voice: Caller) -> Caller:
    """Talks to it; signed in, nothing goes wrong, the platform believes it is NOW."""
    shared.calm()
    shared.set(now=NOW.isoformat(), dedupe=True, review_after=0, skew_s=180)
    _voice.sign_in()
    return _voice
