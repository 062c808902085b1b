"""A backup comes back: into an empty, migrated database of either kind, all of it or nothing. Floor 0.

Nothing in the file is believed before the mac of its manifest fits our keys, and no part is larger than that manifest
says: a damaged file, somebody else's or a zip bomb ends with one sentence.
"""

import base64
import hashlib
import json
import os
import re
import shutil
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.backup import AT_A_TIME, FILES, FOLDERS, FORMAT, MANIFEST, NoBackup, key_check, known_tables, revision_of
from common.db import Instant
from common.i18n import gettext as _
from common.sealing import CannotUnseal, KeyRing, canonical, is_sealed, keys_of, raw

MAX_MANIFEST = 1_000_000  # bytes
MAX_LINE = 64_000_000  # bytes of one row or one file
_SAFE = re.compile(rf"({'|'.join(FOLDERS)})(/[0-9A-Za-z_][0-9A-Za-z_.-]*){{1,4}}")


class NotRestored(Exception):
    """Why a backup was not restored; one sentence."""


@dataclass
class Restored:
    """What came back. `unopened`: sealed values that our keys do not open, kept as they were."""

    rows: int = 0
    files: int = 0
    unopened: int = 0


@contextmanager
def opened(file: Path, keys: KeyRing) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """The zip and its manifest, which is ours. Raises NotRestored, also for whatever is found damaged while it is open."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive, _manifest(archive, keys)
    except FileNotFoundError:
        raise NotRestored(_("没有这个文件：%(file)s。", file=file)) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError):
        raise NotRestored(_("%(file)s 坏了，或者不是门口的备份。什么都没有改。", file=file)) from None


def restore(
    session: Session, archive: zipfile.ZipFile, manifest: dict[str, Any], data_dir: Path, step: Callable[[int], None]
) -> Restored:
    """Bring rows and files back. Commit afterwards; when this raises, roll back: files are gone again by then.

    Raises NotRestored, NoBackup; what `opened` catches.
    """
    keys, done = keys_of(session), Restored()
    _check_place(session, manifest, data_dir)
    for table in known_tables(session):
        facts = manifest["tables"][table.name]
        with _part(archive, f"tables/{table.name}.jsonl", facts) as lines:
            for rows in _batches(lines, table, facts["columns"], keys, done):
                try:
                    session.connection().execute(raw(table).insert(), rows)
                except (sa.exc.DataError, sa.exc.IntegrityError):  # their words would repeat what is in the row
                    raise NotRestored(_("表 %(table)s 里有这个数据库收不下的行。", table=table.name)) from None
                step(len(rows))
        if session.scalar(sa.select(sa.func.count()).select_from(table)) != facts["rows"]:
            raise NotRestored(_("表 %(table)s 的行数对不上。什么都没有改。", table=table.name))
        done.rows += facts["rows"]
    with _all_or_none(data_dir), _part(archive, FILES, manifest["files"]) as packed:
        for _number in range(manifest["files"]["rows"]):
            _restore_file(packed, data_dir)
            done.files += 1
            step(1)
    return done


def _manifest(archive: zipfile.ZipFile, keys: KeyRing) -> dict[str, Any]:
    if archive.getinfo(MANIFEST).file_size > MAX_MANIFEST:
        raise ValueError(MANIFEST)
    manifest = json.loads(archive.read(MANIFEST))
    if not isinstance(manifest, dict):
        raise ValueError(MANIFEST)
    mac = manifest.pop("mac")
    if manifest["format"] != FORMAT:
        raise NotRestored(_("这份备份是别的版本做的，这个版本读不了。"))
    if manifest["key_check"] != key_check(keys):
        raise NotRestored(_("这份备份要用另一套密钥：把做备份那套系统的密钥目录放到 MENKOU_KEY_DIR。"))
    if mac != keys.audit_mac(canonical(manifest)):
        raise ValueError(MANIFEST)
    if missing := sorted(set(manifest["seals"]) - set(keys.seals)):
        raise NotRestored(_("密钥目录里缺 %(name)s，这份备份要用它。", name=f"seal-{missing[0]:04d}.key"))
    return manifest


def _check_place(session: Session, manifest: dict[str, Any], data_dir: Path) -> None:
    try:
        tables, revision = known_tables(session), revision_of(session)
    except NoBackup as differ:
        raise NotRestored(str(differ)) from None
    if manifest["revision"] != revision:
        raise NotRestored(
            _(
                "备份的表结构是 %(theirs)s，数据库是 %(ours)s：先用做备份的那个版本恢复，再升级。",
                theirs=manifest["revision"],
                ours=revision,
            )
        )
    for table in tables:
        if session.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first():
            raise NotRestored(_("数据库不是空的（%(table)s 里有内容）：请恢复到新的数据库。", table=table.name))
    for folder in FOLDERS:
        if (data_dir / folder).exists() and any((data_dir / folder).iterdir()):
            raise NotRestored(_("%(folder)s 里有文件：请先移走。", folder=data_dir / folder))
    data_dir.mkdir(parents=True, exist_ok=True)
    if manifest["files"]["size"] > shutil.disk_usage(data_dir).free:
        raise NotRestored(_("%(folder)s 放不下备份里的文件。", folder=data_dir))


class _Hashed:
    """A part of the zip as it is read: never more than the manifest says, and its SHA-256."""

    def __init__(self, lines: IO[bytes], facts: dict[str, Any]):
        self.lines, self.facts, self.digest, self.left = lines, facts, hashlib.sha256(), facts["size"]

    def line(self) -> bytes:
        """The next line, b"" at the end."""
        return self._seen(self.lines.readline(min(self.left, MAX_LINE)))

    def take(self, size: int) -> bytes:
        """So many bytes. Raises ValueError when there are fewer."""
        if not 0 <= size <= min(self.left, MAX_LINE):
            raise ValueError("too large")
        return self._seen(self.lines.read(size))

    def _seen(self, more: bytes) -> bytes:
        self.digest.update(more)
        self.left -= len(more)
        return more


@contextmanager
def _part(archive: zipfile.ZipFile, name: str, facts: dict[str, Any]) -> Iterator[_Hashed]:
    if archive.getinfo(name).file_size != facts["size"]:
        raise ValueError(name)
    with archive.open(name) as lines:
        part = _Hashed(lines, facts)
        yield part
        if part.left or part.digest.hexdigest() != facts["sha256"]:
            raise ValueError(name)


def _batches(
    lines: _Hashed, table: sa.Table, columns: list[str], keys: KeyRing, done: Restored
) -> Iterator[list[dict[str, Any]]]:
    if set(columns) != set(table.columns.keys()):
        raise NotRestored(_("备份里表 %(table)s 的列和这里不一样。", table=table.name))
    order = [table.columns[name] for name in columns]
    rows: list[dict[str, Any]] = []
    while line := lines.line():
        values = {
            column.name: None if said is None else _decode(column, said)
            for column, said in zip(order, json.loads(line), strict=True)
        }
        done.unopened += sum(_is_lost(keys, column, values[column.name]) for column in order if is_sealed(column))
        rows.append(values)
        if len(rows) == AT_A_TIME:
            yield rows
            rows = []
    if rows:
        yield rows


def _decode(column: sa.Column[Any], said: Any) -> Any:
    """The value that common/backup.py: encode wrote."""
    if is_sealed(column) or isinstance(column.type, sa.LargeBinary):
        return base64.b64decode(said)
    if isinstance(column.type, (Instant, sa.DateTime)):
        return datetime.fromisoformat(said)
    return date.fromisoformat(said) if isinstance(column.type, sa.Date) else said


def _is_lost(keys: KeyRing, column: sa.Column[Any], sealed: bytes | None) -> bool:
    try:
        if sealed is not None:
            keys.unseal(sealed, column.type.place)  # type: ignore[attr-defined]
    except CannotUnseal:
        return True
    return False


@contextmanager
def _all_or_none(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for folder in FOLDERS:  # they were empty before: _check_place
            shutil.rmtree(data_dir / folder, ignore_errors=True)
        raise


def _restore_file(packed: _Hashed, data_dir: Path) -> None:
    head = json.loads(packed.line())
    body = packed.take(head["size"])
    if not _SAFE.fullmatch(head["path"]) or hashlib.sha256(body).hexdigest() != head["sha256"]:
        raise ValueError("files")
    file = data_dir / head["path"]
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(body)
