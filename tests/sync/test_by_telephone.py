"""A doubt that no answer ends, ended by what a person was told by telephone."""

import pytest

from sync import by_telephone, outbox
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
        by_telephone.arrived(writing, entry, {}, hands()) if has_it else by_telephone.send_again(
            writing, entry, hands()
        )
        writing.commit()
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects[rid, 1] == 1
    assert box()[0].msgid == number


@pytest.mark.parametrize(("kind", "same"), [("http-422", True), ("business", False)])
@on_sqlite
def test_what_was_stopped_on_the_way_is_sent_again_under_the_number_it_may_have_arrived_with(
    worker, owe, box, platform, hands, database, kind, same
):
    rid, platform.dedupe = owe("aa", 1), True
    done = platform.done
    platform.done = lambda infno, said: {} if infno == "G203" else done(infno, said)
    platform.wrong = lambda infno, n: "done-lost" if infno == "G201" and same else "lost" if infno == "G201" else None
    worker.step()
    number = box()[0].msgid
    with database.writing() as writing:
        entry = writing.get_one(OutboxEntry, box()[0].id)
        outbox.rejected(entry, infcode=None, words="HTTP 422", kind=kind)
        outbox.replay(entry, hands())
        writing.commit()
    for _ in range(20):
        worker.step()
        hands.turn(hours=4)
    platform.wrong = lambda infno, n: None
    with database.writing() as writing:
        by_telephone.send_again(writing, writing.get_one(OutboxEntry, box()[0].id), hands())
        writing.commit()
    settle(worker, hands)
    assert box()[0].state == OutState.ACKED
    assert platform.effects[rid, 1] == 1
    assert (box()[0].msgid == number) is same


@pytest.mark.parametrize("has_it", [True, False])
@on_sqlite
def test_what_is_settled_alone_leaves_the_others_of_its_batch_a_number_of_their_own(
    worker, owe, box, platform, hands, database, has_it
):
    owe("aa", 1, "work_order")
    owe("bb", 1, "work_order")
    platform.wrong = lambda infno, n: "done-lost"
    for _ in range(20):
        worker.step()
        hands.turn(hours=4)
    one, other = box()
    assert (one.state, other.state, one.msgid) == (OutState.UNKNOWN, OutState.UNKNOWN, other.msgid)
    with database.writing() as writing:
        entry = writing.get_one(OutboxEntry, one.id)
        tell = by_telephone.send_again if not has_it else lambda *told: by_telephone.arrived(*told[:2], {}, told[2])
        tell(writing, entry, hands())
        writing.commit()
    assert box()[1].msgid is None
    platform.wrong = lambda infno, n: None
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
