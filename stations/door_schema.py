"""What a phone at a station's door tells us. Room `stations`: words and rules only."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, model_validator

from common.forms import Ask
from common.i18n import lazy_gettext as _l
from maps.place import Place, check_place
from stations.doors import Measured

WORST_M = 100  # a reading less sure than this is not kept
MOST_READINGS = 10
NOT_MEASURED = _l("没量到位置，请再量一次")

Number = Annotated[float, Field(allow_inf_nan=False)]
Id = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class DoorForm(BaseModel):
    """The median of what was read, how far off it may be (metres), and how many readings there were."""

    lat: Annotated[Number, Ask(_l("纬度"), wrong=NOT_MEASURED)]
    lon: Annotated[Number, Ask(_l("经度"), wrong=NOT_MEASURED)]
    acc: Annotated[
        Annotated[float, Field(ge=0, le=WORST_M, allow_inf_nan=False)],
        Ask(_l("误差"), wrong=_l("误差超过 100 米，不能记。请到空旷处再量一次。")),
    ]
    n: Annotated[Annotated[int, Field(ge=1, le=MOST_READINGS)], Ask(_l("读数"), wrong=NOT_MEASURED)]

    @model_validator(mode="after")
    def _is_a_place(self) -> "DoorForm":
        check_place(self.lat, self.lon)
        return self

    @property
    def measured(self) -> Measured:
        """As stations/doors.py wants it."""
        return Measured(Place(self.lat, self.lon), self.acc, self.n)


class SaveForm(DoorForm):
    """The same, to be kept; `op`: the operation's id, so that a double tap is one reading."""

    op: Annotated[Id, Ask(_l("表"), wrong=_l("这张表不完整，请重新量一次。"))]


class BackForm(BaseModel):
    """Which reading to undo."""

    op: Annotated[Id, Ask(_l("表"), wrong=_l("这张表不完整，请重新打开这一页。"))]
    of: Annotated[Id, Ask(_l("表"), wrong=_l("这张表不完整，请重新打开这一页。"))]
