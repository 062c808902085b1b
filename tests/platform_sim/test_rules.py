"""Each rule of the envelope and of each transaction: a right request passes, one that breaks the rule is told which."""

import base64
import json

import pytest

from platform_sim import gm, wire
from tests.conftest import NOW
from tests.platform_sim.caller import CODE, appy, matt, rid

LOOK_UP = {"mdtrt_cert_type": "02", "mdtrt_cert_no": "379801195208170020"}
DICTIONARY = {"type": "INSUTYPE", "admdvs": "370000", "date": "2026-11-23"}
RIGHT = {
    "9001": {"signIn": {"opter_no": "menkou", "mac": "", "ip": "127.0.0.1"}},
    "1101": {"data": LOOK_UP},
    "1901": {"data": DICTIONARY},
    "G101": {"matt": [matt(1)]},
    "G201": {"appy": appy(1)},
    "G203": {"data": {"cursor": "", "limit": 100}},
    "G501": {"data": {"cursor": "", "limit": 2}},
    "G502": {"data": {"cursor": "", "limit": 2}},
    "G503": {"data": {"cursor": "", "limit": 2}},
}


@pytest.mark.parametrize("infno", RIGHT)
def test_a_right_request_passes(caller, infno):
    said = caller.call(infno, RIGHT[infno])
    assert (said.status, said.infcode) == (200, 0), said.words


# What is changed in the envelope of a right G101; the code; what the words name.
ENVELOPES = [
    ({"infno": None}, -2, "缺少 infno"),
    ({"infno": "G201"}, -2, "infno 和地址"),
    ({"infno": "g101"}, -2, "infno"),
    ({"msgid": None}, -2, "缺少 msgid"),
    ({"msgid": f"{CODE}20261123100000001"}, -2, "msgid"),
    ({"msgid": "H37000000002202611231000009999"}, -2, "msgid"),
    ({"msgid": f"{CODE}202613231000009999"}, -2, "msgid"),
    ({"msgid": f"{CODE}20261123100000999X"}, -2, "msgid"),
    ({"msgid": 1}, -2, "msgid 应为字符串"),
    ({"mdtrtarea_admvs": "37000"}, -2, "mdtrtarea_admvs"),
    ({"mdtrtarea_admvs": "379999"}, -2, "mdtrtarea_admvs 不是有效"),
    ({"mdtrtarea_admvs": "371202"}, -2, "已撤并，现为 370116"),
    ({"insuplc_admdvs": "abcdef"}, -2, "insuplc_admdvs"),
    ({"recer_sys_code": ""}, -2, "缺少 recer_sys_code"),
    ({"recer_sys_code": "12345678901"}, -2, "recer_sys_code 超过 10"),
    ({"dev_no": "x" * 101}, -2, "dev_no 超过 100"),
    ({"dev_safe_info": "x" * 2001}, -2, "dev_safe_info 超过 2000"),
    ({"infver": "V1.0.00"}, -2, "infver 超过 6"),
    ({"opter_type": "4"}, -2, "opter_type"),
    ({"opter": None}, -2, "缺少 opter"),
    ({"opter": "x" * 31}, -2, "opter 超过 30"),
    ({"opter_name": "人" * 51}, -2, "opter_name 超过 50"),
    ({"inf_time": "2026-11-23T10:00:00"}, -2, "inf_time"),
    ({"inf_time": "2026-02-30 10:00:00"}, -2, "inf_time"),
    ({"inf_time": "2026-11-23 10:05:00"}, -1, "inf_time 时间戳"),
    ({"fixmedins_code": "H3700000000"}, -2, "fixmedins_code"),
    ({"fixmedins_name": ""}, -2, "缺少 fixmedins_name"),
    ({"sign_no": "x" * 31}, -2, "sign_no 超过 30"),
    ({"sign_no": ""}, -1, "未签到"),
    ({"sign_no": "2026112310000099999999"}, -1, "签到已失效"),
    ({"surprise": "1"}, -2, "多余的字段 surprise"),
    ({"cainfo": None}, -1, "验签失败"),
    ({"cainfo": "***"}, -1, "验签失败"),
    ({"cainfo": base64.b64encode(bytes(64)).decode()}, -1, "验签失败"),
    ({"signtype": ""}, -1, "验签失败"),
    ({"signtype": "SM3"}, -1, "验签失败"),
    ({"input": {"matt": [matt(2)]}}, -1, "验签失败"),
    ({"encType": "SM4"}, -1, "解密失败"),
    ({"encType": "AES"}, -2, "encType"),
]


