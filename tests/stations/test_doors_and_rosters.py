"""A place measured at the door outlives the next roster, whose positions come from a desk; a later check knows better."""

import threading
from datetime import date

import pytest
import sqlalchemy as sa

from common.ids import new_id
from maps.place import Place, pixel_of
from stations.clusters import rebuild
from stations.doors import Measured, history, keep_reading
from stations.models import StationCluster
from stations.queries import station as find
from stations.roster_import import import_roster, roster_rows
from stations.roster_words import COLUMNS
from tests.builders import SQUARE
from tests.conftest import NOW

DOOR = Place(36.651531, 117.120412)
DESK = Place(36.66, 117.13)
MEASURED, LATER, EARLIER = date(2026, 11, 23), date(2026, 12, 1), date(2026, 6, 1)


@pytest.fixture
def station(make, session):
    found = find(session, make.station("近站", SQUARE, phone="0531-0000128"))
    keep_reading(session, found.id, new_id(), Measured(DOOR, 5, 8), photo=None, now=NOW)
    session.commit()
    return found


def facts(station, place: Place = DESK, **more) -> dict:
    """A checked row of a roster that moves the station."""
    pixel = pixel_of(place)
    return {
        "code": station.code, "name": station.name, "level": station.level, "host": station.host,
        "county_code": station.county_code, "town_code": station.town_code, "datum": "gcj02",
        "lat": place.lat, "lon": place.lon, "mx": pixel.mx, "my": pixel.my,
    } | more  # fmt: skip


@pytest.mark.parametrize(
    ("row", "place", "verified_on"),
    [
        ({}, DOOR, MEASURED),
        ({"place_source": "县局导出"}, DOOR, MEASURED),
        ({"verified_on": EARLIER}, DOOR, MEASURED),
        ({"verified_on": EARLIER, "place_source": "测绘"}, DOOR, MEASURED),
        ({"verified_on": LATER}, DOOR, LATER),  # somebody rang and checked the rest; a ring does not move a door
        ({"verified_on": LATER, "place_source": "测绘"}, DESK, LATER),
    ],
    ids=str,
)
def test_a_roster_moves_a_measured_station_only_when_it_knows_better(session, station, row, place, verified_on):
    import_roster(session, [facts(station, phone="0531-0000999", **row)], source="名册", now=NOW)
    session.commit()
    session.expire_all()
    assert (station.phone, Place(station.lat, station.lon)) == ("0531-0000999", place)
    assert Place(station.mx, station.my) == pixel_of(place)
    assert station.verified_on == verified_on
    assert station.datum == ("wgs84" if place == DOOR else "gcj02")


def test_a_roster_that_would_only_move_it_changes_nothing(session, station):
    outcome = import_roster(session, [facts(station)], source="名册", now=NOW)
    assert (outcome.changed, outcome.same) == (0, 1)


def test_a_station_that_was_never_measured_follows_its_roster(session, make):
    found = find(session, make.station("远站", SQUARE))
    import_roster(session, [facts(found)], source="名册", now=NOW)
    session.expire_all()
    assert Place(found.lat, found.lon) == DESK


def test_readings_follow_a_station_into_another_county(session, station, make):
    make.station("别县站", county_code="370103")
    import_roster(session, [facts(station, county_code="370103", town_code="370103001")], source="名册", now=NOW)
    session.expire_all()
    assert [row.county_code for row in history(session, station.id)] == ["370103"]


def test_a_desk_cannot_say_that_it_stood_at_the_door(session, make):
    """It would hold against every later roster; but the date of check is the bureau's to give."""
    found = find(session, make.station("远站", SQUARE))
    rows = [
        facts(found, place_source="门口实测", verified_on=EARLIER),
        facts(found, code="NEW1", place_source="门口实测", pinyin="x", initials="x", synthetic=False),
    ]
    assert import_roster(session, rows, source="名册", now=NOW).claimed == 2
    session.commit()
    session.expire_all()
    assert (found.place_source, found.verified_on) == ("名册（称门口实测）", EARLIER)
    assert find(session, "NEW1").place_source == "名册（称门口实测）"
    again = import_roster(session, rows, source="名册", now=NOW)
    assert (again.changed, again.same) == (0, 2)
    moved = import_roster(session, [facts(found, SQUARE)], source="名册", now=NOW)
    assert moved.changed == 1


def test_an_export_of_ones_own_keeps_what_was_measured(session, make):
    found = find(session, make.station("远站", SQUARE))
    row = facts(found, DOOR, place_source="门口实测", verified_on=MEASURED)
    assert import_roster(session, [row], source="名册", own_export=True, now=NOW).claimed == 0
    import_roster(session, [facts(found)], source="名册", now=NOW)
    session.expire_all()
    assert Place(found.lat, found.lon) == DOOR


def test_an_exported_roster_says_that_the_place_was_measured(session, station):
    names = [column.field for column in COLUMNS]
    (row,) = (dict(zip(names, row, strict=True)) for row in roster_rows(session))
    assert (row["place_source"], row["verified_on"]) == ("门口实测", "2026-11-23")
    assert (float(row["lat"]), float(row["lon"])) == DOOR


# At the same moment: whoever comes second waits, and knows what the first has done


def read_door(session, code: str) -> None:
    keep_reading(session, find(session, code).id, new_id(), Measured(DOOR, 5, 8), photo=None, now=NOW)


@pytest.fixture
def beside(database):
    """beside(first, second): `second` begins to write before `first` has committed, and must wait for it."""

    def run(first, second) -> None:
        failed = []

        def other() -> None:
            try:
                with database.writing() as session:
                    second(session)
                    session.commit()
            except Exception as problem:  # told by the test, not by a thread
                failed.append(problem)

        thread = threading.Thread(target=other)
        with database.writing() as session:
            first(session)
            thread.start()
            thread.join(0.3)
            assert thread.is_alive()
            session.commit()
        thread.join(30)
        assert not thread.is_alive()
        assert failed == []

    return run


def counts(session) -> list[tuple]:
    cells = session.scalars(
        sa.select(StationCluster).order_by(StationCluster.zoom, StationCluster.cx, StationCluster.cy)
    )
    return [(cell.zoom, cell.cx, cell.cy, cell.n, cell.mx_sum, cell.my_sum) for cell in cells]


@pytest.mark.parametrize("door_first", [True, False])
def test_a_door_measured_during_an_import_is_kept_and_counted(session, make, beside, door_first):
    codes = [make.station(f"{name}站", SQUARE) for name in "甲乙丙"]
    rebuild(session)
    session.commit()
    rows = [facts(find(session, code), phone="0531-0000999") for code in codes]
    session.rollback()

    def bring_in(writer) -> None:
        import_roster(writer, rows, source="名册", now=NOW)

    def measure(writer) -> None:
        read_door(writer, codes[1])

    beside(*((measure, bring_in) if door_first else (bring_in, measure)))
    found = [find(session, code) for code in codes]
    assert [Place(one.lat, one.lon) for one in found] == [DESK, DOOR, DESK]
    assert {one.phone for one in found} == {"0531-0000999"}
    (reading,) = history(session, found[1].id)
    assert Place(reading.old_lat, reading.old_lon) == (SQUARE if door_first else DESK)
    kept = counts(session)
    session.rollback()
    rebuild(session)
    assert counts(session) == kept
