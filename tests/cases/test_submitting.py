"""Submitting a form makes one case with all that belongs to it, however often and however many at once it is sent."""

import multiprocessing
import threading

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases import drafts, submitting
from cases.drafts import Refused
from cases.models import Case, CaseEvent, Consent, Draft, KeptOperation, Paper, State
from cases.queries import file_of, followed
from common import db
from common.ids import new_id
from common.models import AuditEntry
from common.sealing import fingerprint
from tests.cases.lines import WANG
from tests.cases.remote_care_lines import R18
from tests.conftest import NOW, make_app, on_sqlite

R18_HERE = R18 | {"insu_admdvs": "370102", "ident_by": "original", "insutype": "390"}


@pytest.fixture
def town(loaded, make):
    """A station that files temporary care elsewhere, and its clerk."""
    station = make.station("枣园镇医保工作站", items=(14, 15, 16, 17, 18), level="town")
    return make.actor(Role.CLERK, station_code=station)


def submit(app, by, typed=R18_HERE, op_id=None, **more):
    with app.app_context():
        return db.done_once(
            lambda session: submitting.submit(
                session,
                op_id=op_id or new_id(),
                item_no=18,
                typed=typed,
                by=by,
                now=NOW,
                request_sha=fingerprint(typed),
                **more,
            )
        )


def count(session, model):
    return session.scalar(sa.select(sa.func.count()).select_from(model))


def test_a_submitted_form_is_a_case_that_its_station_and_its_resident_find(app, session, town):
    done = submit(app, town)
    found = file_of(session, done.ref, town)
    assert found.case.state == State.ACCEPTED  # a clerk's own filing
    assert found.case.county_code == "370102"
    assert found.case.answers["rloc_admdvs"] == "350200"
    assert found.case.answers_sha256 == fingerprint(found.case.answers)
    assert found.case.identity_how == "original"
    assert found.case.identity_checked_by == town.account_id
    assert found.case.subject["masked_name"] == "刘*"
    assert [event.step for event in found.events] == ["submit"]
    assert [consent.kind for consent in found.consents] == ["notice"]
    assert followed(session, done.ref, done.code).case.id == found.case.id
    assert followed(session, done.ref, "000000" if done.code != "000000" else "111111") is None
    audited = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "case.submit")).all()
    assert [entry.about_id for entry in audited] == [found.case.id]


def test_the_same_operation_again_gives_the_same_answer(app, session, town):
    op_id = new_id()
    first, again = submit(app, town, op_id=op_id), submit(app, town, op_id=op_id)
    assert (again.ref, again.code) == (first.ref, first.code)
    assert again.replayed
    assert count(session, Case) == 1


def test_the_same_operation_with_other_content_is_refused(app, session, town):
    op_id = new_id()
    submit(app, town, op_id=op_id)
    with pytest.raises(Refused, match="已经用别的内容交过") as problem:
        submit(app, town, R18_HERE | {"trip_reason": "travel"}, op_id=op_id)
    assert problem.value.status == 409
    assert count(session, Case) == 1


def test_the_same_operation_of_somebody_else_is_refused(app, make, town):
    op_id = new_id()
    submit(app, town, op_id=op_id)
    with pytest.raises(Refused):
        submit(app, make.actor(Role.CLERK, station_code=town.station_code), op_id=op_id)


def test_the_same_matter_a_second_time_is_one_case(app, session, town):
    first = submit(app, town)
    with pytest.raises(submitting.NotFit) as problem:
        submit(app, town)
    assert any("已有有效备案" in words or first.ref[:4] in words for words in problem.value.checked.errors.values())
    assert count(session, Case) == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.HELPER, Role.CLERK}])
@on_sqlite
def test_only_helpers_and_clerks_file(app, session, make, town, role):
    with pytest.raises(Refused):
        submit(app, make.actor(role))
    assert count(session, Case) == 0


def test_a_form_with_a_mistake_leaves_nothing_behind(app, session, town):
    with pytest.raises(submitting.NotFit) as problem:
        submit(app, town, R18_HERE | {"certno": "379801199211050045"})
    assert problem.value.checked.errors == {"certno": "身份证号校验位不对，请逐位核对"}
    for model in (Case, CaseEvent, Consent, KeptOperation):
        assert count(session, model) == 0


def test_a_station_that_gave_the_item_back_meanwhile_files_nothing(app, session, make):
    station = make.station(items=(7,))
    clerk = make.actor(Role.CLERK, station_code=station)
    with pytest.raises(submitting.NotFit) as problem:
        submit(app, clerk)
    assert any("本站没有承接" in words for words in problem.value.checked.errors.values())


def test_a_draft_becomes_the_case_and_its_papers_go_with_it(app, session, town):
    with app.app_context(), db.writing() as writing:
        draft, _ = drafts.begin(writing, 18, now=NOW, by=town, answers=R18_HERE)
        writing.add(
            Paper(
                county_code="370102",
                draft_id=draft.id,
                kind="id_card",
                sha256="0" * 64,
                mime="image/jpeg",
                size=1,
                state="received",
                at=NOW,
            )
        )
        writing.commit()
        id_, op_id = draft.id, draft.op_id
    with app.app_context():
        done = db.done_once(
            lambda session: submitting.submit(
                session,
                op_id=op_id,
                item_no=18,
                typed=session.get(Draft, id_).answers,
                by=town,
                now=NOW,
                request_sha="1",
                draft=session.get(Draft, id_),
            )
        )
    assert count(session, Draft) == 0
    assert [paper.kind for paper in file_of(session, done.ref, town).papers] == ["id_card"]


# Many at once


def in_threads(work, times):
    results, threads = [], []
    for _ in range(times):
        threads.append(threading.Thread(target=lambda: results.append(work())))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def outcome(app, by, op_id, typed=R18_HERE):
    try:
        return submit(app, by, typed, op_id).ref
    except submitting.NotFit:
        return "not fit"


def test_two_hundred_identical_submits_at_once_are_one_case(app, session, town):
    op_id = new_id()
    refs = in_threads(lambda: outcome(app, town, op_id), 200)
    assert len(refs) == 200
    assert len(set(refs)) == 1
    assert (count(session, Case), count(session, KeptOperation)) == (1, 1)


def test_twenty_different_submits_of_the_same_matter_at_once_are_one_case(app, session, town):
    refs = in_threads(lambda: outcome(app, town, new_id()), 20)
    assert refs.count("not fit") == 19
    assert count(session, Case) == 1


def _in_another_process(url, folder, by, op_id, go, answers):
    app = make_app(url, folder)
    go.wait()
    answers.put([outcome(app, by, op_id) for _ in range(20)])
    app.extensions["db"].engine.dispose()


def test_two_processes_that_submit_the_same_make_one_case(app, session, town, database_url, tmp_path):
    forking = multiprocessing.get_context("fork")
    go, answers, op_id = forking.Event(), forking.Queue(), new_id()
    app.extensions["db"].engine.dispose()  # a connection must not cross the fork
    processes = [
        forking.Process(target=_in_another_process, args=(database_url, tmp_path, town, op_id, go, answers))
        for _ in range(2)
    ]
    for process in processes:
        process.start()
    go.set()
    refs = answers.get(timeout=60) + answers.get(timeout=60)
    for process in processes:
        process.join()
    assert len(refs) == 40
    assert len(set(refs)) == 1
    assert count(session, Case) == 1


def test_nothing_of_a_person_lies_open(app, session, town):
    from tests.leaks import find_leaks

    submit(app, town)
    assert find_leaks(app, [R18_HERE["psn_name"], R18_HERE["certno"], R18_HERE["mob"], WANG["psn_name"]]) == []
