"""Whatever happens on the way, what is owed is done at the province once, in order, and the outcome is written down."""

import threading
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common.db import Database
from sync.channels import pause, paused, resume, state_of
from sync.models import OutboxEntry, OutState
from sync.worker import Handlers, Worker
from tests.conftest import on_sqlite
from tests.sync.little_platform import channel_to
from tests.sync.working import settle


def test_a_filing_arrives_signed_and_is_marked_so(worker, owe, box, platform):
    rid = owe("aa", 1)
    assert worker.step() == 1
    (entry,) = box()
    assert (entry.state, entry.infcode, entry.answer["trt_dcla_detl_sn"]) == (OutState.ACKED, "0", "T" + rid[:20])
    assert entry.refmsgid.startswith("370000")
    assert entry.msgid == platform.calls[0][1]
    assert platform.effects == {(rid, 1): 1}
    assert worker.step() == 0


def test_work_orders_go_in_batches_and_filings_one_by_one(new_worker, owe, platform):
    worker = new_worker(burst_s=60)
    for number in range(4):
        owe(f"{number:02x}", 1, "work_order")
        owe(f"{number:02x}", 1)
    assert [worker.step() for _ in range(3)] == [4, 4, 0]  # of one case the next waits for the one before
    assert [call[0] for call in platform.calls] == ["G101", "G201", "G201", "G201", "G201"]


@pytest.mark.parametrize("fault", ["lost", "done-lost", "500", "done-500", "busy", "429", "unsigned"])
def test_after_any_fault_it_is_done_exactly_once(worker, owe, box, platform, hands, fault):
    rid = owe("aa", 1)
    order = owe("bb", 1, "work_order")
    wrong = {"G201": 1, "G101": 1}

    def once(infno, _n):
        if wrong.get(infno):
            wrong[infno] -= 1
            return fault
        return None

    platform.wrong = once
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects == {(rid, 1): 1, (order, 1): 1}
    assert len({call[1] for call in platform.calls if call[0] == "G201"}) == 1  # one number for all its attempts
    assert len({call[2] for call in platform.calls if call[0] == "G201"}) == 1


def test_what_may_have_arrived_is_asked_for_before_it_is_sent_again(worker, owe, platform, hands):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "done-lost" if n == 1 else None
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G201", "G203"]


def test_what_did_not_arrive_is_sent_again_with_the_same_number(worker, owe, platform, hands):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "lost" if n == 1 else None
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G201", "G203", "G201"]
    assert platform.calls[0][1:] == platform.calls[2][1:]


def test_an_answer_without_a_list_does_not_say_that_it_is_not_there(worker, owe, box, platform, hands):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "done-lost" if n == 1 else None
    whole = platform.done
    platform.done = lambda infno, said: {} if infno == "G203" else whole(infno, said)
    worker.step()
    for _ in range(5):
        hands.turn(minutes=1)
        worker.step()
    assert [call[0] for call in platform.calls].count("G201") == 1
    assert (box()[0].state, box()[0].error_kind) == (OutState.UNKNOWN, "query-ok")


def test_a_refusal_is_told_with_the_platforms_words_and_only_once(new_worker, owe, box, platform, hands):
    told = []
    rid = owe("aa", 1)
    owe("aa", 2)
    platform.refuse = {rid}
    worker = new_worker(handlers=Handlers(rejected=lambda _session, *rest: told.append(rest[:3])))
    settle(worker, hands)
    assert told == [("case_submit", f"case:{rid}", "经办机构不存在")]
    assert [(entry.state, entry.infcode, entry.error) for entry in box()] == [
        (OutState.REJECTED, "-2", "经办机构不存在"),
        (OutState.PENDING, None, None),
    ]


def test_one_bad_row_of_a_batch_holds_up_only_itself(worker, owe, box, platform, hands):
    bad = owe("bb", 1, "work_order")
    good = [owe(name, 1, "work_order") for name in ("aa", "cc")]
    platform.refuse = {bad}
    settle(worker, hands)
    assert {entry.aggregate: entry.state for entry in box()} == {
        f"case:{bad}": OutState.REJECTED,
        **{f"case:{rid}": OutState.ACKED for rid in good},
    }


