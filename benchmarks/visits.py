"""What readers ask the finder in a measurement: positions near stations, with and without filters. No database, no network."""

from collections.abc import Iterable
from random import Random

from maps.place import Place

SEED = 35_000
# Each shows 20 stations nearly everywhere, and how often of a hundred.
MIX: tuple[tuple[str, int], ...] = (
    ("m=0", 30),  # the nearest, however far
    ("by=car&m=30", 15),
    ("by=ebike&m=60", 15),
    ("m=0&item={item}", 20),
    ("m=0&open=1", 10),
    ("m=0&channel=door_to_door", 5),
    ("by=car&m=30&item={item}&open=1", 5),
)
ITEMS = (1, 2, 7, 12, 18, 23)


def paths(places: Iterable[Place]) -> list[str]:
    """One request for each place, filters mixed as in MIX."""
    chance = Random(SEED)
    filters, often = zip(*MIX, strict=True)
    return [path(place, chance.choices(filters, often)[0], chance.choice(ITEMS)) for place in places]


def path(place: Place, filters: str = "", item: int = 18) -> str:
    """One request of the finder page."""
    more = "&" + filters.format(item=item) if filters else ""
    return f"/stations?lat={place.lat}&lon={place.lon}&acc=30{more}"
