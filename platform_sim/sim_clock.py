"""The platform's own time: the real one, or as fast as the application's."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class SimClock:
    """Starts at `start` (None: now) and runs `scale` times as fast."""

    start: datetime | None = None
    scale: float = 1.0
    _began: float = field(default_factory=time.monotonic)
    _made: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Aware, UTC."""
        if self.start is None and self.scale == 1.0:
            return datetime.now(UTC)
        return (self.start or self._made) + timedelta(seconds=(time.monotonic() - self._began) * self.scale)

    def set(self, moment: datetime) -> None:
        """From now on it is this moment (tests whose application believes in a time of its own). Raises ValueError."""
        if moment.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        self._began, self.start = time.monotonic(), moment.astimezone(UTC)


def stamp(moment: datetime) -> str:
    """yyyyMMddHHmmss on a wall clock in Shandong."""
    return f"{moment.astimezone(SHANGHAI):%Y%m%d%H%M%S}"


def written(moment: datetime) -> str:
    """yyyy-MM-dd HH:mm:ss."""
    return f"{moment.astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"
