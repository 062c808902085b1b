"""What was lost comes back: tables and files, on either database, with the keys kept apart; a wrong file changes nothing."""

import hashlib
import json
import shutil
import subprocess
import sys
import uuid
import zipfile
from datetime import timedelta

import pytest
import sqlalchemy as sa

from cases.models import Draft
from common import audit, backup
from common.db import Database, Model
from common.sealing import add_seal_key, canonical, make_keys, raw, read_keys
from common.settings import ROOT
from stations.models import Station
from sync import outbox
from sync.models import OutboxEntry
from tests.builders import Make
from tests.conftest import NOW, make_app

ID_NUMBER = "37130219900101001X"
DRILLS = [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql"), ("postgresql", "sqlite")]


class House:
    """An installation: a fresh database of one kind, a data folder, keys."""

    def __init__(self, url, folder, keys):
        self.folder, self.data = folder, folder / "data"
        self.app = make_app(url, self.data, key_dir=keys)
        self.database = self.app.extensions["db"]

    def run(self, *words):
        result = self.app.test_cli_runner().invoke(args=list(map(str, words)))
        assert "Traceback" not in result.output
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.output

    def fill(self, drafts=3):
        make = Make(self.database, NOW)
        make.station("大桥村医保工作站", hours=None)
        with self.database.writing() as session:
            for n in range(drafts):
                facts = {"county_code": "371302", "item_no": 15, "version": 1, "op_id": "o"}
                facts["answers"] = {"name": f"张三{n}", "certno": ID_NUMBER}
                session.add(Draft(**facts, made_at=NOW, updated_at=NOW + timedelta(microseconds=n), expires_at=NOW))
            for n in range(3):
                about = ("case", str(n))
                given = {"county_code": "371302", "actor_id": None, "actor_role": "clerk", "action": "reveal"}
                audit.record(session, **given, about=about, purpose=f"核对 {n}", facts={"n": n}, now=NOW)
            session.commit()
        for name in ("papers/ab/" + "a" * 32, "papers/ab/" + "a" * 32 + ".small", "doors/one.jpg"):
            (self.data / name).parent.mkdir(parents=True, exist_ok=True)
            (self.data / name).write_bytes(name.encode() * 1000)
        (self.data / "papers" / "ab" / ".x.unfinished").write_bytes(b"half")

    def rows(self):
        """Every row of every table, as stored."""
        with self.database.read_session() as session:
            return {
                table.name: sorted(map(repr, session.execute(sa.select(raw(table)))))
                for table in Model.metadata.sorted_tables
            }

    def files(self):
        found = (file for folder in ("papers", "doors") for file in (self.data / folder).rglob("*"))
        return {file.relative_to(self.data).as_posix(): file.read_bytes() for file in found if file.is_file()}


@pytest.fixture
def house(request, tmp_path):
    """house("sqlite") is a new, empty installation; all of a test have the same keys unless told otherwise."""
    made, dropped = [], []
    make_keys(tmp_path / "keys")

    def build(kind="sqlite", keys=tmp_path / "keys"):
        folder = tmp_path / uuid.uuid4().hex
        folder.mkdir()
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("empty_sqlite"), folder / "test.sqlite3")
            url = f"sqlite:///{folder / 'test.sqlite3'}"
        else:
            server, name = request.getfixturevalue("postgres_server"), f"t{folder.name}"
            server.copy(request.getfixturevalue("empty_postgres"), name)
            dropped.append((server, name))
            url = server.url(name)
        made.append(House(url, folder, keys))
        return made[-1]

    yield build
    for one in made:
        one.database.engine.dispose()
    for server, name in dropped:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def backed_up(house, tmp_path):
    """An installation with data, and its backup."""
    full = house()
    full.fill()
    assert full.run("backup", "make", tmp_path / "a.zip")[0] == 0
    return full, tmp_path / "a.zip"


@pytest.mark.parametrize(("source", "target"), DRILLS, ids="-to-".join)
def test_after_a_loss_everything_is_back_and_opens(house, tmp_path, source, target):
    lost = house(source)
    lost.fill(drafts=2_345)
    rows, files = lost.rows(), lost.files()
    code, output = lost.run("backup", "make", tmp_path / "a.zip")
    assert (code, "备份好了" in output, "里面没有密钥" in output) == (0, True, True)
    shutil.rmtree(lost.data)

    found = house(target)
    code, output = found.run("backup", "restore", tmp_path / "a.zip")
    assert (code, output.splitlines()[-1]) == (0, "审计记录完整。")
    assert found.rows() == rows
    assert {name: body for name, body in files.items() if not name.endswith("unfinished")} == found.files()
    assert sum(len(some) for some in rows.values()) > 2_348
    with found.database.read_session() as session:
        assert {draft.answers["certno"] for draft in session.scalars(sa.select(Draft))} == {ID_NUMBER}
        assert session.scalar(sa.select(Station.name)) == "大桥村医保工作站"
    assert found.run("audit", "verify")[0] == 0
    with found.database.writing() as session:  # the chain goes on
        audit.record(
            session,
            county_code="371302",
            actor_id=None,
            actor_role="clerk",
            action="reveal",
            about=("case", "9"),
            now=NOW,
        )
        session.commit()
    assert found.run("audit", "verify")[0] == 0


