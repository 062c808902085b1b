"""Everybody against everything at the desk: each step by each role, and cases of other places. On both databases."""

from itertools import product

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup

from accounts.policy import MAY, Action, Role
from cases import drafts
from cases.handling_routes import BY_HAND
from cases.models import Desk, Draft, Paper, State
from cases.news import CHANNEL
from cases.transitions import RULES, Step
from common.ids import new_id
from common.models import AuditEntry
from sync import inbox
from sync.models import InboxEntry, OutboxEntry
from tests.cases.desk.arranged import with_papers
from tests.cases.desk.foreign import FOREIGN, press
from tests.cases.desk.pressed import take, version
from tests.cases.steps import ANSWERS, Way
from tests.conftest import on_sqlite

COUNTY = "370102"


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
    if step is Step.HAND_OVER:
        own_desk = at == desk
    return 303 if own_desk and MAY[role] & set(rule.by) else 403


@on_sqlite
def test_every_step_by_every_role_from_every_state_is_as_the_table_says(make, as_, station, session, helper):
    """Through HTTP: the steps that people take, each role in the right place, each state on the desks it may lie on."""
    people = {
        role: make.actor(role, station_code=station if role in {Role.HELPER, Role.CLERK} else None) for role in Role
    }
    clients = {role: as_(actor) for role, actor in people.items()}
    colleague = {role: make.actor(role).account_id for role in Role}
    desks = {
        State.SUBMITTED: Desk,
        State.ACCEPTED: [Desk.TOWN],
        State.IN_REVIEW: [Desk.COUNTY],
        State.NEEDS_SUPPLEMENT: Desk,
    }
    wrong = []
    for state, step, role in product(State, sorted(BY_HAND - {Step.RECALL}), Role):
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


@on_sqlite
def test_the_page_offers_exactly_the_steps_that_succeed(make, as_, station, session, helper, clerk, officer):
    for state, desk in (
        (State.SUBMITTED, Desk.TOWN),
        (State.SUBMITTED, Desk.COUNTY),
        (State.ACCEPTED, Desk.TOWN),
        (State.IN_REVIEW, Desk.COUNTY),
        (State.NEEDS_SUPPLEMENT, Desk.TOWN),
        (State.NEEDS_SUPPLEMENT, Desk.COUNTY),
        (State.APPROVED, None),
    ):
        for actor in (helper, clerk, officer):
            ref = make.case(by=helper, state=state, desk=desk)
            page = BeautifulSoup(as_(actor).get(f"/cases/{ref}").text, "html.parser")
            offered = {one["value"] for one in page.select("input[name=step]")} - {"correct"}
            if page.select_one(f'a[href="/cases/{ref}/hand-over"]'):
                offered.add("hand_over")
            colleague = make.actor(actor.role, area=actor.area)
            said = {"words": "请看", "basis": "依据", "asked": ["id"], "handler": colleague.account_id}
            elsewhere = {str(rule.step) for rule in RULES if state in rule.frm and rule.step in BY_HAND}
            for step in elsewhere - offered:
                assert take(as_(actor), ref, step, **said).status_code in {403, 409}, (state, desk, actor.role, step)
            assert (version(session, ref).version, version(session, ref).handler_id) == (1, None)
            for step in offered:
                another = make.case(by=helper, state=state, desk=desk)
                assert take(as_(actor), another, step, **said).status_code == 303, (state, desk, actor.role, step)


@pytest.fixture
def ids(app, make, session, helper, clerk):
    """What somebody else may want to touch, by what it is: FOREIGN names them."""
    with_them, refused = with_papers(make, session, helper), Way(app, make.case(by=helper, answers=ANSWERS))
    refused.take(Step.ACCEPT, clerk)
    refused.refuse("work_order", "未知")
    draft, _secret = drafts.begin(session, 15, now=make.now, by=helper)
    decision = InboxEntry(
        county_code=COUNTY,
        channel=CHANNEL,
        logical="case_status",
        rid=with_them.case_id,
        ver=1,
        at=make.now,
        state=inbox.FAILED,
        body={},
    )
    session.add(decision)
    session.commit()
    return {
        "ref": with_them.ref,
        "case": with_them.case_id,
        "paper": with_them.paper_id,
        "authorisation": with_them.authorisation_id,
        "draft": draft.id,
        "entry": refused.owed()[0].id,
        "decision": decision.id,
    }


def as_it_stands(session, ids):
    """Everything that a press in the wrong hands could change."""
    session.rollback()
    return (
        version(session, ids["ref"]).version,
        session.get_one(Draft, ids["draft"]).version,
        session.get_one(Paper, ids["paper"]).state,
        session.get_one(OutboxEntry, ids["entry"]).state,
        session.get_one(InboxEntry, ids["decision"]).state,
        session.scalar(sa.select(sa.func.count()).select_from(AuditEntry)),
    )


def test_a_foreign_case_does_not_exist(app, make, as_, session, ids):
    before = as_it_stands(session, ids)
    with app.test_request_context():
        rows = {"ref": ids["ref"], "paper_id": ids["paper"], "authorisation_id": ids["authorisation"], "word": "fit"}
        urls = {
            one.endpoint: app.url_map.bind("localhost").build(
                one.endpoint,
                {name: rows.get(name) or ids[one.about] for name in arguments(app, one.endpoint)},
            )
            for one in FOREIGN
        }
    people = {
        "helper of another station": make.actor(Role.HELPER, station_code=make.station("别的站")),
        "helper without station": make.actor(Role.HELPER),
        "clerk of another town": make.actor(Role.CLERK, area="370102002"),
        "officer of another county": make.actor(Role.COUNTY_OFFICER, area="370103"),
        **{str(role): make.actor(role, area=COUNTY) for role in Role if Action.READ_CASE not in MAY[role]},
    }
    for who, actor in people.items():
        client = as_(actor)
        for one in FOREIGN:
            if one.to in MAY[actor.role] and COUNTY.startswith(actor.area):
                continue
            answer = press(client, urls[one.endpoint], one, ids["ref"])
            assert answer.status_code in one.says, (who, one.endpoint, answer.status_code)
            assert "王*兰" not in answer.text
            assert "王玉兰" not in answer.text
    for one in FOREIGN:
        answer = press(app.test_client(), urls[one.endpoint], one, ids["ref"])
        guarded = isinstance(app.view_functions[one.endpoint].door, frozenset)
        assert answer.status_code in ({303, 401} if guarded else one.says), one.endpoint
        if guarded and answer.status_code == 303:
            assert answer.headers["Location"].startswith("/sign-in")
    assert as_it_stands(session, ids) == before


def arguments(app, endpoint):
    return next(rule.arguments for rule in app.url_map.iter_rules() if rule.endpoint == endpoint)


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
