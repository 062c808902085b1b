"""The nearest stations against a count over all of them, with the distances of geographiclib: 10,200 random questions in
`make fuzz`, a fifth of them in `make test`.

One country for all questions of a process: cities as dense as Jinan's centre, villages a few hundred metres apart,
stations on one spot, on one meridian, behind one another in a row of closed ones, and islands far away.
"""

import heapq
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
import sqlalchemy as sa
from geographiclib.geodesic import Geodesic

from common import editions
from common.db import Database
from common.working_days import WorkingDays
from maps.place import EARTH_A_M, EARTH_F, Place, pixel_of
from maps.reach import DEFAULT_POLICIES, Mode
from stations.hours import State, opening, read_day, read_week
from stations.models import Channel, Division, HoursException, Level, OpeningHours, Station
from stations.nearest import SHOWN, StationView, Wanted, nearest

SEED = 20251119
LESS = 1 if "FUZZ" in os.environ else 5
# Questions of each test and database: 2 × (9·400 + 700 + 2·350 + 100) in all.
WITHIN, ANYWHERE, OPEN, FAR = 400 // LESS, 700 // LESS, 350 // LESS, 100 // LESS
NOWS = [
    datetime(2026, 11, 23, 2, 0, tzinfo=UTC),  # Monday 10:00
    datetime(2026, 11, 23, 4, 30, tzinfo=UTC),  # Monday 12:30: lunch
    datetime(2026, 11, 28, 1, 30, tzinfo=UTC),  # Saturday 9:30
    datetime(2026, 10, 1, 2, 0, tzinfo=UTC),  # a holiday
    datetime(2026, 11, 23, 19, 0, tzinfo=UTC),  # 3:00 at night
]
WEEKS = {
    "office": "Mo-Fr 08:30-12:00,13:30-17:30; PH off",
    "six days": "Mo-Sa 08:00-17:00; PH off",
    "always": "Mo-Su 00:00-24:00; PH usual",
    "mornings": "Mo,We,Fr 08:30-11:30; PH off",
}
DAYS = WorkingDays({})
# metres_between promises 2e-6 up to 1,000 km; two stations that much apart in distance may change places.
TIE = 5e-6
NEAR_M = 60_000  # beyond it "nearest" is by pixels (queries.py): good to a percent inside Shandong
FAR_TOLERANCE = 0.01


@dataclass(frozen=True)
class Known:
    """A station as this test counts it."""

    code: str
    place: Place
    xyz: tuple[float, float, float]
    items: int  # done or helped with
    channels: int
    open_at: tuple[bool, ...]  # for each of NOWS


def metres(a: Place, b: Place) -> float:
    return Geodesic.WGS84.Inverse(a.lat, a.lon, b.lat, b.lon, Geodesic.DISTANCE)["s12"]


def xyz(place: Place) -> tuple[float, float, float]:
    """The point in space, metres. Chords grow with geodesics, to 1e-7 within 100 km: a quick first choice."""
    phi, lam = math.radians(place.lat), math.radians(place.lon)
    squared = EARTH_F * (2 - EARTH_F)
    normal = EARTH_A_M / math.sqrt(1 - squared * math.sin(phi) ** 2)
    flat = normal * math.cos(phi)
    return flat * math.cos(lam), flat * math.sin(lam), normal * (1 - squared) * math.sin(phi)


def places(random: Random) -> Iterator[Place]:
    for _ in range(500):  # villages
        yield Place(random.uniform(34.4, 38.4), random.uniform(114.8, 122.7))
    for _ in range(12):  # towns and cities
        lat, lon, spread = random.uniform(35, 38), random.uniform(115, 122), random.choice((0.003, 0.01, 0.05))
        for _ in range(random.choice((8, 30, 90))):
            yield Place(random.gauss(lat, spread), random.gauss(lon, spread))
    for _ in range(60):  # one building
        yield Place(36.5, 118.5)
    for number in range(60):  # along one meridian, along one parallel
        yield Place(35 + number * 0.002, 117.0)
        yield Place(35.0, 119 + number * 0.002)
    for number in range(80):  # a ring: all at nearly the same distance from its middle
        angle = number / 80 * math.tau
        yield Place(37.3 + 0.02 * math.sin(angle), 116.5 + 0.025 * math.cos(angle))
    yield from (Place(22.5, 113.9), Place(53.4, 122.3), Place(-33.9, 151.2), Place(64.1, -21.9), Place(37.0, 179.99))


