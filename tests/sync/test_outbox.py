"""What is owed to the province is written with the fact, leased to one worker, kept in order, and never numbered twice."""

import multiprocessing
import random
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common.db import Database
from sync import outbox
from sync.channel import Backoff
from sync.models import MsgidCounter, OutboxEntry, OutState
from tests.conftest import NOW
from tests.statements import statements_of

CODE = "H37000000001"
BATCHES = {"case_submit": 1, "work_order": 50}


def take_some(session, owner="one", now=NOW, most=100, most_chars=40_000, requests=10):
    """What goes into the next requests, one list each."""
    return outbox.lease(
        session, "province", owner=owner, now=now, until=now + timedelta(minutes=5), most=most, most_chars=most_chars, batches=BATCHES, requests=requests
    )  # fmt: skip


def take(session, *given, **more):
    """What goes into the next request."""
    return next(iter(take_some(session, *given, requests=1, **more)), [])


def test_the_same_fact_is_owed_once(owe, box):
    for _ in range(3):
        owe("aa", 1)
    owe("aa", 2)
    assert [entry.agg_seq for entry in box()] == [1, 2]


def test_owing_costs_the_business_transaction_one_insert(app, session):
    with statements_of(session.get_bind()) as said:
        owed = outbox.owe(
            session, county_code="370102", channel="province", aggregate="case:aa", logical="case_submit", key="k", body={}, now=NOW
        )  # fmt: skip
        session.commit()
    assert owed
    assert [statement.split()[0] for statement in said] == ["INSERT"]


def test_what_was_not_committed_is_not_owed(app, session, box):
    outbox.owe(
        session, county_code="370102", channel="province", aggregate="case:aa", logical="case_submit", key="k", body={}, now=NOW
    )  # fmt: skip
    session.rollback()
    assert box() == []


def test_the_body_is_sealed_and_kept_to_the_letter(owe, session):
    owe("aa", 1)
    stored = session.execute(sa.text("SELECT body FROM outbox")).scalar_one()
    assert "王玉兰".encode() not in bytes(stored)
    entry = session.scalars(sa.select(OutboxEntry)).one()
    assert entry.body == f'{{"rid":"{"aa".ljust(32, "0")}","ver_no":1,"psn_name":"王玉兰"}}'
    assert entry.chars == len(entry.body)


def test_of_one_case_the_first_goes_and_the_others_wait(owe, session):
    for version in (1, 2, 3):
        owe("aa", version)
    for version in (1, 2, 3):
        (entry,) = take(session)
        assert entry.agg_seq == version
        assert take(session, "two") == []
        outbox.acked(entry, answer={}, refmsgid=None, now=NOW, keep=timedelta(days=30))
        session.flush()
    assert take(session) == []


def test_a_refused_one_holds_up_its_own_case_only(owe, session):
    owe("aa", 1)
    (entry,) = take(session)
    outbox.rejected(entry, infcode="-2", words="不行", kind="business")
    session.commit()
    owe("aa", 2)
    owe("bb", 1)
    (other,) = take(session)
    assert other.aggregate.startswith("case:bb")
    session.commit()
    assert take(session) == []


def test_after_mending_a_refused_one_is_asked_for_and_goes_again_with_another_number(owe, session):
    owe("aa", 1)
    (entry,) = take(session)
    outbox.leaves(entry, "old", NOW)
    outbox.rejected(entry, infcode="-2", words="不行", kind="business")
    outbox.replay(entry, NOW)
    session.flush()
    (again,) = take(session)
    assert (again.id, again.msgid, again.doubtful, again.attempts) == (entry.id, None, True, 0)


def test_only_a_refused_one_is_replayed(owe, session):
    owe("aa", 1)
    (entry,) = take(session)
    entry.msgid = "number"
    outbox.replay(entry, NOW)
    assert (entry.state, entry.msgid) == (OutState.SENDING, "number")


def test_two_workers_never_hold_the_same_entry(database, owe):
    for number in range(12):
        owe(f"{number:02x}", 1)
    taken, lock, ready = [], threading.Lock(), threading.Barrier(2)

    def work(name):
        ready.wait()
        while True:
            with database.writing() as session:
                ids = [entry.id for entry in take(session, name, most=3)]
                session.commit()
            if not ids:
                return
            with lock:
                taken.extend(ids)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 12


def test_a_dead_workers_entry_comes_back_in_doubt_when_its_lease_has_run_out(owe, session):
    owe("aa", 1)
    (entry,) = take(session)
    entry.msgid = "number"
    session.commit()
    assert take(session, "two", NOW + timedelta(minutes=4)) == []
    (found,) = take(session, "two", NOW + timedelta(minutes=6))
    assert (found.id, found.doubtful, found.lease_owner, found.msgid) == (entry.id, True, "two", "number")


def test_what_went_together_goes_together_again(owe, session):
    for number in range(5):
        owe(f"{number:02x}", 1, "work_order")
    first = take(session)
    assert len(first) == 5
    for entry in first[:3]:
        entry.msgid = "number"
        outbox.again(entry, doubtful=True, at=NOW, kind="timeout")
    for entry in first[3:]:
        outbox.put_back(entry, at=NOW)
    session.commit()
    owe("ff", 1, "work_order")
    assert [entry.msgid for entry in take(session)] == ["number"] * 3
    session.commit()
    assert [entry.msgid for entry in take(session)] == [None] * 3


