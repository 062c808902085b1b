"""What the province tells is heard once, in the newest version; what cannot be heard is kept, what nobody needs any more is dropped."""

import random

import pytest
import sqlalchemy as sa

from sync.channels import paused
from sync.inbox import hear_again
from sync.models import ChannelState, InboxEntry, OutState, PullCursor
from sync.pulls import DECISIONS, Puller, puller_beside
from sync.talking import Talk
from sync.transport import Transport
from sync.worker import Handlers
from tests.sync.working import settle

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


@pytest.mark.parametrize("kind", [str, int])
def test_a_platform_that_does_not_say_whether_there_is_more_is_read_to_its_end(
    puller, platform, hands, ear, session, kind
):
    answer(platform, [told(A)], [told(B)])
    pages = platform.lists["G203"]

    def to_the_letter(node):
        page = pages(node)
        return {"list": page["list"], "next_cursor": kind(page["next_cursor"])}

    platform.lists["G203"] = to_the_letter
    hands.turn(minutes=2)
    assert [puller.step() for _ in range(4)] == [1, 1, 0, 0]
    assert ear.heard == [(A, 1), (B, 1)]
    assert session.get(PullCursor, ("province", DECISIONS)).ok_at is not None


def test_a_platform_that_asks_for_time_when_we_read_holds_the_whole_channel(puller, platform, hands, session):
    answer(platform, [told(A)])
    platform.wrong = lambda infno, n: "429"
    read(puller, hands)
    state = session.get(ChannelState, "province")
    assert (state.reason, state.paused_by) == ("busy: HTTP 429", None)
    assert state.paused_until > hands()


def test_a_forged_page_is_not_heard_and_pauses_the_channel(puller, platform, hands, ear, session):
    answer(platform, [told(A)])
    platform.wrong = lambda infno, n: "unsigned"
    read(puller, hands)
    assert ear.heard == []
    assert paused(session, "province", hands())


def test_of_what_was_told_long_ago_the_newest_stays_and_what_could_not_be_heard(puller, platform, hands, ear, session):
    answer(platform, [told(A, 1), told(A, 2), told(B, 3), told(B, 1), told(C, 1), told(A, 4, stas="nonsense")])
    read(puller, hands)
    puller.tidy()
    assert len(inbox(session)) == 6
    hands.turn(days=31)
    puller.tidy()
    left = {(A, 2): "applied", (B, 3): "applied", (C, 1): "failed", (A, 4): "failed"}
    assert inbox(session) == left
    answer(platform, [told(A, 1), told(A, 2), told(B, 3), told(B, 1)])
    session.execute(sa.update(PullCursor).values(cursor=""))
    session.commit()
    read(puller, hands)
    assert ear.heard == [(A, 1), (A, 2), (B, 3)]
    assert inbox(session) == left | {(A, 1): "old", (B, 1): "old"}


def test_what_was_heard_stands_in_the_case_and_not_here_what_was_not_is_kept_whole(puller, platform, hands, session):
    answer(platform, [told(A, memo="同意"), told(C)])
    read(puller, hands)
    session.rollback()
    bodies = {entry.rid: entry.body for entry in session.scalars(sa.select(InboxEntry))}
    assert bodies == {A: {}, C: told(C)}


def test_what_the_worker_was_told_is_no_page_of_decisions(worker, owe, platform, hands, session):
    """Signed and right, but the answer to the worker's question, which a gateway gives once more."""
    owe("aa", 1)
    answers, reply = [], platform.reply
    platform.reply = lambda *said, **more: answers.append(reply(*said, **more)) or answers[-1]
    platform.wrong = lambda infno, n: "done-lost" if n == 1 else None
    settle(worker, hands)
    platform.reply = lambda *said, **more: answers[-1]
    read(puller_beside(worker), hands)
    cursor = session.get(PullCursor, ("province", DECISIONS))
    assert (cursor.cursor, cursor.error_kind) == ("", "other-answer")


def test_a_page_of_decisions_does_not_say_that_a_filing_is_not_there(worker, owe, box, platform, hands):
    pages, reply = [], platform.reply

    def again(code, output, *said, **more):
        if "cursor" in output:
            pages.append(reply(code, output, *said, **more))
        return pages[0] if "list" in output and len(platform.calls) < 6 else reply(code, output, *said, **more)

    platform.reply = again
    platform.lists["G203"] = lambda node: {"infno": "G203", "cursor": node["cursor"], "list": [], "more": False}
    read(puller_beside(worker), hands)
    rid = owe("aa", 1)
    platform.wrong = lambda infno, n: "done-lost" if infno == "G201" else None
    settle(worker, hands)
    assert [call[0] for call in platform.calls] == ["G203", "G201", *["G203"] * 4]
    assert platform.effects == {(rid, 1): 1}
    assert box()[0].state == OutState.ACKED


@pytest.mark.parametrize(
    "odd", [told(C, memo="同意\ud842"), told(C, stas="approved\0"), told("x\ud842"), {"\ud842": "\0", "ver": 1}]
)
def test_a_row_with_what_no_database_can_keep_holds_up_no_other(puller, platform, hands, ear, session, odd):
    answer(platform, [odd, told(B, memo="好\ud842\0")])
    read(puller, hands, 2)
    assert ear.heard == [(B, 1)]
    assert session.get(PullCursor, ("province", DECISIONS)).cursor == "1"
    assert sorted(inbox(session).values()) == ["applied", "failed"]
