"""The search for leaks finds a planted one wherever it lies, and nothing where values are sealed."""

import base64
import logging

import pytest
import sqlalchemy as sa

from cases.models import Draft
from tests.conftest import NOW, on_sqlite
from tests.leaks import find_leaks, watch_logs

NAME, ID_NUMBER, PHONE = "张测试", "37130219900101001X", "13800000000"
VALUES = [NAME, ID_NUMBER, PHONE]


def keep(session, **answers):
    facts = {"county_code": "371302", "item_no": 15, "version": 1, "op_id": "o", "answers": answers}
    session.add(Draft(**facts, made_at=NOW, updated_at=NOW, expires_at=NOW))
    session.commit()


def test_sealed_values_are_not_found(app, session):
    keep(session, name=NAME, certno=ID_NUMBER, tel=PHONE)
    (app.config["SETTINGS"].data_dir / "papers").mkdir()
    (app.config["SETTINGS"].data_dir / "papers" / "one").write_bytes(app.extensions["keys"].seal(NAME.encode(), "x"))
    with watch_logs() as said:
        logging.getLogger("menkou.errors").error("ValueError at drafts.py:3")
    assert said.lines
    assert find_leaks(app, VALUES, said) == []


@pytest.mark.parametrize(
    "planted",
    [
        NAME,
        ID_NUMBER,
        ID_NUMBER.lower(),
        "138 0000 0000",
        "371302 19900101 001X",
        f"https://menkou.example/?tel={PHONE}",
        "%E5%BC%A0%E6%B5%8B%E8%AF%95",
        '{"name": "\\u5f20\\u6d4b\\u8bd5"}',
        base64.b64encode(f"x{ID_NUMBER}yz".encode()).decode(),
        base64.b64encode(f"xy{ID_NUMBER}z".encode()).decode(),
        base64.b64encode(f"xyz{PHONE}".encode()).decode(),
        PHONE.encode().hex(),
    ],
)
@on_sqlite
def test_a_planted_value_is_found_in_every_guise_and_place(app, session, planted):
    session.execute(sa.text("INSERT INTO edition (name, number) VALUES (:value, 1)"), {"value": planted[:40]})
    session.commit()
    if len(planted) <= 40:
        assert any(leak.startswith("edition.name holds") for leak in find_leaks(app, VALUES))
    file = app.config["SETTINGS"].data_dir / "note.txt"
    file.write_text(f"before {planted} after", encoding="utf-8")
    assert any(leak.startswith("the file note.txt holds") for leak in find_leaks(app, VALUES))
    with watch_logs() as said:
        logging.getLogger("menkou.requests").warning("asked: %s", planted)
    assert any(leak.startswith("the log holds") for leak in find_leaks(app, VALUES, said))


@on_sqlite
def test_a_deleted_row_that_still_lies_in_the_sqlite_file_is_found(app, session):
    session.execute(sa.text("INSERT INTO edition (name, number) VALUES (:value, 1)"), {"value": NAME})
    session.commit()
    session.execute(sa.text("DELETE FROM edition"))
    session.commit()
    assert [leak for leak in find_leaks(app, VALUES) if leak.startswith("the database file")]


def test_a_name_of_a_file_is_looked_at(app):
    (app.config["SETTINGS"].data_dir / f"{PHONE}.jpg").write_bytes(b"")
    assert find_leaks(app, VALUES) == [f"the name of ./… holds '{PHONE}'"]


def test_a_blob_that_was_not_sealed_is_found(app, session):
    session.execute(
        sa.text(
            "INSERT INTO case_draft (id, county_code, item_no, answers, version, op_id, made_at, updated_at, expires_at)"
            " VALUES ('a', '371302', 1, :answers, 1, 'o', '2026-01-01', '2026-01-01', '2026-01-01')"
        ),
        {"answers": NAME.encode()},
    )
    session.commit()
    assert f"case_draft.answers holds '{NAME}'" in find_leaks(app, VALUES)
