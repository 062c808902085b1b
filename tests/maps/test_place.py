"""Datums, distances and pixels, against other people's numbers and against a full geodesic solver."""

import math
import random

import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import example, given, settings
from hypothesis import strategies as st

from maps.counties import county_of
from maps.place import (
    WORLD_PIXELS,
    Datum,
    Pixel,
    Place,
    bd09_from_gcj02,
    check_place,
    from_wgs84,
    in_china_box,
    looks_swapped,
    metres_between,
    pixel_metres,
    pixel_of,
    pixels_for,
    to_wgs84,
)

EARTH = Geodesic.WGS84
SHANDONG = st.builds(Place, st.floats(34.38, 38.41), st.floats(114.8, 122.71))
CHINA = st.builds(Place, st.floats(3.4, 53.6), st.floats(73.4, 135.1))
WORLD = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))


def true_metres(a: Place, b: Place) -> float:
    return EARTH.Inverse(*a, *b, Geodesic.DISTANCE)["s12"]


def walk(start: Place, bearing: float, metres: float) -> Place:
    end = EARTH.Direct(*start, bearing, metres)
    return Place(end["lat2"], end["lon2"])


# Datums


@pytest.mark.parametrize(
    ("wgs84", "gcj02", "bd09"),
    [
        # As eviltransform 0.1.1 and prcoords 1.0.2 place them; those two differ by 1 cm. Six in Shandong,
        ((36.6512, 117.1201), (36.651630, 117.126228), (36.657965, 117.132632)),
        ((35.4139, 116.5871), (35.413451, 116.592391), (35.419176, 116.598988)),
        ((37.5133, 122.1209), (37.514332, 122.125956), (37.520251, 122.132467)),
        ((34.62, 118.0), (34.618948, 118.005690), (34.624689, 118.012267)),
        ((38.2, 117.9), (38.200521, 117.905907), (38.206189, 117.912533)),
        ((36.0671, 120.3826), (36.067376, 120.387733), (36.073417, 120.394213)),
        # and the spot in Beijing that converters are usually shown with.
        ((39.915, 116.404), (39.916404, 116.410244), (39.922700, 116.416627)),
    ],
)
def test_a_spot_is_where_other_converters_put_it(wgs84, gcj02, bd09):
    here = Place(*wgs84)
    assert metres_between(from_wgs84(here, Datum.GCJ02), Place(*gcj02)) < 0.2
    assert metres_between(from_wgs84(here, Datum.BD09), Place(*bd09)) < 0.2
    assert metres_between(to_wgs84(Place(*gcj02), Datum.GCJ02), here) < 0.2
    assert metres_between(to_wgs84(Place(*bd09), Datum.BD09), here) < 0.2


def test_in_shandong_a_wrong_datum_is_a_long_walk():
    dice = random.Random(37)
    spots = (Place(dice.uniform(34.4, 38.4), dice.uniform(114.8, 122.7)) for _ in range(2_000))
    on_land = [spot for spot in spots if county_of(spot)]
    assert len(on_land) > 800
    assert all(410 < metres_between(spot, from_wgs84(spot, Datum.GCJ02)) < 575 for spot in on_land)
    assert all(1185 < metres_between(spot, from_wgs84(spot, Datum.BD09)) < 1385 for spot in on_land)


@pytest.mark.parametrize("datum", list(Datum))
@given(here=SHANDONG | CHINA)
@example(here=Place(35.0, 105.0))  # where the formula has its corners
@example(here=Place(35.0, 105.0 - 5e-3))
@settings(deadline=None, max_examples=300)
def test_there_and_back_is_the_same_spot_to_a_millimetre(datum, here):
    assert metres_between(to_wgs84(from_wgs84(here, datum), datum), here) < 0.001
    assert metres_between(from_wgs84(to_wgs84(here, datum), datum), here) < 0.001


@given(WORLD)
@settings(deadline=None)
def test_tianditu_and_satellites_agree(here):
    assert from_wgs84(here, Datum.CGCS2000) == from_wgs84(here, Datum.WGS84) == here
    assert to_wgs84(here, Datum.CGCS2000) == to_wgs84(here, Datum.WGS84) == here


