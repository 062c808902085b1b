"""Who saw and did what is written down once, in one unbroken chain per county and day, and nobody changes it unseen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from common import audit
from common.models import AuditEntry, AuditHead
from tests.conftest import NOW

COUNTY = "371302"


def enter(session, n=1, *, county=COUNTY, now=NOW, **facts):
    for number in range(n):
        given = {"actor_id": "a" * 32, "actor_role": "clerk", "action": "reveal", "about": ("case", f"{number:032x}")}
        audit.record(
            session, county_code=county, now=now, **(given | {"purpose": "核对材料", "facts": {"n": number}} | facts)
        )
    session.commit()


def test_entries_are_numbered_and_chained_by_county_and_day(session):
    enter(session, 3)
    enter(session, 1, county="371303")
    enter(session, 1, now=NOW + timedelta(days=1), purpose=None)
    rows = session.execute(
        sa.select(AuditEntry.county_code, AuditEntry.day, AuditEntry.seq, AuditEntry.purpose).order_by(
            AuditEntry.county_code, AuditEntry.day, AuditEntry.seq
        )
    ).all()
    assert rows == [
        (COUNTY, date(2026, 11, 23), 1, "核对材料"),
        (COUNTY, date(2026, 11, 23), 2, "核对材料"),
        (COUNTY, date(2026, 11, 23), 3, "核对材料"),
        (COUNTY, date(2026, 11, 24), 1, None),
        ("371303", date(2026, 11, 23), 1, "核对材料"),
    ]
    heads = session.execute(sa.select(AuditHead.day, AuditHead.before, AuditHead.seq).order_by(AuditHead.mac)).all()
    assert sorted(heads, key=str) == [
        (date(2026, 11, 23), None, 1),
        (date(2026, 11, 23), None, 3),
        (date(2026, 11, 24), date(2026, 11, 23), 1),
    ]


def test_what_is_not_committed_leaves_no_entry(session):
    enter(session)
    audit.record(
        session, county_code=COUNTY, actor_id=None, actor_role="resident", action="x", about=("case", "1"), now=NOW
    )
    session.rollback()
    enter(session)
    assert session.scalars(sa.select(AuditEntry.seq).order_by(AuditEntry.seq)).all() == [1, 2]


@pytest.mark.parametrize("value", ["13800000000", "371302199001010017", "37130219900101001x", "电话 19912345678。"])
def test_a_number_of_a_person_does_not_come_in_as_a_fact(session, value):
    with pytest.raises(ValueError, match="number of a person") as refused:
        enter(session, facts={"value": value})
    assert value not in str(refused.value)


FORBIDDEN = [
    "UPDATE audit_entry SET action = 'nothing'",
    "UPDATE audit_entry SET seq = seq + 10",
    "DELETE FROM audit_entry",
    "UPDATE audit_head SET seq = 0",
    "UPDATE audit_head SET last = ''",
    "DELETE FROM audit_head",
]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_the_database_itself_refuses_to_change_or_remove_what_was_written(session, words):
    enter(session, 2)
    with pytest.raises(sa.exc.IntegrityError, match="the audit only grows"):
        session.execute(sa.text(words))


def test_postgresql_refuses_to_empty_the_tables_too(session):
    if session.get_bind().dialect.name != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    with pytest.raises(sa.exc.IntegrityError, match="the audit only grows"):
        session.execute(sa.text("TRUNCATE audit_entry"))


def test_many_threads_write_one_chain(app, database):
    def work(_number):
        for _ in range(10):
            with database.writing() as session:
                enter(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with database.read_session() as session:
        seqs = session.scalars(sa.select(AuditEntry.seq).order_by(AuditEntry.seq)).all()
        assert seqs == list(range(1, 81))
