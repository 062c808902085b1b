"""One filing of a matter holds at a time, and the newest decides: changed, cancelled, stopped, filed again. Both databases."""

import importlib
import threading
import time
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from accounts.policy import Role
from cases import in_force, operations, submitting
from cases.families import check
from cases.filing import Subject
from cases.models import Case, CitySetting, State
from cases.receipts import say_ref
from cases.transitions import PROVINCE, Step
from common import db, editions
from common.ids import new_id
from common.sealing import fingerprint
from tests.cases.enrol_lines import E1
from tests.cases.lines import LIU, at, live
from tests.cases.remote_care_lines import R18
from tests.cases.steps import SN, Way
from tests.cases.test_stop_enrol import STOP
from tests.conftest import NOW, on_sqlite

HERE = {"insu_admdvs": "370102", "insutype": "390"}
TRIP = R18 | HERE
CHANGE = TRIP | {"filing_act": "change", "rloc_admdvs": "310000"}
CANCEL = TRIP | {"filing_act": "cancel"}
ENROL = E1 | {"insu_admdvs": "370102", "naty": "01", "insu_year": "2026", "resd_loc_admdvs": "370102"}
STOPPING = STOP | {"insu_admdvs": "370102"}
WOMAN = Subject(LIU["psn_name"], "01", LIU["certno"], "2", date(1992, 11, 5), "15400000004")


@pytest.fixture
def clerk(loaded, make):
    return make.actor(Role.CLERK, station_code=make.station("枣园镇医保工作站", items=range(1, 34), level="town"))


@pytest.fixture
def officer(make):
    return make.actor(Role.COUNTY_OFFICER)


@pytest.fixture
def file(app, clerk):
    """file(item, typed): submitted at the town; how it may go on."""

    def one(item, typed):
        with app.app_context():
            done = db.done_once(
                lambda session: submitting.submit(
                    session,
                    op_id=new_id(),
                    item_no=item,
                    typed=typed,
                    by=clerk,
                    now=NOW,
                    request_sha=fingerprint(typed),
                    confirmed=frozenset({"stop_reason", "filing_act"}),
                )
            )
        return Way(app, done.ref)

    return one


@pytest.fixture
def finish(clerk):
    """The town approves, the province confirms."""

    def one(way):
        way.take(Step.APPROVE, clerk)
        way.ack_all()
        way.take(Step.CONFIRM, PROVINCE)
        return way

    return one


@pytest.fixture
def holding(session):
    """The receipts of the filings that hold their place now."""

    def refs():
        session.rollback()
        return set(session.scalars(sa.select(Case.ref).where(Case.live)))

    return refs


def wrong(file, item, typed):
    with pytest.raises(submitting.NotFit) as problem:
        file(item, typed)
    return problem.value.checked.errors


def test_a_filing_is_changed_and_changed_again_and_cancelled_and_filed_anew(file, finish, holding):
    first = finish(file(18, TRIP))
    assert "已有有效备案" in wrong(file, 18, TRIP | {"begndate": "2026-12-02"})["filing_act"]
    for place in ("310000", "110000"):
        changed = file(18, CHANGE | {"rloc_admdvs": place})
        assert holding() == {changed.ref}
        finish(changed)
        assert holding() == {changed.ref}
    ending = file(18, CANCEL)
    assert holding() == {ending.ref}
    finish(ending)
    assert holding() == set(), "a cancelling that is done stands in nobody's way"
    assert wrong(file, 18, CANCEL) == {"filing_act": "没有查到有效备案，不用变更或取消"}
    again = finish(file(18, TRIP))
    assert holding() == {again.ref}
    assert first.case.state == State.DONE


@pytest.mark.parametrize("typed", [CHANGE, CANCEL], ids=["change", "cancel"])
@pytest.mark.parametrize("ends", [Step.WITHDRAW, Step.REFUSE])
def test_what_a_filing_took_the_place_of_holds_again_when_it_comes_to_nothing(
    file, finish, holding, clerk, officer, typed, ends
):
    first = finish(file(18, TRIP))
    second = file(18, typed)
    if ends is Step.REFUSE:
        second.take(Step.HAND_UP, clerk)
        second.take(Step.REFUSE, officer, words="不符合", basis="规定第一条")
    else:
        second.take(Step.WITHDRAW, clerk)
    assert holding() == {first.ref}
    third = finish(file(18, CHANGE))
    assert holding() == {third.ref}


