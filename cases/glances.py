"""Who has seen a case's papers as thumbnails today: an audit entry per case, person and day, not one per picture. Floor 4.

A thumbnail of 320 pixels shows the number on a card, so it is a look as well; but a page of ten is one look. What was noted
already is remembered per process: several processes note at most one entry each.
"""

from collections import OrderedDict
from datetime import datetime
from threading import Lock

from flask import Flask

from cases.models import Case
from common import clock

MOST = 10_000  # remembered looks; the oldest go first and would be noted once more

Look = tuple[str, str, str]  # case, account or "", day


class Glances:
    """The looks this process has noted."""

    def __init__(self) -> None:
        self._noted: OrderedDict[Look, None] = OrderedDict()
        self._lock = Lock()

    def has(self, look: Look) -> bool:
        """Whether it stands in the audit already."""
        with self._lock:
            return look in self._noted

    def keep(self, look: Look) -> None:
        """It stands there now."""
        with self._lock:
            self._noted[look] = None
            while len(self._noted) > MOST:
                self._noted.popitem(last=False)


def glances_of(app: Flask) -> Glances:
    """Those of this process."""
    found: Glances = app.extensions.setdefault("glances", Glances())
    return found


def look_of(case: Case, account: str | None, now: datetime) -> Look:
    """A look at this case's papers. Without an account it is the resident, by receipt and code."""
    return case.id, account or "", clock.local_date(now).isoformat()
