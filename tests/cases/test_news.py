"""What the province is owed of a case: which message after which step, under which names, and what never leaves. Both databases."""

import json

import pytest
import sqlalchemy as sa

from accounts.policy import Role
from cases.drafts import Refused
from cases.models import Desk, Paper, State
from cases.national import said_nationally
from cases.transitions import RESIDENT, Step
from common.models import AuditEntry
from platform_sim import shapes
from sync.models import OutboxEntry, OutState
from tests.cases.steps import ANSWERS, SN, Way
from tests.conftest import NOW
from tests.statements import statements_of


@pytest.fixture
def helper(make):
    return make.actor(Role.HELPER, station_code=make.station())


@pytest.fixture
def clerk(make, helper):
    return make.actor(Role.CLERK, station_code=helper.station_code)


@pytest.fixture
def officer(make):
    return make.actor(Role.COUNTY_OFFICER)


@pytest.fixture
def way(app, make, helper):
    """way(state=…): a case of a woman who files 异地就医备案."""

    def begin(answers=ANSWERS, **facts):
        return Way(app, make.case(by=helper, answers=answers, **facts))

    return begin


def said(entries):
    return [(entry.logical, json.loads(entry.body)["ver_no"]) for entry in entries]


def test_each_step_owes_a_work_order_and_approval_the_filing_too(way, clerk):
    one = way()
    one.take(Step.ACCEPT, clerk)
    one.take(Step.APPROVE, clerk)
    assert said(one.owed()) == [("work_order", 2), ("work_order", 3), ("case_submit", 3)]
    assert [body["matt_stas"] for body in one.bodies("work_order")] == ["02", "05"]
    assert [entry.agg_seq for entry in one.owed()] == [1, 2, 3]
    assert {entry.state for entry in one.owed()} == {OutState.PENDING}


def test_telling_costs_one_insert_and_at_approval_two(app, way, clerk):
    one = way()
    one.take(Step.ACCEPT, clerk)
    other = way()
    with statements_of(app.extensions["db"].engine) as step:
        other.take(Step.ACCEPT, clerk)
    with statements_of(app.extensions["db"].engine) as approval:
        one.take(Step.APPROVE, clerk)
    assert [line.split()[0] for line in step if "outbox" in line] == ["INSERT"]
    assert sorted(line.split()[0] for line in approval if "outbox" in line) == ["INSERT", "INSERT", "UPDATE"]
    assert len(approval) - len(step) <= 4, "\n".join(
        approval
    )  # papers not looked at, papers counted, filing, what was refused settled


def test_a_step_that_is_not_kept_owes_nothing(way, clerk):
    one = way()
    with pytest.raises(Refused):
        one.take(Step.APPROVE, clerk)
    assert one.owed() == []


def test_both_messages_are_as_the_platform_reads_them(way, clerk):
    one = way()
    one.take(Step.ACCEPT, clerk)
    one.take(Step.APPROVE, clerk)
    for logical, infno in (("work_order", "G101"), ("case_submit", "G201")):
        node, fields = shapes.INPUTS[infno]
        for body in one.bodies(logical):
            assert shapes.wrong(body, fields, node, open_names=False) is None or infno == "G201"
            assert shapes.wrong(body, fields, node, open_names=True) is None


def test_a_filing_says_what_was_filed_under_national_names_and_nothing_that_is_ours_alone(way, clerk):
    one = way(state=State.ACCEPTED)
    one.take(Step.APPROVE, clerk)
    case = one.case
    assert one.bodies("case_submit") == [
        {
            "dcla_type": "异地备案",
            "matt_prcs_sn": case.ref,
            "rid": case.id,
            "ver_no": 2,
            "station_no": case.station_code,
            "psn_no": "37000000000000000001",
            "psn_cert_type": "01",
            "certno": "379801195208170020",
            "psn_name": "王玉兰",
            "gend": "2",
            "brdy": "1952-08-17",
            "insutype": "390",
            "insu_admdvs": "370102",
            "tel": "15400000001",
            "filing_act": "new",
            "rloc_rea": "07",
            "rloc_admdvs": "320100",
            "begndate": "2026-11-23",
            "resout_addr": "南京市某路 1 号",
            "att_cnt": 0,
        }
    ]


@pytest.mark.parametrize(
    ("family", "answers", "expected"),
    [
        ("remote_care", {"retr_flag": True, "hsreg_moved": True}, {"retnr_flag": "1"}),
        ("remote_care", {"retr_flag": False, "enddate": None}, {}),
        ("remote_care", {"in_hospital": True, "admit_date": "2026-11-20", "emergency": False}, {}),
        (
            "resident_enrol",
            {"mob": "15400000001", "live_division": "370102001", "live_addr": "某村 1 号", "is_student": True},
            {"mob": "15400000001", "live_admdvs": "370102001", "live_addr": "某村 1 号"},
        ),
        ("resident_enrol", {"insu_year": 2027, "other_insurance": "none"}, {"insu_year": 2027}),
        (
            "newborn_enrol",
            {"birth_cert_no": "T379900017", "insu_years": [2026, 2027], "grdn_consent": True, "nwb_flag": "1"},
            {"birth_cert_no": "T379900017", "insu_years": [2026, 2027], "nwb_flag": "1"},
        ),
        ("stop_enrol", {"stop_date": "2026-11-30", "paus_insu_date": "2026-11-30"}, {"paus_insu_date": "2026-11-30"}),
        (
            "newborn_enrol",
            {"grdn_name": "刘芳", "grdn_cert_type": "01", "grdn_mob": "15400000004", "grdn_relation": "mother"},
            {"agnter_name": "刘芳", "agnter_cert_type": "01", "agnter_tel": "15400000004", "agnter_rlts": "mother"},
        ),
        (
            "remote_care",
            {"grdn_name": "刘芳", "agnter_name": "张明", "agnter_rlts": "child", "auth_kind": "written_photo"},
            {"agnter_name": "张明", "agnter_rlts": "child"},
        ),
        ("remote_care", {"something_new": "x", "contact_name": "王小军", "sms_ok": True}, {}),
    ],
)
def test_answers_become_national_names(family, answers, expected):
    assert said_nationally(family, answers) == expected


