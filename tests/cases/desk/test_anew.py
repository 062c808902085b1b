"""A case that begins again: corrected into a draft, or complete at last and new at its desk."""

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases import receipts
from cases.models import Desk, Draft, State
from common.ids import new_id
from tests.cases.desk.pressed import take, version
from tests.cases.forms_typed import BABY, Filler, wrong
from tests.cases.steps import ANSWERS
from tests.conftest import on_sqlite

FOLLOWED = {"gend": "2", "brdy": "1952-08-17", "psn_no": "37000000000000000001", "psn_type": "1601", "rloc_rea": "07"}
REMOTE = {name: said for name, said in ANSWERS.items() if name not in FOLLOWED}
ENROL = {"insu_admdvs": "370102", "mob": "15400000001", "enrol_kind": "first", "insu_year": 2026, "hsreg_local": "yes"}


@pytest.mark.parametrize(("item", "typed"), [(1, ENROL), (15, REMOTE)])
@on_sqlite
def test_a_wrong_id_number_is_corrected_and_nothing_hidden_contradicts_it(loaded, make, as_, session, item, typed):
    helper = make.actor(Role.HELPER, station_code=make.station(items=(1, 15)))
    ref = make.case(by=helper, item_no=item, answers=typed | FOLLOWED)
    filler = Filler(as_(helper))
    filler.at = as_(helper).post(f"/cases/{ref}/correct", data={"op": new_id(), "version": 1}).location
    kept = session.scalars(sa.select(Draft)).one().answers
    assert not FOLLOWED.keys() & kept.keys()
    assert kept["mob"] == "15400000001"
    who = {"certno": "379801199211050044", "psn_name": "刘芳", "ident_by": "original", "naty": "01"}
    answer = filler.fill(1, {name: kept[name] for name in ("insu_admdvs", "insutype", "mob") if name in kept} | who)
    assert (answer.status_code, wrong(answer)) == (303, {})


def test_a_newborns_sex_and_birth_were_asked_for_and_stay(loaded, make, as_, session, helper):
    ref = make.case(by=helper, item_no=2, family="newborn_enrol", answers=BABY | {"nwb_flag": "1"})
    as_(helper).post(f"/cases/{ref}/correct", data={"op": new_id(), "version": 1})
    kept = session.scalars(sa.select(Draft)).one().answers
    assert (kept["gend"], kept["brdy"], "nwb_flag" in kept) == ("2", "2026-11-05", False)


def test_what_was_filed_incomplete_is_new_at_its_desk_once_it_is_complete(make, as_, session, helper, clerk, officer):
    for desk, client in ((Desk.TOWN, as_(clerk)), (Desk.COUNTY, as_(officer))):
        ref = make.case(by=helper, state=State.NEEDS_SUPPLEMENT, desk=desk)
        assert take(as_(helper), ref, "supply").status_code == 303
        assert (version(session, ref).state, version(session, ref).desk) == (State.SUBMITTED, desk)
        assert receipts.say_ref(ref) in client.get("/cases?tab=new").text
        assert take(client, ref, "accept", 2).status_code == 303
        assert receipts.say_ref(ref) in client.get("/cases?tab=mine").text
