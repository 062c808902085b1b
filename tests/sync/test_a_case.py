"""The whole way: a county approves, the platform gets it, decides, and the case says so. What it refuses goes back to the county."""

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases.models import Case, Desk, State
from cases.operations import take_step
from cases.transitions import Step
from sync.models import InboxEntry, OutboxEntry
from sync.pulls import puller_beside
from sync.restored import ask_first
from tests.sync.working import settle


@pytest.fixture
def approved(app, make, database, hands):
    """A case that the county has just approved; its id."""
    ref = make.case(state=State.IN_REVIEW, desk=Desk.COUNTY)
    officer = make.actor(Role.COUNTY_OFFICER, area="370102")
    with database.writing() as session:
        case = session.scalars(sa.select(Case).where(Case.ref == ref)).one()
        take_step(session, case, Step.APPROVE, by=officer, now=hands(), basis="条款一")
        session.commit()
        return case.id


@pytest.fixture
def at_work(app, new_worker, hands):
    """Send all that is owed and read all that is told."""
    handlers = app.extensions["sync_handlers"]
    worker = new_worker(handlers=handlers)
    puller = puller_beside(worker)

    def act():
        settle(worker, hands)
        hands.turn(minutes=5)
        while puller.step():
            pass
        settle(worker, hands)

    return act


def state_of(session, id):
    session.rollback()
    return session.get(Case, id).state


def decide(platform, id, *rows):
    told = [{"rid": id, "ver_no": 2, "trt_dcla_detl_sn": "T1", "memo": ""} | row for row in rows]
    platform.lists["G203"] = lambda _node: {"list": told, "next_cursor": "1", "more": False}


def test_an_approved_case_is_sent_decided_and_done(approved, at_work, platform, session):
    decide(platform, approved, {"ver": 1, "stas": "approved"})
    at_work()
    assert state_of(session, approved) == State.DONE
    sent = [call[0] for call in platform.calls if call[0] != "G203"]
    assert sent == ["G101", "G201", "G101"]  # approved, the filing, done: each once


def test_told_twice_and_in_another_order_it_is_done_once(approved, at_work, platform, session):
    decide(
        platform,
        approved,
        {"ver": 1, "stas": "approved"},
        {"ver": 1, "stas": "approved"},
        {"ver": 0, "stas": "returned"},
    )
    at_work()
    at_work()
    assert state_of(session, approved) == State.DONE
    states = session.execute(sa.select(InboxEntry.ver, InboxEntry.state).order_by(InboxEntry.ver)).all()
    assert [tuple(row) for row in states] == [(0, "old"), (1, "applied")]


@pytest.mark.parametrize(("stas", "state"), [("returned", State.IN_REVIEW), ("supplement", State.NEEDS_SUPPLEMENT)])
def test_what_the_province_returns_lies_on_the_countys_desk_with_its_words(
    approved, at_work, platform, session, stas, state
):
    decide(platform, approved, {"ver": 1, "stas": stas, "memo": "缺少居住证"})
    at_work()
    assert state_of(session, approved) == state
    case = session.get(Case, approved)
    assert case.desk == Desk.COUNTY


def test_a_filing_that_the_platform_refuses_goes_back_and_a_gateways_page_does_not(
    approved, at_work, platform, session
):
    platform.wrong = lambda infno, n: "422" if infno == "G201" else None
    at_work()
    assert state_of(session, approved) == State.APPROVED
    entry = session.scalars(sa.select(OutboxEntry).where(OutboxEntry.logical == "case_submit")).one()
    assert (entry.state, entry.error_kind) == ("rejected", "http-422")


def test_a_refused_filing_goes_back(approved, at_work, platform, session):
    platform.wrong = lambda infno, n: (
        platform.refuse.add(approved) if infno == "G201" else platform.refuse.discard(approved)
    )
    at_work()
    assert state_of(session, approved) == State.IN_REVIEW


def test_a_refused_work_order_holds_up_neither_the_filing_nor_the_next_one_which_says_it_anew(
    approved, at_work, platform, session
):
    platform.wrong = lambda infno, n: (
        platform.refuse.add(approved) if infno == "G101" and n == 1 else platform.refuse.discard(approved)
    )
    decide(platform, approved, {"ver": 1, "stas": "approved"})
    at_work()
    assert state_of(session, approved) == State.DONE
    told = sa.select(OutboxEntry.logical, OutboxEntry.state, OutboxEntry.acked_at.is_not(None), OutboxEntry.error_kind)
    assert [tuple(row) for row in session.execute(told.order_by(OutboxEntry.agg_seq))] == [
        ("work_order", "acked", False, "set-aside"),
        ("case_submit", "acked", True, None),
        ("work_order", "acked", True, None),
    ]


def test_what_went_out_after_the_backup_is_not_sent_again_after_the_restore(approved, at_work, platform, database):
    at_work()
    with database.writing() as session:  # as it stood when the backup was made
        never_sent = dict.fromkeys(("msgid", "sent_at", "tried_since", "acked_at", "refmsgid", "infcode"))
        before = sa.update(OutboxEntry).where(OutboxEntry.logical == "case_submit")
        session.execute(before.values(state="pending", next_at=OutboxEntry.made_at, **never_sent))
        ask_first(session)
        session.commit()
    at_work()
    assert [call[0] for call in platform.calls].count("G201") == 1