def test_who_acts_for_the_person_stands_in_both(way, clerk):
    one = way(ANSWERS | {"agnter_name": "张明", "agnter_certno": "37980119900512003X", "agnter_cert_type": "01"})
    one.take(Step.ACCEPT, clerk)
    one.take(Step.APPROVE, clerk)
    for logical in ("work_order", "case_submit"):
        assert one.bodies(logical)[-1]["agnter_name"] == "张明"


def test_photos_are_counted_and_a_signature_is_not(way, clerk, session):
    one = way(state=State.ACCEPTED)
    kinds = (("household_book", "received"), ("household_book", "fit"), ("drawn_signature", "received"))
    for kind, state in (*kinds, ("authorisation_photo", "fit"), ("residence_proof", "replaced")):
        facts = {"sha256": "0" * 64, "mime": "image/jpeg", "size": 1, "at": NOW, "county_code": "370102"}
        session.add(Paper(case_id=one.case.id, kind=kind, state=state, **facts))
    session.commit()
    one.take(
        Step.APPROVE, clerk, unseen=1
    )  # the household book that is not marked; a signature is nothing to be marked
    assert one.bodies("case_submit")[0]["att_cnt"] == 2


def test_nothing_personal_lies_open_in_the_outbox(way, clerk, session):
    one = way()
    one.take(Step.ACCEPT, clerk)
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "王玉兰 379801195208170020 未参保")
    rows = session.execute(sa.text("SELECT * FROM outbox")).all()
    for row in rows:
        for value in row:
            plain = bytes(value).decode("utf-8", "ignore") if isinstance(value, bytes | memoryview) else str(value)
            assert not any(personal in plain for personal in ("王玉兰", "379801195208170020", "15400000001", "某路"))


# Taking it back


def test_a_case_is_taken_back_after_approval_only_once_the_province_has_it(way, clerk):
    one = way(state=State.ACCEPTED)
    one.take(Step.APPROVE, clerk)
    with pytest.raises(Refused, match="还没有回音"):
        one.take(Step.WITHDRAW, clerk)
    one.ack_all()
    assert one.case.province_sn == SN
    one.take(Step.WITHDRAW, clerk, words="儿子接回来住了")
    assert one.case.state == State.WITHDRAWN
    case, cancel = one.case, one.bodies("case_cancel")[0]
    assert cancel == {
        "trt_dcla_detl_sn": SN,
        "psn_no": "37000000000000000001",
        "memo": "儿子接回来住了",
        "rid": case.id,
        "ver_no": case.version,
    }
    assert shapes.wrong(cancel, shapes.INPUTS["G202"][1], "data") is None
    assert [entry.logical for entry in one.owed()][-2:] == ["work_order", "case_cancel"]


def test_a_resident_does_not_take_back_what_is_with_the_province(way, clerk):
    one = way(state=State.ACCEPTED)
    one.take(Step.APPROVE, clerk)
    one.ack_all()
    with pytest.raises(Refused):
        one.take(Step.WITHDRAW, RESIDENT)


def test_what_is_taken_back_before_approval_cancels_nothing(way, helper):
    one = way()
    one.take(Step.WITHDRAW, helper)
    assert [entry.logical for entry in one.owed()] == ["work_order"]


# Refused there, and once more


def test_approved_again_it_is_a_new_filing_and_what_waited_behind_the_refused_one_goes_on(way, clerk, officer):
    one = way(state=State.ACCEPTED)
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "rloc_admdvs 不正确")
    assert (one.case.state, one.case.desk) == (State.IN_REVIEW, Desk.COUNTY)
    one.take(Step.APPROVE, officer)
    assert [body["ver_no"] for body in one.bodies("case_submit")] == [2, 4]
    first, second = (entry for entry in one.owed() if entry.logical == "case_submit")
    assert (first.state, first.acked_at, first.error_kind) == (OutState.ACKED, None, "set-aside")
    assert second.state == OutState.PENDING
    assert one.case.ref in {body["matt_prcs_sn"] for body in one.bodies("case_submit")}


@pytest.mark.parametrize("end", [Step.REFUSE, Step.WITHDRAW])
def test_what_was_refused_there_is_settled_when_the_case_ends_here(way, clerk, officer, end):
    one = way(state=State.ACCEPTED)
    one.take(Step.APPROVE, clerk)
    one.refuse("case_submit", "未参保")
    one.take(end, officer, words="没有参保", basis="条例")
    filed = next(entry for entry in one.owed() if entry.logical == "case_submit")
    assert (filed.state, filed.error_kind) == (OutState.ACKED, "set-aside")
    assert "case_cancel" not in {entry.logical for entry in one.owed()}


def test_a_refused_work_order_changes_nothing_on_the_case(way, clerk, session):
    one = way()
    one.take(Step.ACCEPT, clerk)
    one.refuse("work_order", "station_no 未知")
    assert one.case.state == State.ACCEPTED
    assert session.scalars(sa.select(OutboxEntry.state)).all() == [OutState.REJECTED]
    assert session.scalars(sa.select(AuditEntry.action)).all() == ["case.accept"]