def test_what_is_not_decided_yet_at_a_desk_or_by_the_province_is_not_filed_about(file, clerk, officer, holding):
    first = file(18, TRIP)

    def stands_in_the_way():
        for typed in (CHANGE, CANCEL, TRIP | {"begndate": "2026-12-02"}):
            words = wrong(file, 18, typed)["filing_act"]
            assert words == f"本人的备案还在办，回执号 {say_ref(first.ref)}；要改或不办了，请在那一件里办"

    stands_in_the_way()
    first.take(Step.APPROVE, clerk)
    stands_in_the_way()
    first.ack_all()
    stands_in_the_way()
    first.take(Step.RETURN, PROVINCE, words="材料不清楚")
    stands_in_the_way()
    first.take(Step.APPROVE, officer)
    first.ack_all()
    first.take(Step.CONFIRM, PROVINCE)
    second = file(18, CHANGE)
    assert holding() == {second.ref}
    second.take(Step.APPROVE, clerk)
    told = {body["rid"]: body.get("prev_dcla_detl_sn") for body in second.bodies("case_submit")}
    assert told[second.case.id] == SN


def test_who_changed_something_meanwhile_is_told_and_a_third_filing_does_not_bring_the_first_back(
    file, finish, holding, clerk
):
    finish(file(18, TRIP))
    second = finish(file(18, CHANGE))
    third = file(18, CANCEL)
    third.take(Step.WITHDRAW, clerk)
    assert holding() == {second.ref}


def test_a_filing_that_has_run_out_makes_room_for_a_new_one(make, file, finish, holding):
    ended = NOW.date() - timedelta(days=1)
    facts = {"item_no": 18, "live_key": "remote", "starts_on": ended - timedelta(days=180), "ends_on": ended}
    make.case(subject=WOMAN, state=State.DONE, filed_at=NOW - timedelta(days=200), **facts)
    second = file(18, TRIP)
    assert holding() == {second.ref}


def test_the_province_hears_which_filing_is_changed_or_cancelled(file, finish):
    ways = [finish(file(18, typed)) for typed in (TRIP, CHANGE, CANCEL)]
    said = {body["rid"]: body for body in ways[0].bodies("case_submit")}
    heard = [(said[way.case.id]["filing_act"], said[way.case.id].get("prev_dcla_detl_sn")) for way in ways]
    assert heard == [("new", None), ("change", SN), ("cancel", SN)]


