"""What time it is. Floor 0. Operations take `now` as an argument; only routes and commands ask here."""

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from flask import current_app

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True)
class Clock:
    """The real time, or a time that starts at `start` and runs `scale` times as fast (drills, tests, demos)."""

    start: datetime | None = None
    scale: float = 1.0
    _began: float = field(default_factory=time.monotonic)
    _made: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Aware, UTC."""
        if self.start is None and self.scale == 1.0:
            return datetime.now(UTC)
        return (self.start or self._made) + timedelta(seconds=(time.monotonic() - self._began) * self.scale)


def now() -> datetime:
    """The application's time: aware, UTC."""
    clock: Clock = current_app.extensions["clock"]
    return clock.now()


def local(moment: datetime) -> datetime:
    """The same moment on a wall clock in Shandong."""
    return moment.astimezone(SHANGHAI)


def local_date(moment: datetime) -> date:
    """The date people in Shandong have at that moment."""
    return moment.astimezone(SHANGHAI).date()
