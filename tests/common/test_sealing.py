"""What is personal is opened only with our keys and only where it was put, and found again only by its full value."""

import json
import multiprocessing
import stat

import pytest
import sqlalchemy as sa

import app as application
from cases.models import Draft
from common import sealing
from common.sealing import CannotUnseal, KeysMissing, add_seal_key, key_number, make_keys, read_keys
from common.settings import WrongSetting
from tests.conftest import NOW, make_app

ID_NUMBER = "37130219900101001X"
PLACE = "account.phone"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "keys"


@pytest.fixture
def ring(folder):
    return make_keys(folder)


@pytest.mark.parametrize("plain", ["", "a", "张三", ID_NUMBER, "长" * 10_000])
def test_what_was_sealed_opens_again(ring, folder, plain):
    sealed = ring.seal(plain.encode(), PLACE)
    assert len(sealed) == len(plain.encode()) + 31
    assert ring.unseal(sealed, PLACE).decode() == plain
    assert read_keys(folder).unseal(sealed, PLACE).decode() == plain
    assert len(plain) < 2 or plain.encode() not in sealed


def test_the_same_value_looks_different_each_time(ring):
    assert len({ring.seal(b"13800000000", PLACE) for _ in range(50)}) == 50


def test_it_does_not_open_in_another_place(ring):
    sealed = ring.seal(ID_NUMBER.encode(), PLACE)
    with pytest.raises(CannotUnseal, match=r"case\.phone: not sealed by us for this place") as refused:
        ring.unseal(sealed, "case.phone")
    assert ID_NUMBER not in str(refused.value)


def test_a_changed_byte_anywhere_is_refused(ring):
    sealed = ring.seal(ID_NUMBER.encode(), PLACE)
    for at in range(len(sealed)):
        with pytest.raises(CannotUnseal):
            ring.unseal(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], PLACE)


@pytest.mark.parametrize("length", range(0, 32, 3))
def test_bytes_that_are_too_short_are_refused(ring, length):
    with pytest.raises(CannotUnseal):
        ring.unseal(ring.seal(b"", PLACE)[: min(length, 30)], PLACE)


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens(ring, folder):
    old = ring.seal(b"old", PLACE)
    assert add_seal_key(folder) == 2
    rotated = read_keys(folder)
    new = rotated.seal(b"new", PLACE)
    assert (key_number(old), key_number(new)) == (1, 2)
    assert (rotated.unseal(old, PLACE), rotated.unseal(new, PLACE)) == (b"old", b"new")
    assert rotated.index("x", "phone") == ring.index("x", "phone")
    with pytest.raises(CannotUnseal, match="a key that is not in the key folder"):
        ring.unseal(new, PLACE)


def test_the_index_finds_the_full_value_and_only_of_its_kind(ring, folder):
    index = ring.index(ID_NUMBER, "certno")
    assert index == read_keys(folder).index(ID_NUMBER, "certno")
    assert len(index) == 32
    assert index != ring.index(ID_NUMBER, "phone")
    assert index != ring.index(ID_NUMBER[:-1], "certno")
    assert index != make_keys(folder.with_name("others")).index(ID_NUMBER, "certno")


def test_only_the_owner_may_read_the_keys(ring, folder):
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = sorted(folder.iterdir())
    assert [file.name for file in files] == ["audit.key", "index.key", "receipt.key", "seal-0001.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_making_keys_again_changes_none(ring, folder):
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    make_keys(folder)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def _make(folder, start, results):
    start.wait()
    results.put(make_keys(folder).index("x", "phone"))


def test_processes_that_make_keys_at_once_have_the_same(folder):
    context = multiprocessing.get_context("fork")
    start, results = context.Barrier(4), context.Queue()
    processes = [context.Process(target=_make, args=(folder, start, results)) for _ in range(4)]
    for process in processes:
        process.start()
    made = {results.get(timeout=30) for _ in processes}
    for process in processes:
        process.join()
    assert made == {read_keys(folder).index("x", "phone")}
    assert len(list(folder.iterdir())) == 4  # nothing unfinished is left lying about


def test_no_key_is_shown_when_the_ring_is(ring, folder):
    shown = repr(ring)
    for file in folder.iterdir():
        assert file.read_text().strip()[:10] not in shown
    assert "newest=1" in shown


def _empty(folder):
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda folder: [_empty(folder), folder.rmdir()], "is not a whole key folder"),
        (_empty, "holds no key. Run: flask --app app keys make"),
        (lambda folder: (folder / "index.key").unlink(), "is not a whole key folder"),
        (lambda folder: (folder / "seal-0001.key").write_text("c2hvcnQ="), "is not a whole key folder"),
        (lambda folder: (folder / "audit.key").write_bytes(b"\xff\xfe"), "is not a whole key folder"),
        (lambda folder: (folder / "receipt.key").write_text(""), "is not a whole key folder"),
    ],
    ids=["gone", "empty", "part", "short", "bytes", "blank"],
)
def test_a_folder_without_whole_keys_is_said_in_one_sentence(ring, folder, spoil, says):
    spoil(folder)
    with pytest.raises(KeysMissing) as missing:
        read_keys(folder)
    assert str(missing.value).startswith(str(folder))
    assert says in str(missing.value)
    assert len(str(missing.value).splitlines()) == 1


def test_a_server_in_production_does_not_start_without_keys(monkeypatch, sqlite_url, tmp_path):
    given = {"mode": "production", "key_dir": tmp_path / "nowhere"}
    monkeypatch.setattr(application, "create_app", lambda: make_app(sqlite_url, tmp_path / "data", **given))
    with pytest.raises(SystemExit) as stopped:
        application.server()
    assert "MENKOU_KEY_DIR" in str(stopped.value)
    assert "keys make" in str(stopped.value)
    assert not (tmp_path / "nowhere").exists()


def test_a_demo_that_cannot_make_keys_says_so_in_one_sentence(sqlite_url, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(WrongSetting, match="MENKOU_KEY_DIR must be a folder that can be written to"):
        make_app(sqlite_url, tmp_path, key_dir=tmp_path / "file" / "keys")


def test_a_sealed_column_gives_back_what_was_put_in_and_the_database_holds_none_of_it(session):
    answers = {"name": "张三", "certno": ID_NUMBER, "list": [1, None, {"a": "·"}]}
    draft = {"county_code": "371302", "item_no": 15, "version": 1, "op_id": "o", "answers": answers}
    session.add(Draft(**draft, made_at=NOW, updated_at=NOW, expires_at=NOW))
    session.commit()
    assert session.scalars(sa.select(Draft)).one().answers == answers
    raw = bytes(session.scalar(sa.select(sa.type_coerce(Draft.answers, sa.LargeBinary))))
    assert ID_NUMBER.encode() not in raw
    assert "张三".encode() not in raw


def test_canonical_json_is_the_same_for_the_same_answers():
    one, other = {"b": "张", "a": [1, 2]}, json.loads('{"a": [1, 2], "b": "\\u5f20"}')
    assert sealing.canonical(one) == sealing.canonical(other) == '{"a":[1,2],"b":"张"}'.encode()
    assert sealing.fingerprint(one) == sealing.fingerprint(other)