def test_a_row_that_a_batchs_answer_does_not_name_goes_again(worker, owe, box, platform, hands):
    rids = [owe(name, 1, "work_order") for name in ("aa", "bb", "cc")]
    whole, cut = platform.done, [True]

    def without_the_last(infno, said):
        output = whole(infno, said)
        if cut:
            cut.pop()
            output["result"] = output["result"][:-1]
        return output

    platform.done = without_the_last
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects == {(rid, 1): 1 for rid in rids}
    assert len({call[1] for call in platform.calls}) == 2  # another batch is another message


def test_a_batch_that_is_too_large_is_halved_and_one_that_is_longer_than_agreed_is_refused(
    worker, owe, box, platform, hands
):
    for number in range(8):
        owe(f"{number:02x}", 1, "work_order")
    platform.wrong = lambda infno, n: "413" if platform.calls[-1][2].count('"rid"') > 2 else None
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    platform.wrong = lambda infno, n: "413"
    owe("ff", 1, memo="随子女居住" * 10_000)
    settle(worker, hands)
    assert (box()[-1].state, box()[-1].error_kind) == (OutState.REJECTED, "size")


def test_one_that_a_gateway_finds_too_large_once_goes_again_with_its_number(worker, owe, box, platform, hands):
    rid = owe("aa", 1)
    answers = ["413", "413"]
    platform.wrong = lambda infno, n: answers.pop() if answers else None
    settle(worker, hands)
    assert [entry.state for entry in box()] == [OutState.ACKED]
    assert platform.effects == {(rid, 1): 1}
    assert len({call[1] for call in platform.calls}) == 1


def test_a_stray_413_does_not_make_batches_small_for_ever(worker, owe, box, platform, hands):
    answers = ["413"]
    platform.wrong = lambda infno, n: answers.pop() if answers else None
    for number in range(8):
        owe(f"{number:02x}", 1, "work_order")
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert worker.smaller == {"work_order": 6}  # 4, and one more for each that went well


def test_the_answer_to_another_filing_does_not_count(worker, owe, box, platform, hands):
    rid = owe("aa", 1)
    right, astray = platform.done, [{"rid": "f" * 32, "ver_no": 1, "trt_dcla_detl_sn": "T9"}]
    platform.done = lambda infno, said: astray.pop() if infno == "G201" and astray else right(infno, said)
    settle(worker, hands)
    (entry,) = box()
    assert (entry.state, entry.answer["trt_dcla_detl_sn"]) == (OutState.ACKED, "T" + rid[:20])
    assert platform.effects == {(rid, 1): 1}


ASTRAY = {
    "of another record": {"rid": "f" * 32, "ver_no": 1, "list": []},
    "a list of others": {"list": [{"rid": "f" * 32, "ver_no": 1}]},
    "an empty page of decisions": {"infno": "G203", "cursor": "", "list": [], "next_cursor": "", "more": False},
    "a page of decisions with an older one on it": {"cursor": "", "list": [{"rid": "aa".ljust(32, "0"), "ver_no": 0}]},
    "an empty place of a longer list": {"rid": "aa".ljust(32, "0"), "ver_no": 1, "cursor": "", "list": []},
    "an older one without a word of what was asked": {"list": [{"rid": "aa".ljust(32, "0"), "ver_no": 0}]},
    "an empty list of nobody": {"list": []},
    "an empty list about an older version": {"rid": "aa".ljust(32, "0"), "ver_no": 0, "list": []},
    "no list": {"trt_dcla_detl_sn": "T9"},
}


