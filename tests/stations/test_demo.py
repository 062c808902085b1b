"""The demo fills an empty house once, is the same for the same seed, and never passes for the truth."""

import csv
import gzip
import re
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from common.clock import local_date
from common.editions import numbers, working_days
from maps.counties import metres_outside
from maps.models import ReachRule
from maps.place import Place
from services_catalog.queries import catalogue
from stations import demo
from stations.demo import load_demo
from stations.division_import import load_divisions
from stations.hours import read_day, read_week
from stations.importing import DATA
from stations.models import Division, HoursException, OpeningHours, Station
from tests.conftest import NOW, make_app

COUNTY = "370102"


def facts(session) -> dict[str, dict]:
    """Everything about each station but its id."""
    rows = session.execute(sa.select(*Station.__table__.c, OpeningHours.week).outerjoin(OpeningHours))
    return {row.code: {k: v for k, v in row._mapping.items() if k not in ("id", "hours_id")} for row in rows}


@pytest.fixture
def small(database_url, tmp_path):
    """An installation for one county."""
    app = make_app(database_url, tmp_path, divisions=(COUNTY,))
    yield app
    app.extensions["db"].engine.dispose()


def run(app, *words: str):
    return app.test_cli_runner().invoke(args=["demo", *words])


def test_an_empty_house_is_filled_and_a_full_one_left_alone(small):
    result = run(small, "load", "--stations", "40")
    assert result.exit_code == 0, result.output
    assert "40 个站点" in result.output
    with small.app_context(), small.extensions["db"].read_session() as session:
        before = facts(session)
        assert len(before) == 40
        assert len(catalogue(session, local_date(NOW)).items) == 33
        assert {rule.mode for rule in session.scalars(sa.select(ReachRule))} == {"walk", "ebike", "car"}
        assert not working_days(session).day(local_date(NOW).replace(2027, 1, 1)).works
        assert numbers(session).keys() >= {"catalogue", "answers", "calendar", "divisions", "hours", "reach"}
    again = run(small, "load", "--stations", "50")
    assert (again.exit_code, "已有站点" in again.output) == (0, True)
    with small.extensions["db"].read_session() as session:
        assert facts(session) == before


def test_a_load_that_is_interrupted_leaves_nothing(small):
    class Stopped(Exception):
        pass

    def stop(done: int) -> None:
        if done == 40:
            raise Stopped

    database = small.extensions["db"]
    with small.app_context(), pytest.raises(Stopped), database.writing() as session:
        load_demo(session, seed=1, limit=40, areas=(COUNTY,), now=NOW, progress=stop)
    with database.read_session() as session:
        assert [
            session.scalar(sa.select(sa.func.count()).select_from(table)) for table in (Station, Division, ReachRule)
        ] == [0] * 3
    assert run(small, "load", "--stations", "40").exit_code == 0


def test_the_same_seed_makes_the_same_stations_however_many(session):
    def made(seed: int, limit: int) -> dict[str, dict]:
        load_demo(session, seed=seed, limit=limit, areas=(COUNTY,), now=NOW)
        found = facts(session)
        session.rollback()
        session.info.pop("editions", None)
        return found

    few, many, other = made(7, 20), made(7, 60), made(8, 20)
    assert few == {code: many[code] for code in few}
    assert few.keys() == other.keys()
    assert few != other


def test_production_takes_no_demo_data(database_url, tmp_path):
    app = make_app(database_url, tmp_path, mode="production")
    result = run(app, "load")
    app.extensions["db"].engine.dispose()
    assert result.exit_code == 1
    assert "正式环境" in result.output


@pytest.fixture(scope="module")
def loaded(demo_app):
    with demo_app.extensions["db"].read_session() as session:
        yield session


def test_every_demo_station_says_that_it_is_one(loaded):
    for station in facts(loaded).values():
        assert station["synthetic"]
        assert station["source"].startswith("示例数据")
        assert station["place_source"]


@pytest.mark.parametrize("file", ["demo_villages.csv.gz", "demo_stations.csv.gz"])
def test_no_village_is_called_by_a_piece_of_its_committee(file):
    """开元社区居民委员医保工作站 is 开元社区医保工作站."""
    piece = re.compile("委员|委会|居委|村委|[居村][民名]?会|(居民|村民|村名|社区居)(医保|银行|$)")
    with gzip.open(DATA / file, "rt", encoding="utf-8", newline="") as lines:
        names = {row["name"] for row in csv.DictReader(lines)}
    assert not [name for name in names if piece.search(name)]


