"""Who a person is to the province, for a form; without an answer the form goes on without."""

import time

import pytest

from sync import people
from sync.channels import pause
from sync.people import NOBODY, Insured, Patience, facts_of, look_up_person
from sync.talking import Talk
from sync.transport import Transport
from tests.conftest import on_sqlite

WANG = {
    "baseinfo": {
        "psn_no": "37000000000000000000000001",
        "psn_cert_type": "01",
        "certno": "379801195208170020",
        "psn_name": "王玉兰",
        "gend": "2",
        "naty": "01",
        "brdy": "1952-08-17",
        "age": 74.2,
        "surv_stas": "1",
    },
    "insuinfo": [
        {"insutype": "390", "psn_type": "1601", "psn_insu_stas": "1", "insuplc_admdvs": "371302", "emp_name": None},
        {"insutype": 310, "psn_insu_stas": "4"},
        "odd",
    ],
    "idetinfo": [{"psn_idet_type": "A1"}, {"psn_idet_type": None}],
}


@pytest.fixture
def talk(database, channel, hands):
    transport = Transport(channel)
    yield Talk(database, channel, transport, hands)
    transport.close()


def test_a_known_person_comes_with_insurances_and_standing(talk, platform):
    platform.lists["1101"] = lambda node: WANG
    found = look_up_person(talk, "379801195208170020", name="王玉兰")
    assert (found.name, found.gend, found.brdy, found.died, found.special) == (
        "王玉兰",
        "2",
        "1952-08-17",
        False,
        ("A1",),
    )
    assert found.insurances == (Insured("390", "1601", "1", "371302"), Insured("310", "", "4", ""))
    assert '"mdtrt_cert_no":"379801195208170020"' in platform.calls[0][2]


@pytest.mark.parametrize("fault", ["lost", "500", "429", "busy", "unsigned"])
@on_sqlite
def test_without_an_answer_nothing_is_known(talk, platform, fault):
    platform.lists["1101"] = lambda node: WANG
    platform.wrong = lambda infno, n: fault
    assert look_up_person(talk, "379801195208170020") is None


def test_after_silence_nobody_waits_again_for_a_minute(talk, platform):
    platform.lists["1101"] = lambda node: WANG
    patience = Patience()
    platform.wrong = lambda infno, n: "lost"
    assert look_up_person(talk, "379801195208170020", patience=patience) is None
    platform.wrong = lambda infno, n: None
    assert look_up_person(talk, "379801195208170020", patience=patience) is None
    assert len(platform.calls) == 1
    patience.quiet_until -= people.QUIET_S
    assert look_up_person(talk, "379801195208170020", patience=patience).name == "王玉兰"


@pytest.mark.parametrize("fault", ["500", "busy"])
def test_an_answer_that_helps_nobody_is_no_silence(talk, platform, fault):
    patience = Patience()
    platform.wrong = lambda infno, n: fault
    look_up_person(talk, "379801195208170020", patience=patience)
    assert patience == Patience()


def test_question_sign_in_and_question_end_together(talk, platform, monkeypatch):
    monkeypatch.setattr(people, "WITHIN_S", 0.4)
    platform.needs_sign_no = "an older one"
    patience, began = Patience(), time.monotonic()
    platform.wrong = lambda infno, n: "slow" if infno == "9001" else None
    assert look_up_person(talk, "379801195208170020", patience=patience) is None
    assert [call[0] for call in platform.calls] == ["1101", "9001"]
    assert patience.quiet_until > began + people.QUIET_S


def test_whoever_has_waited_for_their_turn_has_only_the_rest_of_the_time(talk, platform):
    patience = Patience()
    assert look_up_person(talk, "379801195208170020", patience=patience, until=time.monotonic()) is None
    assert platform.calls == []
    platform.wrong = lambda infno, n: "slow"
    assert look_up_person(talk, "379801195208170020", patience=patience, until=time.monotonic() + 0.2) is None
    assert patience == Patience(), "that was not the platform's silence"


def test_a_number_that_is_nobodys_is_told_from_no_answer(talk, platform):
    platform.lists["1101"] = lambda node: {"baseinfo": {}}
    assert look_up_person(talk, "379801195208170020") is NOBODY


def test_a_paused_channel_is_not_asked(talk, platform, database, hands):
    with database.writing() as session:
        pause(session, "province", "an-account", "维护", hands())
        session.commit()
    assert look_up_person(talk, "379801195208170020") is None
    assert platform.calls == []


@pytest.mark.parametrize(
    "output", [None, {}, [], "", {"baseinfo": None}, {"baseinfo": []}, {"baseinfo": {}}, {"baseinfo": {"psn_no": None}}]
)
def test_an_answer_that_names_nobody_is_nobody(output):
    assert facts_of(output) is None


def test_an_answer_may_lack_everything_else():
    found = facts_of({"baseinfo": {"psn_no": 7}, "insuinfo": {}, "idetinfo": None})
    assert (found.psn_no, found.insurances, found.special) == ("7", (), ())