def test_what_waited_for_the_province_is_asked_for_first_after_a_restore(house, tmp_path):
    """It may have been sent after the backup was made."""
    states = ("pending", "sending", "unknown", "acked", "rejected")
    lost, found = house(), house("postgresql")
    with lost.database.writing() as session:
        for state in states:
            owed = {"county_code": "371302", "channel": "province", "logical": "case_submit", "body": {}, "now": NOW}
            outbox.owe(session, aggregate=f"case:{state}", key=state, **owed)
            session.execute(sa.update(OutboxEntry).where(OutboxEntry.key == state).values(state=state))
        session.commit()
    lost.run("backup", "make", tmp_path / "a.zip")
    assert found.run("backup", "restore", tmp_path / "a.zip")[0] == 0
    with found.database.read_session() as session:
        rows = session.execute(sa.select(OutboxEntry.key, OutboxEntry.state, OutboxEntry.doubtful)).all()
    assert {row.key: (row.state, row.doubtful) for row in rows} == {
        "pending": ("unknown", True),
        "sending": ("unknown", True),
        "unknown": ("unknown", False),
        "acked": ("acked", False),
        "rejected": ("rejected", False),
    }


def test_the_backup_holds_no_key_and_nothing_personal_in_plain_words(backed_up, tmp_path):
    _full, file = backed_up
    with zipfile.ZipFile(file) as archive:
        inside = b"".join(archive.read(name) for name in archive.namelist())
    for key in (tmp_path / "keys").iterdir():
        assert key.read_text().strip().encode() not in inside
    for value in (ID_NUMBER, "张三", "核对 1"):
        assert value.encode() not in inside
    assert file.stat().st_mode & 0o077 == 0


def test_a_backup_does_not_replace_another_and_leaves_nothing_half(backed_up, tmp_path):
    full, file = backed_up
    before = file.read_bytes()
    code, output = full.run("backup", "make", file)
    assert (code, output) == (1, f"{file} 已经有了，不会覆盖。\n")
    assert file.read_bytes() == before
    code, output = full.run("backup", "make", tmp_path / "no" / "such" / "folder.zip")
    assert (code, len(output.splitlines())) == (1, 1)
    assert [found.name for found in tmp_path.iterdir() if "unfinished" in found.name] == []


