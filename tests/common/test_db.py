"""Sessions to read and to write, and what they refuse, on both databases."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from common import db
from common.db import Database, Instant
from common.models import CalendarOverride, Edition
from stations.models import Station, StationReport
from tests.conftest import on_sqlite


@pytest.fixture
def both(database_url):
    database = Database(database_url)
    yield database
    database.engine.dispose()


def count(database: Database) -> int:
    with database.read_session() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Edition))


def test_nothing_is_kept_without_commit(both):
    with both.writing() as session:
        session.add(Edition(name="words", number=1))
        session.flush()
    assert count(both) == 0


def test_an_error_keeps_nothing_and_lets_the_next_writer_in(both):
    def fail() -> None:
        with both.writing() as session:
            session.add(Edition(name="words", number=1))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with both.writing() as session:
        session.add(Edition(name="words", number=2))
        session.commit()
    assert count(both) == 1


def test_a_reading_session_refuses_to_write(both):
    with both.read_session() as session:
        session.add(Edition(name="words", number=1))
        with pytest.raises(RuntimeError, match="asked to write"):
            session.commit()
    with both.read_session() as session, pytest.raises(sa.exc.DBAPIError):
        session.execute(sa.insert(Edition).values(name="words", number=1))
    assert count(both) == 0


def test_a_reading_session_sees_one_moment(both):
    """A page that reads twice must not show two truths."""
    with both.writing() as session:
        session.add(Edition(name="words", number=1))
        session.commit()
    number = sa.select(Edition.number).where(Edition.name == "words")
    with both.read_session() as reader:
        before = reader.scalar(number)
        with both.writing() as session:
            session.execute(sa.update(Edition).values(number=2))
            session.commit()
        after = reader.scalar(number)
    assert (before, after) == (1, 1)


def test_two_writers_do_not_lose_each_others_work(both):
    with both.writing() as session:
        session.add(Edition(name="words", number=0))
        session.commit()
    failures = []

    def add_ten() -> None:
        try:
            for _ in range(10):
                with both.writing() as session:
                    session.execute(sa.update(Edition).values(number=Edition.number + 1))
                    session.commit()
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=add_ten) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with both.read_session() as session:
        assert (session.scalar(sa.select(Edition.number)), failures) == (40, [])


def test_a_writer_reads_first_and_writes_later_without_a_busy_database(both):
    """SQLite: a deferred transaction that upgrades itself would fail at once; BEGIN IMMEDIATE waits."""
    with both.writing() as session:
        session.add(Edition(name="words", number=0))
        session.commit()
    both_read, failures = threading.Barrier(2, timeout=1), []

    def read_then_write() -> None:
        try:
            with both.writing() as session:
                session.scalar(sa.select(Edition.number))
                with suppress(threading.BrokenBarrierError):
                    both_read.wait()  # both here at once only where the database lets two writers begin
                session.execute(sa.update(Edition).values(number=Edition.number + 1))
                session.commit()
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=read_then_write) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_that_wait_for_each_other_one_gives_way_and_runs_again(app):
    """SQLite has one writer at a time."""
    with app.app_context(), db.writing() as session:
        session.add_all([Edition(name="a", number=0), Edition(name="b", number=0)])
        session.commit()
    both_hold, runs, failures = threading.Barrier(2, timeout=20), [], []

    def add_in_order(*names: str) -> None:
        def work(session: sa.orm.Session) -> None:
            runs.append(names)
            for name in names:
                session.execute(sa.update(Edition).where(Edition.name == name).values(number=Edition.number + 1))
                if name == names[0] and runs.count(names) == 1:
                    both_hold.wait()

        try:
            with app.app_context():
                db.done_once(work)
        except Exception as problem:
            failures.append(problem)

    threads = [threading.Thread(target=add_in_order, args=names) for names in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    with app.extensions["db"].read_session() as session:
        numbers = session.scalars(sa.select(Edition.number).where(Edition.name.in_(["a", "b"]))).all()
    assert (failures, len(runs), numbers) == ([], 3, [2, 2])


@on_sqlite
def test_what_never_succeeds_is_not_tried_for_ever(app):
    runs = []

    def work(session: sa.orm.Session) -> None:
        runs.append(1)
        session.execute(sa.insert(Edition), [{"name": "a", "number": 0}] * 2)

    with app.app_context(), pytest.raises(sa.exc.IntegrityError):
        db.done_once(work)
    assert len(runs) == db.MOST_TRIES


def test_foreign_keys_hold(both):
    about = {"id": "r", "county_code": "370102", "station_id": "nobody", "trouble": "phone"}
    with both.writing() as session, pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.insert(StationReport).values(**about, reported_at=datetime(2026, 1, 1, tzinfo=UTC)))


def test_the_database_itself_says_that_an_item_has_one_mode(both):
    text = dict.fromkeys(("id", "code", "name", "pinyin", "initials", "level", "host", "datum"), "x")
    text |= dict.fromkeys(("place_source", "source", "county_code", "town_code"), "x")
    numbers = dict.fromkeys(("lat", "lon", "mx", "my", "channels", "access", "consult_mask"), 0)
    more = {"open": True, "synthetic": True, "updated_at": datetime(2026, 1, 1, tzinfo=UTC)}
    twice = {"direct_mask": 0b110, "assist_mask": 0b010}
    with both.writing() as session, pytest.raises(sa.exc.IntegrityError, match="one_mode_per_item"):
        session.execute(sa.insert(Station).values(**text, **numbers, **more, **twice))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 23, 2, 0, 0, 123456, tzinfo=UTC),
        datetime(2026, 11, 23, 10, 0, tzinfo=timezone(timedelta(hours=8))),
        datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_a_moment_comes_back_as_it_went_in_aware_and_utc(both, moment):
    table = sa.Table("moment", sa.MetaData(), sa.Column("at", Instant()))
    table.create(both.engine)
    with both.writing() as session:
        session.execute(sa.insert(table).values(at=moment))
        session.commit()
    with both.read_session() as session:
        found = session.scalar(sa.select(table.c.at))
    assert (found, found.tzinfo) == (moment, UTC)


def test_a_moment_without_a_zone_is_refused(both):
    with both.writing() as session, pytest.raises(sa.exc.StatementError, match="time zone"):
        session.execute(sa.select(sa.literal(datetime(2026, 1, 1), Instant())))


def test_statements_are_counted_per_request(app, client):
    client.get("/readyz")
    first = app.extensions["db"].sql_count.n
    client.get("/readyz")
    assert app.extensions["db"].sql_count.n == first > 0


def test_the_sessions_of_a_request_end_with_it(app):
    with app.app_context():
        session = db.reading()
        assert db.reading() is session
        session.execute(sa.select(1))
        assert session.in_transaction()
    assert not session.in_transaction()


def test_sqlite_keeps_a_log_beside_the_file_and_waits_for_locks(tmp_path):
    database = Database(f"sqlite:///{tmp_path}/new.sqlite3")
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 15000}
    database.engine.dispose()


def test_dates_are_dates_on_both(both):
    with both.writing() as session:
        session.add(CalendarOverride(date=datetime(2027, 2, 6).date(), is_workday=False, name="春节", source="test"))
        session.commit()
    with both.read_session() as session:
        assert session.scalars(sa.select(CalendarOverride.date)).one().isoformat() == "2027-02-06"


def test_the_words_of_a_database_error_hold_nothing_that_was_typed(both):
    with both.writing() as session, pytest.raises(sa.exc.SQLAlchemyError) as problem:
        session.execute(sa.text("INSERT INTO nowhere (name) VALUES (:name)"), {"name": "王玉兰"})
    assert "王玉兰" not in str(problem.value)
