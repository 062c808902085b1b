"""What a station's own page says, gathered from the row, its hours and the catalogue. Room `stations`, floor 3."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from common.editions import working_days
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.i18n import say_date, weekday
from maps.links import navigation_links
from maps.place import Place
from services_catalog.queries import catalogue
from stations.cards import opening_words
from stations.hours import Change, coming_changes, opening
from stations.masks import bits_set, item_numbers
from stations.models import Access, Channel, Host, HoursException, Level, Station
from stations.queries import divisions, weeks
from stations.schema import CHANNEL_WORDS
from stations.week import Spans, Week, read_day, week_rows

HOST_WORDS = {
    Host.TOWN_CENTRE: _l("设在镇街便民服务中心"),
    Host.VILLAGE_CENTRE: _l("设在党群服务中心"),
    Host.CLINIC: _l("设在医院、卫生室或药店"),
    Host.INSURER: _l("设在保险公司网点"),
    Host.BANK: _l("设在银行网点"),
    Host.ENTERPRISE: _l("设在企业"),
}
LEVEL_WORDS = {Level.TOWN: _l("镇街站"), Level.VILLAGE: _l("村（社区）站")}
ACCESS_WORDS = {
    Access.RAMP: _l("坡道"),
    Access.STEP_FREE: _l("平地入口"),
    Access.LOW_COUNTER: _l("低位柜台"),
    Access.READING_GLASSES: _l("老花镜"),
    Access.WHEELCHAIR: _l("轮椅"),
    Access.TOILET: _l("卫生间"),
    Access.SEATS: _l("座位"),
    Access.SIGN_LANGUAGE: _l("手语"),
}


@dataclass(frozen=True, slots=True)
class TakenOn:
    """One item a station has taken on."""

    no: int
    name: str
    mode: str


def station_page(session: Session, found: Station, *, now: datetime) -> dict[str, Any]:
    """Everything the page draws. One statement (exceptions), beside the reference data."""
    today = local_date(now)
    rows = session.execute(
        sa.select(HoursException.date, HoursException.spans, HoursException.note).where(
            HoursException.station_id == found.id, HoursException.date >= today
        )
    ).all()
    exceptions = {row.date: read_day(row.spans or "") for row in rows}
    notes = {row.date: row.note for row in rows if row.note}
    week = weeks(session).get(found.hours_id) if found.hours_id else None
    days = working_days(session)
    now_open = opening(week, exceptions, days, now) if week else None
    state, words = opening_words(now_open, now)
    changes = coming_changes(week, exceptions, notes, days, today) if week else []
    return {
        "s": found,
        "area": area_words(session, found),
        "state": state,
        "opening": words,
        "unsure": bool(now_open and now_open.estimated),
        "level_words": LEVEL_WORDS[Level(found.level)],
        "host_words": HOST_WORDS[Host(found.host)],
        "channel_words": [str(CHANNEL_WORDS[Channel(name)]) for name in bits_set(found.channels, Channel)],
        "access_words": [str(ACCESS_WORDS[Access(name)]) for name in bits_set(found.access, Access)],
        "links": navigation_links(Place(found.lat, found.lon), found.name),
        "rows": taken_on(session, found, now),
        "week": [{"days": _days(row.first, row.last), "spans": span_words(row.spans)} for row in week_rows(week)]
        if week
        else [],
        "changes": [
            {
                "days": _dates(change),
                "word": change.word,
                "hours": _("，").join(span_words(change.spans)) or _("不开门"),
            }
            for change in changes
        ],
        "estimated": any(change.estimated for change in changes),
    }


def area_words(session: Session, found: Station) -> str:
    """City, county and town in words: 济南市·历下区·解放路街道."""
    known = divisions(session)
    codes = (found.county_code[:4] + "00", found.county_code, found.town_code)
    return "·".join(known[code].name for code in codes if code in known)


def taken_on(session: Session, found: Station, now: datetime) -> list[TakenOn]:
    """The items of a station with their modes: what it does first, then what it helps with, then advice."""
    items = catalogue(session, local_date(now)).items
    masks = (("direct", found.direct_mask), ("assist", found.assist_mask), ("consult", found.consult_mask))
    return [TakenOn(no, items[no].short, mode) for mode, mask in masks for no in item_numbers(mask) if no in items]


def week_lines(week: Week) -> list[str]:
    """The week in words, a line for each run of days it is open: 周一至周五 8:30–12:00、13:30–17:30; holidays last."""
    rows = [row for row in week_rows(week) if row.spans]
    lines = [f"{_days(row.first, row.last)} {_('、').join(span_words(row.spans))}" for row in rows]
    return [*lines, _("节假日照常") if week.on_holidays == "usual" else _("节假日不开门")]


def span_words(spans: Spans) -> list[str]:
    """8:30–12:00, one line per span."""
    return [f"{_clock(start)}–{_clock(end)}" for start, end in spans]


def _clock(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _days(first: int, last: int) -> str:
    return weekday(first) if first == last else _("%(first)s至%(last)s", first=weekday(first), last=weekday(last))


def _dates(change: Change) -> str:
    if change.first == change.last:
        return say_date(change.first)
    return _("%(first)s至%(last)s", first=say_date(change.first), last=say_date(change.last))