def country(url: str) -> tuple[Database, list[Known]]:
    """Fill the database; give every station that is not closed down."""
    random = Random(SEED)
    database = Database(url)
    known, rows, exceptions = [], [], []
    weeks = {name: read_week(text) for name, text in WEEKS.items()}
    today = {now.astimezone(UTC).date() for now in NOWS} | {now.date() + timedelta(days=1) for now in NOWS}
    all_places = list(places(random))
    closed_town = all_places[500]
    for number, place in enumerate(all_places):
        pixel, id_ = pixel_of(place), f"{number:032x}"
        direct, assist, consult = one_mode_each(random)
        week = random.choice([*WEEKS, *WEEKS, None])
        own: dict[date, str | None] = {}
        if metres(place, closed_town) < 3000 or random.random() < 0.1:
            own = {day: random.choice((None, None, "09:00-11:00", "00:00-24:00")) for day in today}
            if metres(place, closed_town) < 3000:
                own = dict.fromkeys(today)  # a whole town keeps shut: a meeting, a flood
        exceptions += [
            {
                "id": f"{number:024x}{day:%y%m%d}00",
                "station_id": id_,
                "county_code": "370102",
                "date": day,
                "spans": own[day],
            }
            for day in own
        ]
        channels, is_open = random.randrange(1 << len(Channel)), random.random() > 0.05
        rows.append(
            {
                "id": id_, "code": f"370102001{number:05}", "name": f"站{number}", "pinyin": "zhan", "initials": "z",
                "level": Level.VILLAGE, "host": "bank", "county_code": "370102", "town_code": "370102001",
                "lat": place.lat, "lon": place.lon, "mx": pixel.mx, "my": pixel.my, "datum": "wgs84",
                "place_source": "test", "source": "test", "hours_id": week, "direct_mask": direct, "assist_mask": assist,
                "consult_mask": consult, "channels": channels, "access": 0, "open": is_open, "synthetic": True,
                "updated_at": NOWS[0],
            }
        )  # fmt: skip
        if is_open:
            spans = {day: read_day(words or "") for day, words in own.items()}
            states = [week and opening(weeks[week], spans, DAYS, now).state is not State.CLOSED for now in NOWS]
            known.append(
                Known(rows[-1]["code"], place, xyz(place), direct | assist, channels, tuple(map(bool, states)))
            )
    with database.writing() as session:
        session.add_all(OpeningHours(id=name, week=text) for name, text in WEEKS.items())
        session.add(Division(code="370102", level=3, name="历下区", pinyin="lixiaqu", initials="lxq"))
        session.execute(sa.insert(Station), rows)
        session.execute(sa.insert(HoursException), exceptions)
        editions.bump(session, "hours")
        session.commit()
    return database, known


def one_mode_each(random: Random) -> tuple[int, int, int]:
    masks = [0, 0, 0, 0]
    for item in (1, 18, 33, 62):
        masks[random.randrange(4)] |= 1 << item
    return masks[0], masks[1], masks[2]


@pytest.fixture
def asked(database_url):
    database, known = country(database_url)
    with database.read_session() as session:
        yield session, known
    database.engine.dispose()


@dataclass(frozen=True)
class Question:
    here: Place
    wanted: Wanted
    now: int


def question(random: Random, here: Place, *, open_now: bool = False) -> Question:
    item = random.choice((None, None, 1, 18, 33, 62, 5))
    channel = random.choice((None, None, None, *Channel))
    return Question(here, Wanted(item, channel, open_now), random.randrange(len(NOWS)))


def somewhere(random: Random, known: list[Known]) -> Place:
    """Mostly where people live: in Shandong, near or at a station."""
    choice = random.random()
    if choice < 0.4:
        return Place(random.uniform(34.4, 38.4), random.uniform(114.8, 122.7))
    near = random.choice(known[:1200]).place
    if choice < 0.5:
        return near
    spread = random.choice((0.0005, 0.005, 0.05))
    return Place(random.gauss(near.lat, spread), random.gauss(near.lon, spread))


def suitable(known: list[Known], asked: Question) -> list[Known]:
    wanted = asked.wanted
    item = 1 << wanted.item if wanted.item else 0
    channel = 1 << list(Channel).index(wanted.channel) if wanted.channel else 0
    return [
        one
        for one in known
        if (not item or one.items & item)
        and (not channel or one.channels & channel)
        and (not wanted.open_now or one.open_at[asked.now])
    ]


def by_distance(known: list[Known], here: Place, most: int) -> list[tuple[float, str]]:
    """The nearest of all, as geographiclib measures: (metres, code)."""
    x, y, z = xyz(here)
    chords = [((one.xyz[0] - x) ** 2 + (one.xyz[1] - y) ** 2 + (one.xyz[2] - z) ** 2, one) for one in known]
    closest = heapq.nsmallest(most, chords, key=lambda pair: pair[0])
    edge = closest[-1][0] * 1.0001 + 1e-6 if closest else 0.0
    return sorted((metres(here, one.place), one.code) for squared, one in chords if squared <= edge)


def check(found: list[StationView], expected: list[tuple[float, str]], all_suitable: list[Known]) -> None:
    """Station by station: as near as it should be, suitable, and the distance it says is true."""
    codes = {one.code: one for one in all_suitable}
    assert len({station.code for station in found}) == len(found), "a station stands twice"
    assert [station.code for station in found if station.code not in codes] == [], "an unsuitable station"
    assert len(found) == min(len(expected), SHOWN)
    for station, (true_metres, _code) in zip(found, expected, strict=False):
        tie = TIE if true_metres <= NEAR_M else FAR_TOLERANCE
        assert station.metres == pytest.approx(true_metres, rel=tie, abs=1e-3)


