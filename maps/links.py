"""Links that open a navigation app at a place. Room `maps`, floor 2: builds addresses, calls nobody.

Each is a plain `<a href>` that needs no key, no script and no starting point: the app knows where its owner stands. Parameters
as the owners document them (lbs.amap.com 2025-03-03, lbs.qq.com, lbsyun.baidu.com). Not tried on real phones yet.
"""

import functools
import unicodedata
from typing import NamedTuple
from urllib.parse import quote

from maps.place import Datum, Place, bd09_from_gcj02, from_wgs84
from maps.reach import Mode

SOURCE = "menkou"  # who sends people: the owners ask for it and do nothing else with it
LONGEST_NAME = 60
UNNAMED = "目的地"  # what a name becomes when nothing of it can be shown; spoken by a Chinese app, so not translated

_AMAP_MODES = {Mode.WALK: "walk", Mode.EBIKE: "ride", Mode.CAR: "car"}
_TENCENT_MODES = {
    Mode.WALK: "walk",
    Mode.EBIKE: "walk",
    Mode.CAR: "drive",
}  # no cycling by web address, only in the app
# 高德 splits `to` at commas, geo: ends a name at a bracket, and both do so after decoding.
_FULL_WIDTH = str.maketrans({",": "，", "(": "（", ")": "）"})
_UNSEEN = {"Cc", "Cf", "Cs"}  # control and direction marks, lone surrogates


class Link(NamedTuple):
    """`app`: amap, baidu, tencent or geo. `url`: ASCII, escape it for HTML as any other."""

    app: str
    url: str


@functools.lru_cache(maxsize=8_192)  # 14 MB when full: a county's people look at the same few hundred stations
def navigation_links(place: Place, name: str, mode: Mode = Mode.WALK) -> tuple[Link, ...]:
    """高德, 百度, 腾讯 and geo: for one place, in this order, each in its own datum and order of numbers.

    place  WGS-84.
    name   shown in the app; anything may be in it; cut to 60 characters.
    """
    label = quote(_label(name), safe="")
    gcj02 = from_wgs84(place, Datum.GCJ02)
    bd09 = bd09_from_gcj02(gcj02)
    lat, lon = f"{gcj02.lat:.6f}", f"{gcj02.lon:.6f}"  # 0.1 m; 高德 takes no more decimals
    here = f"{place.lat:.6f},{place.lon:.6f}"
    return (
        # The page that documents this names no datum parameter, so it gets 高德's own. WeChat opens its web page, not the app.
        Link(
            "amap",
            f"https://uri.amap.com/navigation?to={lon},{lat},{label}&mode={_AMAP_MODES[mode]}&src={SOURCE}&callnative=1",
        ),
        # A marker, because 百度's web route demands a starting point, which we do not ask people for; from the marker
        # it is one tap. So the mode is not in it.
        Link(
            "baidu",
            f"https://api.map.baidu.com/marker?location={bd09.lat:.6f},{bd09.lon:.6f}&title={label}&content={label}"
            f"&output=html&coord_type=bd09ll&src=webapp.{SOURCE}.{SOURCE}",
        ),
        Link(
            "tencent",
            f"https://apis.map.qq.com/uri/v1/routeplan?type={_TENCENT_MODES[mode]}&to={label}&tocoord={lat},{lon}"
            f"&coord_type=2&referer={SOURCE}",
        ),
        Link("geo", f"geo:{here}?q={here}({label})"),  # RFC 5870, WGS-84; the bracket is Android's
    )


def _label(name: str) -> str:
    """A name on one line, without marks that turn or hide text, at most 60 characters, never empty."""
    words = " ".join(name.split()).translate(_FULL_WIDTH)
    if not words.isprintable():  # rare characters may be unknown to Python: only what is surely unseen goes
        words = "".join(c for c in words if unicodedata.category(c) not in _UNSEEN).strip()
    return words[:LONGEST_NAME].rstrip() or UNNAMED
