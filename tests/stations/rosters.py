"""Roster files for tests: a header, good rows, and the ways they go wrong."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from maps.place import Datum
from stations.roster import Known
from stations.roster_words import COLUMNS

COUNTY, OTHER_COUNTY = "370102", "370103"  # 历下区, 市中区
TOWN, OTHER_TOWN = "370102001", "370103001"
VILLAGE, OTHER_VILLAGE = "370102001003", "370103001001"
TODAY = date(2026, 11, 23)

# Every column, as a bureau would fill it in.
GOOD = {
    "code": "370102001003Z1",
    "name": "历山路医保工作站",
    "level": "村",
    "host": "党群服务中心",
    "town_code": TOWN,
    "village_code": VILLAGE,
    "lon": "117.0900",
    "lat": "36.6650",
    "datum": "wgs84",
    "address": "历山路 12 号",
    "inside": "进门右手第一间",
    "phone": "0531-0001851",
    "hours": "周一至周五 8:30-12:00，13:30-17:30",
    "items_direct": "1;7",
    "items_assist": "18",
    "items_consult": "20-22",
    "channels": "窗口、帮办",
    "access": "坡道、老花镜",
    "place_source": "现场测量",
    "source": "历下区医保局名册",
    "verified_on": "2026-11-01",
    "open": "营业",
    "synthetic": "否",
}
LEAST = ("code", "name", "level", "host", "town_code", "lon", "lat")
HEADERS = {column.field: column.header for column in COLUMNS}


def known(**changes: object) -> Known:
    facts: dict[str, object] = {
        "towns": {TOWN: "解放路街道", OTHER_TOWN: "大观园街道"},
        "villages": {VILLAGE: TOWN, OTHER_VILLAGE: OTHER_TOWN},
        "counties": {COUNTY: "历下区", OTHER_COUNTY: "市中区"},
        "items": {
            1: "城乡居民参保登记",
            7: "参保信息查询",
            18: "异地就医备案（长期、临时）",
            20: "甲",
            21: "乙",
            22: "丙",
        },
        "today": TODAY,
        "datum": Datum.WGS84,
    }
    return Known(**(facts | changes))  # type: ignore[arg-type]


def write(file: Path, *rows: dict[str, str], fields: Sequence[str] = tuple(GOOD), encoding: str = "utf-8") -> Path:
    """Each row: the good one with what is given changed."""
    with file.open("w", encoding=encoding, newline="") as out:
        lines = csv.writer(out)
        lines.writerow([HEADERS[field] for field in fields])
        lines.writerows([(GOOD | row)[field] for field in fields] for row in rows)
    return file