def test_no_demo_phone_can_ring_anywhere(loaded):
    phones = [station["phone"] for station in facts(loaded).values() if station["phone"]]
    assert len(phones) > 200
    assert all(re.fullmatch(r"05\d\d-000\d{4}|06\d\d-000\d{4}", phone) for phone in phones)
    assert len(demo.AREA_CODES) == 16


def test_demo_stations_lie_in_their_counties(loaded):
    for station in facts(loaded).values():
        assert metres_outside(Place(station["lat"], station["lon"]), station["county_code"]) < 500


def test_neighbours_have_taken_on_different_items_in_one_mode_each(loaded):
    masks = Counter()
    for s in facts(loaded).values():
        direct, assist, consult = s["direct_mask"], s["assist_mask"], s["consult_mask"]
        assert direct >> 1 & 1 or assist >> 1 & 1 or s["host"] in ("bank", "insurer", "enterprise")
        assert (direct & assist, direct & consult, assist & consult) == (0, 0, 0)
        masks[direct, assist, consult] += 1
    assert len(masks) > 100


def test_demo_hours_can_be_read_and_clinics_work_on_holidays(loaded):
    for station in facts(loaded).values():
        if station["week"]:
            week = read_week(station["week"])
            assert (week.on_holidays == "usual") == (station["host"] == "clinic")


def test_some_demo_stations_were_never_checked_and_none_in_the_future(loaded):
    checked = [station["verified_on"] for station in facts(loaded).values()]
    today = local_date(NOW)
    assert 0 < checked.count(None) < len(checked) / 4
    assert all(today - timedelta(days=200) <= day <= today for day in checked if day)


def test_demo_exceptions_are_in_the_next_thirty_days(session):
    load_demo(session, seed=1, limit=1500, areas=("3701",), now=NOW)
    rows = list(session.scalars(sa.select(HoursException)))
    today = local_date(NOW)
    assert 3 <= len(rows) <= 40
    for row in rows:
        assert today < row.date <= today + timedelta(days=30)
        assert row.note
        read_day(row.spans or "")


# Divisions


def divisions(session) -> dict[str, Division]:
    return {row.code: row for row in session.scalars(sa.select(Division))}


def test_divisions_of_one_county_come_with_what_lies_above_them(session):
    load_divisions(session, areas=(COUNTY,))
    rows = divisions(session)
    assert Counter(row.level for row in rows.values())[1] == 1
    assert {code for code, row in rows.items() if row.level in (2, 3)} == {"370100", COUNTY}
    assert all(row.parent_code in rows for row in rows.values() if row.level > 1)
    assert rows["370102001"].pinyin == "jiefanglujiedao"
    assert rows[COUNTY].initials == "lxq"


def test_divisions_loaded_twice_change_nothing_and_a_renamed_one_is_put_right(session):
    first = load_divisions(session, areas=(COUNTY,))
    assert first.added > 50
    session.commit()
    again = load_divisions(session, areas=(COUNTY,))
    assert (again.added, again.changed) == (0, 0)
    session.get(Division, COUNTY).name = "旧名"
    session.flush()
    assert load_divisions(session, areas=(COUNTY,)).changed == 1
    session.expire_all()
    assert session.get(Division, COUNTY).name == "历下区"


def test_points_that_were_made_up_stay_out_unless_wanted(session):
    load_divisions(session, areas=(COUNTY,))
    rows = divisions(session).values()
    assert {row.place_source for row in rows} == {None, "county_label", "mean_of_counties", "town_box_centre"}
    assert all(row.lat is None for row in rows if row.level == 5)
    session.rollback()
    session.info.pop("editions", None)
    load_divisions(session, areas=(COUNTY,), invented=True)
    assert all(row.lat for row in divisions(session).values())


def test_a_county_is_where_its_name_stands_and_a_city_in_the_middle_of_its_counties(session):
    load_divisions(session, areas=("3701",))
    rows = divisions(session)
    for row in rows.values():
        if row.level == 3:
            assert metres_outside(Place(row.lat, row.lon), row.code) == 0
    assert 36.2 < rows["370100"].lat < 37.2
    assert 116.5 < rows["370100"].lon < 117.9
