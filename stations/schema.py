"""What readers may ask the finder, and what they tell us when a page is wrong. Room `stations`: words and rules only."""

import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from common.forms import Ask, Words
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from maps.cells import TOP_ZOOM, Cells, cells_in
from maps.place import Place, check_place
from maps.reach import Mode
from services_catalog.models import MAX_ITEM_NO
from stations.models import Channel, Trouble

CHANNEL_WORDS = {
    Channel.WINDOW: _l("窗口办"),
    Channel.ASSISTED: _l("帮办代办"),
    Channel.DOOR_TO_DOOR: _l("上门办"),
    Channel.SELF_SERVICE: _l("自助办"),
    Channel.VIDEO: _l("视频办"),
}
MODE_WORDS = {Mode.WALK: _l("走路"), Mode.EBIKE: _l("电动车"), Mode.CAR: _l("开车")}
TROUBLE_WORDS = {
    Trouble.PHONE: _l("电话打不通"),
    Trouble.HOURS: _l("开门时间不对"),
    Trouble.PLACE: _l("位置不对"),
    Trouble.ITEMS: _l("能办的事不对"),
    Trouble.GONE: _l("站点已经不在了"),
    Trouble.OTHER: _l("别的"),
}
NO_SUCH_AREA = _l("没有这个地区，请重新挑")
NO_SUCH_ITEM = _l("没有这件事，请重新选")
# What the next larger circle is, in minutes; 0 means no limit.
MINUTES = {15: 30, 30: 60, 60: 0, 0: 0}
ROUGH_M = 500  # a position less sure than this says so and offers the list of villages
COARSE_M = 100_000  # nothing a phone calls a position is worse than this

# Written by hand or by an old phone: full-width digits, a comma for the point.
_DIGITS = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")


def _plain_number(value: object) -> object:
    return value.translate(_DIGITS).strip() if isinstance(value, str) else value


def _plain_words(value: object) -> object:
    """Without marks that steer a terminal or turn text round: an operator reads these words in a shell."""
    if not isinstance(value, str):
        return value
    return "".join(
        " " if c.isspace() else c for c in value if c.isspace() or not unicodedata.category(c).startswith("C")
    )


def _ticked(value: object) -> object:
    return value in {"1", "on", "true", True}


Degrees = Annotated[float | None, BeforeValidator(_plain_number)]


class FinderQuery(BaseModel):
    """From where, for what, how far. Everything may be left out."""

    lat: Annotated[Degrees, Ask(_l("纬度"))] = None
    lon: Annotated[Degrees, Ask(_l("经度"))] = None
    acc: Annotated[Annotated[float, Field(ge=0, le=COARSE_M, allow_inf_nan=False)] | None, Ask(_l("位置误差"))] = None
    area: Annotated[
        Annotated[str, StringConstraints(pattern=r"^\d{6}(\d{3}){0,2}$")] | None, Ask(_l("地区"), wrong=NO_SUCH_AREA)
    ] = None
    at: Annotated[Annotated[str, StringConstraints(max_length=60)] | None, Ask(_l("村名、镇名或站名"))] = None
    item: Annotated[
        Annotated[int, Field(ge=1, le=MAX_ITEM_NO)] | None, Ask(_l("办什么"), widget="choice", wrong=NO_SUCH_ITEM)
    ] = None
    channel: Annotated[Channel | None, Ask(_l("怎么办"), widget="choice", wrong=_l("没有这种办法，请重新选"))] = None
    open: Annotated[Annotated[bool, BeforeValidator(_ticked)], Ask(_l("现在开门的"))] = False
    by: Annotated[Mode, Ask(_l("怎么去"), widget="choice", wrong=_l("请选走路、电动车或开车"))] = Mode.WALK
    m: Annotated[
        Literal["15", "30", "60", "0"],
        BeforeValidator(str),
        Ask(_l("路上多久"), widget="choice", wrong=_l("请选 15、30、60 分钟或不限")),
    ] = "15"

    @model_validator(mode="after")
    def _is_a_place(self) -> "FinderQuery":
        if (self.lat is None) != (self.lon is None):
            raise ValueError(_("位置只有一半，请再点一次“用我的位置”。"))
        if self.lat is not None and self.lon is not None:
            check_place(self.lat, self.lon)
        return self

    @property
    def position(self) -> Place | None:
        """Where the reader's phone says they are, WGS-84."""
        return Place(self.lat, self.lon) if self.lat is not None and self.lon is not None else None

    @property
    def minutes(self) -> int:
        """How long the way may take; 0: any."""
        return int(self.m)

    @property
    def wider(self) -> int:
        """The next larger circle, in minutes; 0: any."""
        return MINUTES[self.minutes]


NO_BOX = _l("地图范围要四个数字：西、南、东、北，中间用逗号。")
NO_VIEW = _l("地图的位置不对，请重新打开地图。")


def _as_numbers(count: int, wrong: Words) -> Callable[[str], list[str]]:
    """Reads 117.1,36.6,… into its parts; ValueError with the sentence when they are more or fewer."""

    def read(typed: str) -> list[str]:
        parts = typed.translate(_DIGITS).split(",")
        if len(parts) != count:
            raise ValueError(str(wrong))
        return parts

    return read


Number = Annotated[float, Field(allow_inf_nan=False)]
Zoom = Annotated[int, Field(ge=0, le=TOP_ZOOM)]


class ViewportQuery(FinderQuery):
    """What a map shows: west, south, east, north in degrees, and the zoom. The rest filters as in the finder."""

    box: Annotated[
        tuple[Number, Number, Number, Number],
        BeforeValidator(_as_numbers(4, NO_BOX)),
        Ask(_l("地图范围"), wrong=NO_BOX),
    ]
    z: Annotated[Zoom, Ask(_l("缩放级别"), wrong=_l("缩放级别应在 0 到 18 之间。"))]

    @model_validator(mode="after")
    def _is_a_box(self) -> "ViewportQuery":
        self.cells  # noqa: B018 (raises the sentence)
        return self

    @property
    def cells(self) -> Cells:
        """What the answer is made of."""
        return cells_in(*self.box, self.z)


class MapView(BaseModel):
    """Where the reader last moved the map to: latitude, longitude, zoom."""

    v: Annotated[
        tuple[Number, Number, Zoom] | None,
        BeforeValidator(_as_numbers(3, NO_VIEW)),
        Ask(_l("地图的位置"), wrong=NO_VIEW),
    ] = None

    @model_validator(mode="after")
    def _is_a_view(self) -> "MapView":
        if self.v is not None and not (abs(self.v[0]) <= 85 and abs(self.v[1]) <= 180):
            raise ValueError(str(NO_VIEW))
        return self


class TroubleReport(BaseModel):
    """信息有误: one reader about one station. Nothing about the reader."""

    trouble: Annotated[
        Trouble,
        Ask(
            _l("哪里不对"),
            widget="choice",
            wrong=_l("请选一样哪里不对"),
            options=tuple((key.value, words) for key, words in TROUBLE_WORDS.items()),
        ),
    ]
    words: Annotated[
        Annotated[Annotated[str, StringConstraints(max_length=200)] | None, BeforeValidator(_plain_words)],
        Ask(_l("说说情况"), hint=_l("可以不写。请别写身份证号和您的电话。"), widget="words"),
    ] = None
