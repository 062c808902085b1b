"""What the province tells is heard once, in the newest version; what cannot be heard is kept; no list closes many stations by itself."""

import random

import pytest
import sqlalchemy as sa

from sync.channels import paused
from sync.inbox import hear_again
from sync.lists import ROSTER
from sync.models import InboxEntry, PullCursor
from sync.pulls import DECISIONS, Puller, cursor_of, release
from sync.talking import Talk
from sync.transport import Transport
from sync.worker import Handlers

A, B, C = ("a" * 32, "b" * 32, "c" * 32)


def told(rid, ver=1, stas="approved", **more):
    return {"rid": rid, "ver_no": 3, "ver": ver, "trt_dcla_detl_sn": "T1", "stas": stas, "memo": "", **more}


class Ear:
    """A room that hears decisions about the cases it knows."""

    def __init__(self):
        self.heard, self.known = [], {A, B}

    def __call__(self, _session, row, _now):
        if row.get("stas") == "nonsense":
            raise ValueError("王玉兰")
        if row["rid"] in self.known:
            self.heard.append((row["rid"], row["ver"]))
        return row["rid"] in self.known


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def puller(database, channel, hands, ear):
    transport = Transport(channel)
    talk = Talk(database, channel, transport, hands)
    yield Puller(database, talk, hands, Handlers(decided=ear), chance=random.Random(3))
    transport.close()


def answer(platform, *pages):
    """The platform's list, page after page: cursors "", "1", "2" …; the last one stays where it is."""

    def act(node):
        at = int(node["cursor"] or 0)
        rows = list(pages[at]) if at < len(pages) else []
        return {"list": rows, "next_cursor": str(min(at + 1, len(pages))), "more": at + 1 < len(pages)}

    platform.lists["G203"] = act


def read(puller, hands, times=1):
    for _ in range(times):
        hands.turn(minutes=2)
        while puller.step():
            pass


def inbox(session):
    session.rollback()
    return {(e.rid, e.ver): e.state for e in session.scalars(sa.select(InboxEntry)).all()}


def test_every_page_is_read_and_every_row_heard(puller, platform, hands, ear, session):
    answer(platform, [told(A)], [told(B)])
    read(puller, hands)
    assert ear.heard == [(A, 1), (B, 1)]
    assert inbox(session) == {(A, 1): "applied", (B, 1): "applied"}
    assert [call[2] for call in platform.calls] == [
        '{"data":{"cursor":"","limit":100}}',
        '{"data":{"cursor":"1","limit":100}}',
    ]


def test_the_next_reading_goes_on_where_the_last_one_ended(puller, platform, hands, ear):
    answer(platform, [told(A)])
    read(puller, hands, 3)
    assert ear.heard == [(A, 1)]
    assert '"cursor":"1"' in platform.calls[-1][2]


def test_the_same_row_twice_and_an_older_one_change_nothing(puller, platform, hands, ear, session):
    answer(platform, [told(A, 2), told(A, 2), told(A, 1), told(A, "3")])
    read(puller, hands)
    assert ear.heard == [(A, 2), (A, "3")]
    assert inbox(session) == {(A, 1): "old", (A, 2): "applied", (A, 3): "applied"}


@pytest.mark.parametrize(
    "odd", [told(C), told(A, stas="nonsense"), told(A, ver=None), {"ver": 1}, None, "text", 7, [], told("x" * 99), told(A, ver=True)]
)  # fmt: skip
def test_a_row_that_cannot_be_heard_is_kept_and_holds_up_no_other(puller, platform, hands, ear, session, odd):
    answer(platform, [odd, told(B)])
    read(puller, hands)
    assert ear.heard == [(B, 1)]
    states = inbox(session)
    assert sorted(states.values()) == ["applied", "failed"]
    error = session.scalars(sa.select(InboxEntry.error).where(InboxEntry.state == "failed")).one()
    assert error
    assert "王玉兰" not in error


def test_a_row_that_could_not_be_heard_is_heard_after_mending(puller, platform, hands, ear, session):
    answer(platform, [told(C)])
    read(puller, hands)
    ear.known.add(C)
    entry = session.scalars(sa.select(InboxEntry)).one()
    hear_again(session, entry, ear, hands())
    hear_again(session, entry, ear, hands())
    assert (entry.state, entry.error, ear.heard) == ("applied", None, [(C, 1)])


def test_what_is_known_of_the_case_names_the_county_of_the_row(puller, platform, hands, owe, session):
    rid = owe("dd", 1)
    answer(platform, [told(rid)])
    read(puller, hands)
    session.rollback()
    assert session.scalars(sa.select(InboxEntry.county_code)).one() == "370102"


def test_a_cursor_that_has_expired_begins_anew_and_nothing_is_heard_twice(puller, platform, hands, ear):
    answer(platform, [told(A)])
    read(puller, hands)
    whole, expired = platform.reply, [True]

    def reply(infcode, output, words="成功", **more):
        if expired:
            expired.pop()
            return whole(-2, {}, "游标已失效，请从头全量拉取")
        return whole(infcode, output, words, **more)

    platform.reply = reply
    answer(platform, [told(A)], [told(B)])
    read(puller, hands, 2)
    assert ear.heard == [(A, 1), (B, 1)]


