"""Everybody against everything at the desk: each step by each role, and cases of other places. On both databases."""

from datetime import date
from itertools import product

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import MAY, Action, Role
from cases.models import Authorisation, Case, Desk, Paper, State
from cases.transitions import RULES, Step
from common.ids import new_id
from common.models import AuditEntry
from tests.cases.desk.pressed import take, version
from tests.cases.steps import ANSWERS
from tests.conftest import on_sqlite

TOWN, COUNTY = "370102001", "370102"


def expected(role, step, state, desk):
    """What the policy says of this step by somebody of that role in the right place; None: it does not exist there."""
    rules = [r for r in RULES if r.step is step and state in r.frm and (r.at is None or r.at is desk)]
    if Action.READ_CASE not in MAY[role]:
        return 403
    if not rules:
        return 409
    rule = rules[0]
    at = {Role.CLERK: Desk.TOWN, Role.COUNTY_OFFICER: Desk.COUNTY}.get(role)
    own_desk = rule.at is None or step is Step.SUPPLY or at in (None, rule.at)
    return 303 if own_desk and MAY[role] & set(rule.by) else 403


@on_sqlite
def test_every_step_by_every_role_from_every_state_is_as_the_table_says(make, as_, station, session, helper):
    """Through HTTP: the steps that people take, each role in the right place, each state on the desks it may lie on."""
    people = {
        role: make.actor(role, station_code=station if role in {Role.HELPER, Role.CLERK} else None) for role in Role
    }
    clients = {role: as_(actor) for role, actor in people.items()}
    colleague = {role: make.actor(role).account_id for role in Role}
    by_hand = [
        Step.ACCEPT,
        Step.ASK,
        Step.HAND_UP,
        Step.HAND_OVER,
        Step.APPROVE,
        Step.REFUSE,
        Step.WITHDRAW,
        Step.SUPPLY,
    ]
    desks = {
        State.SUBMITTED: Desk,
        State.ACCEPTED: [Desk.TOWN],
        State.IN_REVIEW: [Desk.COUNTY],
        State.NEEDS_SUPPLEMENT: Desk,
    }
    wrong = []
    for state, step, role in product(State, by_hand, Role):
        if Action.READ_CASE not in MAY[role] and state is not State.SUBMITTED:
            continue  # the door is shut before the case is looked at
        for desk in desks.get(state, [None]):
            filed = {"province_sn": "370000" + "1" * 24, "answers": ANSWERS}
            ref = make.case(by=helper, state=state, desk=desk, **filed)
            said = {"words": "请看", "basis": "依据", "asked": ["id"], "handler": colleague[role]}
            found = take(clients[role], ref, step, **said).status_code
            if found != expected(role, step, state, desk):
                wrong.append((role, step, state, desk, found, expected(role, step, state, desk)))
    assert not wrong


def test_the_page_offers_exactly_the_steps_that_succeed(make, as_, station, session, helper, clerk, officer):
    for state, desk in (
        (State.SUBMITTED, Desk.TOWN),
        (State.ACCEPTED, Desk.TOWN),
        (State.IN_REVIEW, Desk.COUNTY),
        (State.NEEDS_SUPPLEMENT, Desk.TOWN),
        (State.APPROVED, None),
    ):
        for actor in (helper, clerk, officer):
            ref = make.case(by=helper, state=state, desk=desk)
            page = BeautifulSoup(as_(actor).get(f"/cases/{ref}").text, "html.parser")
            offered = {one["value"] for one in page.select("input[name=step]")} - {"correct"}
            if page.select_one(f'a[href="/cases/{ref}/hand-over"]'):
                offered.add("hand_over")
            for step in offered:
                another = make.case(by=helper, state=state, desk=desk)
                colleague = make.actor(actor.role, area=actor.area)
                said = {"words": "请看", "basis": "依据", "asked": ["id"], "handler": colleague.account_id}
                assert take(as_(actor), another, step, **said).status_code == 303, (state, actor.role, step)