@pytest.mark.parametrize("name", ASTRAY)
def test_an_answer_about_something_else_does_not_say_that_it_is_not_there(worker, owe, box, platform, hands, name):
    """Sent again under its old number it would be harmless, under a new one doubled: it is asked for again instead."""
    rid = owe("aa", 1)
    answers = ["done-lost"]
    platform.wrong = lambda infno, n: answers.pop() if answers and infno == "G201" else None
    right, astray = platform.done, [ASTRAY[name]] * 3
    platform.done = lambda infno, said: astray.pop() if infno == "G203" and astray else right(infno, said)
    settle(worker, hands)
    assert [entry.state for entry in box()] == [OutState.ACKED]
    assert [call[0] for call in platform.calls] == ["G201", *["G203"] * 4]
    assert platform.effects == {(rid, 1): 1}


def test_an_answer_that_stands_twice_is_not_read_as_the_next_one(worker, owe, box, platform, hands):
    rids = [owe(name, 1) for name in ("aa", "bb", "cc")]
    platform.wrong = lambda infno, n: "twice"
    settle(worker, hands)
    assert platform.effects == {(rid, 1): 1 for rid in rids}
    assert {entry.aggregate: entry.answer["rid"] for entry in box()} == {f"case:{rid}": rid for rid in rids}


def test_a_sign_in_that_has_run_out_is_renewed_and_the_number_stays(worker, owe, box, platform, hands):
    owe("aa", 1)
    platform.needs_sign_no = "an older one"
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G201", "9001", "G201"]
    assert platform.calls[0][1] == platform.calls[2][1]
    assert box()[0].state == OutState.ACKED


def test_an_answer_that_the_platform_did_not_sign_pauses_the_channel_and_counts_for_nothing(
    worker, owe, box, platform, hands, session
):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "unsigned" if n == 1 else None
    worker.step()
    assert (box()[0].state, box()[0].attempts) == (OutState.UNKNOWN, 0)
    assert paused(session, "province", hands())
    assert state_of(session, "province").reason == "answer-signature"
    session.rollback()
    assert worker.step() == 0
    hands.turn(seconds=31)
    worker.step()
    assert [call[0] for call in platform.calls] == ["G201", "G203"]
    assert box()[0].state == OutState.ACKED


def test_a_room_that_fails_to_hear_the_news_undoes_the_outcome_and_hears_it_later(
    new_worker, owe, box, platform, hands
):
    heard, bad = [], [True]
    rids = [owe(name, 1, "work_order") for name in ("aa", "bb", "cc")]

    def acked(_session, _logical, aggregate, _answer, _now):
        if aggregate == f"case:{rids[1]}" and bad:
            raise ValueError("王玉兰")
        heard.append(aggregate)

    worker = new_worker(handlers=Handlers(acked=acked))
    worker.step()
    states = {entry.aggregate[5:7]: (entry.state, entry.error_kind) for entry in box()}
    assert states == {
        "aa": (OutState.ACKED, None),
        "bb": (OutState.UNKNOWN, "handler-ValueError"),
        "cc": (OutState.ACKED, None),
    }
    bad.clear()
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects == {(rid, 1): 1 for rid in rids}


def test_what_is_tried_for_days_is_not_given_up(worker, owe, box, platform, hands):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "500"
    for _ in range(20):
        worker.step()
        hands.turn(hours=12)
    assert box()[0].state == OutState.UNKNOWN
    platform.wrong = lambda infno, n: None
    settle(worker, hands)
    assert box()[0].state == OutState.ACKED


def test_a_slow_worker_whose_lease_ran_out_does_not_overwrite_what_another_found(new_worker, owe, box, platform, hands):
    slow, quick = new_worker(), new_worker()
    platform.dedupe = True  # it sends what it took, under the number that both use
    rids = [owe(name, 1) for name in ("aa", "bb", "cc")]
    requests, _until = slow._take(hands())
    hands.turn(minutes=10)
    settle(quick, hands)
    before = [entry.refmsgid for entry in box()]
    slow._settle([(request, slow._send(request)) for request in requests[:2]], requests[2:])
    assert [(entry.state, entry.refmsgid) for entry in box()] == [(OutState.ACKED, number) for number in before]
    assert platform.effects == {(rid, 1): 1 for rid in rids}


