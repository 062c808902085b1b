"""A doubt that no answer ends, ended by what a person was told by telephone."""

import pytest

from sync import by_telephone
from sync.models import OutboxEntry, OutState
from tests.conftest import on_sqlite
from tests.sync.working import settle


@pytest.mark.parametrize(
    ("dedupe", "arrived", "has_it"), [(False, False, False), (True, True, False), (False, True, True)]
)
@on_sqlite
def test_what_was_told_lets_the_case_go_on_and_is_done_once(
    worker, owe, box, platform, hands, database, dedupe, arrived, has_it
):
    rid, platform.dedupe = owe("aa", 1), dedupe
    owe("aa", 2, "work_order")
    platform.lists["G203"] = lambda node: {}
    done, telling = platform.done, platform.wrong
    platform.done = lambda infno, said: {} if infno == "G203" else done(infno, said)
    platform.wrong = lambda infno, n: ("done-lost" if arrived else "lost") if infno == "G201" else None
    for _ in range(20):
        worker.step()
        hands.turn(hours=4)
    filing, _order = box()
    assert (filing.state, filing.error_kind) == (OutState.UNKNOWN, "query-ok")
    number = filing.msgid
    platform.wrong = telling
    with database.writing() as writing:
        entry = writing.get_one(OutboxEntry, filing.id)
        by_telephone.arrived(entry, {}, hands()) if has_it else by_telephone.send_again(entry, hands())
        writing.commit()
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects[rid, 1] == 1
    assert box()[0].msgid == number
