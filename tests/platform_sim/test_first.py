"""A work order, a filing and its decision go through, over a real socket."""

import pytest

from tests.conftest import NOW
from tests.platform_sim.caller import Caller, appy, matt, rid


@pytest.fixture
def caller(platform):
    return Caller(platform, NOW)


def test_a_filing_is_taken_decided_and_told(caller, platform):
    assert caller.call("G101", {"matt": [matt(1)]}).output["result"][0]["code"] == "0"
    sent = caller.call("G201", {"appy": appy(1)})
    assert sent.infcode == 0, sent.words
    told = caller.call("G203", {"data": {"cursor": "", "limit": 100}}).output
    assert [(row["rid"], row["stas"]) for row in told["list"]] == [(rid(1), "approved")]
    assert not told["more"]
    assert platform.proof([{"infno": "G201", "rid": rid(1), "ver_no": 3}])["ok"]