def ask(session, asked: Question, *, mode: Mode = Mode.WALK, minutes: int = 0, wider: int = 0):
    policy = DEFAULT_POLICIES[mode]
    return nearest(session, asked.here, asked.wanted, policy=policy, minutes=minutes, wider=wider, now=NOWS[asked.now])


@pytest.mark.parametrize(("open_now", "questions"), [(False, ANYWHERE), (True, OPEN)], ids=["any", "open now"])
def test_without_a_limit_the_nearest_anywhere_are_found(asked, open_now, questions):
    session, known = asked
    random = Random(SEED + 1)
    for _ in range(questions):
        one = question(random, somewhere(random, known), open_now=open_now)
        all_suitable = suitable(known, one)
        found = ask(session, one)
        assert (found.within, found.more) == (True, 0)
        check(found.stations, by_distance(all_suitable, one.here, SHOWN), all_suitable)


CIRCLES = [(mode, minutes, wider, False, WITHIN) for mode in Mode for minutes, wider in ((15, 30), (30, 60), (60, 0))]


@pytest.mark.parametrize(
    ("mode", "minutes", "wider", "open_now", "questions"), [*CIRCLES, (Mode.EBIKE, 15, 30, True, OPEN)]
)
def test_within_reach_all_are_found_and_the_next_circle_is_counted(asked, mode, minutes, wider, open_now, questions):
    session, known = asked
    random = Random(SEED + minutes)
    policy = DEFAULT_POLICIES[mode]
    for _ in range(questions):
        one = question(random, somewhere(random, known), open_now=open_now)
        all_suitable = suitable(known, one)
        expected = by_distance(all_suitable, one.here, 3 * SHOWN)
        edges = [policy.straight_metres(edge) for edge in (minutes, max(wider, minutes))]
        if any(abs(far - edge) < 1e-5 * edge for far, _code in expected for edge in edges):
            continue  # on the line: either answer is right
        close = [pair for pair in expected if pair[0] <= edges[0]]
        around = [pair for pair in expected if pair[0] <= edges[1]]
        found = ask(session, one, mode=mode, minutes=minutes, wider=wider)
        assert found.within == bool(close)
        check(found.stations, (close or expected)[:SHOWN], all_suitable)
        if not close:
            assert found.more == 0
        elif len(close) < SHOWN:
            assert found.more == min(len(around) - len(close), SHOWN)
        else:  # the list is full: a larger circle would show the same
            assert found.more == 0


def test_a_full_list_promises_no_more_from_a_larger_circle(asked):
    """The same 20 would come again: 再看 7 个 would be false."""
    session, known = asked
    random = Random(SEED + 3)
    full = 0
    for _ in range(FAR):
        one = Question(random.choice(known[560:1000]).place, Wanted(), 0)
        close = by_distance(known, one.here, SHOWN + 1)
        if close[-1][0] < DEFAULT_POLICIES[Mode.CAR].straight_metres(30):
            full += 1
            assert ask(session, one, mode=Mode.CAR, minutes=30, wider=60).more == 0
    assert full > 10


def test_from_far_away_the_nearest_are_named_anyway(asked):
    session, known = asked
    random = Random(SEED + 2)
    for _ in range(FAR):
        here = Place(math.degrees(math.asin(random.uniform(-1, 1))), random.uniform(-180, 180))
        one = question(random, here)
        all_suitable = suitable(known, one)
        found = ask(session, one, minutes=15, wider=30).stations
        assert len(found) == min(len(all_suitable), SHOWN)
        assert {station.code for station in found} <= {known.code for known in all_suitable}
        assert all(a.metres <= b.metres for a, b in pairwise(found))
        for station in found[:1]:
            assert station.metres == pytest.approx(metres(here, station.place), rel=2e-5)


@pytest.mark.parametrize(
    "here",
    [
        Place(0, 0),
        Place(90, 0),
        Place(-90, 0),
        Place(89.99, 180),
        Place(36.6, 180),
        Place(36.6, -180),
        Place(-85.06, 1),
    ],
    ids=str,
)
def test_poles_and_the_date_line_have_an_answer(asked, here):
    session, _known = asked
    found = ask(session, Question(here, Wanted(), 0), minutes=60)
    assert len(found.stations) == SHOWN
    assert not found.within or found.stations[0].metres < 3500


def test_when_a_whole_town_keeps_shut_the_next_town_is_found(asked):
    """Exceptions are not in the normal week that the database filters by; enough open ones must be found behind them."""
    session, known = asked
    town = next(one.place for one in known if int(one.code[-5:]) >= 500)
    one = Question(town, Wanted(open_now=True), 0)
    all_suitable = suitable(known, one)
    check(ask(session, one).stations, by_distance(all_suitable, town, SHOWN), all_suitable)


def test_an_empty_country_has_an_answer(database_url):
    database = Database(database_url)
    with database.read_session() as session:
        for minutes in (0, 15):
            found = ask(session, Question(Place(36, 117), Wanted(), 0), minutes=minutes, wider=30)
            assert (found.stations, found.more) == ([], 0)
    database.engine.dispose()
