"""What the platform knows before anybody calls: stations, divisions and catalogue from the product's own files, dictionaries and
invented persons from its own. Read when first asked for."""

import csv
import functools
import gzip
import hashlib
from pathlib import Path
from typing import Any

from platform_sim import shapes

ROOT = Path(__file__).resolve().parent.parent
OWN = Path(__file__).resolve().parent / "data"
STATIONS = ROOT / "stations" / "data" / "demo_stations.csv.gz"
DIVISIONS = ROOT / "stations" / "data" / "divisions.csv"
TOWNS = ROOT / "stations" / "data" / "towns.csv"
CATALOGUE = ROOT / "services_catalog" / "data" / "catalogue.csv"
MERGED = ROOT / "cases" / "data" / "merged_divisions.csv"
VERSION = {"G501": "20251231", "G502": "20251231", "G503": "20251119"}


def read(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV."""
    raw = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return list(csv.DictReader(raw.decode("utf-8-sig").splitlines()))


@functools.cache
def stations() -> list[dict[str, Any]]:
    """Rows of G501."""
    names = ("code", "name", "level", "host", "village_code", "town_code", "county_code")
    return [
        {name: row[name] or None for name in names}
        | {"lon": float(row["lon"]), "lat": float(row["lat"]), "datum": "wgs84", "vali_flag": "1"}
        for row in read(STATIONS)
    ]


@functools.cache
def divisions() -> list[dict[str, Any]]:
    """Rows of G502, parents before children; divisions that were merged stand at the end with the code they became."""
    living = [
        {"code": row["code"], "name": row["name"], "level": int(row["level"]), "parent": row["parent"] or None}
        | {"new_code": None, "vali_flag": "1"}
        for row in read(DIVISIONS)
    ]
    gone = [
        {"code": row["code"], "name": row["name"], "level": 3, "parent": f"{row['code'][:4]}00"}
        | {"new_code": row["into"], "vali_flag": "0"}
        for row in merged().values()
    ]
    return living + gone


@functools.cache
def catalogue() -> list[dict[str, Any]]:
    """Rows of G503: the columns of the product's own file, and `code`."""
    return [
        {"code": row["item_code"] or f"{int(row['item_no']):02}", "name": row["item_name_zh"], "vali_flag": "1"}
        | {name: value or None for name, value in row.items()}
        for row in read(CATALOGUE)
    ]


PULLED = {"G501": stations, "G502": divisions, "G503": catalogue}


@functools.cache
def areas() -> frozenset[str]:
    """Codes of the province, its cities and counties; those of cities also as their own district ("9900": unknown)."""
    return frozenset(row["code"] for row in read(DIVISIONS))


@functools.cache
def merged() -> dict[str, dict[str, str]]:
    """Old code → its row."""
    return {row["code"]: row for row in read(MERGED)}


@functools.cache
def dictionaries() -> dict[str, list[dict[str, str]]]:
    """Type → rows."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in read(OWN / "dictionaries.csv"):
        found.setdefault(row["type"], []).append(row)
    return found


@functools.cache
def persons() -> dict[str, list[dict[str, str]]]:
    """Certificate number → one row per insurance."""
    found: dict[str, list[dict[str, str]]] = {}
    for row in read(OWN / "persons.csv"):
        found.setdefault(row["certno"], []).append(row)
    return found


# Areas that stand for a kind of person: what differs from an insured resident.
KINDS = {
    "379804": {"psn_insu_stas": "2"},  # paused
    "379805": {"insutype": ""},  # never insured
    "379806": {"surv_stas": "2"},  # died
    "379807": {"insutype": "310", "psn_type": "11"},  # employed
    "379808": {"insutype": "310", "psn_type": "12"},  # retired
}


def person(certno: str, name: str) -> list[dict[str, str]]:
    """Rows of somebody; none: not known. Numbers of the areas 379803 to 379819 are all known, under
    whatever name the caller says, so that a load test has as many persons as it wants: insured residents, but for KINDS."""
    known = persons().get(certno)
    if known is not None:
        return known
    if not ("379803" <= certno[:6] <= "379819" and shapes.is_id_number(certno)):
        return []
    born = f"{certno[6:10]}-{certno[10:12]}-{certno[12:14]}"
    counties = sorted(code for code in areas() if not code.endswith("00"))
    chosen = counties[int.from_bytes(hashlib.sha256(certno.encode()).digest()[:4], "big") % len(counties)]
    return [
        {"certno": certno, "psn_name": name or "示例居民", "gend": "1" if int(certno[16]) % 2 else "2", "brdy": born}
        | {"naty": "01", "insutype": "390", "psn_type": "1501", "psn_insu_stas": "1", "insuplc_admdvs": chosen}
        | {"emp_name": "", "psn_idet_type": "", "surv_stas": "1"}
        | KINDS.get(certno[:6], {})
    ]


def psn_no(certno: str) -> str:
    """A person's number with the platform, always the same."""
    return "37" + str(int.from_bytes(hashlib.sha256(certno.encode()).digest()[:10], "big") % 10**18).zfill(18)
