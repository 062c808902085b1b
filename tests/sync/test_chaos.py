"""Half of all calls go wrong, workers die at every point, some come back from the dead: each message arrives once, in order."""

import logging

import pytest

from tests.sync import chaos

OPS = 500
SEEDS = [("sqlite", 1), ("postgresql", 2), ("sqlite", 3), ("postgresql", 4)]


@pytest.mark.parametrize(("database_url", "seed"), SEEDS, indirect=["database_url"])
def test_nothing_is_lost_doubled_or_out_of_order(database, tmp_path, seed, caplog):
    caplog.set_level(logging.CRITICAL, "menkou.sync")
    found = chaos.run(database, tmp_path, seed=seed, ops=OPS)
    assert found.wrong == {}
    assert found.acked + found.refused == OPS
    assert found.refused > 0, "no message was wrong: the seed says nothing about refusals"
    assert found.faults >= 0.4
    assert min(found.kills[place] for place in ("take", "before", "after", "settle")) > 0
    assert found.stalls > 0
    assert len(found.kinds) > 25  # of chaos.KINDS; which of them, chance decides
