"""What is kept in memory is exact: a change is seen by the next request of every process, and asked for only once."""

from datetime import date

import pytest

from common import editions
from common.db import Database
from common.editions import Kept, bump, numbers, working_days
from common.models import CalendarOverride


@pytest.fixture
def two_processes(database_url):
    """Two engines on one database, as two workers have."""
    pair = Database(database_url), Database(database_url)
    yield pair
    for database in pair:
        database.engine.dispose()


@pytest.fixture
def loads():
    return []


@pytest.fixture
def words(loads):
    def load(session):
        loads.append(session)
        return len(loads)

    return Kept(load, "words", "hours")


def look(database: Database, kept: Kept):
    with database.read_session() as session:
        return kept(session)


def change(database: Database, name: str, *, commit: bool = True) -> None:
    with database.writing() as session:
        bump(session, name)
        if commit:
            session.commit()


def test_it_is_loaded_once(two_processes, words, loads):
    assert [look(two_processes[0], words) for _ in range(3)] == [1, 1, 1]
    assert len(loads) == 1


def test_a_change_is_seen_by_the_next_look_of_every_process(two_processes, words):
    one, other = two_processes
    look(one, words)
    look(other, words)
    change(one, "words")
    assert look(one, words) == 3
    assert look(other, words) == 4
    assert look(other, words) == 4


def test_any_of_its_names_will_do_and_no_other(two_processes, words, loads):
    one = two_processes[0]
    look(one, words)
    change(one, "hours")
    look(one, words)
    assert len(loads) == 2
    change(one, "calendar")
    look(one, words)
    assert len(loads) == 2


def test_a_change_that_was_not_kept_is_no_change(two_processes, words, loads):
    one = two_processes[0]
    look(one, words)
    change(one, "words", commit=False)
    look(one, words)
    assert len(loads) == 1


def test_within_one_session_it_stays_the_same(two_processes, words, loads):
    """One page shows one edition, even when the catalogue changes while it is drawn."""
    one, other = two_processes
    with one.read_session() as session:
        assert words(session) == 1
        change(other, "words")
        assert words(session) == 1
    assert look(one, words) == 2


def test_editions_are_asked_for_once_a_session(two_processes):
    one = two_processes[0]
    with one.read_session() as session:
        one.sql_count.n = 0
        for _ in range(5):
            numbers(session)
        assert one.sql_count.n == 1


def test_two_sessions_do_not_share_what_they_know(two_processes):
    one = two_processes[0]
    with one.read_session() as session:
        assert numbers(session) == {}
    change(one, "words")
    with one.read_session() as session:
        assert numbers(session) == {"words": 1}


def test_numbers_count_up(two_processes):
    for _ in range(3):
        change(two_processes[0], "words")
    with two_processes[1].read_session() as session:
        assert numbers(session) == {"words": 3}


def test_two_databases_keep_apart(two_processes, tmp_path, empty_sqlite, words):
    """Tests, and a tool that looks at two installations, run in one process."""
    other = Database(f"sqlite:///{empty_sqlite}")
    assert (look(two_processes[0], words), look(other, words)) == (1, 2)
    other.engine.dispose()


def test_a_holiday_the_operator_adds_counts_at_once(two_processes):
    one, other = two_processes
    day = date(2027, 2, 8)
    assert look(one, working_days).day(day).works
    with other.writing() as session:
        session.add(CalendarOverride(date=day, is_workday=False, name="春节", source="test"))
        bump(session, "calendar")
        session.commit()
    known = look(one, working_days).day(day)
    assert (known.works, known.name, known.estimated) == (False, "春节", False)


def test_what_is_kept_survives_the_session_it_was_loaded_with(two_processes):
    days = look(two_processes[0], working_days)
    assert days.day(date(2026, 10, 1)).name
    assert editions.working_days is working_days
