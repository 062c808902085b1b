"""Papers lie sealed on the disk: nobody reads them there, half of one is never there, what belongs to nothing is swept."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from cases.models import Draft, Paper
from cases.paper_store import Missing, Shelf, shelf_of
from cases.papers import JPEG, FitPaper
from common.ids import new_id
from common.sealing import CannotUnseal, add_seal_key, make_keys, read_keys
from tests.cases.holding import NOW, case, draft
from tests.conftest import make_app

BODY, SMALL = b"\xff\xd8\xff\xe0JFIF the paper", b"\xff\xd8\xff\xe0JFIF its thumbnail"


def fit(body: bytes = BODY, small: bytes | None = SMALL) -> FitPaper:
    return FitPaper(body, JPEG, 10, 10, None, "0" * 64, small)


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "keys")


@pytest.fixture
def shelf(tmp_path, keys) -> Shelf:
    return Shelf(tmp_path / "papers", keys)


def files(shelf: Shelf) -> list:
    return sorted(file for file in shelf.folder.rglob("*") if file.is_file())


def test_what_is_kept_comes_back(shelf):
    id = new_id()
    shelf.keep(id, fit())
    assert (shelf.read(id), shelf.read_small(id)) == (BODY, SMALL)
    assert list(shelf.ids()) == [id]
    assert {file.relative_to(shelf.folder).as_posix() for file in files(shelf)} == {
        f"{id[-2:]}/{id}",
        f"{id[-2:]}/{id}.small",
    }


def test_nobody_reads_a_picture_on_the_disk(shelf):
    shelf.keep(new_id(), fit())
    for file in files(shelf):
        sealed = file.read_bytes()
        assert b"\xff\xd8\xff" not in sealed
        assert b"JFIF" not in sealed
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("id", ["", "..", "../../etc/passwd", "A" * 32, "0" * 31, "0" * 33, "0" * 31 + "/"])
def test_only_an_id_names_a_file(shelf, id):
    for ask in (shelf.read, shelf.read_small, shelf.has, shelf.drop):
        with pytest.raises(Missing):
            ask(id)


def test_a_paper_that_is_gone_is_said_to_be_missing(shelf):
    id = new_id()
    shelf.keep(id, fit(small=None))
    with pytest.raises(Missing):
        shelf.read_small(id)
    shelf.drop(id)
    shelf.drop(id)
    assert not shelf.has(id)
    with pytest.raises(Missing):
        shelf.read(id)


def test_bytes_moved_to_another_paper_or_changed_do_not_open(shelf):
    one, other = new_id(), new_id()
    shelf.keep(one, fit())
    shelf.keep(other, fit())
    mine, theirs = shelf._file(one, ""), shelf._file(other, "")
    theirs.write_bytes(mine.read_bytes())
    with pytest.raises(CannotUnseal):
        shelf.read(other)
    shelf._file(one, ".small").write_bytes(mine.read_bytes())
    with pytest.raises(CannotUnseal):
        shelf.read_small(one)
    mine.write_bytes(mine.read_bytes()[:-1] + b"x")
    with pytest.raises(CannotUnseal) as problem:
        shelf.read(one)
    assert "JFIF" not in str(problem.value)


def test_after_a_rotation_every_paper_is_sealed_anew(shelf, tmp_path):
    id = new_id()
    shelf.keep(id, fit())
    add_seal_key(tmp_path / "keys")
    newer = Shelf(shelf.folder, read_keys(tmp_path / "keys"))
    assert newer.read(id) == BODY
    assert newer.reseal() == 2
    assert newer.reseal() == 0
    assert (newer.read(id), newer.read_small(id)) == (BODY, SMALL)
    with pytest.raises(CannotUnseal):
        shelf.read(id)


# Sweeping


def old_id() -> str:
    """As if made two hours ago."""
    return f"{int(new_id()[:12], 16) - 7_200_000:012x}{new_id()[12:]}"


def row(session, id: str, **facts) -> None:
    known = {"county_code": "371302", "kind": "id_front", "sha256": "0" * 64, "mime": JPEG, "size": 9, "at": NOW}
    session.add(Paper(id=id, **(known | {"state": "received"} | facts)))
    session.commit()


def sweep(app) -> str:
    result = app.test_cli_runner().invoke(args=["cases", "sweep-papers"])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_sweep_takes_what_belongs_to_nothing_and_leaves_the_rest(app, session):
    shelf = shelf_of(app)
    living, ended = draft(session), draft(session, expires_at=NOW - timedelta(minutes=1))
    gone = draft(session)
    kept, expired, orphan, fresh, removed = old_id(), old_id(), old_id(), new_id(), old_id()
    of_gone = old_id()
    for id in (kept, expired, orphan, fresh, removed, of_gone):
        shelf.keep(id, fit())
    row(session, kept, draft_id=living.id)
    row(session, expired, draft_id=ended.id)
    row(session, of_gone, draft_id=gone.id)
    row(session, removed, draft_id=living.id, state="removed")
    session.execute(sa.delete(Draft).where(Draft.id == gone.id))
    session.commit()
    unfinished = shelf._file(kept, "").with_name(f".{old_id()}.unfinished")
    unfinished.write_bytes(b"half")

    assert "2 份材料，和 3 个没有主的文件" in sweep(app)
    assert set(shelf.ids()) == {kept, fresh}
    assert not unfinished.exists()
    session.expire_all()
    assert set(session.scalars(sa.select(Paper.id))) == {kept, removed}
    assert "0 份材料，和 0 个没有主的文件" in sweep(app)


def test_a_paper_without_its_file_is_reported_and_stays(app, session):
    row(session, new_id(), draft_id=draft(session).id)
    assert "有 1 份材料的文件不见了" in sweep(app)
    assert session.scalar(sa.select(sa.func.count()).select_from(Paper)) == 1


def test_papers_of_cases_are_never_swept(app, session):
    id = old_id()
    shelf_of(app).keep(id, fit())
    row(session, id, case_id=case(session).id)
    sweep(app)
    assert shelf_of(app).read(id) == BODY


def test_resealing_is_a_command(app):
    shelf_of(app).keep(new_id(), fit())
    result = app.test_cli_runner().invoke(args=["cases", "reseal-papers"])
    assert (result.exit_code, result.output) == (0, "用新密钥重新封好了 0 个文件。\n")


def test_after_a_rotation_no_paper_is_left_to_a_key_that_may_be_thrown_away(sqlite_url, tmp_path):
    make_keys(tmp_path / "own")
    id = new_id()
    Shelf(tmp_path / "papers", read_keys(tmp_path / "own")).keep(id, fit())
    add_seal_key(tmp_path / "own")
    app = make_app(sqlite_url, tmp_path, key_dir=tmp_path / "own")
    result = app.test_cli_runner().invoke(args=["keys", "reseal"])
    assert result.exit_code == 0, result.output
    (tmp_path / "own" / "seal-0001.key").unlink()
    assert Shelf(tmp_path / "papers", read_keys(tmp_path / "own")).read(id) == BODY
    app.extensions["db"].engine.dispose()