def test_of_what_was_leased_together_nothing_more_is_begun_when_the_lease_has_run_out(
    new_worker, owe, box, platform, hands
):
    worker = new_worker(burst_s=60)
    rids = [owe(name, 1) for name in ("aa", "bb", "cc")]
    platform.wrong = lambda infno, n: hands.turn(minutes=10) and None
    assert worker.step() == 1
    assert [entry.state for entry in box()] == [OutState.ACKED, OutState.PENDING, OutState.PENDING]
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G201"] * 3
    assert platform.effects == {(rid, 1): 1 for rid in rids}


def test_a_pause_stops_what_was_leased_with_it_and_what_was_not_sent_is_not_in_doubt(
    new_worker, owe, box, platform, hands
):
    worker = new_worker(burst_s=60)
    rids = [owe(name, 1) for name in ("aa", "bb", "cc")]
    platform.wrong = lambda infno, n: "unsigned" if n == 2 else None
    assert worker.step() == 2
    assert [(entry.state, entry.doubtful, entry.sent_at is None) for entry in box()] == [
        (OutState.ACKED, False, False),
        (OutState.UNKNOWN, True, False),
        (OutState.PENDING, False, True),
    ]
    assert worker.step() == 0
    settle(worker, hands)
    assert platform.effects == {(rid, 1): 1 for rid in rids}
    assert [call[0] for call in platform.calls].count("G203") == 1


def test_after_its_time_the_rest_of_a_lease_goes_back_to_its_place_in_the_queue(new_worker, owe, box, platform, hands):
    worker = new_worker(burst_s=0)
    rids = [owe(name, 1) for name in ("aa", "bb", "cc")]
    hands.turn(minutes=1)
    assert worker.step() == 1
    late = [(entry.state, entry.msgid, entry.sent_at, entry.tried_since, entry.next_at) for entry in box()[1:]]
    assert late == [(OutState.PENDING, None, None, None, hands() - timedelta(minutes=1))] * 2
    settle(worker, hands)
    assert [case for case, _version in platform.order] == rids


def test_rooms_hear_of_what_went_together_in_the_order_of_the_cases(new_worker, owe, platform):
    heard = []
    worker = new_worker(
        burst_s=60, handlers=Handlers(acked=lambda _session, _logical, case, *_: heard.append(case[5:7]))
    )
    for case in ("cc", "aa", "bb"):
        owe(case, 1)
    worker.step()
    assert heard == ["aa", "bb", "cc"]
    assert [case[:2] for case, _version in platform.order] == ["cc", "aa", "bb"]  # the longest wait first


@on_sqlite
def test_rooms_hear_in_that_order_also_after_one_of_them_failed(new_worker, owe, box, platform):
    heard, fails = [], [True]

    def acked(_session, _logical, aggregate, *_):
        heard.append(aggregate[5:7])
        if aggregate.startswith("case:bb") and fails:
            raise ValueError(fails.pop())

    worker = new_worker(burst_s=60, handlers=Handlers(acked=acked))
    for case in ("cc", "aa", "bb"):
        owe(case, 1)
    worker.step()
    assert heard == ["aa", "bb", "aa", "bb", "cc"]
    assert {entry.state for entry in box()} == {OutState.ACKED}


def test_a_failure_among_what_was_leased_together_is_its_own(new_worker, owe, box, platform, hands):
    worker = new_worker(burst_s=60)
    rids = [owe(name, 1) for name in ("aa", "bb", "cc", "dd", "ee")]
    faults = {2: "done-lost", 3: "busy", 4: "422"}
    platform.wrong = lambda infno, n: faults.get(n)
    assert worker.step() == 5
    assert [(entry.state, entry.error_kind) for entry in box()] == [
        (OutState.ACKED, None),
        (OutState.UNKNOWN, "broken"),
        (OutState.PENDING, "retry"),
        (OutState.REJECTED, "http-422"),
        (OutState.ACKED, None),
    ]
    settle(worker, hands)
    assert platform.effects == {(rid, 1): 1 for rid in rids if not rid.startswith("dd")}