@pytest.mark.parametrize(("most_chars", "expected"), [(10, 1), (260, 2), (330, 3), (40_000, 6)])
def test_batches_are_cut_by_size(owe, session, most_chars, expected):
    for number in range(6):
        owe(f"{number:02x}", 1, "work_order", memo="." * 10)
    assert len(take(session, most_chars=most_chars)) == expected


def test_several_requests_are_leased_at_once_and_no_two_of_one_case(owe, session):
    for number in range(4):
        owe(f"{number:02x}", 1, "work_order" if number % 2 else "case_submit")
        owe(f"{number:02x}", 2)
    found = take_some(session, requests=3)
    assert [[entry.aggregate[5:7] for entry in request] for request in found] == [["00"], ["01", "03"], ["02"]]
    assert {entry.agg_seq for request in found for entry in request} == {1}
    session.commit()
    assert take_some(session) == []


def test_what_has_a_number_is_leased_with_all_that_carry_it_and_nothing_else(owe, session):
    for number in range(4):
        owe(f"{number:02x}", 1, "work_order")
    for request, number in zip(([0, 2], [1, 3]), ("one", "two"), strict=True):
        entries = session.scalars(sa.select(OutboxEntry).order_by(OutboxEntry.id)).all()
        for place in request:
            outbox.leaves(entries[place], number, NOW)
    session.commit()
    owe("04", 1, "work_order")
    found = take_some(session, now=NOW)
    assert [{entry.msgid for entry in request} for request in found] == [{"one"}, {"two"}, {None}]
    assert [len(request) for request in found] == [2, 2, 1]


def test_a_name_that_the_channel_does_not_know_waits_and_holds_up_nobody(owe, session):
    owe("aa", 1, "unheard_of")
    owe("bb", 1)
    assert [entry.logical for entry in take(session)] == ["case_submit"]


def test_the_body_of_what_arrived_is_forgotten_after_its_time(owe, session):
    for case in ("aa", "bb"):
        owe(case, 1)
    (entry,) = take(session)
    outbox.acked(entry, answer={"a": 1}, refmsgid="r", now=NOW, keep=timedelta(days=30))
    session.commit()
    assert outbox.forget(session, "province", NOW + timedelta(days=29)) == 0
    assert outbox.forget(session, "province", NOW + timedelta(days=31)) == 1
    assert outbox.forget(session, "province", NOW + timedelta(days=31)) == 0
    assert (entry.body, entry.answer, entry.state, entry.refmsgid) == ("", None, OutState.ACKED, "r")


# Waiting


def test_waits_grow_with_full_jitter_up_to_the_longest():
    chance, backoff = random.Random(1), Backoff(first_s=5, longest_s=1800)
    for attempts, most in ((0, 5), (1, 10), (5, 160), (40, 1800), (10**6, 1800)):
        waits = [outbox.delay(backoff, attempts, chance).total_seconds() for _ in range(300)]
        assert 0 <= min(waits) < most * 0.1
        assert most * 0.9 < max(waits) <= most


@pytest.mark.parametrize(("asked", "waits"), [(7, 7), (0, 1), (-5, 1), (10**9, 1800)])
def test_a_platform_that_names_the_wait_gets_it_within_reason(asked, waits):
    assert outbox.delay(Backoff(), 3, random.Random(1), asked).total_seconds() == waits


# Numbers


def numbers(database, many, now=NOW):
    found = []
    for _ in range(many):
        with database.writing() as session:
            found += outbox.next_msgids(session, CODE, now, 1)
            session.commit()
    return found


def test_a_number_is_code_second_and_four_digits(database):
    assert numbers(database, 3) == [f"{CODE}20261123100000{n:04}" for n in range(3)]


def _numbers_elsewhere(url, queue):
    queue.put(numbers(Database(url), 40))


def test_no_number_is_given_twice_over_threads_and_processes(database, database_url):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=_numbers_elsewhere, args=(database_url, queue)) for _ in range(2)]
    for process in processes:
        process.start()
    given, lock = [], threading.Lock()

    def work():
        mine = numbers(database, 40)
        with lock:
            given.extend(mine)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for process in processes:
        given += queue.get(timeout=120)
        process.join()
    for thread in threads:
        thread.join()
    assert len(given) == len(set(given)) == 200


def test_after_ten_thousand_in_a_second_the_next_second_begins_early(session, database):
    session.add(MsgidCounter(code=CODE, second="20261123235959", n=9_998))
    session.commit()
    late = NOW.replace(hour=15, minute=59, second=59)
    assert [number[12:] for number in numbers(database, 3, late)] == [
        "202611232359599999",
        "202611240000000000",
        "202611240000000001",
    ]


def test_a_clock_that_goes_back_gives_no_number_again(database):
    forward = numbers(database, 2, NOW)
    back = numbers(database, 2, NOW - timedelta(hours=1))
    assert sorted({*forward, *back}) == forward + back
