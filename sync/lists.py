"""Lists that the province keeps and we follow: stations, divisions, catalogue. What a room above does with one, handed down
by app.py. Room `sync`, floor 2."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.orm import Session

ROSTER, DIVISIONS, CATALOGUE = "roster", "divisions", "catalogue"  # logical names in the channel file
NAMES = (ROSTER, DIVISIONS, CATALOGUE)
MAY_CLOSE_SHARE = 0.05


class Planned(Protocol):
    """What a list would do here."""

    @property
    def ending(self) -> Mapping[str, str]:
        """Code → name of what of ours it would end and the guard counts."""
        ...

    @property
    def open_now(self) -> int:
        """Of how many."""
        ...

    @property
    def facts(self) -> Sequence[Any]:
        """What would change; empty when nothing would."""
        ...

    @property
    def wrong(self) -> Mapping[str, str]:
        """Code of a row that cannot be used → why."""
        ...

    @property
    def differs(self) -> Mapping[str, str]:
        """Code → what is otherwise than with us and does not change by itself: a person must look. "": settled."""
        ...


@dataclass(frozen=True)
class Followed:
    """How a list is followed.

    plan     session to read, the rows, whether they are the whole list, now.
    apply    session to write, the plan, now.
    few      so many may end without a person, or MAY_CLOSE_SHARE of all, whichever is more.
    afresh   read from its beginning each time. False: from where it ended.
    """

    plan: Callable[[Session, list[Any], bool, datetime], Planned]
    apply: Callable[[Session, Any, datetime], object]
    few: int
    afresh: bool = True

    def may_end(self, planned: Planned, released: int | None) -> bool:
        """Whether a plan needs no person, or has one's word for that many."""
        return len(planned.ending) <= max(self.few, planned.open_now * MAY_CLOSE_SHARE, released or 0)
