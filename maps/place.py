"""A place, the four datums it may arrive in, true distance, and the integer pixels we index it by.

Room `maps`, floor 2: pure sums, no database. A Place is always WGS-84 degrees, except between the lines of a conversion.

Why datums matter: maps sold in China show GCJ-02 (高德, 腾讯) or BD-09 (百度). In Shandong the first is 413-573 m off
WGS-84, the second 1.19-1.38 km: half of a 15-minute walk. CGCS2000 (天地图) differs by decimetres: the same for us.
"""

import math
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, assert_never

from common.i18n import gettext as _

EARTH_A_M = 6378137.0  # WGS-84 semi-major axis
EARTH_F = 1 / 298.257223563  # WGS-84 flattening
_HALF_MERIDIAN_M = 20003931.459  # pole to pole: what two antipodes are apart
_AXES = 1 - EARTH_F  # minor by major axis


class Datum(StrEnum):
    """What the numbers of a position are measured against."""

    WGS84 = "wgs84"  # satellites, phones
    CGCS2000 = "cgcs2000"  # 天地图, surveying authorities
    GCJ02 = "gcj02"  # 高德, 腾讯
    BD09 = "bd09"  # 百度


class Place(NamedTuple):
    """A point on the ground, WGS-84 degrees."""

    lat: float
    lon: float


class Pixel(NamedTuple):
    """Web-Mercator in whole pixels: the world is 2**26 wide and high, mx grows east, my grows south; about 0.5 m here."""

    mx: int
    my: int


# Is it a place at all?


def check_place(lat: float, lon: float) -> Place:
    """The place, or ValueError with a sentence for the person who gave the numbers."""
    if looks_swapped(lat, lon):
        raise ValueError(_("经纬度好像填反了，请先填纬度，再填经度。"))
    if not (abs(lat) < math.inf and abs(lon) < math.inf):  # NaN fails too
        raise ValueError(_("位置要填数字，例如纬度 36.65，经度 117.12。"))
    if not -90 <= lat <= 90:
        raise ValueError(_("纬度应在 -90 到 90 之间，请核对。"))
    if not -180 <= lon <= 180:
        raise ValueError(_("经度应在 -180 到 180 之间，请核对。"))
    return Place(float(lat), float(lon))


def looks_swapped(lat: float, lon: float) -> bool:
    """True when the two lie in Shandong (34.4-38.4°N, 114.8-122.7°E) only the other way round."""
    return 114.5 <= lat <= 123 and 34 <= lon <= 39


# Datums. The two shifts were never published by their owners; the formulas are the ones in public use since about 2010
# (GCJ-02: on the Krasovsky 1940 ellipsoid, origin 105°E 35°N; BD-09: a swirl on top of GCJ-02).

KRASOVSKY_A_M = 6378245.0
KRASOVSKY_E2 = 0.00669342162296594323
_SWIRL = math.pi * 3000 / 180


def in_china_box(place: Place) -> bool:
    """True in the coarse box within which GCJ-02 is applied. It holds China and a rim of its neighbours."""
    lat, lon = place
    return 0.8293 <= lat <= 55.8271 and 72.004 <= lon <= 137.8347


def from_wgs84(place: Place, datum: Datum) -> Place:
    """The same spot as `datum` writes it. Outside the China box all datums agree."""
    match datum:
        case Datum.WGS84 | Datum.CGCS2000:
            return place
        case Datum.GCJ02:
            return _gcj02(place) if in_china_box(place) else place
        case Datum.BD09:
            return _bd09(_gcj02(place)) if in_china_box(place) else place
    assert_never(datum)


def to_wgs84(place: Place, datum: Datum) -> Place:
    """The inverse of `from_wgs84`: to less than a millimetre from GCJ-02 and BD-09, over all of China."""
    match datum:
        case Datum.WGS84 | Datum.CGCS2000:
            return place
        case Datum.GCJ02:
            return _undo(_gcj02, place) if in_china_box(place) else place
        case Datum.BD09:
            return _undo(_gcj02, _undo(_bd09, place)) if in_china_box(place) else place
    assert_never(datum)


def bd09_from_gcj02(place: Place) -> Place:
    """BD-09 of a GCJ-02 position, for who needs both: a quarter of the cost of starting from WGS-84."""
    return _bd09(place) if in_china_box(place) else place


