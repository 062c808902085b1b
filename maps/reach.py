"""How long a straight line takes on foot, by e-bike or by car. Room `maps`, floor 2: pure sums, always an estimate (估算).

A policy is data: the operator keeps their own in a table, these are what holds until then.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from common.i18n import gettext as _


class Mode(StrEnum):
    """How one goes."""

    WALK = "walk"
    EBIKE = "ebike"
    CAR = "car"


@dataclass(frozen=True, slots=True)
class ReachPolicy:
    """Speed on the way, and how much longer the way is than the straight line.

    detour  ≥ 1. source: where the two numbers come from, for whoever administers them.
    Raises ValueError for numbers nobody can travel by.
    """

    mode: Mode
    km_per_hour: float
    detour: float
    source: str

    def __post_init__(self) -> None:
        if not 0 < self.km_per_hour <= 200:
            raise ValueError(_("速度应大于 0，最多 200 公里每小时。"))
        if not 1 <= self.detour <= 5:
            raise ValueError(_("绕行系数应在 1 到 5 之间。"))

    @property
    def _straight_m_per_minute(self) -> float:
        return self.km_per_hour * 1000 / 60 / self.detour

    def minutes(self, straight_metres: float) -> int:
        """Whole minutes for a straight line of that many metres, rounded up, at least 1."""
        # A hair below the next minute's edge, so that minutes(straight_metres(15)) is 15 and not 16.
        return max(1, math.ceil(straight_metres / self._straight_m_per_minute - 1e-9))

    def straight_metres(self, minutes: float) -> float:
        """How far a straight line reaches in that time: all within it take at most so many minutes."""
        return minutes * self._straight_m_per_minute


_DETOUR = 1.32
_DETOUR_SOURCE = (
    "绕行系数 1.32：25 个中国城市平均 1.324，短途更大"
    "（Annals of GIS 2021，doi 10.1080/19475683.2021.1966503）；欧洲 300 城 1.343（doi 10.1177/23998083231168870）。"
)

DEFAULT_POLICIES: dict[Mode, ReachPolicy] = {
    Mode.WALK: ReachPolicy(
        Mode.WALK,
        4.5,
        _DETOUR,
        "步行 4.5 公里每小时：我们的取值，15 分钟直线约 850 米，"
        "在生活圈研究的 800–1100 米之内（西部人居环境学刊 2021-5；老年人更近）。" + _DETOUR_SOURCE,
    ),
    Mode.EBIKE: ReachPolicy(Mode.EBIKE, 15.0, _DETOUR, "电动车 15 公里每小时：我们的取值，未经实测。" + _DETOUR_SOURCE),
    Mode.CAR: ReachPolicy(
        Mode.CAR, 30.0, _DETOUR, "开车 30 公里每小时：我们的取值，含村路和停车，未经实测。" + _DETOUR_SOURCE
    ),
}