def rewritten(file, change, keys=None):
    """The backup with some of its parts changed; with keys, the manifest's mac made anew as well."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    if keys is not None:
        manifest = json.loads(parts["manifest.json"])
        manifest.pop("mac", None)
        parts["manifest.json"] = canonical(manifest | {"mac": keys.audit_mac(canonical(manifest))})
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)


def in_manifest(**facts):
    def change(parts):
        parts["manifest.json"] = canonical(json.loads(parts["manifest.json"]) | facts)

    return change


def grow(parts):
    parts["tables/case_draft.jsonl"] = b" " * 300_000_000


def escape(parts):
    parts["files"] = parts["files"].replace(b'"doors/one.jpg"', b'"doors/../one.x"')
    manifest = json.loads(parts["manifest.json"])
    manifest["files"] |= {"size": len(parts["files"])}
    manifest["files"]["sha256"] = hashlib.sha256(parts["files"]).hexdigest()
    parts["manifest.json"] = canonical(manifest)


SPOILED = [
    ("text", lambda file, _keys: file.write_text("not a zip"), "坏了，或者不是门口的备份"),
    ("empty", lambda file, _keys: file.write_bytes(b""), "坏了"),
    ("gone", lambda file, _keys: file.unlink(), "没有这个文件"),
    ("cut", lambda file, _keys: file.write_bytes(file.read_bytes()[:-200]), "坏了"),
    (
        "a byte",
        lambda file, _keys: file.write_bytes(
            (body := file.read_bytes())[: (at := len(body) // 2)] + bytes([body[at] ^ 255]) + body[at + 1 :]
        ),
        "坏了",
    ),
    ("no manifest", lambda file, _keys: rewritten(file, lambda parts: parts.pop("manifest.json")), "坏了"),
    (
        "a value changed",
        lambda file, _keys: rewritten(
            file, lambda p: p.update({"tables/station.jsonl": p["tables/station.jsonl"].replace(b"1", b"2")})
        ),
        "坏了",
    ),
    ("a part gone", lambda file, _keys: rewritten(file, lambda parts: parts.pop("tables/case_draft.jsonl")), "坏了"),
    ("manifest changed", lambda file, _keys: rewritten(file, in_manifest(revision="0001_start")), "坏了"),
    ("manifest a list", lambda file, _keys: rewritten(file, lambda p: p.update({"manifest.json": b"[]"})), "坏了"),
    ("a zip bomb", lambda file, _keys: rewritten(file, grow), "坏了"),
    ("a path out", lambda file, keys: rewritten(file, escape, keys), "坏了"),
    (
        "another schema",
        lambda file, keys: rewritten(file, in_manifest(revision="0004_door_readings"), keys),
        "备份的表结构是 0004_door_readings，数据库是",
    ),
    ("another form", lambda file, keys: rewritten(file, in_manifest(format=2), keys), "别的版本"),
    ("a key more", lambda file, keys: rewritten(file, in_manifest(seals=[1, 7]), keys), "缺 seal-0007.key"),
]


@pytest.mark.parametrize(("spoil", "says"), [case[1:] for case in SPOILED], ids=[case[0] for case in SPOILED])
def test_a_file_that_is_not_right_is_one_sentence_and_changes_nothing(backed_up, house, tmp_path, spoil, says):
    _full, file = backed_up
    spoil(file, read_keys(tmp_path / "keys"))
    empty = house()
    before = empty.rows()
    code, output = empty.run("backup", "restore", file)
    assert code == 1
    assert says in output.splitlines()[-1]
    assert empty.rows() == before
    assert empty.files() == {}
    assert not list(empty.folder.rglob("one.x"))


def test_with_other_keys_it_is_said_at_once_and_nothing_is_changed(backed_up, house, tmp_path):
    make_keys(tmp_path / "other keys")
    empty = house(keys=tmp_path / "other keys")
    code, output = empty.run("backup", "restore", backed_up[1])
    assert (code, "要用另一套密钥" in output) == (1, True)


def test_a_backup_from_before_a_rotation_opens_with_the_rotated_keys(backed_up, house, tmp_path):
    add_seal_key(tmp_path / "keys")
    assert house().run("backup", "restore", backed_up[1])[0] == 0


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_it_is_not_restored_over_anything(backed_up, house, kind):
    full, file = backed_up
    code, output = full.run("backup", "restore", file)
    assert (code, "数据库不是空的" in output) == (1, True)
    other = house(kind)
    (other.data / "papers").mkdir(parents=True)
    (other.data / "papers" / "mine").write_text("x")
    code, output = other.run("backup", "restore", file)
    assert (code, "里有文件：请先移走" in output) == (1, True)
    assert other.files() == {"papers/mine": b"x"}


def test_a_row_the_other_database_does_not_take_is_named_by_its_table_only(house, tmp_path):
    full = house("sqlite")
    with full.database.writing() as session:
        session.execute(sa.text("INSERT INTO edition (name, number) VALUES (:long, 1)"), {"long": "机密" * 100})
        session.commit()
    assert full.run("backup", "make", tmp_path / "a.zip")[0] == 0
    code, output = house("postgresql").run("backup", "restore", tmp_path / "a.zip")
    assert (code, output.splitlines()[-1]) == (1, "表 edition 里有这个数据库收不下的行。")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_is_written_meanwhile_is_not_in_it(house, tmp_path, kind):
    """The picture is that of the first statement, on both databases."""
    full = house(kind)
    full.fill()
    rows = full.rows()
    with full.app.app_context(), full.database.read_session() as session:
        session.execute(sa.select(Draft.id)).all()
        with full.database.writing() as writer:
            writer.execute(sa.text("INSERT INTO edition (name, number) VALUES ('late', 1)"))
            writer.commit()
        manifest = backup.make(session, tmp_path / "a.zip", full.data, NOW, lambda _n: None)
    assert {name: facts["rows"] for name, facts in manifest["tables"].items()} == {
        name: len(some) for name, some in rows.items()
    }


def test_the_application_by_itself_knows_every_table_that_migrations_make(empty_sqlite):
    """Or a backup would leave one out, and a rotation too."""
    words = "import app; from common.db import Model; print(*Model.metadata.tables)"
    known = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    with Database(f"sqlite:///{empty_sqlite}").engine.connect() as connection:
        assert set(known.split()) == set(sa.inspect(connection).get_table_names()) - {"alembic_version"}
