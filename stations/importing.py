"""What bringing in rows is like, whatever they are of: in batches, with progress, and an outcome to tell. Room `stations`."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

DATA = Path(__file__).parent / "data"
BATCH = 500  # rows a statement; SQLite takes 32,766 values in one
Facts = dict[str, Any]  # columns of a table
Progress = Callable[[int], object]  # is told how many rows came since it was last told
T = TypeVar("T")


@dataclass(frozen=True)
class Outcome:
    """What an import did, or would do. `absent`: ours in the same counties that the file does not name; left alone.
    `claimed`: rows that say 门口实测 of a station whose door was not measured here."""

    added: int = 0
    changed: int = 0
    same: int = 0
    absent: int = 0
    claimed: int = 0


def nobody(_done: int) -> None:
    """Progress that is told to nobody."""


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """The rows, `size` at a time."""
    left = iter(rows)
    while batch := list(islice(left, size)):
        yield batch