def foreign(ref, case_id, paper_id, held_id):
    """Every address that touches a case, with what would succeed in the right hands."""
    step = {"op": new_id(), "step": "withdraw", "version": 1}
    return [
        ("GET", f"/cases/{ref}", {}),
        ("GET", f"/cases/{ref}/hand-over", {}),
        ("POST", f"/cases/{ref}/step", step),
        ("POST", f"/cases/{ref}/correct", {"op": new_id(), "version": 1}),
        ("POST", f"/cases/{ref}/reveal", {"field": "name", "purpose": "看看"}),
        ("POST", f"/cases/{ref}/code", {}),
        ("POST", f"/cases/{ref}/no-sms", {}),
        ("GET", f"/cases/{ref}/receipt", {}),
        ("POST", "/papers/case/" + case_id, {"kind": "id"}),
        ("POST", f"/cases/{ref}/papers/{paper_id}/fit", {}),
        ("POST", f"/cases/{ref}/authorisations/{held_id}/revoke", {}),
        ("GET", f"/papers/{paper_id}", {}),
        ("GET", f"/papers/{paper_id}/small", {}),
        ("POST", f"/papers/{paper_id}/remove", {}),
    ]


def test_a_foreign_case_does_not_exist(app, make, as_, station, session, helper):
    ref = make.case(by=helper)
    case = session.scalars(sa.select(Case)).one()
    paper = Paper(
        county_code=COUNTY,
        case_id=case.id,
        kind="id",
        sha256="0" * 64,
        mime="image/jpeg",
        size=9,
        state="received",
        at=make.now,
    )
    held = Authorisation(
        county_code=COUNTY,
        case_id=case.id,
        person_index=case.person_index,
        kind="written_photo",
        agent={},
        items="15",
        starts_on=date(2026, 11, 1),
        ends_on=date(2027, 1, 1),
        made_at=make.now,
    )
    session.add_all([paper, held])
    session.commit()
    addresses = foreign(ref, case.id, paper.id, held.id)
    other_station = make.station("别的站")
    people = {
        "helper of another station": make.actor(Role.HELPER, station_code=other_station),
        "helper without station": make.actor(Role.HELPER),
        "clerk of another town": make.actor(Role.CLERK, area="370102002"),
        "officer of another county": make.actor(Role.COUNTY_OFFICER, area="370103"),
        **{str(role): make.actor(role, area=COUNTY) for role in Role if Action.READ_CASE not in MAY[role]},
    }
    for who, actor in people.items():
        client = as_(actor)
        for method, url, said in addresses:
            answer = client.open(url, method=method, data=said)
            assert answer.status_code in {403, 404}, (who, method, url, answer.status_code)
            assert "王*兰" not in answer.text
            assert "王玉兰" not in answer.text
    stranger = app.test_client()
    for method, url, said in addresses:
        answer = stranger.open(url, method=method, data=said)
        assert answer.status_code in ({404} if url.startswith("/papers/") else {303, 401}), (method, url)
        if answer.status_code == 303:
            assert answer.headers["Location"].startswith("/sign-in")
    session.rollback()
    assert version(session, ref).version == 1
    assert session.scalars(sa.select(AuditEntry).where(AuditEntry.action != "accounts.seen")).all() == []


@pytest.mark.parametrize("ref", ["K7M24Q9P", "nonsense", "K7M2-4Q9P", "1", "%00"])
def test_a_number_that_is_nobodys_is_not_found(make, as_, clerk, ref):
    client = as_(clerk)
    for path in ("", "/hand-over"):
        assert client.get(f"/cases/{ref}{path}").status_code == 404
    for path in ("/step", "/reveal", "/code", "/correct"):
        assert client.post(
            f"/cases/{ref}{path}",
            data={"op": new_id(), "step": "accept", "version": 1, "field": "name", "purpose": "看看"},
        ).status_code in {404, 403}