@pytest.mark.parametrize("datum", list(Datum))
@pytest.mark.parametrize("abroad", [(48.8566, 2.3522), (-33.9, 151.2), (40.7, -74.0), (0, 0), (90, 180), (-90, -180)])
def test_outside_the_china_box_nothing_is_shifted(datum, abroad):
    there = Place(*abroad)
    assert not in_china_box(there)
    assert from_wgs84(there, datum) == to_wgs84(there, datum) == bd09_from_gcj02(there) == there


@given(CHINA)
@settings(deadline=None)
def test_bd09_is_the_same_by_either_road(here):
    assert bd09_from_gcj02(from_wgs84(here, Datum.GCJ02)) == from_wgs84(here, Datum.BD09)


def test_a_datum_may_come_as_its_plain_word():
    here = Place(36.65, 117.12)
    assert from_wgs84(here, "gcj02") == from_wgs84(here, Datum.GCJ02)
    with pytest.raises(AssertionError):
        from_wgs84(here, "mars")


# Distance


def test_distances_agree_with_the_full_geodesic_near_and_far():
    """10,000 pairs, as many of 1 m as of 1,000 km."""
    dice = random.Random(20251119)
    for _ in range(10_000):
        a = Place(math.degrees(math.asin(dice.uniform(-1, 1))), dice.uniform(-180, 180))
        b = walk(a, dice.uniform(0, 360), 10 ** dice.uniform(0, 6))
        assert metres_between(a, b) == pytest.approx(true_metres(a, b), rel=2e-6, abs=1e-6)


@given(SHANDONG, SHANDONG)
@settings(deadline=None, max_examples=500)
def test_across_the_province_distances_agree_with_the_full_geodesic(a, b):
    assert metres_between(a, b) == pytest.approx(true_metres(a, b), rel=2e-6, abs=1e-6)


@given(SHANDONG, st.floats(0, 360), st.floats(0, 10))
@settings(deadline=None, max_examples=300)
def test_next_door_is_right_to_a_micrometre_or_two(a, bearing, metres):
    b = walk(a, bearing, metres)
    assert metres_between(a, b) == pytest.approx(metres, rel=2e-6, abs=2e-6)


@given(WORLD, WORLD)
@example(Place(90, 0), Place(90, 77))
@example(Place(0, 0), Place(0, 180))
@example(Place(90, 0), Place(-90, 0))
@example(Place(36.65, 117.12), Place(-36.65, -62.88))  # antipodes
@example(Place(36.65, 180), Place(36.65, -180))
@example(Place(36.65, 117.12), Place(36.65, math.nextafter(117.12, 200)))
@example(Place(0, 0), Place(5e-324, 0))
@settings(deadline=None, max_examples=500)
def test_a_distance_is_a_number_the_same_both_ways_and_nothing_to_oneself(a, b):
    metres = metres_between(a, b)
    assert 0 <= metres < 20_100_000
    assert metres == metres_between(b, a)
    assert metres_between(a, a) == metres_between(b, b) == 0


# Pixels


@pytest.mark.parametrize(
    ("place", "pixel"),
    [
        ((0, 0), (2**25, 2**25)),
        ((90, -180), (0, 0)),
        ((85.0511288, -180), (0, 0)),
        ((-90, 180), (2**26 - 1, 2**26 - 1)),
    ],
)
def test_known_places_have_known_pixels(place, pixel):
    assert pixel_of(Place(*place)) == Pixel(*pixel)


@pytest.mark.parametrize(
    ("place", "tile"),
    [
        ((36.6512, 117.1201), (216356, 102351)),
        ((36.0671, 120.3826), (218731, 102879)),
        ((-22.9068, -43.1729), (99634, 148215)),
    ],
)
def test_pixels_lie_in_the_tiles_every_web_map_uses(place, tile):
    """By OpenStreetMap's formula for tile names at zoom 18, where a tile is 256 of our pixels."""
    mx, my = pixel_of(Place(*place))
    assert (mx >> 8, my >> 8) == tile


