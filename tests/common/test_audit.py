"""Who saw and did what is written down once, in one unbroken chain per county and day, and nobody changes it unseen."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import g, has_app_context

from common import audit
from common.models import AuditEntry, AuditHead
from common.sealing import make_keys
from common.settings import ROOT
from tests.conftest import NOW, on_sqlite

COUNTY = "371302"


def enter(session, n=1, *, county=COUNTY, now=NOW, **facts):
    for number in range(n):
        given = {"actor_id": "a" * 32, "actor_role": "clerk", "action": "reveal", "about": ("case", f"{number:032x}")}
        audit.record(
            session,
            county_code=county,
            now=now,
            **(given | {"purpose": f"核对材料{number}", "facts": {"n": number}} | facts),
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
        (COUNTY, date(2026, 11, 23), 1, "核对材料0"),
        (COUNTY, date(2026, 11, 23), 2, "核对材料1"),
        (COUNTY, date(2026, 11, 23), 3, "核对材料2"),
        (COUNTY, date(2026, 11, 24), 1, None),
        ("371303", date(2026, 11, 23), 1, "核对材料0"),
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


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_postgresql_refuses_to_empty_the_tables_too(session):
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


WRITER = """
import sys
from datetime import datetime
from pathlib import Path
from common import audit
from common.db import Database
from common.sealing import read_keys

url, folder, county, now = sys.argv[1:]
database = Database(url, read_keys(Path(folder)))
for number in range(40):
    with database.writing() as session:
        audit.record(session, county_code=county, actor_id=None, actor_role="resident", action="file_case",
                     about=("case", str(number)), now=datetime.fromisoformat(now))
        session.commit()
"""


def test_two_processes_write_one_chain(app, database_url, runner):
    command = [sys.executable, "-c", WRITER, database_url, str(app.config["SETTINGS"].keys_folder), COUNTY]
    both = [subprocess.Popen([*command, NOW.isoformat()], cwd=ROOT) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert verify(runner) == (0, "审计记录完整：1 个县日，80 条。")


# Tampering: as somebody who owns the database, and so may drop its triggers.


@pytest.fixture
def runner(app):
    return app.test_cli_runner()


def verify(runner, *words):
    if has_app_context() and (kept := g.pop("read_session", None)):
        kept.close()  # the test's own context would keep an older picture
    result = runner.invoke(args=["audit", "verify", *words])
    return result.exit_code, result.output.strip()


@pytest.fixture
def tamper(database):
    def do(*statements):
        postgres = database.engine.dialect.name == "postgresql"
        with database.writing() as session:
            if postgres:
                session.execute(sa.text("SET LOCAL session_replication_role = replica"))
            else:
                for name in session.scalars(sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                    session.execute(sa.text(f"DROP TRIGGER {name}"))
            for words in statements:
                session.execute(sa.text(words))
            session.commit()

    return do


FORGED = (
    "INSERT INTO audit_entry SELECT county_code, day, {seq}, at, actor_id, actor_role, action, about_kind, about_id,"
    " purpose, facts, prev, mac FROM audit_entry WHERE county_code = '371302' AND day = '2026-11-23' AND seq = 2"
)
THAT_DAY = "county_code = '371302' AND day = '2026-11-23'"
TAMPERED = [
    (["UPDATE audit_entry SET actor_id = 'b' WHERE seq = 2"], "371302 2026-11-23 第 2 条被改过"),
    (["UPDATE audit_entry SET purpose = NULL WHERE seq = 2"], "371302 2026-11-23 第 2 条被改过"),
    (
        [
            "UPDATE audit_entry SET purpose = (SELECT e.purpose FROM audit_entry e WHERE e.seq = 3 AND"
            " e.county_code = '371302') WHERE seq = 2 AND " + THAT_DAY
        ],
        "371302 2026-11-23 第 2 条被改过",
    ),
    (["DELETE FROM audit_entry WHERE seq = 2"], "371302 2026-11-23 第 2 条没有了"),
    (["DELETE FROM audit_entry WHERE seq >= 3 AND " + THAT_DAY], "371302 2026-11-23 第 3 至 4 条没有了"),
    ([FORGED.format(seq=5)], "371302 2026-11-23 第 5 条是多出来的"),
    (["DELETE FROM audit_entry WHERE seq = 3", FORGED.format(seq=3)], "371302 2026-11-23 第 3 条被改过"),
    (
        ["DELETE FROM audit_entry WHERE seq > 3", "UPDATE audit_head SET seq = 3 WHERE seq = 4"],
        "371302 2026-11-23 这一天的总数被改过",
    ),
    ([f"DELETE FROM audit_head WHERE {THAT_DAY}"], "371302 2026-11-23 这一天的总数没有了"),
    (
        [f"DELETE FROM audit_entry WHERE {THAT_DAY}", f"DELETE FROM audit_head WHERE {THAT_DAY}"],
        "371302 2026-11-23 这一整天没有了",
    ),
    ([f"DELETE FROM audit_entry WHERE {THAT_DAY}"], "371302 2026-11-23 第 1 至 4 条没有了"),
]


@pytest.mark.parametrize(("statements", "says"), TAMPERED, ids=lambda value: str(value)[:60])
def test_verify_says_where_a_chain_is_broken(session, runner, tamper, statements, says):
    enter(session, 4)
    enter(session, 1, now=NOW + timedelta(days=1))
    enter(session, 1, county="371303")
    assert verify(runner) == (0, "审计记录完整：3 个县日，6 条。")
    tamper(*statements)
    code, output = verify(runner)
    assert code == 1
    assert says in output
    assert "Traceback" not in output
    assert verify(runner, "--county", "371303") == (0, "审计记录完整：1 个县日，1 条。")
    assert verify(runner, "--day", "2026-11-23", "--county", "371302")[0] == 1


@on_sqlite
def test_a_row_that_cannot_be_read_is_a_break_and_no_stack_trace(session, runner, tamper):
    enter(session, 2)
    tamper("UPDATE audit_entry SET facts = 'not json' WHERE seq = 2")
    code, output = verify(runner)
    assert (code, "371302 有读不出来的内容" in output) == (1, True)


def test_an_anchor_kept_elsewhere_shows_that_the_end_was_put_back(session, runner, tamper, tmp_path):
    enter(session, 2)
    head = session.execute(sa.select(AuditHead.seq, AuditHead.last, AuditHead.mac)).one()
    enter(session, 2)
    kept = tmp_path / "anchors.csv"
    kept.write_text(runner.invoke(args=["audit", "anchors", "--day", "2026-11-23"]).output)
    assert verify(runner, "--anchors", str(kept))[0] == 0
    tamper(
        "DELETE FROM audit_entry WHERE seq > 2",
        f"UPDATE audit_head SET seq = {head.seq}, last = '{head.last}', mac = '{head.mac}'",
    )
    assert verify(runner)[0] == 0
    code, output = verify(runner, "--anchors", str(kept))
    assert (code, "第 4 条和留存的校验值不一样" in output) == (1, True)


def test_with_another_audit_key_nothing_fits(session, runner, tmp_path, app):
    enter(session, 2)
    app.extensions["db"].engine.dialect.key_ring = make_keys(tmp_path / "others")
    code, output = verify(runner)
    assert (code, "先查密钥目录对不对" in output) == (1, True)


@pytest.mark.parametrize("words", [["--day", "yesterday"], ["--anchors", __file__]])
def test_what_verify_cannot_read_is_one_sentence(runner, words):
    code, output = verify(runner, *words)
    assert (code, len(output.splitlines())) == (1, 1)
