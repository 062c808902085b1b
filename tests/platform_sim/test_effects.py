"""What is done once, twice or not at all: message numbers, versions, decisions, pulls, and the proof of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from platform_sim import shapes
from platform_sim.transactions import digest
from tests.conftest import NOW
from tests.platform_sim.caller import Caller, appy, matt, rid


def once(platform, number, infno="G201", ver_no=3):
    """Whether this was done exactly once; other tests talk to the same platform."""
    one = {"infno": infno, "rid": rid(number), "ver_no": ver_no}
    proof = platform.proof([one])
    return one not in proof["lost"] and one["rid"] not in {doubled["rid"] for doubled in proof["doubled"]}


def test_the_same_number_and_input_give_the_very_same_reply(caller, shared):
    envelope = caller.envelope("G201", {"appy": appy(10)})
    first, second = caller.post("G201", envelope), caller.post("G201", envelope)
    assert first.raw == second.raw
    assert first.output["trt_dcla_detl_sn"]
    assert [row["note"] for row in shared.journal(rid=rid(10))] == ["", "again"]
    assert once(shared, 10)


def test_the_same_message_eight_times_at_once_is_done_once(caller, shared):
    envelope = caller.envelope("G201", {"appy": appy(17)})
    with ThreadPoolExecutor(8) as many:
        replies = {said.raw for said in many.map(lambda _n: caller.post("G201", envelope), range(8))}
    assert len(replies) == 1
    assert once(shared, 17)


def test_a_new_sign_in_does_not_make_another_message(caller):
    """What went out with the old sign-in comes again with the new one: only number and input count."""
    envelope = caller.envelope("G201", {"appy": appy(11)})
    first = caller.post("G201", envelope)
    assert caller.post("G201", envelope | {"sign_no": caller.sign_in()}).raw == first.raw


def test_the_same_number_with_another_input_is_refused(caller, shared):
    number = caller.msgid()
    assert caller.call("G201", {"appy": appy(12)}, msgid=number).infcode == 0
    for infno, body in (("G201", {"appy": appy(12, att_cnt=3)}), ("G101", {"matt": [matt(12)]})):
        other = caller.call(infno, body, msgid=number)
        assert (other.infcode, other.words) == ("-2", "msgid 重复且 input 不同")
    assert once(shared, 12)


def test_a_refusal_is_remembered_under_its_number_too(caller):
    asked = {"trt_dcla_detl_sn": "1", "psn_no": "1", "memo": "x", "rid": rid(13), "ver_no": 1}
    wrong = caller.envelope("G202", {"data": asked})
    first = caller.post("G202", wrong)
    assert (first.infcode, first.words) == (-2, "未找到该申报")
    assert caller.post("G202", wrong).raw == first.raw


def test_a_platform_that_forgets_numbers_does_it_again(caller, shared):
    shared.set(dedupe=False)
    number = caller.msgid()
    first = caller.call("G201", {"appy": appy(14)}, msgid=number)
    second = caller.call("G201", {"appy": appy(14)}, msgid=number)
    assert first.output != second.output
    doubled = [one for one in shared.proof()["doubled"] if one["rid"] == rid(14)]
    assert doubled == [{"infno": "G201", "rid": rid(14), "ver_no": 3, "times": 2}]


def test_a_filing_under_two_numbers_counts_twice(caller, shared):
    """What a client does that forgot the number it sent: exactly what the proof is there to find."""
    for _ in range(2):
        assert caller.call("G201", {"appy": appy(15)}).infcode == 0
    assert not once(shared, 15)
    assert {"infno": "G201", "rid": rid(15), "ver_no": 3, "times": 2} in shared.proof()["doubled"]


def test_an_older_version_of_a_work_order_changes_nothing(caller, shared):
    for ver_no in (2, 2, 1, 3):
        assert caller.call("G101", {"matt": [matt(16, ver_no)]}).output["result"][0]["code"] == "0"
    expected = [{"infno": "G101", "rid": rid(16), "ver_no": n} for n in (1, 2, 3)]
    assert shared.proof(expected)["lost"] == [expected[0]]


def test_the_proof_names_what_is_lost_unasked_and_backwards(platform):
    caller = Caller(platform, NOW)
    for number, ver_no in ((1, 3), (2, 5), (2, 4)):
        assert caller.call("G201", {"appy": appy(number, ver_no)}).infcode == 0
    here = [{"infno": "G201", "rid": rid(n), "ver_no": v} for n, v in ((1, 3), (2, 5), (2, 4))]
    missing = {"infno": "G101", "rid": rid(9), "ver_no": 1}
    proof = platform.proof([here[0], missing], only=True)
    assert (proof["ok"], proof["effects"]) == (False, 3)
    assert proof["lost"] == [missing]
    assert sorted(one["ver_no"] for one in proof["unasked"]) == [4, 5]
    assert proof["backwards"] == [here[2]]
    assert proof["digests"]["G201"] == digest([(rid(1), 3), (rid(2), 4), (rid(2), 5)])


def status(caller, number):
    rows = caller.call("G203", {"data": {"rid": rid(number), "ver_no": 3}}).output["list"]
    return [(row["stas"], row["ver_no"], row["ver"]) for row in rows]


def test_a_filing_is_decided_when_its_time_has_come(caller, shared):
    shared.set(review_after=120)
    assert status(caller, 20) == []
    caller.call("G201", {"appy": appy(20, matt_prcs_sn="K7M2-4Q98")})
    assert status(caller, 20) == [("received", 3, 0)]
    shared.set(now="2026-11-23T10:02:30+08:00")
    assert status(caller, 20) == [("returned", 3, 1)]


@pytest.mark.parametrize(("last", "stas"), [("8", "returned"), ("9", "supplement")])
def test_the_receipts_last_character_decides(caller, last, stas):
    number = 30 + int(last)
    caller.call("G201", {"appy": appy(number, matt_prcs_sn=f"K7M2-4Q9{last}")})
    assert status(caller, number) == [(stas, 3, 1)]
    caller.call("G201", {"appy": appy(number, 5, matt_prcs_sn=f"K7M2-4Q9{last}")})  # mended and handed in again
    assert status(caller, number) == [("approved", 5, 2)]


def test_a_person_may_decide_before_and_after(caller, shared):
    shared.decide(rid(40), "returned", "请核对", now=False)
    caller.call("G201", {"appy": appy(40)})
    row = caller.call("G203", {"data": {"rid": rid(40)}}).output["list"][0]
    assert (row["stas"], row["memo"]) == ("returned", "请核对")
    assert shared.decide(rid(40), "approved")
    assert status(caller, 40) == [("approved", 3, 2)]
    assert not shared.decide(rid(41), "approved")
    with pytest.raises(AssertionError, match="stas must be one of"):
        shared.decide(rid(40), "perhaps")


def test_a_cancelled_filing_is_not_decided(caller, shared):
    shared.set(review_after=60)
    sn = caller.call("G201", {"appy": appy(42)}).output["trt_dcla_detl_sn"]
    cancel = {"trt_dcla_detl_sn": sn, "psn_no": "37", "memo": "不去了", "rid": rid(42), "ver_no": 4}
    assert caller.call("G202", {"data": cancel}).output == {"rid": rid(42), "ver_no": 4}  # whose answer it is
    assert caller.call("G202", {"data": cancel | {"ver_no": 5}}).words == "该申报已撤销"
    shared.set(now="2026-11-23T10:02:00+08:00")
    assert status(caller, 42) == [("cancelled", 4, 0)]


def pages(caller, infno, limit):
    """All rows from the beginning, and how many pages they took."""
    rows, cursor, turned = [], "", 0
    while True:
        said = caller.call(infno, {"data": {"cursor": cursor, "limit": limit}}).output
        rows, cursor, turned = rows + said["list"], said["next_cursor"], turned + 1
        if not said["more"]:
            return rows, turned


def test_decisions_come_in_pages_and_each_once(caller, shared):
    for number in range(50, 55):
        caller.call("G201", {"appy": appy(number)})
    rows, turned = pages(caller, "G203", 2)
    ours = [row["rid"] for row in rows if row["rid"] in {rid(n) for n in range(50, 55)}]
    assert ours == [rid(n) for n in range(50, 55)]
    assert turned == (len(rows) + 1) // 2
    latest = caller.call("G203", {"data": {"cursor": "", "limit": 500}}).output["next_cursor"]
    assert caller.call("G203", {"data": {"cursor": latest}}).output["list"] == []


def test_divisions_catalogue_and_stations_are_pulled_whole(caller):
    divisions, _turned = pages(caller, "G502", 500)
    by_code = {row["code"]: row for row in divisions}
    assert (by_code["370116"]["vali_flag"], by_code["370116"]["name"]) == ("1", "莱芜区")
    assert (by_code["371202"]["vali_flag"], by_code["371202"]["new_code"]) == ("0", "370116")
    catalogue, turned = pages(caller, "G503", 10)
    assert (len([row for row in catalogue if row.get("item_no")]), turned) == (33, 4)
    first = caller.call("G501", {"data": {"cursor": "", "limit": 500}}).output
    second = caller.call("G501", {"data": {"cursor": first["next_cursor"], "limit": 500}}).output
    assert (second["infno"], second["cursor"]) == ("G501", first["next_cursor"])  # which page it is
    assert (first["full_flag"], second["full_flag"], first["more"]) == ("1", "0", True)
    assert len({row["code"] for row in first["list"] + second["list"]}) == 1000


def test_rows_may_be_added_to_a_pull_and_cursors_run_out(caller, shared):
    before = caller.call("G503", {"data": {"cursor": "", "limit": 500}}).output
    shared.admin("POST", "rows", {"infno": "G503", "list": [{"code": "unknown", "vali_flag": "1"}]})
    after = caller.call("G503", {"data": {"cursor": before["next_cursor"], "limit": 5}}).output
    assert [row["code"] for row in after["list"]] == ["unknown"]
    assert after["ver"] != before["ver"]
    shared.admin("POST", "expire")
    assert "cursor expired" in caller.call("G503", {"data": {"cursor": before["next_cursor"], "limit": 5}}).words


# Certificate number; name; insurances as (insutype, psn_type, status, area).
PEOPLE = [
    ("379801195208170020", "王玉兰", [("390", "1601", "1", "371302")]),
    ("379801194903020011", "李建国", [("310", "12", "1", "371302")]),
    ("37980119900512003X", "张明", [("310", "11", "1", "371302"), ("390", "1501", "4", "371302")]),
    ("37980119900512003x", None, [("310", "11", "1", "371302"), ("390", "1501", "4", "371302")]),
]


def made_up(area):
    """A number of this area with a right check digit."""
    return next(n for digit in "0123456789X" if shapes.is_id_number(n := f"{area}19800101003{digit}"))


# Area; insurances; whether they live.
KINDS = [
    ("379803", [("390", "1")], "1"),
    ("379804", [("390", "2")], "1"),
    ("379805", [], "1"),
    ("379806", [("390", "1")], "2"),
    ("379807", [("310", "1")], "1"),
    ("379819", [("390", "1")], "1"),
]


@pytest.mark.parametrize(("area", "insured", "lives"), KINDS)
def test_invented_areas_hold_as_many_people_as_wanted(caller, area, insured, lives):
    said = caller.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": made_up(area)}}).output
    assert [(row["insutype"], row["psn_insu_stas"]) for row in said["insuinfo"]] == insured
    assert (said["baseinfo"]["surv_stas"], said["baseinfo"]["gend"]) == (lives, "1")
    assert said["baseinfo"]["brdy"] == "1980-01-01"


def test_other_areas_are_not_known(caller):
    said = caller.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": made_up("379820")}})
    assert said.words == "未查询到该人员的参保信息"


@pytest.mark.parametrize(("certno", "name", "insured"), PEOPLE)
def test_people_are_known_by_number_and_name(caller, certno, name, insured):
    asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": certno, "psn_name": name}
    said = caller.call("1101", {"data": asked}).output
    assert said["baseinfo"]["psn_no"]
    rows = said["insuinfo"]
    assert [(r["insutype"], r["psn_type"], r["psn_insu_stas"], r["insuplc_admdvs"]) for r in rows] == insured


def test_nobody_stands_in_the_file_or_the_journal(caller, shared):
    caller.call("G101", {"matt": [matt(60, psn_name="欧阳测试")]})
    caller.call("G201", {"appy": appy(60, psn_name="欧阳测试")})
    caller.call("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "379801195208170020"}})
    written = b"".join(file.read_bytes() for file in shared.own.glob("platform.sqlite3*"))
    assert rid(60).encode() in written
    assert "欧阳测试".encode() not in written
    assert b"379801195208170020" not in written
