"""Lists that the province keeps: read whole before they count, followed by the rooms above, held when they would end many; what
may not change by itself is shown."""

import random
from dataclasses import replace

import pytest
import sqlalchemy as sa

from maps.counties import county_of
from maps.place import Datum, Place, from_wgs84
from services_catalog import operations
from services_catalog.models import CatalogueVersion, Item
from stations.models import Division, Station
from sync import inbox, lists, queries
from sync.channels import pause
from sync.lists import CATALOGUE, DIVISIONS, ROSTER, Followed
from sync.models import InboxEntry, PullCursor
from sync.pulls import MOST_PAGES, Puller, cursor_of, release
from sync.talking import Talk
from sync.transport import Transport
from tests.conftest import NOW
from tests.sync.little_platform import Platform

INFNO = {ROSTER: "G501", DIVISIONS: "G502", CATALOGUE: "G503"}


def tell(platform: Platform, logical, rows, full="1", size=10, ver="1"):
    """From now on this is the province's list."""

    def act(node):
        at = int(node["cursor"] or 0)
        return {
            "ver": ver,
            "list": rows[at : at + size],
            "next_cursor": str(at + size),
            "more": at + size < len(rows),
            "full_flag": full if at == 0 else "0",
        }

    platform.lists[INFNO[logical]] = act


@pytest.fixture
def puller(app, database, channel, hands):
    transport = Transport(channel)
    talk = Talk(database, channel, transport, hands)
    with app.test_request_context():
        yield Puller(database, talk, hands, lists=app.extensions["sync_lists"], chance=random.Random(3))
    transport.close()


@pytest.fixture
def pull(database, hands, puller):
    """pull(ROSTER): have it read now, to its end, or until it is held or fails."""

    def act(logical, times=1):
        with database.writing() as session:
            cursor = cursor_of(session, "province", logical, hands())
            cursor.next_at, cursor.cursor = hands(), ""
            session.commit()
        for _ in range(times):
            hands.turn(minutes=2)
            while puller.step():
                pass

    return act


def cursor_at(session, logical) -> PullCursor:
    session.rollback()
    return session.get(PullCursor, ("province", logical))


def kept(session):
    """What is kept to be seen: list, code, state."""
    session.rollback()
    return {(e.logical, e.rid): e.state for e in session.scalars(sa.select(InboxEntry))}


# Stations


@pytest.fixture
def codes(make):
    """Thirty stations of ours."""
    return [make.station(f"第{n}村医保工作站", level="village", host="village_centre") for n in range(30)]


def ours(session):
    session.rollback()
    return {row.code: row for row in session.scalars(sa.select(Station))}


def open_now(session):
    return sum(row.open for row in ours(session).values())


def row_of(station, **more):
    return {
        "code": station.code,
        "name": station.name,
        "level": station.level,
        "host": station.host,
        "town_code": station.town_code,
        "village_code": None,
        "lon": station.lon,
        "lat": station.lat,
        "datum": "wgs84",
        "vali_flag": "1",
    } | more


def as_it_is(session):
    return [row_of(station) for station in ours(session).values()]


def test_a_list_renames_adds_and_closes(codes, session, platform, pull):
    rows = as_it_is(session)
    rows[0]["name"] = "新名字医保工作站"
    rows[1]["vali_flag"] = "0"
    rows[2]["town_code"] = "370102999"
    gone = rows.pop()["code"]
    rows.append(row_of(ours(session)[codes[5]], code="NEW0001", name="添的医保工作站"))
    tell(platform, ROSTER, rows)
    pull(ROSTER)
    found = ours(session)
    assert found[rows[0]["code"]].name == "新名字医保工作站"
    assert (found[rows[1]["code"]].open, found[gone].open, found["NEW0001"].open) == (False, False, True)
    assert (open_now(session), found[rows[2]["code"]].open) == (29, True)
    assert kept(session) == {(ROSTER, rows[2]["code"]): "failed"}
    tell(platform, ROSTER, as_it_is(session))
    pull(ROSTER)
    assert kept(session) == {}
    assert all(row.open for row in ours(session).values())


def test_a_code_written_with_spaces_closes_nothing(codes, session, platform, pull):
    tell(platform, ROSTER, [row | {"code": f" {row['code']} "} for row in as_it_is(session)])
    pull(ROSTER)
    assert (open_now(session), kept(session)) == (30, {})


