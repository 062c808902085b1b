"""A new version of the catalogue leaves an item out, while cases and drafts of it are still here. Through HTTP."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases import receipts
from cases.models import Case, Draft, State
from common import db
from common.ids import new_id
from services_catalog import operations, schema, shipped
from tests.cases.form_pages.typed import count, pre_fill
from tests.cases.forms_typed import SIGNED
from tests.conftest import NOW, on_sqlite

ITEM, NAME, WORDS = 15, "异地长期居住人员备案", "这件事已经不在办事清单里，交不上去了。"


def leave_out(app, *numbers):
    """What the province publishes next."""
    rows = [row for row in schema.read_catalogue(shipped.file("catalogue.csv")) if row.item_no not in numbers]
    with app.app_context(), db.writing() as session:
        operations.import_catalogue(session, rows, source="test", effective_on=date(2026, 11, 23), now=NOW)
        session.commit()


@pytest.fixture
def waiting(make, station):
    """The number of a case that waits for its resident; a clerk of the station filed it."""
    by = make.actor(Role.CLERK, station_code=station)
    soon = NOW.date() + timedelta(days=5)
    return make.case(by=by, item_no=ITEM, state=State.NEEDS_SUPPLEMENT, supplement_due_on=soon)


@on_sqlite
def test_pages_that_name_an_item_no_longer_listed_open_all_the_same(app, station, clerk, resident, waiting):
    clerk.begin(ITEM)
    resident.client.post("/file", data={"item": str(ITEM)})
    leave_out(app, ITEM)
    today = clerk.client.get("/work")
    assert today.text.count(NAME) == 2, "the case that waits, and the draft"
    for path in ("/work/new", f"{clerk.at}/delete", "/cases", f"/cases/{waiting}", f"/cases/{waiting}/receipt"):
        assert clerk.client.get(path).status_code == 200, path
    assert NAME in clerk.client.get(f"/cases/{waiting}/receipt").text
    assert resident.client.get(f"/stations?lat=36.65&lon=117.12&item={ITEM}").status_code == 422
    for path in ("/file", f"/file?item={ITEM}", "/file/draft/delete", f"/stations/{station}"):
        assert resident.client.get(path).status_code == 200, path
    signed = receipts.sign(app.extensions["keys"], receipts.Receipt(waiting, ITEM, "LS0001", NOW.date()))
    assert NAME in resident.client.get(f"/receipts/verify?t={signed}").text


@on_sqlite
def test_a_form_of_an_item_no_longer_listed_says_so_and_can_be_deleted(app, session, clerk, resident):
    clerk.begin(ITEM).to_the_end()
    hidden = clerk.hidden()
    resident.client.post("/file", data={"item": str(ITEM)})
    leave_out(app, ITEM)
    for filler in (clerk, resident):
        for step in (1, 2, 3):
            page = filler.client.get(f"{filler.at}?step={step}")
            assert (page.status_code, WORDS in page.text) == (410, True), (filler.at, step)
    for answer in (clerk.fill(1, {}), clerk.fill(4, SIGNED | hidden), resident.fill(2, {})):
        assert (answer.status_code, WORDS in answer.text) == (410, True)
    assert count(session, Case) == 0
    for filler, path in ((clerk, f"{clerk.at}/delete"), (resident, "/file/draft/delete")):
        assert f'href="{path}"' in filler.client.get(filler.at).text
        assert filler.client.post(path).status_code == 303
    assert count(session, Draft) == 0


@on_sqlite
def test_a_code_of_an_item_no_longer_listed_says_so_and_stays_its_residents(app, session, clerk, resident):
    code = pre_fill(resident)
    leave_out(app, ITEM)
    answer = clerk.client.post("/work/load", data={"code": code, "tail": "0020"})
    assert (answer.status_code, WORDS in answer.text) == (410, True)
    draft = session.scalars(sa.select(Draft)).one()
    assert draft.account_id is None, "what nobody can hand in is taken out of nobody's hands"
    assert draft.code_index is not None
    assert resident.client.post("/file/draft/delete").status_code == 303


@on_sqlite
def test_a_case_is_not_withdrawn_to_be_filed_anew_as_what_is_no_longer_listed(app, session, station, make):
    by = make.actor(Role.CLERK, station_code=station)
    ref = make.case(by=by, item_no=ITEM)
    client, offer = make.signed_in(app.test_client(), by), "撤回并改了重报"
    assert offer in client.get(f"/cases/{ref}").text
    leave_out(app, ITEM)
    assert offer not in client.get(f"/cases/{ref}").text
    answer = client.post(f"/cases/{ref}/correct", data={"op": new_id(), "step": "correct", "version": 1})
    assert (answer.status_code, WORDS in answer.text) == (409, True)
    assert session.scalar(sa.select(Case.state)) == State.SUBMITTED
    assert count(session, Draft) == 0


@on_sqlite
def test_nobody_begins_or_files_what_is_no_longer_listed(app, session, clerk, resident):
    leave_out(app, ITEM)
    assert resident.client.post("/file", data={"item": str(ITEM)}).status_code == 422
    assert clerk.client.post("/work/drafts", data={"item": str(ITEM)}).status_code == 409
    said = {"item_no": ITEM, "answers": {}, "channel": "window"}
    answer = clerk.client.post("/api/v1/cases", json=said, headers={"Idempotency-Key": new_id()})
    assert (answer.status_code, WORDS in answer.json["errors"]["item_no"]) == (422, True)
    assert session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 0