@pytest.mark.parametrize(("change", "code", "words"), ENVELOPES, ids=[next(iter(line[0])) for line in ENVELOPES])
def test_a_wrong_envelope_is_told_what_is_wrong(caller, shared, change, code, words):
    before = shared.proof()["effects"]
    said = caller.call("G101", {"matt": [matt(7)]}, **change)
    assert (said.status, said.infcode) == (200, code)
    assert words in said.words
    assert shared.proof()["effects"] == before


# What is changed in a right body; what the words name.
BODIES = [
    ("9001", {"signIn": {"opter_no": "menkou", "mac": "", "ip": ""}}, "缺少 ip"),
    ("9001", {"signIn": {"opter_no": "x" * 21, "ip": "127.0.0.1"}}, "opter_no 超过 20"),
    ("9001", {"data": {}}, "signIn"),
    ("1101", {"data": LOOK_UP | {"mdtrt_cert_type": "04"}}, "mdtrt_cert_type"),
    ("1101", {"data": LOOK_UP | {"mdtrt_cert_no": ""}}, "缺少 mdtrt_cert_no"),
    ("1101", {"data": LOOK_UP | {"mdtrt_cert_type": "03"}}, "card_sn"),
    ("1101", {"data": LOOK_UP | {"mdtrt_cert_type": "01"}}, "令牌"),
    ("1101", {"data": LOOK_UP | {"mdtrt_cert_no": "379801195208170021"}}, "未查询到"),
    ("1101", {"data": LOOK_UP | {"psn_name": "别人"}}, "未查询到"),
    ("1901", {"data": DICTIONARY | {"type": ""}}, "缺少 type"),
    ("1901", {"data": DICTIONARY | {"date": "23.11.2026"}}, "date"),
    ("G101", {"matt": []}, "非空数组"),
    ("G101", {"matt": matt(1)}, "非空数组"),
    ("G101", {"matt": [matt(1)], "more": 1}, "matt"),
    ("G101", [], "matt"),
    ("G101", {"matt": [matt(n, psn_name="长" * 40, agnter_addr="址" * 180) for n in range(80)]}, "40000"),
    ("G201", {"appy": appy(1, dcla_type="")}, "缺少 dcla_type"),
    ("G201", {"appy": appy(1, rid="1")}, "rid"),
    ("G201", {"appy": appy(1, ver_no="3")}, "ver_no"),
    ("G201", {"appy": appy(1, ver_no=True)}, "ver_no"),
    ("G201", {"appy": appy(1, att_cnt=None)}, "缺少 att_cnt"),
    ("G201", {"appy": appy(1, att_cnt=-1)}, "att_cnt"),
    ("G201", {"appy": appy(1, psn_name="名" * 51)}, "psn_name 超过 50"),
    ("G201", {"appy": appy(1, psn_name=None)}, "缺少 psn_name"),
    ("G201", {"appy": appy(1, certno="379801195208170021")}, "certno 校验位"),
    ("G201", {"appy": appy(1, certno="379801199902290012")}, "certno 校验位"),
    ("G201", {"appy": appy(1, psn_cert_type="household_book")}, "psn_cert_type"),
    ("G201", {"appy": appy(1, gend="女")}, "gend"),
    ("G201", {"appy": appy(1, brdy="1952-02-30")}, "brdy"),
    ("G201", {"appy": appy(1, insutype="39")}, "insutype"),
    ("G201", {"appy": appy(1, insu_admdvs=None)}, "缺少 insu_admdvs"),
    ("G201", {"appy": appy(1, insu_admdvs="371202")}, "已撤并"),
    ("G201", {"appy": appy(1, rloc_admdvs="南京")}, "rloc_admdvs"),
    ("G201", {"appy": appy(1, rloc_admdvs=None)}, "缺少 rloc_admdvs"),
    ("G201", {"appy": appy(1, begndate=None)}, "缺少 begndate"),
    ("G201", {"appy": appy(1, enddate="2026-11-22")}, "enddate 早于"),
    ("G201", {"appy": appy(1, Upper="x")}, "多余的字段 Upper"),
    ("G201", {"appy": appy(1, long_text="x" * 1001)}, "多余的字段 long_text"),
    ("G202", {"data": {"trt_dcla_detl_sn": "1", "psn_no": "", "memo": "x", "rid": rid(1), "ver_no": 4}}, "缺少 psn_no"),
    ("G202", {"data": {"trt_dcla_detl_sn": "1", "psn_no": "1", "memo": "", "rid": rid(1), "ver_no": 4}}, "缺少 memo"),
    ("G202", {"data": {"trt_dcla_detl_sn": "1", "psn_no": "1", "memo": "x", "rid": rid(1), "ver_no": 4}}, "未找到"),
    ("G203", {"data": {"cursor": "", "limit": 0}}, "limit"),
    ("G203", {"data": {"cursor": "1-x"}}, "游标不正确"),
    ("G203", {"data": {"cursor": "0-1"}}, "cursor expired"),
    ("G203", {"data": {"rid": rid(1), "since": "x"}}, "多余的字段 since"),
    ("G501", {"data": {"cursor": ""}}, "缺少 limit"),
    ("G502", {"data": {"cursor": "", "limit": 501}}, "limit"),
    ("G503", {"data": {"cursor": 5, "limit": 5}}, "cursor 应为字符串"),
    ("G999", {"data": {}}, "没有这个交易"),
]


