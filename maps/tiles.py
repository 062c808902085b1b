"""Tile services an operator may put under the map. Room `maps`, floor 2: addresses and rights, calls nobody.

Parameters as the owners' public examples write them; not tried here, since both want a key of the operator's own.
CGCS2000 is WGS-84 for our purpose, so nothing is shifted.
"""

from typing import NamedTuple


class TileService(NamedTuple):
    """`layers`: addresses for Leaflet, lowest first. `hosts`: what the content policy must let through. `crs`: Leaflet's name
    of the grid; on EPSG4326 a zoom shows as much as the next one of EPSG3857 does."""

    layers: tuple[str, ...]
    hosts: str
    crs: str
    zoom_offset: int
    attribution: str
    subdomains: str = "abc"


_WMTS = "SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
_XYZ = "TILEMATRIX={z}&TILEROW={y}&TILECOL={x}"

SERVICES = {
    "tianditu": TileService(
        tuple(
            f"https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?{_WMTS}&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles&{_XYZ}"
            for layer in ("vec", "cva")
        ),
        "https://*.tianditu.gov.cn",
        "EPSG3857",
        0,
        "天地图",
        "01234567",
    ),
    "sdmap": TileService(
        (
            "https://service.sdmap.gov.cn/tileservice/sdrasterpubmap?layer=SDRasterPubMap&style=default"
            "&tilematrixset=default028mm&Service=WMTS&Request=GetTile&Version=1.0.0&Format=image/png"
            "&TileMatrix={z}&TileCol={x}&TileRow={y}",
        ),
        "https://service.sdmap.gov.cn",
        "EPSG4326",
        1,
        "天地图·山东",
    ),
}