def test_twenty_changes_at_once_are_one_case(app, session, file, finish, holding):
    first = finish(file(18, TRIP))
    said = []

    def change():
        try:
            said.append(file(18, CHANGE).ref)
        except submitting.NotFit as problem:
            said.append(problem.checked.errors["filing_act"][:8])

    threads = [threading.Thread(target=change) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said.count("本人的备案还在办") == 19
    assert holding() == set(said) - {"本人的备案还在办"} != {first.ref}
    assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 2


def test_what_came_after_the_look_keeps_its_place(app, make, session):
    """Whoever was faster by a moment: the index refuses the slower one, which then looks again."""
    first = make.case(subject=WOMAN, state=State.SUBMITTED, live_key="remote")
    session.rollback()
    held = session.scalars(sa.select(Case).where(Case.ref == first)).one()
    new = Case(id=new_id(), person_index=held.person_index, family="remote_care", live=True, live_key="remote")
    new.answers, new.state = {}, State.SUBMITTED
    in_force.make_room(session, new, set())
    assert held.live
    in_force.make_room(session, new, {say_ref(first)})
    assert not held.live


# Two at the same time: only PostgreSQL lets two write


on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def beside(app):
    """beside(first, second): `first(session, wait)` and `second()` at once, each in its thread; what failed. `wait` in the
    middle of the first lets the second begin, until it waits for the first."""

    def run(first, second):
        failures, begun = [], threading.Event()

        def wait():
            if begun.is_set():  # it runs again
                return
            begun.set()
            with app.extensions["db"].engine.connect() as watcher:
                for _ in range(400):
                    if watcher.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                        return
                    time.sleep(0.02)
            raise TimeoutError

        def noted(work):
            try:
                with app.app_context():
                    work()
            except Exception as problem:
                failures.append(problem)

        def other():
            begun.wait(timeout=20)
            second()

        works = (lambda: db.done_once(lambda session: first(session, wait)), other)
        threads = [threading.Thread(target=noted, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=60)
        return failures

    return run


@on_postgresql
def test_who_files_while_a_page_of_decisions_holds_their_cases_is_served(file, beside, session):
    ids = [file(18, TRIP).case.id, file(1, ENROL).case.id]

    def page(session, wait):  # by ascending id; a submit goes the other way
        for id in ids:
            session.scalars(sa.select(Case).where(Case.id == id).with_for_update()).one()
            wait()

    assert beside(page, lambda: file(4, STOPPING)) == []
    assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 3


@on_postgresql
def test_a_change_withdrawn_together_with_what_it_changes_brings_nothing_back(file, beside, holding, clerk, session):
    first = file(18, TRIP)
    first.take(Step.APPROVE, clerk)
    first.ack_all()
    mine = sa.update(Case).where(Case.ref == first.ref)
    session.execute(mine.values(state=State.DONE))
    session.commit()
    second = file(18, CHANGE)
    session.execute(mine.values(state=State.APPROVED))  # as it was filed before a change had to wait for the province
    session.commit()

    def withdraw_first(session, wait):
        case = session.scalars(sa.select(Case).where(Case.ref == first.ref).with_for_update()).one()
        case.subject = case.subject | {"psn_no": "370000001"}
        operations.take_step(session, case, Step.WITHDRAW, by=clerk, now=NOW)
        wait()

    assert beside(withdraw_first, lambda: second.take(Step.WITHDRAW, clerk)) == []
    assert holding() == set()
    again = file(18, TRIP)
    assert holding() == {again.ref}


@on_sqlite
@pytest.mark.parametrize(
    ("typed", "facts"),
    [
        (TRIP, {"item_no": 18, "live_key": "remote", "state": State.WITHDRAWN}),
        (STOPPING, {"item_no": 4, "family": "stop_enrol", "live_key": "4", "state": State.DONE}),
    ],
    ids=["withdrawn", "stop"],
)
def test_a_row_that_holds_a_place_against_the_rules_stands_in_nobodys_way(
    app, make, file, holding, clerk, typed, facts
):
    ref = make.case(subject=WOMAN, filed_at=NOW - timedelta(days=3), **facts)
    with app.app_context(), db.writing() as session:
        session.execute(sa.update(Case).where(Case.ref == ref).values(live=True))
        session.commit()
    new = file(facts["item_no"], typed)
    assert holding() == {new.ref}


@on_sqlite
def test_where_several_filings_may_hold_it_is_said_that_all_of_them_end(app):
    held = (live(18, "310000", 20261101, 20270501), live(18, "110000", 20261101, 20270501))
    with app.app_context():
        several = at(live=held, rules={"multi_target": True})
        for act in ("change", "cancel"):
            warned = check(18, R18 | {"filing_act": act}, several).to_confirm
            assert [one.words for one in warned] == ["上海市、北京市的备案都会不再有效，请确认"]
        assert check(18, R18 | {"filing_act": "change"}, at(live=held[:1])).to_confirm == ()


# Enrolled, stopped, enrolled again


@pytest.fixture
def collecting(app):
    with app.app_context(), db.writing() as session:
        period = [{"year": 2027, "start": "2026-09-01", "end": "2026-12-31"}]
        facts = {"city_code": "370100", "effective_on": date(2026, 1, 1), "source": "test"}
        session.add(CitySetting(name="collection_periods", value=period, **facts))
        editions.bump(session, "city_rules")
        session.commit()


def test_who_enrolled_and_stopped_may_enrol_again_in_the_same_year_and_stop_again(collecting, file, finish, holding):
    first = finish(file(1, ENROL))
    assert "已经提交过" in wrong(file, 1, ENROL)["form"]
    stop = file(4, STOPPING)
    assert holding() == {first.ref, stop.ref}
    assert "已经提交过" in wrong(file, 4, STOPPING)["form"]
    finish(stop)
    assert holding() == set()
    second = finish(file(1, ENROL))
    other_year = file(1, ENROL | {"insu_year": "2027"})
    assert holding() == {second.ref, other_year.ref}
    again = finish(file(4, STOPPING))
    assert holding() == {other_year.ref}, "what nobody has decided yet still stands in the way of a second one"
    assert again.ref != stop.ref


def test_a_stop_that_is_taken_back_ends_no_enrolment(collecting, file, finish, holding, clerk):
    first = finish(file(1, ENROL))
    file(4, STOPPING).take(Step.WITHDRAW, clerk)
    assert holding() == {first.ref}


@on_sqlite
def test_an_enrolment_that_a_stop_has_ended_meanwhile_is_not_told_to_pay(collecting, file, finish, holding, clerk):
    first = file(1, ENROL | {"insu_year": "2027"})
    first.take(Step.APPROVE, clerk)
    first.ack_all()
    finish(file(4, STOPPING))
    first.take(Step.CONFIRM, PROVINCE)
    assert (first.case.state, first.case.supplement_due_on) == (State.DONE, None)
    assert [body["matt_stas"] for body in first.bodies("work_order") if body["rid"] == first.case.id][-2:] == [
        "06",
        "07",
    ]
    assert holding() == set()


def test_an_upgrade_frees_who_was_locked_out_before(app, make, holding):
    def before(family, state, days, **facts):
        moment = NOW - timedelta(days=days)
        return make.case(subject=WOMAN, family=family, state=state, filed_at=moment, **facts)

    before("resident_enrol", State.DONE, 30, item_no=1, live_key="1:2026")
    before("stop_enrol", State.DONE, 20, item_no=4, live_key="4")
    stays = before("resident_enrol", State.PENDING_PAYMENT, 10, item_no=1, live_key="1:2027")
    migration = importlib.import_module("migrations.versions.0011_live_until_done")
    with app.extensions["db"].writing() as session:
        with Operations.context(MigrationContext.configure(session.connection())):
            migration.upgrade()
        session.commit()
    assert holding() == {stays}
