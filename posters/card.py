"""The forwardable card: one station, and what to bring for one item, in few large words. Room `posters`, floor 4.

A child sends it to a parent, so it is Chinese whoever asks for it: one picture for everybody. card_drawing.py draws it.
"""

import math
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from common.clock import local_date
from common.i18n import gettext as _
from common.i18n import speaking
from maps.place import Place, metres_between
from services_catalog.queries import catalogue, item_for
from services_catalog.views import ItemView
from stations.cards import distance_words
from stations.details import area_words, taken_on, week_lines
from stations.models import Station
from stations.queries import divisions, weeks

MOST_PAPERS = 7
BESIDE_M = 150.0  # nearer to the town's middle than its point is exact


@dataclass(frozen=True)
class ItemWords:
    """`mode`: direct, assist, consult, or None where the station has not taken the item on."""

    title: str
    mode: str | None
    mode_words: str
    papers: tuple[str, ...]
    note: str


@dataclass(frozen=True)
class Card:
    """What the card says, each part ready to be read, "" where there is nothing to say; `url` is for its QR code.

    Hashable: the same words are the same picture. `hours` is never empty.
    """

    sample: str
    name: str
    area: str
    phone: str
    hours: tuple[str, ...]
    address: str
    way: str
    item: ItemWords | None
    made: str
    url: str

    @property
    def lines(self) -> tuple[str, ...]:
        """All its words in reading order: for screen readers, and where no picture can be drawn."""
        with speaking("zh"):
            said = [self.sample, self.name, self.area]
            said.append(_("电话：%(phone)s", phone=self.phone) if self.phone else _("没登记电话"))
            said += self.hours
            said += [_("地址：%(address)s", address=self.address) if self.address else "", self.way]
            if self.item:
                said += [_("要办：%(what)s", what=self.item.title), self.item.mode_words]
                said += [_("带上：%(papers)s", papers=_("、").join(self.item.papers))] if self.item.papers else []
                said.append(self.item.note)
            return tuple(line for line in [*said, self.made] if line)


def card_of(session: Session, found: Station, item_no: int | None, *, url: str, hotline: str, now: datetime) -> Card:
    """The card of a station, as of today. No statement beside the reference data.

    item_no  a number of the catalogue in force, or None. LookupError when it holds no such item.
    """
    today = local_date(now)
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    with speaking("zh"):
        return Card(
            sample=_("示例数据：站点是编的，别照着出门。") if found.synthetic else "",
            name=found.name,
            area=area_words(session, found),
            phone=found.phone or "",
            hours=tuple(week_lines(week)) if week else (_("没登记开门时间，请先打电话问。"),),
            address=found.address or "",
            way=_way(session, found),
            item=_item_words(session, found, item_no, hotline, now) if item_no is not None else None,
            made=_("%(y)s年%(m)s月%(d)s日的信息", y=today.year, m=today.month, d=today.day),
            url=url,
        )


def items_to_choose(session: Session, found: Station, now: datetime) -> list[tuple[str, str]]:
    """Number and name of what the station has taken on, in the reader's language and in the order of its page."""
    return [(str(row.no), row.name) for row in taken_on(session, found, now)]


def _item_words(session: Session, found: Station, no: int, hotline: str, now: datetime) -> ItemWords:
    today = local_date(now)
    if no not in catalogue(session, today).items:
        raise LookupError(no)
    item = item_for(session, no, found.county_code, today)
    if item is None:
        raise LookupError(no)
    mode = next((row.mode for row in taken_on(session, found, now) if row.no == no), None)
    if mode is None:
        words = _("这个站没登记办这件事。")
        return ItemWords(item.short, None, words, (), _("哪儿能办，打 %(number)s 问。", number=hotline))
    papers = tuple(paper.title for paper in item.papers)
    note = item.bring_note or (_("表到站里填，不用带。") if item.forms else "")
    if len(papers) > MOST_PAPERS:
        more = _("还有 %(n)s 样，扫码看全。", n=len(papers) - MOST_PAPERS)
        papers, note = papers[:MOST_PAPERS], more
    if not papers and not note:
        note = _("带什么，先打电话问。")
    return ItemWords(item.short, mode, _mode_words(mode, item), papers, note)


def _mode_words(mode: str, item: ItemView) -> str:
    if mode == "direct":
        return _("办理·%(how_long)s", how_long=item.how_long) if item.how_long else _("办理·在站里办")
    return _("帮办·站里替您跑") if mode == "assist" else _("咨询·只解答，不收材料")


def _way(session: Session, found: Station) -> str:
    """镇中心往东 2.3 公里（估算）. The town's point is the middle of its box, not the town hall's door: so 中心."""
    town = divisions(session).get(found.town_code)
    if town is None or town.place is None:
        return ""
    here = Place(found.lat, found.lon)
    metres = metres_between(town.place, here)
    middle = _("街道中心") if town.name.endswith("街道") else _("镇中心")
    if metres < BESIDE_M:
        return _("就在%(middle)s附近（估算）", middle=middle)
    where = direction_words(town.place, here)
    return _("%(middle)s往%(where)s %(far)s（估算）", middle=middle, where=where, far=distance_words(metres))


def direction_words(start: Place, end: Place) -> str:
    """Which of the eight winds one goes by from `start` to `end`: 东, 东南 …"""
    east = (end.lon - start.lon) * math.cos(math.radians((start.lat + end.lat) / 2))
    eighth = round(math.degrees(math.atan2(east, end.lat - start.lat)) / 45) % 8
    return (_("北"), _("东北"), _("东"), _("东南"), _("南"), _("西南"), _("西"), _("西北"))[eighth]