def test_a_code_that_a_spreadsheet_spoilt_stops_no_other_row(codes, session, platform, pull):
    rows = as_it_is(session)
    rows[0]["name"] = "新名字医保工作站"
    tell(platform, ROSTER, [*rows, row_of(ours(session)[codes[5]], code="3E0001", name="坏了的医保工作站")])
    pull(ROSTER)
    assert ours(session)[rows[0]["code"]].name == "新名字医保工作站"
    assert (open_now(session), kept(session)) == (30, {(ROSTER, "3E0001"): "failed"})


def test_a_list_that_would_close_many_is_held_until_a_person_releases_it(codes, session, platform, pull, hands):
    tell(platform, ROSTER, as_it_is(session)[:9])
    pull(ROSTER, 3)
    cursor = cursor_at(session, ROSTER)
    assert (cursor.held, cursor.ok_at, open_now(session)) == (21, None, 30)
    assert set(kept(session)) == {(ROSTER, code) for code in codes[9:]}  # which they would be
    release(session, "province", ROSTER, hands())
    session.commit()
    tell(platform, ROSTER, as_it_is(session)[:8])  # one more than was looked at
    pull(ROSTER)
    assert (cursor_at(session, ROSTER).held, open_now(session)) == (22, 30)
    release(session, "province", ROSTER, hands())
    session.commit()
    pull(ROSTER)
    assert (open_now(session), kept(session)) == (8, {})


def test_a_part_of_a_list_closes_nothing_and_forgets_nothing_that_it_does_not_name(codes, session, platform, pull):
    rows = as_it_is(session)
    tell(platform, ROSTER, [rows[0] | {"name": ""}, *rows[1:]])
    pull(ROSTER)
    tell(platform, ROSTER, rows[3:6], full="0")
    pull(ROSTER)
    assert (open_now(session), kept(session)) == (30, {(ROSTER, rows[0]["code"]): "failed"})
    tell(platform, ROSTER, rows[:1], full="0")
    pull(ROSTER)
    assert kept(session) == {}


def test_that_places_may_be_of_another_datum_is_shown_until_a_part_shows_that_they_are_right(
    codes, session, platform, pull
):
    grid = [Place(36.58 + north / 250, 117.0 + east / 250) for north in range(0, 40, 2) for east in range(0, 50, 2)]
    there = [place for place in grid if county_of(place) == "370102"]
    station = ours(session)[codes[0]]

    def rows(places):
        return [row_of(station, code=f"N{n:04}", lon=place.lon, lat=place.lat) for n, place in enumerate(places)]

    tell(platform, ROSTER, rows([from_wgs84(place, Datum.BD09) for place in there]), full="0", size=500)
    pull(ROSTER)
    assert kept(session) == {(ROSTER, "datum"): "differs"}
    tell(platform, ROSTER, rows(there[:2]), full="0")  # which tells nothing
    pull(ROSTER)
    assert kept(session) == {(ROSTER, "datum"): "differs"}
    tell(platform, ROSTER, rows(there), full="0", size=500)
    pull(ROSTER)
    assert kept(session) == {}