def test_two_workers_at_once_do_everything_once_and_in_order(database, channel, new_worker, owe, box, platform, hands):
    for version in range(1, 5):
        for number in range(5):
            owe(f"{number:02x}", version)
    ready = threading.Barrier(2)

    def work(worker: Worker) -> None:
        ready.wait()
        idle = 0
        while idle < 20:
            idle = 0 if worker.step() else idle + 1
            time.sleep(0.01 if idle else 0)

    threads = [threading.Thread(target=work, args=(new_worker(),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert set(platform.effects.values()) == {1}
    for number in range(5):
        rid = f"{number:02x}".ljust(32, "0")
        assert [version for case, version in platform.order if case == rid] == [1, 2, 3, 4]


# Pauses


def test_the_workers_own_pause_grows_and_ends_with_a_success(worker, owe, platform, hands, session):
    owe("aa", 1)
    platform.wrong = lambda infno, n: "unsigned"
    lengths = []
    for _ in range(4):
        worker.step()
        until = state_of(session, "province").paused_until
        session.rollback()
        lengths.append((until - hands()).total_seconds())
        hands.at = until
    assert lengths == [30, 60, 120, 240]
    platform.wrong = lambda infno, n: None
    worker.step()
    state = state_of(session, "province")
    assert (state.paused_at, state.faults, state.reason) == (None, 0, None)


def test_a_persons_pause_stays_until_a_person_ends_it(worker, owe, platform, hands, database):
    def change(act, *arguments):
        with database.writing() as session:
            act(session, "province", *arguments)
            session.commit()

    owe("aa", 1)
    change(pause, "an-account", "维护", hands())
    hands.turn(days=3)
    assert worker.step() == 0
    assert platform.calls == []
    change(resume)
    assert worker.step() == 1


def test_a_bearer_token_is_fetched_once_and_again_when_it_is_refused(tmp_path, platform, new_worker, owe, box, hands):
    channel = channel_to(
        tmp_path, platform, profile='"bearer"\ntoken_path = "/token"\nclient_file = "client"', token_file='""'
    )
    worker = new_worker(channel)
    owe("aa", 1)
    assert worker.step() == 1
    assert box()[0].state == OutState.ACKED
    platform.token = "token-2"
    owe("aa", 2)
    settle(worker, hands)
    assert box()[1].state == OutState.ACKED


def test_a_database_is_not_locked_while_something_is_on_its_way(worker, owe, platform, database: Database):
    owe("aa", 1)
    whole, wrote = platform.done, []

    def meanwhile(infno, said):
        owe("bb", 1)
        wrote.append(True)
        return whole(infno, said)

    platform.done = meanwhile
    worker.step()
    assert wrote


# Batches


def test_a_batch_that_a_gateway_refuses_is_halved_until_the_one_that_is_wrong_is_found(
    new_worker, owe, box, platform, hands
):
    worker = new_worker(burst_s=60)
    rids = [owe(f"{number:02x}", 1, "work_order") for number in range(8)]
    for number in range(8):
        owe(f"{number:02x}", 2)
    platform.wrong = lambda infno, n: "422" if infno == "G101" and rids[5] in platform.calls[-1][2] else None
    settle(worker, hands)
    refused = [(entry.aggregate, entry.error_kind) for entry in box() if entry.state == OutState.REJECTED]
    assert refused == [(f"case:{rids[5]}", "http-422")]
    assert {entry.state for entry in box() if entry.aggregate != f"case:{rids[5]}"} == {OutState.ACKED}
    sizes = [call[2].count('"rid"') for call in platform.calls if call[0] == "G101"]
    assert sizes[:3] == [8, 4, 4]
    assert sorted(sizes[3:]) == [1, 1, 2, 2]
    assert len({call[1] for call in platform.calls}) == len(platform.calls)  # each another number
    assert worker.smaller == {}  # the next batches are as large as ever


def test_what_a_room_failed_to_hear_of_a_batch_goes_under_another_number(new_worker, owe, box, platform, hands):
    bad = [True]
    rids = [owe(name, 1, "work_order") for name in ("aa", "bb", "cc")]

    def acked(_session, _logical, aggregate, _answer, _now):
        if aggregate == f"case:{rids[1]}" and bad:
            raise ValueError

    worker = new_worker(handlers=Handlers(acked=acked))
    worker.step()
    bad.clear()
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert [call[2].count('"rid"') for call in platform.calls] == [3, 1]
    assert platform.calls[0][1] != platform.calls[1][1]


def test_batches_of_one_are_still_lists(tmp_path, platform, new_worker, owe, box, hands):
    worker = new_worker(channel_to(tmp_path, platform, batch="1"))
    owe("aa", 1, "work_order")
    settle(worker, hands)
    assert [entry.state for entry in box()] == [OutState.ACKED]
    assert platform.calls[0][2].startswith('{"matt":[{')


def test_one_that_cannot_be_opened_is_refused_and_the_others_go_on(worker, owe, box, platform, hands, session):
    bad, good = owe("aa", 1), owe("bb", 1)
    owe("aa", 2)
    later = owe("cc", 1, "work_order")
    session.execute(
        sa.text("UPDATE outbox SET body = :junk WHERE aggregate = :bad"), {"junk": b"\1" * 40, "bad": f"case:{bad}"}
    )
    session.commit()
    settle(worker, hands)
    seen = "SELECT aggregate, state, error_kind FROM outbox ORDER BY aggregate, agg_seq"
    assert [tuple(row) for row in session.execute(sa.text(seen))] == [
        (f"case:{bad}", "rejected", "sealed"),
        (f"case:{bad}", "pending", None),
        (f"case:{good}", "acked", None),
        (f"case:{later}", "acked", None),
    ]
    assert platform.effects == {(good, 1): 1, (later, 1): 1}


def test_one_of_a_batch_that_cannot_be_opened_and_is_not_due_holds_up_no_other(
    worker, owe, box, platform, hands, session
):
    """The others go under another number: the old one would say another thing than before."""
    bad, good, other = (owe(name, 1, "work_order") for name in ("aa", "bb", "cc"))
    platform.wrong = lambda infno, n: "lost" if n == 1 else None
    worker.step()
    junk = "UPDATE outbox SET body = :junk, next_at = :later WHERE aggregate = :bad"
    later = hands() + timedelta(days=9)
    session.execute(
        sa.text(junk).bindparams(sa.bindparam("later", type_=OutboxEntry.__table__.c.next_at.type)),
        {"junk": b"\1" * 40, "later": later, "bad": f"case:{bad}"},
    )
    session.commit()
    settle(worker, hands)
    seen = sa.text("SELECT state, error_kind FROM outbox ORDER BY aggregate")
    assert [tuple(row) for row in session.execute(seen)] == [("rejected", "sealed"), ("acked", None), ("acked", None)]
    assert platform.effects == {(good, 1): 1, (other, 1): 1}
    assert len({call[1] for call in platform.calls}) == len(platform.calls) == 2


def test_the_bodies_of_what_arrived_are_forgotten_also_beside_one_that_cannot_be_opened(
    worker, owe, box, platform, hands, session
):
    bad, _good = owe("aa", 1), owe("bb", 1)
    settle(worker, hands)
    junk = "UPDATE outbox SET body = :junk, answer = :junk WHERE aggregate = :bad"
    session.execute(sa.text(junk), {"junk": b"\1" * 40, "bad": f"case:{bad}"})
    session.commit()
    hands.turn(days=31)
    worker.tidy()
    assert [(entry.body, entry.chars, entry.answer, entry.next_at) for entry in box()] == [("", 0, None, None)] * 2


def test_an_answer_that_another_message_had_already_does_not_count(worker, owe, box, platform, hands):
    """Right, signed, and of a platform whose answers to a filing name no rid: only its number tells."""
    rids = [owe("aa", 1), owe("bb", 1)]
    right = platform.done

    def nameless(infno, said):
        output = right(infno, said)
        return {"trt_dcla_detl_sn": "T"} if infno == "G201" else output

    platform.done = nameless
    answers, reply = [], platform.reply

    def again(*arguments, **more):
        answers.append(reply(*arguments, **more))
        return answers[0] if len(answers) == 2 else answers[-1]

    platform.reply = again
    worker.step()
    worker.step()
    assert [(entry.state, entry.error_kind) for entry in box()] == [
        (OutState.ACKED, None),
        (OutState.UNKNOWN, "other-answer"),
    ]
    settle(worker, hands)
    assert {entry.state for entry in box()} == {OutState.ACKED}
    assert platform.effects == {(rid, 1): 1 for rid in rids}
    assert len({entry.refmsgid for entry in box()}) == 2


def test_the_very_same_answer_to_the_same_message_counts(worker, owe, platform):
    owe("aa", 1)
    (request,), _until = worker._take(worker.clock())
    answers, reply = [], platform.reply
    platform.reply = lambda *said, **more: answers.append(reply(*said, **more)) or answers[0]
    assert [worker._send(request).outcome for _ in range(2)] == ["done", "done"]
    assert answers[0] != answers[1]  # the second time it was told the first one


# Odd answers


def test_a_refusal_whose_words_no_database_can_keep_is_told_all_the_same(new_worker, owe, box, platform, hands):
    """Half a character is no UTF-8, a NUL no text in PostgreSQL: the answer would never be written down, and asked for again."""
    told, reply = [], platform.reply
    platform.reply = lambda code, output, words: reply(code, output, words and words + "王\ud842\0")
    rid = owe("aa", 1)
    platform.refuse = {rid}
    settle(new_worker(handlers=Handlers(rejected=lambda *news: told.append(news[3]))), hands)
    assert [(entry.state, entry.error) for entry in box()] == [(OutState.REJECTED, "经办机构不存在王\ufffd\ufffd")]
    assert told == ["经办机构不存在王\ufffd\ufffd"]


def test_a_version_that_is_no_number_leaves_nothing_unsettled(worker, owe, box, platform, hands):
    rids = [owe(name, 1, "work_order") for name in ("aa", "bb")]
    right, odd = platform.done, [float("inf"), float("nan"), "1e400"]

    def first_oddly(infno, said):
        output = right(infno, said)
        if odd:
            output["result"][0]["ver_no"] = odd.pop()
        return output

    platform.done = first_oddly
    settle(worker, hands)
    assert [entry.state for entry in box()] == [OutState.ACKED, OutState.ACKED]
    assert platform.effects == {(rid, 1): 1 for rid in rids}


@pytest.mark.parametrize("area", ['""', '"370000"'])
@on_sqlite
def test_a_platform_without_numbers_is_believed_where_none_are_asked_for(
    tmp_path, new_worker, owe, box, platform, hands, area
):
    reply = platform.reply
    platform.reply = lambda *said, **more: reply(*said, number="", **more)
    for case in ("aa", "bb", "cc"):
        owe(case, 1)
    worker = new_worker(channel_to(tmp_path, platform, answers_from=area), burst_s=60)
    assert worker.step() == 3
    kinds = [entry.error_kind for entry in box()]
    assert kinds == ([None] * 3 if area == '""' else ["other-answer"] * 3)


@pytest.mark.parametrize("words", ["签到已失效", "验签失败"])
def test_what_is_told_without_a_number_after_it_was_done_signs_in_or_pauses_and_is_asked_for(
    worker, owe, box, platform, hands, session, words
):
    """It may be the answer to another call: the filing is not sent again without asking."""
    rid = owe("aa", 1)
    reply, odd = platform.reply, [True]
    platform.reply = lambda *said, **more: (
        reply(-1, {}, words, number="") if odd and odd.pop() else reply(*said, **more)
    )
    worker.step()
    assert (box()[0].state, box()[0].doubtful) == (OutState.UNKNOWN, True)
    assert paused(session, "province", hands()) == (words == "验签失败")
    session.rollback()
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G201", *(["9001"] if words == "签到已失效" else []), "G203"]
    assert platform.effects == {(rid, 1): 1}
    assert box()[0].state == OutState.ACKED
