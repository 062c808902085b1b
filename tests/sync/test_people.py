"""Who a person is to the province, for a form; without an answer the form goes on without."""

import pytest

from sync.channels import pause
from sync.people import Insured, facts_of, look_up_person
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
