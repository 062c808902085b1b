"""An authorisation that was taken back ends: the same agent files nothing more for this person until they allow it anew (X-36).
On both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Role
from cases.models import Case, Paper
from common.clock import Clock
from tests.cases.forms_typed import MATTER, SIGNED, WHO, Filler, wrong
from tests.conftest import NOW, on_sqlite

AGENT = {
    "by_agent": "1",
    "agnter_name": "张明",
    "agnter_cert_type": "01",
    "agnter_certno": "37980119900512003X",
    "agnter_tel": "15400000003",
    "agnter_rlts": "child",
    "auth_kind": "spoken_on_video",
}
ANOTHER = AGENT | {"agnter_name": "孙强", "agnter_certno": "379801198812010019"}
SOMEBODY_ELSE = WHO | {"psn_name": "李建国", "certno": "379801194903020011", "insutype": "310"}
WORDS = "授权已撤销，不能继续代办"


@pytest.fixture
def session(app):
    with Session(app.extensions["db"].engine, info={"kept": {}}) as session:
        yield session


@pytest.fixture
def clerk(loaded, app, make):
    station = make.station("解放路街道医保工作站", items=(15, 16, 18), level="town")
    return Filler(make.signed_in(app.test_client(), make.actor(Role.CLERK, station_code=station, name="孙丽")))


def file(clerk, agent=AGENT, who=WHO):
    """The agent files at 10:00; the answer of 交上去."""
    clerk.at = "/work/drafts"
    clerk.begin(15)
    clerk.fill(1, who | agent)
    clerk.fill(2, MATTER)
    return clerk.hand_in(SIGNED)


def make_room(session):
    """For another case of the same matter."""
    session.rollback()
    session.execute(sa.update(Case).values(live=False))
    session.commit()


def take_back(app, session, clerk):
    """The resident takes it back, and the case with it, so that nothing else stands in the way of a second one."""
    session.rollback()
    ref = session.scalars(sa.select(Case.ref)).one()
    page = clerk.client.get(f"/cases/{ref}").text
    path = page.split('/revoke"')[0].rsplit('action="', 1)[1] + "/revoke"
    assert clerk.client.post(path).status_code == 303
    flagged = clerk.client.get(f"/cases/{ref}").text
    make_room(session)
    app.extensions["clock"] = Clock(NOW + timedelta(hours=1))
    return flagged


def test_after_it_the_agent_files_no_more_and_the_open_case_says_so(app, session, clerk):
    assert file(clerk).status_code == 303
    assert "接着办以前，先问本人" in take_back(app, session, clerk)
    refused = file(clerk)
    assert refused.status_code == 422
    assert WORDS in refused.text
    assert session.scalar(sa.select(sa.func.count()).select_from(Case)) == 1


@pytest.mark.parametrize(
    ("agent", "who"),
    [(ANOTHER, WHO), ({}, WHO), (AGENT, SOMEBODY_ELSE)],
    ids=["another agent", "the person", "the same agent for somebody else"],
)
@on_sqlite
def test_nobody_else_is_hindered(app, session, clerk, agent, who):
    file(clerk)
    take_back(app, session, clerk)
    answer = file(clerk, agent, who)
    assert answer.status_code == 303, wrong(answer)


@pytest.mark.parametrize(("after", "status"), [(timedelta(hours=1), 303), (-timedelta(seconds=1), 422)], ids=str)
def test_what_was_signed_after_it_allows_anew(app, session, clerk, after, status):
    """A signature from before it does not."""
    file(clerk)
    take_back(app, session, clerk)
    assert file(clerk, AGENT | {"auth_kind": "drawn_signature"}).status_code == 422
    session.add(
        Paper(
            county_code="370102",
            draft_id=clerk.at.rsplit("/", 1)[1],
            kind="authorisation_signature",
            sha256="0" * 64,
            mime="image/jpeg",
            size=1,
            state="received",
            at=NOW + after,
        )
    )
    session.commit()
    answer = clerk.hand_in(SIGNED)
    assert answer.status_code == status, wrong(answer)


def test_and_what_was_allowed_anew_holds_for_what_comes_after(app, session, clerk):
    test_what_was_signed_after_it_allows_anew(app, session, clerk, timedelta(hours=1), 303)
    make_room(session)
    answer = file(clerk)
    assert answer.status_code == 303, wrong(answer)