@given(WORLD, WORLD)
@settings(deadline=None, max_examples=300)
def test_pixels_grow_east_and_south_and_stay_in_the_world(a, b):
    pa, pb = pixel_of(a), pixel_of(b)
    assert all(0 <= n < WORLD_PIXELS for n in (*pa, *pb))
    assert (a.lon - b.lon) * (pa.mx - pb.mx) >= 0
    assert (a.lat - b.lat) * (pa.my - pb.my) <= 0


@given(
    st.builds(Place, st.floats(-84, 84), st.floats(-90, 90)) | SHANDONG,
    st.floats(0, 360) | st.sampled_from([0, 90, 180, 270, 85, 275]),
    st.floats(0.1, 300_000),
    st.floats(0, 1) | st.just(1),
)
@example(Place(0, 0), 0, 100_000, 1)
@example(Place(0, 0), 180, 1, 1)
@settings(deadline=None, max_examples=1000)
def test_every_place_within_reach_lies_in_the_box(here, bearing, reach_m, share):
    there = walk(here, bearing, reach_m * share)
    p, q = pixel_of(here), pixel_of(there)
    n = pixels_for(reach_m, here.lat)
    assert abs(p.mx - q.mx) <= n
    assert abs(p.my - q.my) <= n


@pytest.mark.parametrize("reach_m", [10, 850, 2_840, 5_680, 50_000])
@pytest.mark.parametrize("lat", [34.4, 36.5, 38.4])
def test_the_box_is_hardly_larger_than_needed(reach_m, lat):
    here = Place(lat, 118)
    p = pixel_of(here)
    rim = [pixel_of(walk(here, bearing, reach_m)) for bearing in range(0, 360, 2)]
    needed = max(max(abs(p.mx - q.mx), abs(p.my - q.my)) for q in rim)
    assert pixels_for(reach_m, lat) <= needed * 1.01 + 2


@pytest.mark.parametrize("question", [(1000, 90), (1000, -89.999), (20_000_000, 36), (math.inf, 36)])
def test_where_the_box_has_no_bounds_it_is_the_world(question):
    assert pixels_for(*question) == WORLD_PIXELS


@pytest.mark.parametrize(("lat", "metres"), [(0, 0.597), (36.5, 0.480), (-60, 0.299)])
def test_a_pixel_is_about_half_a_metre(lat, metres):
    assert pixel_metres(lat) == pytest.approx(metres, abs=0.001)


# Is it a place at all?

SWAPPED = "经纬度好像填反了，请先填纬度，再填经度。"
NO_NUMBER = "位置要填数字，例如纬度 36.65，经度 117.12。"
BAD_LAT = "纬度应在 -90 到 90 之间，请核对。"
BAD_LON = "经度应在 -180 到 180 之间，请核对。"


@pytest.mark.parametrize(
    ("lat", "lon", "sentence"),
    [
        (117.12, 36.65, SWAPPED),
        (122.5, 37.4, SWAPPED),
        (math.nan, 117.12, NO_NUMBER),
        (36.65, math.nan, NO_NUMBER),
        (math.inf, 117.12, NO_NUMBER),
        (36.65, -math.inf, NO_NUMBER),
        (90.0001, 117.12, BAD_LAT),
        (-91, 0, BAD_LAT),
        (3665.12, 117.12, BAD_LAT),
        (10**400, 0, BAD_LAT),
        (36.65, 180.0001, BAD_LON),
        (36.65, -(10**400), BAD_LON),
        (36.65, 11712, BAD_LON),
    ],
)
def test_what_is_no_place_is_refused_in_one_sentence(lat, lon, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        check_place(lat, lon)


@given(WORLD)
def test_every_place_on_earth_is_taken_as_it_is(here):
    assert check_place(*here) == here


def test_whole_degrees_become_decimal_numbers():
    place = check_place(36, 117)
    assert [type(number) for number in place] == [float, float]


@pytest.mark.parametrize(
    ("lat", "lon", "swapped"),
    [
        (117.12, 36.65, True),
        (36.65, 117.12, False),
        (117.12, 117.12, False),
        (36.65, 36.65, False),  # somewhere in Turkey: odd, but not swapped
        (39.9, 116.4, False),
        (114.9, 35.1, True),
        (math.nan, 36.65, False),
    ],
)
def test_swapped_numbers_are_noticed(lat, lon, swapped):
    assert looks_swapped(lat, lon) is swapped
