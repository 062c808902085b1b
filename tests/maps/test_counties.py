"""Which county a place lies in, and how far it is from the one it should lie in."""

import json
import random
from itertools import pairwise

import pytest
from geographiclib.geodesic import Geodesic

from maps.counties import FILE, county_of, metres_outside
from maps.place import Place

FEATURES = json.loads(FILE.read_text(encoding="utf-8"))["features"]
CODES = [feature["properties"]["code"] for feature in FEATURES]
LIXIA = "370102"  # 历下区, the middle of Jinan
PENGLAI = "370614"  # 蓬莱区: a coast and the Changshan islands


def rings(code: str) -> list[list[Place]]:
    (geometry,) = (f["geometry"] for f in FEATURES if f["properties"]["code"] == code)
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    return [[Place(lat, lon) for lon, lat in ring] for polygon in polygons for ring in polygon]


def test_all_counties_of_the_province_are_known():
    assert len(set(CODES)) == len(CODES) == 136
    assert all(code.startswith("37") and len(code) == 6 for code in CODES)


@pytest.mark.parametrize("county", [f["properties"] for f in FEATURES], ids=CODES)
def test_a_county_holds_its_own_name_on_the_map(county):
    label = Place(county["lat"], county["lon"])
    assert county_of(label) == county["code"]
    assert metres_outside(label, county["code"]) == 0


@pytest.mark.parametrize(
    ("town", "lat", "lon", "county_code"),
    [
        ("羊山镇", 35.1591, 116.2478, "370828"),
        ("胡官屯镇", 36.5803, 116.5967, "371425"),
        ("夏甸镇", 37.1514, 120.3479, "370685"),
        ("劳店镇", 37.6597, 117.6783, "371622"),
        ("杨屯镇", 36.7951, 116.3366, "371526"),
        ("房镇镇", 36.8477, 117.9735, "370303"),
        ("后村镇", 35.3893, 119.2908, "371102"),
        ("朱集镇", 34.6596, 116.3312, "371722"),
        ("郑城镇", 35.2283, 117.6376, "371326"),
        ("大津口乡", 36.3004, 117.1278, "370902"),
        ("十六里河街道", 36.5653, 116.9899, "370103"),
        ("兴城路街道", 36.1975, 120.3678, "370213"),
        ("陈庄镇", 37.6961, 118.5680, "370522"),
        ("水泉镇", 35.1704, 117.4485, "370406"),
        ("北孟镇", 36.5498, 119.5378, "370786"),
        ("白沙滩镇", 36.8546, 121.6656, "371083"),
        ("南长山岛", 37.9250, 120.7400, "370614"),
    ],
)
def test_a_town_lies_in_its_county(town, lat, lon, county_code):
    assert metres_outside(Place(lat, lon), county_code) < 1_000, town


@pytest.mark.parametrize(
    "place",
    [
        (39.9087, 116.3975),
        (34.2044, 117.2857),
        (37.8, 119.9),
        (36.65, 122.9),
        (0, 0),
        (90, 0),
        (-90, 180),
        (117.1, 36.6),
    ],
    ids=["Beijing", "Xuzhou", "Laizhou Bay", "Yellow Sea", "Gulf of Guinea", "North Pole", "South Pole", "swapped"],
)
def test_elsewhere_is_no_county_and_far_from_each(place):
    assert county_of(Place(*place)) is None
    assert metres_outside(Place(*place), LIXIA) > 100_000


def test_every_place_lies_in_one_county_at_most_and_county_of_names_it():
    dice = random.Random(136)
    for _ in range(60):
        place = Place(dice.uniform(34.4, 38.4), dice.uniform(114.8, 122.7))
        inside = [code for code in CODES if metres_outside(place, code) == 0]
        assert inside == ([county_of(place)] if inside else [])


def test_on_a_line_between_two_counties_a_place_belongs_to_one_of_them():
    """Where sums that differ in the last bit would lose a place between two neighbours."""
    lines: dict[frozenset[Place], list[str]] = {}
    for code in CODES:
        for ring in rings(code):
            for ends in pairwise(ring):
                lines.setdefault(frozenset(ends), []).append(code)
    shared = [(tuple(ends), owners) for ends, owners in lines.items() if len(owners) == 2]
    assert len(shared) > 5_000
    for (a, b), owners in shared:
        for share in (0.3, 0.5, 0.8):
            middle = Place(a.lat + share * (b.lat - a.lat), a.lon + share * (b.lon - a.lon))
            assert county_of(middle) in owners
            assert max(metres_outside(middle, owner) for owner in owners) < 0.001


def test_the_distance_is_to_the_nearest_point_of_the_boundary():
    """Against a full geodesic to a point every few metres of the line."""
    dice = random.Random(5)
    corners = [corner for ring in rings(LIXIA) for corner in ring]
    line = [
        Place(a.lat + step / 400 * (b.lat - a.lat), a.lon + step / 400 * (b.lon - a.lon))
        for a, b in pairwise(corners)
        for step in range(400)
    ]
    for _ in range(3):
        place = Place(dice.uniform(36.3, 37.0), dice.uniform(117.2, 117.8))
        true = min(Geodesic.WGS84.Inverse(*place, *point, Geodesic.DISTANCE)["s12"] for point in line)
        assert metres_outside(place, LIXIA) == pytest.approx(true, rel=0.005)


def test_an_island_belongs_to_its_county_and_the_strait_does_not():
    parts = rings(PENGLAI)
    assert len(parts) == 8
    for part in parts[1:]:
        middle = Place(*(sum(axis) / len(axis) for axis in zip(*part[1:], strict=True)))
        assert metres_outside(middle, PENGLAI) < 100  # one is hollow in the middle
    strait = Place(37.87, 120.80)
    assert county_of(strait) is None
    assert 500 < metres_outside(strait, PENGLAI) < 10_000


def test_a_county_without_a_boundary_is_said_so():
    with pytest.raises(ValueError, match="没有 110101 的县界，无法核对位置。"):
        metres_outside(Place(36.65, 117.12), "110101")
