"""The squares that stations are counted in: 64 pixels of a zoom level, the same for everybody, so answers can be kept.
As wide as a thumb and its neighbour: markers of two squares can both be hit.

Room `maps`, floor 2: pure sums on the 26-bit pixels of maps/place.py.
"""

import math
from typing import NamedTuple

from common.i18n import gettext as _
from maps.place import Pixel, Place, pixel_of

MOST_CELLS = 640  # of one answer; keeps it below 8 kB. A map of 1,280 × 2,048 px fits
TOP_ZOOM = 18
_WORLD = 1 << 26


class Cells(NamedTuple):
    """Cells of one zoom level, from column `west` to `east` and row `north` to `south`, both ends included."""

    zoom: int
    west: int
    north: int
    east: int
    south: int

    @property
    def first_pixel(self) -> Pixel:
        """The north-western corner."""
        bits = shift(self.zoom)
        return Pixel(self.west << bits, self.north << bits)

    @property
    def last_pixel(self) -> Pixel:
        """The south-eastern corner, still inside."""
        bits = shift(self.zoom)
        return Pixel(((self.east + 1) << bits) - 1, ((self.south + 1) << bits) - 1)


def shift(zoom: int) -> int:
    """How many bits of a pixel number do not matter for its cell at that zoom (0 to 18)."""
    return 24 - zoom


def cells_in(west: float, south: float, east: float, north: float, zoom: int) -> Cells:
    """The cells that a box of WGS-84 degrees touches. ValueError, with a sentence, for what is no box or too large a one."""
    if not all(map(math.isfinite, (west, south, east, north))):
        raise ValueError(_("地图范围要四个数字：西、南、东、北。"))
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:
        raise ValueError(_("经度应在 -180 到 180 之间，纬度应在 -90 到 90 之间。"))
    if west > east:
        raise ValueError(_("西边的经度比东边大。跨日期变更线的，请分两次问。"))
    if south > north:
        raise ValueError(_("南边的纬度比北边大，请对调。"))
    bits = shift(zoom)
    first, last = pixel_of(Place(north, west)), pixel_of(Place(south, east))
    cells = Cells(zoom, first.mx >> bits, first.my >> bits, last.mx >> bits, last.my >> bits)
    if (cells.east - cells.west + 1) * (cells.south - cells.north + 1) > MOST_CELLS:
        raise ValueError(_("地图范围太大，请放大一级再看。"))
    return cells


def place_at(mx: float, my: float, zoom: int) -> Place:
    """Where a pixel lies, rounded to about a quarter of a screen pixel of that zoom: what is not seen is not sent."""
    decimals = 2 if zoom <= 5 else 3 if zoom <= 9 else 4 if zoom <= 13 else 5
    lat = math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * my / _WORLD))))
    return Place(round(lat, decimals), round(mx / _WORLD * 360 - 180, decimals))
