"""A backup: every table and the folders of uploads in one zip, the same for SQLite and PostgreSQL. Floor 0.

    tables/<name>.jsonl   a JSON list per row, in the order of `columns` in the manifest; sealed values stay sealed
    files                 per file a JSON line with path, size and sha256, then its bytes
    manifest.json         revision, counts, sizes and SHA-256 of every part; its mac is made with the audit key

Keys are never inside. Rows stream: memory does not grow with the database.
"""

import base64
import contextlib
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.db import Model
from common.i18n import gettext as _
from common.sealing import KeyRing, canonical, is_sealed, keys_of, raw

FORMAT = 1
MANIFEST, FILES = "manifest.json", "files"
FOLDERS = ("doors", "papers")  # of the data folder
AT_A_TIME = 1_000  # rows in memory
OWN = {"alembic_version"}  # a table that is no model's


class NoBackup(Exception):
    """Why a backup cannot be made; one sentence."""


@dataclass
class Part:
    """One member of the zip while it is written: how much, and its SHA-256."""

    out: IO[bytes]
    rows: int = 0
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def write(self, more: bytes, rows: int = 1) -> None:
        """Add these bytes."""
        self.out.write(more)
        self.digest.update(more)
        self.rows, self.size = self.rows + rows, self.size + len(more)

    def facts(self) -> dict[str, Any]:
        """As the manifest says it."""
        return {"rows": self.rows, "size": self.size, "sha256": self.digest.hexdigest()}


def make(session: Session, file: Path, data_dir: Path, now: datetime, step: Callable[[int], None]) -> dict[str, Any]:
    """Write the backup to `file`, which must not exist; it has its name only when it is whole. Returns the manifest.

    session  one that reads everything at one moment.

    Raises NoBackup, KeysMissing, OSError.
    """
    keys = keys_of(session)
    if file.exists():
        raise NoBackup(_("%(file)s 已经有了，不会覆盖。", file=file))
    aside = file.with_name(f".{file.name}.unfinished-{os.getpid()}")
    try:
        with (
            os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=3) as archive,
        ):
            manifest = _write(archive, session, keys, data_dir, now, step)
            archive.close()
            out.flush()
            os.fsync(out.fileno())
        os.link(aside, file)  # refuses where another has come meanwhile
    except FileExistsError:
        raise NoBackup(_("%(file)s 已经有了，不会覆盖。", file=file)) from None
    finally:
        aside.unlink(missing_ok=True)
    return manifest


def _write(
    archive: zipfile.ZipFile,
    session: Session,
    keys: KeyRing,
    data_dir: Path,
    now: datetime,
    step: Callable[[int], None],
) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "revision": revision_of(session),
        "made_at": now.astimezone(UTC).isoformat(),
        "key_check": key_check(keys),
        "seals": sorted(keys.seals),
        "tables": {},
    }
    for table in known_tables(session):
        with archive.open(f"tables/{table.name}.jsonl", "w", force_zip64=True) as out:
            part = Part(out)
            for row in _rows(session, table):
                part.write(row)
                step(1)
        manifest["tables"][table.name] = part.facts() | {"columns": [column.name for column in table.columns]}
    # After the rows: a file is written before its row is committed, so no row here lacks one it has.
    packed = zipfile.ZipInfo(FILES, (1980, 1, 1, 0, 0, 0))
    packed.external_attr = 0o600 << 16
    with archive.open(packed, "w", force_zip64=True) as out:
        part = Part(out)
        for path in _uploads(data_dir):
            with contextlib.suppress(FileNotFoundError):  # deleted meanwhile
                body = (data_dir / path).read_bytes()
                head = {"path": path, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
                part.write(canonical(head) + b"\n")
                part.write(body, rows=0)
                step(1)
    manifest["files"] = part.facts()
    archive.writestr(MANIFEST, canonical(manifest | {"mac": keys.audit_mac(canonical(manifest))}))
    return manifest


def known_tables(session: Session) -> list[sa.Table]:
    """All tables, those first that others point to. Raises NoBackup when the database has others than the code."""
    there = set(sa.inspect(session.connection()).get_table_names()) - OWN
    if differ := sorted(there ^ set(Model.metadata.tables)):
        raise NoBackup(_("数据库和程序的表不一样（%(table)s）。先运行 flask db upgrade。", table=differ[0]))
    return Model.metadata.sorted_tables


def revision_of(session: Session) -> str:
    """Which migration the database has."""
    return str(session.scalar(sa.text("SELECT version_num FROM alembic_version")))


def key_check(keys: KeyRing) -> str:
    """Tells one key folder from another and nothing else."""
    return keys.index("this key folder", "backup")


def _rows(session: Session, table: sa.Table) -> Iterator[bytes]:
    bare = raw(table)
    wanted = sa.select(bare).order_by(*bare.primary_key.columns)
    for row in session.execute(wanted.execution_options(yield_per=AT_A_TIME)):
        said = [
            None if value is None else encode(column, value) for column, value in zip(table.columns, row, strict=True)
        ]
        yield json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def encode(column: sa.Column[Any], value: Any) -> Any:
    """What JSON can say for a value: base64 for bytes, ISO for moments and days."""
    if is_sealed(column) or isinstance(value, (bytes, memoryview)):
        return base64.b64encode(bytes(value)).decode()
    return value.isoformat() if isinstance(value, date) else value  # a datetime is a date, too


def _uploads(data_dir: Path) -> Iterator[str]:
    """The files of the upload folders, as folder/…/name; not what is unfinished, not what a link leads to."""
    for folder in FOLDERS:
        for here, folders, names in os.walk(data_dir / folder):
            folders.sort()
            for name in sorted(names):
                file = Path(here) / name
                if not name.startswith(".") and file.is_file() and not file.is_symlink():
                    yield file.relative_to(data_dir).as_posix()