def _gcj02(place: Place) -> Place:
    """GCJ-02 of a WGS-84 position: waves of 1 to 60 degrees length and up to 320 m height in each direction."""
    lat, lon = place
    x, y = lon - 105, lat - 35
    sin, pi = math.sin, math.pi
    ripple = 20 * (sin(6 * pi * x) + sin(2 * pi * x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (
        (ripple + 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (ripple + 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3

    phi = math.radians(lat)
    bend = 1 - KRASOVSKY_E2 * sin(phi) ** 2
    east_radius_m = KRASOVSKY_A_M / math.sqrt(bend)
    north_radius_m = east_radius_m * (1 - KRASOVSKY_E2) / bend
    return Place(lat + math.degrees(north / north_radius_m), lon + math.degrees(east / (east_radius_m * math.cos(phi))))


def _bd09(place: Place) -> Place:
    """BD-09 of a GCJ-02 position."""
    y, x = place
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _SWIRL)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _SWIRL)
    return Place(radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065)


def _undo(shift: Callable[[Place], Place], shifted: Place) -> Place:
    """Where `shift` started from, by four fixed-point steps: both shifts change slowly, so each step gains two digits."""
    lat, lon = shifted
    for _step in range(4):
        there = shift(Place(lat, lon))
        lat += shifted.lat - there.lat
        lon += shifted.lon - there.lon
    return Place(lat, lon)


# Distance


def metres_between(a: Place, b: Place) -> float:
    """Length of the shortest line on the WGS-84 ellipsoid, metres: within 2 millionths of the true one up to 1,000 km,
    within 1e-5 up to 15,000 km; only near the antipode worse. Symmetric, and 0 for equal points.

    Lambert's formula (W. D. Lambert, 1942): great circle on reduced latitudes, corrected to first order in flattening.
    """
    lat_a, lon_a = a
    lat_b, lon_b = b
    beta_a = math.atan(_AXES * math.tan(math.radians(lat_a)))
    beta_b = math.atan(_AXES * math.tan(math.radians(lat_b)))
    # Squares of: cosine of the mean latitude, sines of half the differences.
    cos2_mean = math.cos((beta_a + beta_b) / 2) ** 2
    sin2_north = math.sin((beta_b - beta_a) / 2) ** 2
    sin2_east = math.sin(math.radians(lon_b - lon_a) / 2) ** 2
    sin2_half = sin2_north + sin2_east * (cos2_mean - sin2_north)  # of half the arc: a mean of two squares, so in 0..1
    if sin2_half <= 0:
        return 0.0
    if sin2_half >= 1:
        return _HALF_MERIDIAN_M
    root = math.sqrt(sin2_half)
    arc = 2 * math.asin(root)
    sin_arc = 2 * root * math.sqrt(1 - sin2_half)
    across = (arc - sin_arc) * (1 - cos2_mean) * (1 - sin2_north) / (1 - sin2_half)
    along = (arc + sin_arc) * cos2_mean * sin2_north / sin2_half
    return EARTH_A_M * (arc - EARTH_F / 2 * (across + along))


# Pixels

WORLD_PIXELS = 1 << 26
_PIXELS_PER_RADIAN = WORLD_PIXELS / math.tau
_MERCATOR_EDGE = math.degrees(math.atan(math.sinh(math.pi)))  # 85.05°: there the map is as high as it is wide
_LEAST_RADIUS_M = 6335000.0  # the ellipsoid curves most at the equator, along the meridian: a(1-e²) = 6,335,439 m


def pixel_of(place: Place) -> Pixel:
    """The pixel that holds a place. Beyond 85.05° north or south: the outermost row."""
    lat, lon = place
    lat = max(-_MERCATOR_EDGE, min(_MERCATOR_EDGE, lat))
    mx = int((lon + 180) / 360 * WORLD_PIXELS)
    my = int((math.pi - math.atanh(math.sin(math.radians(lat)))) * _PIXELS_PER_RADIAN)
    return Pixel(min(mx, WORLD_PIXELS - 1), min(my, WORLD_PIXELS - 1))


def pixels_for(metres: float, lat: float) -> int:
    """How many pixels to go east, west, north and south from a place at `lat` to miss nothing within `metres`.

    Surely enough, and about 0.5 % more than needed in Shandong: the map's scale is taken at the poleward end of the
    circle and on the smallest radius of the Earth. A box across the date line is not wrapped round.
    """
    poleward = math.radians(abs(lat)) + metres / _LEAST_RADIUS_M
    if poleward > math.radians(89):
        return WORLD_PIXELS
    pixels = metres / (_LEAST_RADIUS_M * math.cos(poleward)) * _PIXELS_PER_RADIAN
    return min(math.ceil(pixels) + 1, WORLD_PIXELS)


def pixel_metres(lat: float) -> float:
    """How many metres of ground one pixel is wide at `lat`; its height differs by less than 0.7 %."""
    return EARTH_A_M * math.cos(math.radians(lat)) / _PIXELS_PER_RADIAN
