"""Papers on disk, sealed: data_dir/papers/<2 hex>/<id>, its thumbnail beside it as <id>.small. Room `cases`, floor 4.

A file has its name only when it is whole and on the disk. What binds it to its paper is the id: bytes moved to another
name do not open. Which rows there are is cases/paper_operations.py's to know.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from cases.papers import FitPaper
from common.ids import new_id
from common.sealing import KeyRing, key_number
from common.settings import Settings

SMALL = ".small"
AT_WORK_MS = 3_600_000  # an hour: what is younger may belong to a request that has not ended
_NAME = re.compile(r"([0-9a-f]{32})(\.small)?")
_UNFINISHED = re.compile(r"\.([0-9a-f]{32})\.unfinished")


class Missing(LookupError):
    """No such file. Says which paper."""


@dataclass(frozen=True)
class Shelf:
    """Where the papers of one installation lie, and the keys that seal them. `keys`: not needed to remove."""

    folder: Path
    keys: KeyRing | None

    def keep(self, id: str, paper: FitPaper) -> None:
        """Seal and write both files; they are on the disk when this returns."""
        if paper.thumbnail is not None:
            self._write(id, SMALL, paper.thumbnail)
        self._write(id, "", paper.body)

    def read(self, id: str) -> bytes:
        """The paper. Raises Missing, CannotUnseal."""
        return self._read(id, "")

    def read_small(self, id: str) -> bytes:
        """Its thumbnail, a JPEG. Raises Missing, CannotUnseal."""
        return self._read(id, SMALL)

    def has(self, id: str) -> bool:
        """Whether the paper's bytes are there."""
        return self._file(id, "").is_file()

    def drop(self, id: str) -> None:
        """Remove both files. None there is no mistake."""
        for part in ("", SMALL):
            self._file(id, part).unlink(missing_ok=True)

    def ids(self) -> Iterator[str]:
        """The ids of all papers that have a file, thumbnails without a paper too."""
        seen = set()
        for file in self.folder.glob("??/*"):
            found = _NAME.fullmatch(file.name)
            if found and found[1] not in seen:
                seen.add(found[1])
                yield found[1]

    def drop_unfinished(self) -> int:
        """Remove what a process left behind that ended in the middle of writing. Returns how many."""
        old = [
            file
            for file in self.folder.glob("??/.*")
            if (found := _UNFINISHED.fullmatch(file.name)) and not at_work(found[1])
        ]
        for file in old:
            file.unlink(missing_ok=True)
        return len(old)

    def reseal(self) -> int:
        """After a rotation: seal with the newest key what was sealed with an older one. Returns how many files."""
        done = 0
        for id in list(self.ids()):
            for part in ("", SMALL):
                file = self._file(id, part)
                if file.is_file() and key_number(file.read_bytes()) != self._ring.newest:
                    self._write(id, part, self._read(id, part))
                    done += 1
        return done

    @property
    def _ring(self) -> KeyRing:
        if self.keys is None:
            raise RuntimeError("papers cannot be opened without keys")
        return self.keys

    def _file(self, id: str, part: str) -> Path:
        if not re.fullmatch(r"[0-9a-f]{32}", id):
            raise Missing(f"no paper {id[:40]!r}")
        return self.folder / id[-2:] / (id + part)  # the last digits are random, the first ones say when

    def _read(self, id: str, part: str) -> bytes:
        try:
            sealed = self._file(id, part).read_bytes()
        except FileNotFoundError:
            raise Missing(f"no file of paper {id}") from None
        return self._ring.unseal(sealed, f"paper{part}:{id}")

    def _write(self, id: str, part: str, plain: bytes) -> None:
        file = self._file(id, part)
        sealed = self._ring.seal(plain, f"paper{part}:{id}")
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = file.with_name(f".{new_id()}.unfinished")
        try:
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(sealed)
                out.flush()
                os.fsync(out.fileno())
            aside.replace(file)
        finally:
            aside.unlink(missing_ok=True)
        _sync_folder(file.parent)


def shelf_of(app: Flask) -> Shelf:
    """The shelf of this installation: data_dir/papers."""
    settings: Settings = app.config["SETTINGS"]
    return Shelf(settings.data_dir / "papers", app.extensions["keys"])


def at_work(id: str) -> bool:
    """Whether something with this id was made in the last hour: its first 12 digits are the real time in milliseconds."""
    return int(new_id()[:12], 16) - int(id[:12], 16) < AT_WORK_MS


def _sync_folder(folder: Path) -> None:
    """So that the name, too, is there after a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
