"""Tables of the stations room: divisions down to villages, stations, their hours, and what readers say is wrong.

What a station has taken on is three bit masks (bit = item number), one per mode: a station is one row, "who near here
does item 18" is one comparison, and 35,000 × 33 choices need no table of their own (docs/decisions/0003).
"""

from datetime import date, datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common.db import Model, SearchKey, new_id

AT_THE_DOOR = "门口实测"  # place_source of a station whose door was measured (stations/doors.py)
CLAIMED = "名册（称门口实测）"  # of a station of which only a roster says so


class Level(StrEnum):
    """Whose station it is."""

    TOWN = "town"  # 乡镇（街道）
    VILLAGE = "village"  # 村（社区）


class Host(StrEnum):
    """Who lends the counter (press conference of 2025-11-19)."""

    TOWN_CENTRE = "town_centre"  # 乡镇（街道）党群服务中心、便民服务中心
    VILLAGE_CENTRE = "village_centre"  # 村（社区）党群服务中心
    CLINIC = "clinic"  # 定点医药机构
    INSURER = "insurer"  # 商保机构
    BANK = "bank"  # 银行网点
    ENTERPRISE = "enterprise"  # 企业


class Channel(StrEnum):
    """How a station serves: domain.md §4."""

    WINDOW = "window"  # 窗口办
    ASSISTED = "assisted"  # 帮办代办
    DOOR_TO_DOOR = "door_to_door"  # 上门办
    SELF_SERVICE = "self_service"  # 自助办
    VIDEO = "video"  # 视频办


class Access(StrEnum):
    """What helps people in and through."""

    RAMP = "ramp"
    STEP_FREE = "step_free"
    LOW_COUNTER = "low_counter"
    READING_GLASSES = "reading_glasses"
    WHEELCHAIR = "wheelchair"
    TOILET = "toilet"
    SEATS = "seats"
    SIGN_LANGUAGE = "sign_language"


class Division(Model):
    """行政区划: province 1, city 2, county 3, town 4, village 5. Codes are of 6, 9 and 12 digits, as they are issued."""

    __tablename__ = "division"
    __table_args__ = (
        sa.Index(None, "parent_code", "code"),
        sa.Index(None, "name"),
        sa.Index(None, "pinyin"),
        sa.Index(None, "initials"),
    )

    code: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    parent_code: Mapped[str | None] = mapped_column(sa.String(12))
    level: Mapped[int]
    name: Mapped[str] = mapped_column(SearchKey)
    pinyin: Mapped[str] = mapped_column(SearchKey)
    initials: Mapped[str] = mapped_column(SearchKey)
    lat: Mapped[float | None]  # a point inside it, WGS-84; none is surveyed
    lon: Mapped[float | None]
    place_source: Mapped[str | None] = mapped_column(sa.String(40))
    became: Mapped[str | None] = mapped_column(sa.String(12))  # the division it was merged into; NULL while it is there


class OpeningHours(Model):
    """One weekly pattern, shared by every station that keeps it: thousands of stations, a few hundred patterns."""

    __tablename__ = "opening_hours"

    id: Mapped[str] = new_id()
    week: Mapped[str] = mapped_column(sa.String(300), unique=True)  # as stations/hours.py writes it


class Station(Model):
    """基层医保工作站（点）."""

    __tablename__ = "station"
    __table_args__ = (
        # All that the finder filters by: it reads rows only of the stations it shows, a million being hardly slower.
        sa.Index("ix_station_finder", "mx", "my", "open", "direct_mask", "assist_mask", "channels", "hours_id", "id"),
        sa.Index(None, "county_code", "town_code"),
        sa.Index(None, "name"),
        sa.Index(None, "pinyin"),
        sa.Index(None, "initials"),
        sa.Index(None, "village_code"),
        sa.CheckConstraint(
            "(direct_mask & assist_mask) = 0 AND (direct_mask & consult_mask) = 0 AND (assist_mask & consult_mask) = 0",
            name="one_mode_per_item",
        ),
    )

    id: Mapped[str] = new_id()
    code: Mapped[str] = mapped_column(sa.String(24), unique=True)  # given by the province
    name: Mapped[str] = mapped_column(SearchKey)
    pinyin: Mapped[str] = mapped_column(SearchKey)
    initials: Mapped[str] = mapped_column(SearchKey)
    level: Mapped[str] = mapped_column(sa.String(10))
    host: Mapped[str] = mapped_column(sa.String(20))
    county_code: Mapped[str] = mapped_column(sa.String(6))
    town_code: Mapped[str] = mapped_column(sa.String(9))
    village_code: Mapped[str | None] = mapped_column(sa.String(12))
    address: Mapped[str | None] = mapped_column(sa.String(200))
    inside: Mapped[str | None] = mapped_column(sa.String(200))  # 到了以后: which door, which window
    phone: Mapped[str | None] = mapped_column(sa.String(30))
    lat: Mapped[float]  # WGS-84 degrees
    lon: Mapped[float]
    mx: Mapped[int]  # Web-Mercator, 26 bits: one index serves box, cluster and nearest
    my: Mapped[int]
    datum: Mapped[str] = mapped_column(sa.String(10))  # what the position was declared in before conversion
    place_source: Mapped[str] = mapped_column(sa.String(60))
    source: Mapped[str] = mapped_column(sa.String(200))
    verified_on: Mapped[date | None] = mapped_column(sa.Date)
    hours_id: Mapped[str | None] = mapped_column(sa.ForeignKey("opening_hours.id"))
    direct_mask: Mapped[int] = mapped_column(sa.BigInteger)
    assist_mask: Mapped[int] = mapped_column(sa.BigInteger)
    consult_mask: Mapped[int] = mapped_column(sa.BigInteger)
    channels: Mapped[int]  # bits in the order of Channel
    access: Mapped[int]  # bits in the order of Access
    open: Mapped[bool]  # False: closed down, kept for its history
    synthetic: Mapped[bool]  # demo data: the page says 示例数据
    updated_at: Mapped[datetime]

    hours: Mapped[OpeningHours | None] = relationship(lazy="raise")