# Any list


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAnyList:
    """What a room above is shown of a list, and what becomes of it when it is not whole."""

    @pytest.fixture(autouse=True)
    def watched(self, puller):
        """A room that writes down what it is shown."""

        class Plan:
            facts, ending, open_now, wrong, differs = (), {}, 9, {}, {}

        def plan(_session, rows, full, _now):
            self.shown.append((rows, full))
            return Plan()

        self.shown, self.plan = [], Plan
        puller.lists = {DIVISIONS: Followed(plan, lambda *_: None, few=1)}

    def test_it_is_shown_once_and_whole_and_read_a_page_a_step(self, platform, puller, pull):
        tell(platform, DIVISIONS, list(range(25)))
        pull(DIVISIONS)
        assert self.shown == [(list(range(25)), True)]

    def test_one_that_was_never_read_is_read_when_its_first_day_is_over_and_then_daily(self, platform, puller, hands):
        tell(platform, DIVISIONS, [1])
        read = []
        for _ in range(25):  # two days, two hours a look
            puller.step()
            read.append([call[0] for call in platform.calls].count("G502"))
            hands.turn(hours=2)
        assert read == [0] * 12 + [1] * 12 + [2]

    @pytest.mark.parametrize("wrong", ["500", "busy", "lost"])
    def test_half_of_it_counts_for_nothing(self, platform, pull, session, wrong):
        tell(platform, DIVISIONS, list(range(25)))
        platform.wrong = lambda infno, n: wrong if n > 2 else None
        pull(DIVISIONS)
        assert self.shown == []
        assert cursor_at(session, DIVISIONS).error_kind

    def test_one_that_changes_between_two_pages_is_read_again(self, platform, pull, session):
        versions = iter("1122222222222")
        act = {}
        tell(platform, DIVISIONS, list(range(25)))
        act["whole"] = platform.lists["G502"]
        platform.lists["G502"] = lambda node: act["whole"](node) | {"ver": next(versions)}
        pull(DIVISIONS)
        assert (self.shown, cursor_at(session, DIVISIONS).error_kind) == ([], "list-changed")
        pull(DIVISIONS)
        assert len(self.shown) == 1

    def test_a_whole_one_without_rows_is_not_believed_a_part_is(self, platform, pull, session):
        tell(platform, DIVISIONS, [])
        pull(DIVISIONS)
        assert (self.shown, cursor_at(session, DIVISIONS).error_kind) == ([], "empty")
        tell(platform, DIVISIONS, [], full="0")
        pull(DIVISIONS)
        assert self.shown == [([], False)]

    @pytest.mark.parametrize("other", [{"infno": "G501"}, {"cursor": "10"}, {"infno": None}])
    def test_a_page_of_another_list_or_place_is_not_taken_for_one_of_it(self, platform, pull, session, other):
        tell(platform, DIVISIONS, list(range(25)))
        told = platform.lists["G502"]
        platform.lists["G502"] = lambda node: told(node) | {"infno": "G502", "cursor": node["cursor"]} | other
        pull(DIVISIONS)
        assert (self.shown, cursor_at(session, DIVISIONS).error_kind) == ([], "other-answer")
        platform.lists["G502"] = lambda node: told(node) | {"infno": "G502", "cursor": node["cursor"]}
        pull(DIVISIONS)
        assert len(self.shown) == 1

    def test_one_that_says_there_is_more_and_not_where_is_not_taken_for_whole(self, platform, pull, session):
        platform.lists["G502"] = lambda node: {"list": [1], "next_cursor": "", "more": True, "full_flag": "1"}
        pull(DIVISIONS)
        assert (self.shown, cursor_at(session, DIVISIONS).error_kind) == ([], "no-end")
        assert len(platform.calls) < MOST_PAGES

    @pytest.mark.parametrize("each", ["0", "1"])
    @pytest.mark.parametrize("rows", [25, 30])
    def test_one_that_does_not_say_whether_there_is_more_is_read_to_its_end(self, platform, pull, session, rows, each):
        tell(platform, DIVISIONS, list(range(rows)))
        pages = platform.lists["G502"]

        def to_the_letter(node):
            page = pages(node)
            del page["more"]
            flag = page["full_flag"] if each == "0" else "1"
            return page | {"full_flag": flag, "next_cursor": str(int(node["cursor"] or 0) + len(page["list"]))}

        platform.lists["G502"] = to_the_letter
        pull(DIVISIONS)
        assert (len(self.shown), cursor_at(session, DIVISIONS).error_kind) == (1, None)
        assert self.shown[0][0] == list(range(rows))

    def test_a_second_reading_that_begins_in_the_middle_is_not_taken_for_the_whole(self, platform, pull, puller, hands):
        tell(platform, DIVISIONS, list(range(25)))
        pages = platform.lists["G502"]

        def to_the_letter(node):
            page = pages(node)
            return page | {"full_flag": "1", "next_cursor": page["next_cursor"] if page["more"] else ""}

        platform.lists["G502"] = to_the_letter
        puller.lists[DIVISIONS] = replace(puller.lists[DIVISIONS], afresh=False)
        pull(DIVISIONS)
        hands.turn(hours=30)
        while puller.step():
            pass
        assert self.shown == [(list(range(25)), True), (list(range(20, 25)), False)]

    def test_one_that_names_ever_another_place_is_not_read_for_ever(self, platform, pull, session, monkeypatch):
        monkeypatch.setattr("sync.pulls.MOST_PAGES", 5)
        tell(platform, DIVISIONS, [1])
        platform.lists["G502"] = lambda node: {"ver": "1", "list": [1], "next_cursor": str(len(platform.calls))}
        pull(DIVISIONS)
        assert (self.shown, cursor_at(session, DIVISIONS).error_kind) == ([], "no-end")

    def test_between_two_pages_a_pause_holds(self, platform, puller, pull, session, hands):
        tell(platform, DIVISIONS, list(range(25)))
        with puller.database.writing() as own:
            cursor_of(own, "province", DIVISIONS, hands()).next_at = hands()
            own.commit()
        assert puller.step() == 10
        pause(session, "province", None, "省平台维护", hands())
        session.commit()
        assert [puller.step() for _ in range(3)] == [0, 0, 0]
        assert (self.shown, [call[0] for call in platform.calls].count("G502")) == ([], 1)

    def test_a_room_that_fails_stops_no_worker(self, platform, puller, pull, session):
        def fails(*_):
            raise ValueError("王玉兰")

        puller.lists = {DIVISIONS: Followed(fails, fails, few=1)}
        tell(platform, DIVISIONS, [1])
        pull(DIVISIONS)
        assert cursor_at(session, DIVISIONS).error_kind == "handler-ValueError"

    def test_what_differs_is_kept_until_it_does_no_more(self, platform, pull, session):
        tell(platform, DIVISIONS, [1])
        self.plan.differs, self.plan.wrong = {"07": "名称不同", "08": "两样"}, {"08": "没有名称"}
        pull(DIVISIONS)
        assert kept(session) == {(DIVISIONS, "07"): "differs", (DIVISIONS, "08"): "failed"}
        found = queries.standing(session, "province", NOW).listed[DIVISIONS]
        assert (found.differing, found.unusable) == ({"07": "名称不同"}, {"08": "没有名称"})
        self.plan.differs, self.plan.wrong = {}, {}
        pull(DIVISIONS)
        assert kept(session) == {}


