"""Photos of doors: which there are, and how they go. Room `stations`, floor 3.

They lie in doors/ of the data folder, and rows of door_reading name them. Nothing here commits or reads the clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from stations.importing import BATCH, batches
from stations.models import DoorReading, Station


@dataclass(frozen=True)
class Photo:
    """`code` and `name` of the station, "" where no reading names the file: one was interrupted. The file may be gone."""

    file: Path
    at: datetime
    code: str
    name: str


def photos(session: Session, folder: Path, *, code: str = "", until: datetime | None = None) -> list[Photo]:
    """Photos in that folder, oldest first: of one station, or with "" of all and of none; taken until then. One statement."""
    query = sa.select(DoorReading.photo, DoorReading.at, Station.code, Station.name)
    query = query.join(Station, Station.id == DoorReading.station_id).where(DoorReading.photo.is_not(None))
    if code:
        query = query.where(Station.code == code)
    found = [Photo(folder / str(photo), at, of, name) for photo, at, of, name in session.execute(query)]
    if not code and folder.is_dir():
        named = {photo.file for photo in found}
        found += [Photo(file, _changed(file), "", "") for file in folder.iterdir() if file not in named]
    return sorted((one for one in found if until is None or one.at <= until), key=lambda one: (one.at, one.file))


def forget(session: Session, gone: Sequence[Photo]) -> None:
    """The readings stay, without their photos. The files go first: an interrupted run can then be repeated."""
    for some in batches((photo.file.name for photo in gone), BATCH):
        session.execute(sa.update(DoorReading).where(DoorReading.photo.in_(some)).values(photo=None))


def _changed(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)