@pytest.mark.parametrize(("infno", "body", "words"), BODIES, ids=[f"{line[0]}-{line[2]}" for line in BODIES])
def test_a_wrong_body_is_told_what_is_wrong(caller, shared, infno, body, words):
    before = shared.proof()["effects"]
    said = caller.call(infno, body)
    assert (said.status, said.infcode, said.output) == (200, -2, None)
    assert words in said.words
    assert shared.proof()["effects"] == before


# A row of a batch: what is changed, what its message names.
ROWS = [
    ({"rid": "A" * 32}, "rid"),
    ({"ver_no": None}, "缺少 ver_no"),
    ({"matt_prcs_sn": ""}, "缺少 matt_prcs_sn"),
    ({"station_no": "站点"}, "station_no"),
    ({"adm_lic_matt_no": "x" * 41}, "adm_lic_matt_no 超过 40"),
    ({"matt_stas": "99"}, "matt_stas"),
    ({"prcs_fom": "window"}, "prcs_fom"),
    ({"begn_acp_time": "2026-11-23"}, "begn_acp_time"),
    ({"prse_time": "soon"}, "prse_time"),
    ({"fns_time": "2026-11-23 25:00:00"}, "fns_time"),
    ({"certno": "379801195208170021"}, "certno 校验位"),
    ({"psn_cert_type": None}, "psn_cert_type 必填"),
    ({"agnter_tel": 15400000001}, "agnter_tel 应为字符串"),
    ({"updt_time": None}, "缺少 updt_time"),
    ({"prcs_from": "窗口"}, "多余的字段 prcs_from"),
]


def test_a_bad_row_of_a_batch_holds_up_no_other(caller, shared):
    good = [matt(100 + n) for n in range(3)]
    bad = [matt(200 + n, **change) for n, (change, _words) in enumerate(ROWS)]
    result = caller.call("G101", {"matt": [*good[:2], *bad, 5, good[2]]}).output["result"]
    assert [row["code"] for row in result] == ["0", "0"] + ["-2"] * (len(bad) + 1) + ["0"]
    for (_change, words), row in zip(ROWS, result[2:], strict=False):
        assert words in row["msg"]
    assert shared.proof([{"infno": "G101", "rid": row["rid"], "ver_no": 1} for row in good])["ok"]


# Headers of the gateway: what is changed; the status; what the words name.
HEADERS = [
    ({"x-tif-paasid": None}, 401, "x-tif-paasid"),
    ({"x-tif-nonce": None}, 401, "x-tif-nonce"),
    ({"x-tif-timestamp": None}, 401, "x-tif-timestamp"),
    ({"x-tif-timestamp": "1795399200000"}, 401, "x-tif-timestamp"),
    ({"x-tif-signature": None}, 401, "x-tif-signature"),
    ({"x-tif-signature": "0" * 64}, 401, "x-tif-signature"),
    ({"x-tif-nonce": "another"}, 401, "x-tif-signature"),
    ({"Authorization": "Bearer nobody"}, 401, "token"),
    ({"Content-Type": "text/plain"}, 415, "Content-Type"),
]


@pytest.mark.parametrize(("change", "status", "words"), HEADERS)
def test_the_gateway_knows_who_calls(caller, change, status, words):
    said = caller.post("G101", caller.envelope("G101", RIGHT["G101"]), caller.tif(**change))
    assert said.status == status
    assert words in said.json["msg"]