@pytest.mark.parametrize("fault", ["lost", "500", "busy", "429"])
def test_a_page_that_does_not_come_is_asked_for_again(puller, platform, hands, ear, fault):
    answer(platform, [told(A)])
    platform.wrong = lambda infno, n: fault if n < 3 else None
    read(puller, hands, 5)
    assert ear.heard == [(A, 1)]


@pytest.mark.parametrize("output", [{}, "null", '""', {"list": None}, {"list": {}}, "[]"])
def test_an_answer_without_a_list_is_a_fault_and_moves_no_cursor(puller, platform, hands, session, output):
    platform.lists["G203"] = lambda _node: output
    read(puller, hands)
    cursor = session.get(PullCursor, ("province", DECISIONS))
    assert (cursor.cursor, cursor.error_kind, cursor.faults) == ("", "no-list", 1)


def test_a_list_that_says_there_is_more_at_the_same_place_is_not_read_for_ever(puller, platform, hands, ear):
    platform.lists["G203"] = lambda _node: {"list": [told(A)], "next_cursor": "", "more": True}
    read(puller, hands)
    assert len(platform.calls) < 5
    assert ear.heard == [(A, 1)]


def test_a_forged_page_is_not_heard_and_pauses_the_channel(puller, platform, hands, ear, session):
    answer(platform, [told(A)])
    platform.wrong = lambda infno, n: "unsigned"
    read(puller, hands)
    assert ear.heard == []
    assert paused(session, "province", hands())


# The list of stations


@pytest.fixture
def stations_of(app, make, database, channel, hands):
    """Thirty stations of ours; give rows, get what a pull makes of them."""
    codes = [make.station(f"第{n}村医保工作站", level="village", host="village_centre") for n in range(30)]
    transport = Transport(channel)
    talk = Talk(database, channel, transport, hands)
    puller = Puller(database, talk, hands, lists=app.extensions["sync_lists"])
    with app.test_request_context():
        yield codes, puller
    transport.close()


def roster_of(session):
    from stations.models import Station

    session.rollback()
    return {row.code: row for row in session.scalars(sa.select(Station)).all()}


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


def tell_roster(platform, rows, full="1", size=10):
    def act(node):
        at = int(node["cursor"] or 0)
        return {
            "ver": "1",
            "list": rows[at : at + size],
            "next_cursor": str(at + size),
            "more": at + size < len(rows),
            "full_flag": full if at == 0 else "0",
        }

    platform.lists["G501"] = act


def pull_now(database, hands):
    with database.writing() as session:
        cursor = cursor_of(session, "province", ROSTER, hands())
        cursor.next_at, cursor.cursor = hands(), ""
        session.commit()


def test_a_list_renames_adds_and_closes(stations_of, session, platform, hands, database):
    codes, puller = stations_of
    rows = [row_of(station) for station in roster_of(session).values()]
    rows[0]["name"] = "新名字医保工作站"
    rows[1]["vali_flag"] = "0"
    rows[2]["town_code"] = "370102999"
    gone = rows.pop()["code"]
    rows.append(row_of(roster_of(session)[codes[5]], code="NEW0001", name="添的医保工作站"))
    tell_roster(platform, rows)
    pull_now(database, hands)
    read(puller, hands)
    found = roster_of(session)
    assert found[rows[0]["code"]].name == "新名字医保工作站"
    assert (found[rows[1]["code"]].open, found[gone].open, found["NEW0001"].open) == (False, False, True)
    assert sum(row.open for row in found.values()) == 29
    assert found[rows[2]["code"]].open
    failed = session.scalars(sa.select(InboxEntry)).one()
    assert (failed.rid, failed.state) == (rows[2]["code"], "failed")
    tell_roster(platform, [row_of(station) for station in roster_of(session).values()])
    pull_now(database, hands)
    read(puller, hands)
    session.rollback()
    assert session.scalars(sa.select(InboxEntry)).all() == []
    assert all(row.open for row in roster_of(session).values())


def test_a_list_that_would_close_many_is_held_until_a_person_releases_it(
    stations_of, session, platform, hands, database
):
    _codes, puller = stations_of
    rows = [row_of(station) for station in roster_of(session).values()]
    tell_roster(platform, rows[:9])
    pull_now(database, hands)
    read(puller, hands, 3)
    session.rollback()
    cursor = session.get(PullCursor, ("province", ROSTER))
    assert (cursor.held, cursor.ok_at) == (21, None)
    assert sum(row.open for row in roster_of(session).values()) == 30
    release(session, "province", ROSTER, hands())
    session.commit()
    read(puller, hands)
    assert sum(row.open for row in roster_of(session).values()) == 9


def test_a_part_of_a_list_closes_nothing_that_it_does_not_name(stations_of, session, platform, hands, database):
    _codes, puller = stations_of
    tell_roster(platform, [row_of(station) for station in roster_of(session).values()][:3], full="0")
    pull_now(database, hands)
    read(puller, hands)
    assert sum(row.open for row in roster_of(session).values()) == 30


def test_half_a_list_counts_for_nothing(stations_of, session, platform, hands, database):
    _codes, puller = stations_of
    tell_roster(platform, [row_of(station) for station in roster_of(session).values()])
    platform.wrong = lambda infno, n: "500" if infno == "G501" and n > 2 else None
    pull_now(database, hands)
    read(puller, hands)
    session.rollback()
    assert session.get(PullCursor, ("province", ROSTER)).error_kind == "http-500"
    assert sum(row.open for row in roster_of(session).values()) == 30
