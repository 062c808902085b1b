"""Taking a filing back: the answer says whose it is, so that the answer to another call cannot be taken for it."""

import pytest

from sync.models import OutState
from tests.sync.working import settle


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("odd", [{}, {"rid": "f" * 32, "ver_no": 1}, {"rid": "aa".ljust(32, "0"), "ver_no": 0}])
def test_an_answer_that_is_not_about_this_filing_proves_nothing(worker, owe, box, platform, hands, odd):
    rid = owe("aa", 1, "case_cancel", trt_dcla_detl_sn="T1", psn_no="37", memo="不去了")
    done, first = platform.done, [odd]
    platform.done = lambda infno, said: first.pop() if infno == "G202" and first else done(infno, said)
    settle(worker, hands)
    assert [entry.state for entry in box()] == [OutState.ACKED]
    assert platform.effects == {(rid, 1): 1}
    assert [call[0] for call in platform.calls] == ["G202", "G203", "G202"]


def test_what_has_an_effect_names_what_a_right_answer_carries(channel):
    effects = {name: one.gives for name, one in channel.profile.transactions.items() if one.effect}
    assert all(effects.values()), effects