def test_headers_are_good_once_and_for_three_minutes(caller, shared):
    headers = caller.tif()
    assert caller.post("1901", caller.envelope("1901", RIGHT["1901"]), headers).infcode == 0
    again = caller.post("1901", caller.envelope("1901", RIGHT["1901"]), headers)
    assert (again.infcode, again.words) == (-1, "x-tif-nonce 重复")
    shared.set(now="2026-11-23T10:04:00+08:00")
    late = caller.post("1901", caller.envelope("1901", RIGHT["1901"]), caller.tif())
    assert (late.infcode, late.words) == (-1, "x-tif-timestamp 时间戳超出允许范围")


@pytest.mark.parametrize(
    "raw", [b"", b"[]", b"{", b"\xff", b'"x"', b'{"a":1,"a":2}', b'{"a":NaN}', b"[" * 100_000, "{}".encode("utf-16")]
)
def test_what_is_no_envelope_is_no_envelope(caller, raw):
    said = caller.post("G101", raw)
    assert said.status == 400
    assert "JSON" in said.json["msg"]


def test_a_body_of_a_megabyte_is_too_large(caller):
    assert caller.post("G101", b" " * 1_000_001).status == 413


def test_a_sign_in_lasts_until_midnight(caller, shared):
    shared.set(now="2026-11-24T00:00:01+08:00", skew_s=86_400)
    assert "签到已失效" in caller.call("1901", RIGHT["1901"]).words


def test_the_signature_covers_the_bytes_of_input_as_they_stand(caller):
    """Blanks and escapes too: what is signed is what is sent, not what it means."""
    text = '{ "data" : {"cursor":"", "limit": 5} }'
    whole = json.dumps(caller.envelope("G203", {}) | {"cainfo": caller.sign(text)}, ensure_ascii=True)
    assert caller.post("G203", whole.replace('"input": {}', f'"input": {text}').encode()).infcode == 0
    other = whole.replace('"input": {}', '"input": {"data": {"cursor": "", "limit": 5}}').encode()
    assert "验签失败" in caller.post("G203", other).words


def test_answers_are_signed_by_the_platform(caller, shared):
    public = base64.b64decode((shared.keys / "platform-sm2-public.key").read_text())
    for said in (caller.call("G203", RIGHT["G203"]), caller.call("G101", {"matt": []})):
        output = wire.span_of(said.raw.decode(), "output")
        covered = f"{said.infcode}|{said.json['inf_refmsgid']}|{output}".encode()
        assert gm.verifies(public, covered, base64.b64decode(said.json["cainfo"]))
        assert len(said.json["inf_refmsgid"]) == 30
        assert said.json["inf_refmsgid"].startswith("37000020261123")
        assert len(said.json["respond_time"]) == 17


def test_bearer_and_sm4_go_together(caller):
    """P3: a token instead of x-tif, input and output as SM4 over the signed bytes."""
    basic = "Basic " + base64.b64encode(":".join(caller.client).encode()).decode()
    form = {"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"}
    for grant in (b"grant_type=client_credentials", b"grant_type=password&username=u&password=p"):
        token = caller.send("/oauth/token", grant, form).json["access_token"]
    assert caller.send("/oauth/token", grant, form | {"Authorization": basic + "x"}).status == 401
    text = json.dumps(RIGHT["G203"])
    sealed = base64.b64encode(gm.sm4_seal(caller.sm4_key, text.encode())).decode()
    whole = caller.envelope("G203", {}, cainfo=caller.sign(text), encType="SM4", input=sealed)
    said = caller.post("G203", whole, {"Authorization": f"Bearer {token}", "Content-Type": "application/json"})
    assert said.infcode == 0, said.words
    assert "list" in json.loads(gm.sm4_open(caller.sm4_key, base64.b64decode(said.output)))


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ('{"input":{"a":[1,{"b":"}"}]},"x":1}', "input", '{"a":[1,{"b":"}"}]}'),
        ('{"x":{"input":1},"input": "a\\"},b" }', "input", '"a\\"},b"'),
        ('{ "input" : [ ] }', "input", "[ ]"),
        ('{"a":1,"in\\u0070ut":2.50}', "input", "2.50"),
        ('{"a":1}', "input", ""),
        ("{}", "input", ""),
    ],
)
def test_a_value_is_found_as_it_was_written(text, name, found):
    assert wire.span_of(text, name) == found


def test_it_believes_what_now_is(caller, shared):
    assert shared.admin("GET", "state")["now"].startswith(NOW.isoformat()[:16])
