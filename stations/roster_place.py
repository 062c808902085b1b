"""Does a station lie where its roster says, and what else may the numbers mean: another datum, columns swapped?

Room `stations`: sums and sentences, no database. Every answer is a warning: the county lines are generalised.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from common.i18n import gettext as _
from maps.counties import county_of, metres_outside
from maps.place import Datum, Place, to_wgs84

MARGIN_M = 3_000  # outside its county by more than this is worth a warning: the county lines are generalised
SAMPLE = 2_000  # rows that are asked whether another datum would fit them better


def outside(place: Place, typed: Place, county: str, names: Mapping[str, str]) -> str | None:
    """A sentence when a station does not lie in its county, with what else the numbers as typed may mean.

    place  in WGS-84; names: code → name of every county that this installation knows.
    """
    metres = _metres_outside(place, county)
    if metres <= MARGIN_M:
        return None
    said = {"km": round(metres / 1000), "county": names.get(county, county)}
    fitting = [
        datum.value
        for datum in Datum
        if datum is not Datum.CGCS2000 and _metres_outside(to_wgs84(typed, datum), county) == 0
    ]
    if fitting:
        return _(
            "在%(county)s外 %(km)s 公里。按 %(datum)s 看就在县内，请核对坐标系。", **said, datum="、".join(fitting)
        )
    swapped = Place(place.lon, place.lat)
    if abs(swapped.lat) <= 90 and _metres_outside(swapped, county) == 0:
        return _("在%(county)s外 %(km)s 公里。经纬度对调后就在县内，请核对。", **said)
    if (elsewhere := county_of(place)) in names:
        return _("在%(county)s外 %(km)s 公里，落在%(other)s，请核对。", **said, other=names[str(elsewhere)])
    return _("在%(county)s外 %(km)s 公里，请核对。", **said)


def better_datum(placed: Sequence[tuple[Place, Datum, str]]) -> str | None:
    """A sentence when another datum brings clearly more stations into their counties than the declared one; "" when each other
    one brings clearly fewer; None when these rows do not tell.

    A wrong datum moves a station by 0.4 to 1.4 km, less than MARGIN_M, so no single row shows it; many rows near county
    lines do. Clearly: four standard deviations of the rows that move in or out. placed: as typed, datum, county of each.
    """
    sample = placed[:: max(1, len(placed) // SAMPLE)]
    if not sample:
        return None
    declared, rows = Counter(datum for _typed, datum, _county in sample).most_common(1)[0]
    inside: dict[Datum, list[bool]] = {
        datum: [
            _metres_outside(to_wgs84(typed, datum), county) == 0 for typed, said, county in sample if said is declared
        ]
        for datum in (Datum.WGS84, Datum.GCJ02, Datum.BD09)
    }
    now = inside.pop(Datum.WGS84 if declared is Datum.CGCS2000 else declared)
    best = max(inside, key=lambda datum: sum(inside[datum]))
    if not _clearly_more(inside[best], now):
        return "" if all(_clearly_more(now, found) for found in inside.values()) else None
    return _(
        "坐标系可能填错：抽看 %(rows)s 行，按 %(said)s 有 %(now)s 行在县内，按 %(best)s 有 %(then)s 行。请核对后再导入。",
        rows=rows,
        said=declared.value,
        now=sum(now),
        best=best.value,
        then=sum(inside[best]),
    )


def _clearly_more(these: Sequence[bool], than: Sequence[bool]) -> bool:
    gained = sum(these) - sum(than)
    moved = sum(a != b for a, b in zip(these, than, strict=True))
    return gained >= 10 and gained >= 4 * moved**0.5


def _metres_outside(place: Place, county: str) -> float:
    try:
        return metres_outside(place, county)
    except ValueError:
        return 0.0  # a county whose line we do not have cannot be checked
