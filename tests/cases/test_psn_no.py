"""Ending what lies at the province of somebody whom nobody had looked up: the province is asked for the number that cancelling
needs, and what cannot be cancelled is not called withdrawn. The province is a function."""

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases.filing import Subject
from cases.models import State
from cases.transitions import Step
from common.models import AuditEntry
from sync.people import NOBODY, PersonFacts
from tests.cases.steps import ANSWERS, Way
from tests.conftest import NOW, on_sqlite

FROM_HOME = {name: value for name, value in ANSWERS.items() if name != "psn_no"}
FOUND = PersonFacts("370000001", "王玉兰", "2", "1952-08-17", "01", (), (), False)
ANOTHER = PersonFacts("370000002", "李建国", "1", "1952-08-17", "01", (), (), False)


@pytest.fixture
def clerk(make):
    return make.actor(Role.CLERK, station_code=make.station())


@pytest.fixture
def filed(app, make, clerk):
    """A case from home that the province has."""
    one = Way(app, make.case(by=clerk, answers=FROM_HOME, state=State.ACCEPTED))
    one.take(Step.APPROVE, clerk)
    one.ack_all()
    return one


@pytest.fixture
def province(app):
    """province(answer): from now on it says this. `asked`: what it was asked."""
    asked = []

    def answers(said):
        app.extensions["look_up_person"] = lambda *about: (asked.append(about), said)[1]
        return asked

    return answers


def audited(app):
    with Session(app.extensions["db"].engine) as session:
        return session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "person.look_up")).all()


@pytest.fixture(params=["page", "api"])
def withdraw(request, app, make):
    """withdraw(one, by): status and sentence."""

    def act(one, by):
        client, said = make.signed_in(app.test_client(), by), {"step": "withdraw", "version": one.case.version}
        if request.param == "page":
            answer = client.post(f"/cases/{one.ref}/step", data=said | {"op": "a" * 32})
            return answer.status_code, BeautifulSoup(answer.text, "html.parser").get_text()
        headers = {"Idempotency-Key": "a" * 32}
        answer = client.post(f"/api/v1/cases/{one.ref}/steps", json=said, headers=headers)
        return answer.status_code, answer.json.get("message", "")

    return act


def test_the_number_is_asked_for_when_staff_withdraw_what_came_from_home(app, filed, clerk, province, withdraw):
    asked = province(FOUND)
    assert withdraw(filed, clerk)[0] in (200, 303)
    assert asked == [("379801195208170020", "01", "王玉兰")]
    assert filed.case.state == State.WITHDRAWN
    (cancelled,) = filed.bodies("case_cancel")
    assert cancelled["psn_no"] == "370000001"
    assert "psn_no" not in filed.case.answers, "what was filed stays as it was filed"
    (entry,) = audited(app)
    assert (entry.about_kind, entry.about_id, entry.facts) == ("case", filed.case.id, {"found": 1})


@on_sqlite
def test_it_is_asked_for_also_while_the_number_of_the_filing_may_still_come(app, make, clerk, province, withdraw):
    asked = province(FOUND)
    one = Way(app, make.case(by=clerk, answers=FROM_HOME, state=State.ACCEPTED))
    one.take(Step.APPROVE, clerk)
    one.decide("supplement", "请再交一份")  # the answer to the filing itself was lost
    assert withdraw(one, clerk)[0] in (200, 303)
    assert len(asked) == 1
    one.ack_all()
    (cancelled,) = one.bodies("case_cancel")
    assert cancelled["psn_no"] == "370000001"


@pytest.mark.parametrize("said", [None, NOBODY, ANOTHER], ids=["silent", "nobody", "another"])
@on_sqlite
def test_without_it_what_was_approved_is_not_called_withdrawn(app, filed, clerk, province, withdraw, said):
    province(said)
    status, sentence = withdraw(filed, clerk)
    assert status == 409
    assert "还没从省里查到这个人的编号" in sentence
    assert filed.case.state == State.APPROVED
    assert filed.bodies("case_cancel") == []
    assert [entry.facts for entry in audited(app)] == [{"found": 0}], (
        "who asked is known although nothing was withdrawn"
    )


@on_sqlite
@pytest.mark.parametrize("own", ["370102202611010011", ""], ids=["has a number", "has none yet"])
def test_a_newborn_is_asked_for_by_its_own_number_and_never_by_that_of_its_birth_certificate(
    app, make, clerk, province, withdraw, own
):
    asked = province(PersonFacts("370000003", "王小宝", "1", "2026-11-01", "01", (), (), False))
    baby = Subject("王小宝", None, "Q370000001", "1", NOW.date(), "15400000004")
    said = {"birth_cert_no": "Q370000001", "certno": own} | ({"psn_cert_type": "01"} if own else {})
    facts = {"item_no": 2, "family": "newborn_enrol", "subject": baby, "state": State.ACCEPTED}
    one = Way(app, make.case(by=clerk, answers=said, **facts))
    one.take(Step.APPROVE, clerk)
    one.ack_all()
    status, sentence = withdraw(one, clerk)
    assert asked == ([(own, "01", "王小宝")] if own else [])
    assert one.case.state == (State.WITHDRAWN if own else State.APPROVED)
    if own:
        assert [body["psn_no"] for body in one.bodies("case_cancel")] == ["370000003"]
    else:
        assert status == 409
        assert "请打电话给县医保局" in sentence
        assert "过一会儿" not in sentence


@on_sqlite
def test_nobody_is_asked_out_of_reach_or_when_it_is_known(app, make, filed, clerk, province, withdraw):
    asked = province(FOUND)
    far = make.actor(Role.CLERK, area="370102004", station_code=make.station("远站", town_code="370102004"))
    assert withdraw(filed, far)[0] == 404
    known = Way(app, make.case(by=clerk, answers=ANSWERS, state=State.ACCEPTED))
    assert withdraw(known, clerk)[0] in (200, 303)
    assert asked == []
