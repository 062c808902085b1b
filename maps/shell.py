"""The empty map, made by folium: one <div> and one script, without tiles from abroad, libraries or words of stations.

Room `maps`, floor 2. folium is imported when the first map is opened; what it writes depends on settings only, so it is
made once per process and kept by browsers for a year. Its own page head (ten files of four foreign hosts) is not used.
"""

import functools
import hashlib
from typing import Any, NamedTuple

from maps.cells import TOP_ZOOM
from maps.tiles import SERVICES

NAME = "menkou"  # of the map's variable and element, map_menkou: the same at every start
LOWEST_ZOOM = 5  # all of the province on any screen
_PROVINCE = (36.4, 118.7)
_WORLD = [[-85, -180], [85, 180]]  # not round the date line


class Shell(NamedTuple):
    """`body`: the element; `script`: makes the map in it, wants Leaflet; `digest`: names this edition of the script."""

    body: str
    script: str
    digest: str


@functools.cache
def shell(tiles: str, key: str) -> Shell:
    """The map, with the tiles of that service (maps/tiles.py) or, when it is empty, with none. About 0.5 s the first time."""
    import folium  # 0.5 s, and numpy with it: only a map needs them

    service = SERVICES.get(tiles)
    # One prefix of ids and no random ones: the script must not change from process to process.
    offset = service.zoom_offset if service else 0
    canvas = folium.Map(
        location=_PROVINCE,
        zoom_start=7,
        tiles=None,
        crs=service.crs if service else "EPSG3857",
        zoom_control=False,  # ours says 放大 and 缩小
        attributionControl=False,  # stands below the map, in words
        minZoom=LOWEST_ZOOM - offset,
        maxZoom=TOP_ZOOM - offset,
        maxBounds=_WORLD,
    )
    canvas._id = NAME
    for number, address in enumerate(service.layers if service else ()):
        layer = folium.TileLayer(
            f"{address}&tk={key}",
            attr=service.attribution if service else "",
            subdomains=service.subdomains if service else "",
            max_zoom=TOP_ZOOM - offset,
            zoom_offset=offset,
            referrer_policy="strict-origin",  # a key bound to our domain must see it; it learns no more
        )
        layer._id = f"{NAME}{number}"
        layer.add_to(canvas)
    figure: Any = canvas.get_root()
    figure.render()
    script = figure.script.render()
    return Shell(figure.html.render().strip(), script, hashlib.sha256(script.encode()).hexdigest()[:12])