class HoursException(Model):
    """One date on which a station keeps other hours than its week."""

    __tablename__ = "hours_exception"
    __table_args__ = (sa.UniqueConstraint("station_id", "date"),)

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    station_id: Mapped[str] = mapped_column(sa.ForeignKey("station.id"))
    date: Mapped[date] = mapped_column(sa.Date)
    spans: Mapped[str | None] = mapped_column(sa.String(100))  # 09:00-12:00; NULL: closed all day
    note: Mapped[str | None] = mapped_column(sa.String(60))


class StationCluster(Model):
    """How many open stations a cell of the map holds, for the zooms at which counting them anew would take too long.
    Made from the stations by stations/clusters.py, never edited by itself."""

    __tablename__ = "station_cluster"

    zoom: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cx: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # column and row of maps/cells.py
    cy: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    n: Mapped[int]
    mx_sum: Mapped[int] = mapped_column(sa.BigInteger)  # over n: their middle, where the marker stands
    my_sum: Mapped[int] = mapped_column(sa.BigInteger)
    by_item: Mapped[bytes] = mapped_column(
        sa.LargeBinary
    )  # 4 bytes an item, little end first: how many do it or help; by channel


class Trouble(StrEnum):
    """What a reader may say is wrong with a station's page."""

    PHONE = "phone"
    HOURS = "hours"
    PLACE = "place"
    ITEMS = "items"
    GONE = "gone"
    OTHER = "other"


class StationReport(Model):
    """信息有误: one reader's word about one station. No name, no number: whoever checks rings the station itself."""

    __tablename__ = "station_report"
    __table_args__ = (sa.Index(None, "county_code", "reported_at"), sa.Index(None, "station_id", "reported_at"))

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    station_id: Mapped[str] = mapped_column(sa.ForeignKey("station.id"))
    trouble: Mapped[str] = mapped_column(sa.String(10))
    words: Mapped[str | None] = mapped_column(sa.String(200))
    reported_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class DoorLink(Model):
    """The right to say where one station's door is, until it ends. Who holds it is not known here; door_links.py signs it."""

    __tablename__ = "door_link"
    __table_args__ = (sa.Index(None, "county_code", "ends_at"), sa.Index(None, "station_id"))

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    station_id: Mapped[str] = mapped_column(sa.ForeignKey("station.id"))
    made_at: Mapped[datetime]
    ends_at: Mapped[datetime]


class DoorReading(Model):
    """门口校准: one place measured at a station's door, or the place before it put back. Rows are added, never changed, but
    that a photo may go."""

    __tablename__ = "door_reading"
    __table_args__ = (sa.Index(None, "county_code", "at"), sa.Index(None, "station_id", "at"))

    id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)  # of the operation: the same form twice is one row
    county_code: Mapped[str] = mapped_column(sa.String(6))
    station_id: Mapped[str] = mapped_column(sa.ForeignKey("station.id"))
    how: Mapped[str] = mapped_column(sa.String(10))  # door, back
    at: Mapped[datetime]
    lat: Mapped[float]  # WGS-84 degrees
    lon: Mapped[float]
    accuracy_m: Mapped[float | None]  # NULL: not measured, put back
    readings: Mapped[int | None]
    photo: Mapped[str | None] = mapped_column(sa.String(40))  # a file of data_dir/doors
    old_lat: Mapped[float]
    old_lon: Mapped[float]
    old_datum: Mapped[str] = mapped_column(sa.String(10))
    old_place_source: Mapped[str] = mapped_column(sa.String(60))
    old_verified_on: Mapped[date | None] = mapped_column(sa.Date)
