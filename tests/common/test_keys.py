"""An operator makes the keys, rotates them, and seals anew what older ones sealed; nothing is lost on the way."""

import stat
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cases.models import Draft
from common import audit
from common.db import Model
from common.models import AuditEntry
from common.reseal import sealed_columns
from common.sealing import add_seal_key, key_number, make_keys, read_keys
from tests.conftest import NOW, make_app


@pytest.fixture
def own(database_url, tmp_path):
    """An app with a key folder of its own, which a test may rotate; opens again with `own.again()`."""
    own = Own(database_url, tmp_path)
    yield own
    own.close()


class Own:
    def __init__(self, url, folder):
        self.url, self.folder, self.keys = url, folder, folder / "own-keys"
        make_keys(self.keys)
        self.app = None

    def again(self, **settings):
        self.close()
        self.app = make_app(self.url, self.folder / "data", **({"key_dir": self.keys} | settings))
        return self.app

    def close(self):
        if self.app is not None:
            self.app.extensions["db"].engine.dispose()

    def run(self, *words):
        result = self.app.test_cli_runner().invoke(args=["keys", *words])
        assert "Traceback" not in result.output
        return result.exit_code, result.output


def fill(app, drafts=0, entries=0, start=0):
    with app.extensions["db"].writing() as session:
        for n in range(start, start + drafts):
            answers = {"name": f"张{n}"}
            facts = {"county_code": "371302", "item_no": 15, "version": 1, "op_id": "o", "answers": answers}
            session.add(Draft(id=f"{n:032x}", **facts, made_at=NOW, updated_at=NOW, expires_at=NOW))
        for n in range(entries):
            audit.record(
                session,
                county_code="371302",
                actor_id=None,
                actor_role="clerk",
                action="reveal",
                about=("case", str(n)),
                purpose=f"核对 {n}",
                now=NOW + timedelta(seconds=n),
            )
        session.commit()


def key_numbers(app, column):
    with app.extensions["db"].read_session() as session:
        return {
            key_number(bytes(value)) for value in session.scalars(sa.select(sa.type_coerce(column, sa.LargeBinary)))
        }


def test_after_a_rotation_everything_is_sealed_anew_and_the_old_key_is_needed_no_more(own):
    fill(own.again(), drafts=1203, entries=7)
    assert own.run("rotate")[0] == 0
    app = own.again()
    assert own.run("reseal") == (0, "1210 个值换成了密钥 0002。\n")
    assert key_numbers(app, Draft.answers) == key_numbers(app, AuditEntry.purpose) == {2}
    assert own.run("reseal") == (0, "0 个值换成了密钥 0002。\n")

    (own.keys / "seal-0001.key").unlink()
    app = own.again()
    with app.extensions["db"].read_session() as session:
        assert [draft.answers["name"] for draft in session.scalars(sa.select(Draft).order_by(Draft.id))] == [
            f"张{n}" for n in range(1203)
        ]
    assert app.test_cli_runner().invoke(args=["audit", "verify"]).exit_code == 0


def test_a_run_that_was_interrupted_goes_on_where_it_stopped(own):
    fill(own.again(), drafts=5)
    add_seal_key(own.keys)
    fill(own.again(), drafts=3, start=5)
    assert "5 个值" in own.run("reseal")[1]


def test_what_does_not_open_is_counted_and_left_and_the_rest_is_done(own):
    fill(own.again(), drafts=4)
    with own.app.extensions["db"].writing() as session:
        session.execute(
            sa.text("UPDATE case_draft SET answers = :bad WHERE id = :id"),
            {"bad": b"\x01\x00\x01garbage", "id": f"{1:032x}"},
        )
        session.commit()
    add_seal_key(own.keys)
    own.again()
    code, output = own.run("reseal")
    assert code == 1
    assert "3 个值换成了密钥 0002" in output
    assert "有 1 个值打不开" in output


def test_files_of_the_rooms_are_sealed_anew_too(own):
    own.again().extensions["after_rotation"].append(lambda: 41)
    assert own.run("reseal") == (0, "41 个值换成了密钥 0001。\n")


def test_every_sealed_column_is_bound_to_its_own_name():
    places = {f"{sealed.table.name}.{sealed.column.name}": sealed.place for sealed in sealed_columns()}
    assert "audit_entry.purpose" in places
    assert all(name == place for name, place in places.items())
    assert {sealed.table.name for sealed in sealed_columns()} <= set(Model.metadata.tables)


def test_list_says_which_key_sealed_how_much_and_which_is_missing(own):
    fill(own.again(), drafts=2)
    add_seal_key(own.keys)
    fill(own.again(), drafts=1, start=2)
    code, output = own.run("list")
    assert (code, output.splitlines()[:2]) == (0, ["密钥 0001：封了 2 个值", "密钥 0002：封了 1 个值，正在使用"])
    assert "BEGIN PUBLIC KEY" in output
    (own.keys / "seal-0001.key").unlink()
    own.again()
    assert "密钥 0001：封了 2 个值，密钥不在目录里，打不开" in own.run("list")[1]


PRODUCTION = {"mode": "production"}


def test_make_makes_them_once_in_production(own):
    own.keys = own.folder / "new" / "keys"
    own.again(**PRODUCTION)
    code, output = own.run("make")
    assert (code, "密钥已生成" in output, "BEGIN PUBLIC KEY" in output) == (0, True, True)
    assert stat.S_IMODE(own.keys.stat().st_mode) == 0o700
    before = read_keys(own.keys).index("x", "phone")
    assert "没有改动" in own.run("make")[1]
    assert read_keys(own.keys).index("x", "phone") == before


def test_make_does_not_replace_a_part_that_is_missing(own):
    (own.keys / "index.key").unlink()
    own.again(**PRODUCTION)
    code, output = own.run("make")
    assert (code, "is not a whole key folder" in output) == (1, True)
    assert not (own.keys / "index.key").exists()


def test_make_refuses_new_keys_for_a_database_that_holds_sealed_values(own):
    fill(own.again(), drafts=1)
    own.keys = own.folder / "elsewhere"
    own.again(**PRODUCTION)
    code, output = own.run("make")
    assert (code, "数据库里已有加密内容" in output) == (1, True)
    assert not own.keys.exists()


@pytest.mark.parametrize("command", ["list", "rotate", "reseal"])
def test_without_keys_each_command_says_so_in_one_sentence(own, command):
    own.keys = own.folder / "nowhere"
    own.again(**PRODUCTION)
    code, output = own.run(command)
    assert (code, len(output.splitlines())) == (1, 1)
    assert "nowhere" in output
