"""Facts about a station turned into what a page or the JSON door shows. Room `stations`: words and sums, no database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, assert_never

from common.clock import local_date
from common.i18n import gettext as _
from common.i18n import say_date, say_time, weekday
from maps.links import Link, navigation_links
from maps.reach import Mode, ReachPolicy
from maps.valhalla import Way
from stations.hours import Opening, State
from stations.nearest import StationView

BEYOND_COUNTING_MIN = 600  # longer than that nobody plans the trip in minutes


@dataclass(frozen=True, slots=True)
class Card:
    """One station in a list."""

    station: StationView
    area: str  # 历下区·解放路街道
    state: str  # open, closing, closed, unknown
    opening: str  # 现在营业·17:30 关门
    unsure: bool  # the holidays of that year are not announced yet: ring first
    minutes: int
    estimated: bool  # minutes by the straight line; False: along real roads
    way: str  # 走路约 9 分钟·620 米
    mode: str | None  # of the item asked for
    takes: str  # 办理 9 件·帮办 5 件
    links: tuple[Link, ...]


def card(
    station: StationView,
    area: str,
    *,
    policy: ReachPolicy,
    item: int | None,
    now: datetime,
    way: Way | Literal["none"] | None = None,
) -> Card:
    """What the list says of `station`, seen from where its `metres` are counted.

    way  along real roads, where a server knows them; "none": it knows that no road leads there.
    """
    state, words = opening_words(station.opening, now)
    if isinstance(way, Way):
        minutes, said = way.minutes, f"{way_words(way.minutes, policy.mode)}·{distance_words(way.metres)}"
    else:
        minutes = policy.minutes(station.metres)
        far = distance_words(station.metres)
        no_road = way == "none"
        said = _("没查到通的路·直线 %(far)s", far=far) if no_road else f"{way_words(minutes, policy.mode)}·{far}"
    return Card(
        station,
        area,
        state,
        words,
        bool(station.opening and station.opening.estimated),
        minutes,
        not isinstance(way, Way),
        said,
        station.mode_of(item) if item else None,
        takes_words(station),
        navigation_links(station.place, station.name, policy.mode),
    )


def distance_words(metres: float) -> str:
    """620 米, 1.0 公里, 35 公里. Tens of metres are as exact as an estimate gets."""
    if metres < 995:
        return _("%(n)s 米", n=max(10, round(metres / 10) * 10))
    kilometres = metres / 1000
    return _("%(n)s 公里", n=f"{kilometres:.1f}" if kilometres < 10 else f"{kilometres:.0f}")


def way_words(minutes: int, mode: Mode) -> str:
    """走路约 9 分钟; hours when it is far."""
    if minutes > BEYOND_COUNTING_MIN:
        far = {Mode.WALK: _("走路太远"), Mode.EBIKE: _("骑电动车太远"), Mode.CAR: _("开车也要很久")}
        return far[mode]
    if minutes >= 100:
        n = round(minutes / 60)
        match mode:
            case Mode.WALK:
                return _("走路约 %(n)s 小时", n=n)
            case Mode.EBIKE:
                return _("骑电动车约 %(n)s 小时", n=n)
            case Mode.CAR:
                return _("开车约 %(n)s 小时", n=n)
    match mode:
        case Mode.WALK:
            return _("走路约 %(n)s 分钟", n=minutes)
        case Mode.EBIKE:
            return _("骑电动车约 %(n)s 分钟", n=minutes)
        case Mode.CAR:
            return _("开车约 %(n)s 分钟", n=minutes)
    assert_never(mode)


def opening_words(opening: Opening | None, now: datetime) -> tuple[str, str]:
    """The state for the lamp, and the words beside it: 现在营业·17:30 关门, 明天 8:30 开门."""
    if opening is None:
        return "unknown", _("没登记开门时间，请先打电话")
    if opening.state is State.CLOSED:
        if opening.opens_at is None:
            return "closed", _("最近一个月不开门，请先打电话")
        return "closed", _("现在关门·%(when)s 开门", when=_when(opening.opens_at, now))
    if opening.closes_at is None:
        return "open", _("现在营业·不关门")
    closes = say_time(opening.closes_at)
    if local_date(opening.closes_at) != local_date(now):
        closes = _("夜里 12 点") if closes == "0:00" else _when(opening.closes_at, now)
    if opening.state is State.CLOSING:
        return "closing", _("快关门了·%(time)s 关门", time=closes)
    return "open", _("现在营业·%(time)s 关门", time=closes)


def _when(moment: datetime, now: datetime) -> str:
    day, today, time = local_date(moment), local_date(now), say_time(moment)
    ahead = (day - today).days
    if ahead == 0:
        return _("今天 %(time)s", time=time)
    if ahead == 1:
        return _("明天 %(time)s", time=time)
    if ahead < 7:
        return _("%(day)s %(time)s", day=weekday(day.weekday()), time=time)
    return _("%(day)s %(time)s", day=say_date(day), time=time)


def takes_words(station: StationView) -> str:
    """How many items it does, helps with, or advises on; nothing is said of what it has none of."""
    direct, assist, consult = (
        mask.bit_count() for mask in (station.direct_mask, station.assist_mask, station.consult_mask)
    )
    parts = [
        _("办理 %(n)s 件", n=direct) if direct else "",
        _("帮办 %(n)s 件", n=assist) if assist else "",
        _("咨询 %(n)s 件", n=consult) if consult and not (direct or assist) else "",
    ]
    return "·".join(part for part in parts if part) or _("还没登记能办的事")