# Divisions and the catalogue, all the way


def test_a_merged_county_ends_and_points_to_the_one_it_went_into(make, session, platform, pull):
    make.station()
    make.division("370103", "市中区")
    rows = [
        {"code": "370100", "name": "济南市", "level": 2, "parent": "370000", "new_code": None, "vali_flag": "1"},
        {"code": "370103", "name": "市中区（新）", "level": 3, "parent": "370100", "new_code": None, "vali_flag": "1"},
        {"code": "370102", "name": "历下区", "level": 3, "parent": "370100", "new_code": "370103", "vali_flag": "0"},
    ]
    tell(platform, DIVISIONS, rows)
    pull(DIVISIONS)
    session.rollback()
    found = {row.code: (row.name, row.became) for row in session.scalars(sa.select(Division))}
    assert found["370103"] == ("市中区（新）", None)
    assert (found["370102"][1], found["370102001"][1]) == ("370103", "370103")
    assert (DIVISIONS, "370102") in kept(session)  # an open station still stands in it


def test_a_catalogue_that_takes_many_items_away_is_held(session, platform, pull, hands, database):
    with database.writing() as own:
        operations.load_shipped(own, hands())
        own.commit()
    items = [{"code": f"{n:02}", "name": name, "vali_flag": "1"} for n, name in sorted(names_of(session).items())]
    tell(platform, CATALOGUE, items)
    pull(CATALOGUE)
    assert (versions(session), kept(session)) == ([1], {})
    tell(platform, CATALOGUE, [row | {"vali_flag": "0"} for row in items[:2]] + items[2:])
    pull(CATALOGUE)
    assert (versions(session), cursor_at(session, CATALOGUE).held) == ([1], 2)
    release(session, "province", CATALOGUE, hands())
    session.commit()
    pull(CATALOGUE)
    assert (versions(session), len(names_of(session, 2))) == ([1, 2], 31)


def names_of(session, version=1):
    session.rollback()
    rows = session.execute(sa.select(Item.no, Item.name_zh).where(Item.version_number == version))
    return {row.no: row.name_zh for row in rows}


def versions(session):
    session.rollback()
    return list(session.scalars(sa.select(CatalogueVersion.number).order_by(CatalogueVersion.number)))


def test_every_list_of_the_shipped_channel_has_somebody_who_follows_it(app, channel):
    assert set(app.extensions["sync_lists"]) == set(lists.NAMES)
    assert set(lists.NAMES) <= set(channel.profile.transactions)


def test_what_is_kept_of_a_list_is_named_by_what_a_code_can_be(database, hands, session):
    odd = ["370102", "a\0b", "x" * 40 + "1", "x" * 40 + "2", ""]

    def keep(wrong, told):
        with database.writing() as writing:
            inbox.note(writing, "province", CATALOGUE, dict.fromkeys(wrong, "不对"), {}, told, hands())
            writing.commit()
        return {rid for _logical, rid in kept(session)}

    named = keep(odd, None)
    assert len(named) == 5
    assert all(rid.isprintable() and 0 < len(rid) <= 40 for rid in named)
    assert len(keep([], {odd[1], odd[2]})) == 3
    assert keep([], set(odd)) == set()
