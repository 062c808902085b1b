"""A filed 异地就医备案 becomes known to the province and is decided there; the resident reads it by receipt. With the simulator."""

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from cases.models import Case, State
from cases.transitions import Step
from sync.models import OutboxEntry, OutState
from tests.browser.looks import axe_faults, layout_faults
from tests.cases.steps import ANSWERS, Way
from tests.conftest import NOW
from tests.platform_process import start_platform

CODE = "204817"


@pytest.fixture(scope="module")
def province(server, server_folder):
    """The simulator beside the running server: it decides only when it is told to."""
    platform = start_platform(server_folder, NOW, "--review-after", "100000")
    platform.set(skew_s=86_400)  # the server's clock began when the first test opened a page
    yield platform
    platform.stop()
    (server_folder / "platform-sim" / "address").unlink(missing_ok=True)


@pytest.fixture
def ref(make, people):
    county = people["officer"].area
    answers = ANSWERS | {"insu_admdvs": county}
    return make.case(by=people["helper"], county_code=county, answers=answers, state=State.ACCEPTED, code=CODE)


@pytest.fixture
def calls_somebody(twin, make, people, ref):
    """A filing that has been in doubt for longer than three days, and a cancelling that the province refused."""
    county = people["officer"].area
    answers = ANSWERS | {"insu_admdvs": county}
    for doubtful in (True, False):
        one = Way(twin, make.case(by=people["helper"], county_code=county, answers=answers, state=State.ACCEPTED))
        one.take(Step.APPROVE, people["clerk"])
        if doubtful:
            one.ack_before("case_submit")
            long = {"state": "unknown", "doubtful": True, "tried_since": NOW - timedelta(hours=80)}
            with twin.extensions["db"].writing() as session:
                waiting = (OutboxEntry.logical == "case_submit", OutboxEntry.aggregate == f"case:{one.case.id}")
                session.execute(sa.update(OutboxEntry).where(*waiting).values(long | {"error_kind": "query-ok"}))
                session.commit()
        else:
            one.ack_all()
            one.take(Step.WITHDRAW, people["clerk"])
            one.refuse("case_cancel", "已办结，不能撤销")


def work(twin, *first, until):
    """The worker, until the outbox holds an entry of this logical name and state, whatever it must wait for in between."""
    for command in first:
        assert twin.test_cli_runner().invoke(args=command).exit_code == 0
    for _ in range(180):
        result = twin.test_cli_runner().invoke(args=["sync", "work", "--once"])
        assert result.exit_code == 0, result.output
        with twin.extensions["db"].read_session() as session:
            if until(session):
                return
        time.sleep(0.5)
    raise AssertionError("the worker did not get there")


def newest(session, ref, logical):
    """The state of the case's newest message of this name."""
    case_id = session.scalar(sa.select(Case.id).where(Case.ref == ref))
    mine = sa.select(OutboxEntry.state).where(
        OutboxEntry.aggregate == f"case:{case_id}", OutboxEntry.logical == logical
    )
    return session.scalar(mine.order_by(OutboxEntry.agg_seq.desc()))


def stands(session, ref):
    """The state of the case."""
    return session.scalar(sa.select(Case.state).where(Case.ref == ref))


def looks_right(page):
    assert axe_faults(page) == []
    assert layout_faults(page) == []


def test_a_filing_is_synced_decided_and_read_by_the_resident(twin, province, signed_in, phone, ref):
    clerk = signed_in("clerk")
    page = clerk.open(f"/cases/{ref}")
    page.locator("summary", has_text="通过").click()
    page.get_by_role("button", name="通过", exact=True).click()
    expect(page.locator(".head")).to_contain_text("待同步")

    resident = phone()
    home = resident.open("/follow")
    home.get_by_label("回执号").fill(ref)
    home.get_by_label("查询码").fill(CODE)
    home.get_by_role("button", name="查一查").click()
    expect(home.locator(".head")).to_contain_text("省里还没回话")

    work(twin, until=lambda session: newest(session, ref, "case_submit") == OutState.ACKED)
    page = clerk.open(f"/cases/{ref}")
    expect(page.locator(".head")).to_contain_text("已同步")
    home.reload()
    expect(home.locator(".head")).to_contain_text("省里已收到")
    looks_right(home)

    assert province.decide(ref, "approved")
    work(twin, ["sync", "pull", "case_status"], until=lambda session: stands(session, ref) == State.DONE)
    page = clerk.open(f"/cases/{ref}")
    expect(page.locator(".head")).to_contain_text("办好了")
    home.reload()
    expect(home.locator(".head")).to_contain_text("办好了")
    expect(home.locator(".tl")).to_contain_text("省里确认了")
    proof = province.proof()
    assert proof["ok"], proof


@pytest.mark.parametrize("settings", [{}, {"big": True}, {"lang": "en"}, {"dark": True}], ids=str)
def test_the_pages_of_bureau_and_auditor_are_sound(signed_in, calls_somebody, settings):
    for who, paths in (
        ("province", ["/sync"]),
        ("officer", ["/sync"]),
        ("auditor", ["/audit", "/audit?day=2026-11-01"]),
    ):
        here = signed_in(who, **settings)
        for width in (360, 1280):
            here.page.set_viewport_size({"width": width, "height": 740})
            for path in paths:
                page = here.open(path)
                for one in page.locator("details").all():
                    one.evaluate("e => e.open = true")
                looks_right(page)
