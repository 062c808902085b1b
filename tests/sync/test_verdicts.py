"""What an answer means: done only when the platform itself says so; in doubt where it may have been done."""

import base64
import json

import pytest

from sync import sm
from sync.channel import read_channel
from sync.transport import Reply
from sync.verdicts import judge
from tests.sync.little_platform import Platform, channel_files

PLATFORM = Platform()


@pytest.fixture(scope="module")
def channel(tmp_path_factory):
    PLATFORM.url = "http://127.0.0.1:1"
    return read_channel(*channel_files(tmp_path_factory.mktemp("channel"), PLATFORM))


def outcome(channel, reply, logical="case_submit"):
    judged = judge(channel, logical, reply)
    return judged.outcome, judged.kind


EFFECT, QUESTION = "case_submit", "case_status"
# HTTP status → what it means for something that has an effect, and for a question.
STATUSES = {
    **dict.fromkeys((100, 199, 301, 302, 304, 307, 308, 408, 500, 501, 502, 504, 520, 599), ("unknown", "retry")),
    503: ("unknown", "retry"),
    429: ("retry", "retry"),
    **dict.fromkeys((401, 403, 404, 405, 407, 410, 415), ("pause", "pause")),
    413: ("smaller", "smaller"),
    **dict.fromkeys((400, 402, 406, 409, 411, 414, 418, 422, 451, 499), ("reject", "reject")),
    **dict.fromkeys((200, 201, 204), ("unknown", "retry")),  # with nothing in it
}


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("raw", [b"", b"<html><h1>502 Bad Gateway</h1></html>"])
def test_what_a_gateways_page_means_depends_on_its_status(channel, status, raw):
    means = STATUSES[status]
    assert judge(channel, EFFECT, Reply(status, raw)).outcome == means[0]
    assert judge(channel, QUESTION, Reply(status, raw)).outcome == means[1]


def test_no_gateways_page_is_the_platforms_refusal(channel):
    assert {judge(channel, EFFECT, Reply(status)).kind for status in STATUSES}.isdisjoint({"business", "ok"})


@pytest.mark.parametrize(("kind", "arrived", "means"), [("timeout", True, "unknown"), ("broken", True, "unknown"), ("connect", False, "retry")])  # fmt: skip
def test_without_an_answer_it_may_have_arrived_unless_it_never_left(channel, kind, arrived, means):
    assert outcome(channel, Reply(None, kind=kind, arrived=arrived)) == (means, kind)


def test_the_wait_that_was_asked_for_is_passed_on(channel):
    assert judge(channel, EFFECT, Reply(429, retry_after=7.0)).retry_after == 7
    assert judge(channel, EFFECT, Reply(503, retry_after=7.0)).retry_after == 7


RIGHT = {"trt_dcla_detl_sn": "T1"}
ENVELOPES = [
    (0, RIGHT, "成功", "done", "ok"),
    ("0", RIGHT, "成功", "done", "ok"),
    (" 0 ", RIGHT, None, "done", "ok"),
    (0, {"result": []}, "成功", "unknown", "no-result"),
    (0, [RIGHT], "成功", "unknown", "no-result"),
    (0, "null", "success", "unknown", "no-result"),
    (0, '""', "", "unknown", "no-result"),
    (0, "{}", None, "unknown", "no-result"),
    (-1, {}, "未知错误", "unknown", "system"),
    ("-1", {}, "数据库连接失败", "unknown", "system"),
    (-1, {}, "系统繁忙，请稍后重试", "retry", "retry"),
    (-1, {}, "签到已失效，请重新签到", "sign_in", "sign_in"),
    (-1, {}, "验签失败", "pause", "pause"),
    (-1, {}, "请求时间戳超出范围", "pause", "pause"),
    (-2, {}, "参保地区划不存在", "reject", "business"),
    ("-2", {}, "", "reject", "business"),
    (-2, {}, "游标已失效，请从头全量拉取", "reject", "business"),  # there is no list
    (-2, {}, "报文 缺少 opter", "pause", "pause"),
    (-2, {}, "mdtrtarea_admvs 已撤并，现为 370115", "pause", "pause"),
    (-2, {}, "input 应只有节点 appy", "pause", "pause"),
    (-2, {}, "没有这个交易", "pause", "pause"),
    (-2, {}, "msgid 重复且 input 不同", "reject", "business"),
    (-2, {}, "appy 缺少 psn_name", "reject", "business"),
    (-2, {}, "rloc_admdvs 不是有效的医保区划", "reject", "business"),
    (-99, {}, "?", "unknown", "system"),
    (1, {}, "成功", "unknown", "system"),
    (True, {}, "成功", "unknown", "no-envelope"),
    (False, {}, "成功", "unknown", "no-envelope"),
    (None, {}, "成功", "unknown", "no-envelope"),
    (0.0, {}, "成功", "unknown", "no-envelope"),
    ([], {}, "成功", "unknown", "no-envelope"),
]


@pytest.mark.parametrize(("infcode", "output", "words", "means", "kind"), ENVELOPES)
def test_what_an_envelope_means(channel, infcode, output, words, means, kind):
    assert outcome(channel, Reply(200, PLATFORM.reply(infcode, output, words))) == (means, kind)


@pytest.mark.parametrize("infcode", [0, -1, -2])
def test_an_answer_from_another_area_counts_for_nothing(tmp_path, infcode):
    reply = Reply(200, PLATFORM.reply(infcode, RIGHT, "参保地区划不存在"))
    other = read_channel(*channel_files(tmp_path, PLATFORM, answers_from='"320000"'))
    assert outcome(other, reply) == ("unknown", "other-answer")
    assert outcome(other, reply, QUESTION) == ("retry", "other-answer")
    unseen = read_channel(*channel_files(tmp_path, PLATFORM, answers_from='""'))
    assert outcome(unseen, reply)[1] != "other-answer"


NUMBERLESS = [  # with answers_from: code, words → outcome and kind where there is an effect, and of a question
    (-1, "未签到", ("sign_in", "sign_in", True), ("sign_in", "sign_in", False)),
    (-1, "验签失败", ("pause", "pause", True), ("pause", "pause", False)),
    (-2, "报文 缺少 opter", ("pause", "pause", True), ("pause", "pause", False)),
    (-1, "系统繁忙", ("unknown", "other-answer", False), ("retry", "retry", False)),
    (-1, "未知错误", ("unknown", "other-answer", False), ("retry", "system", False)),
    (-2, "参保地区划不存在", ("unknown", "other-answer", False), ("reject", "business", False)),
    (-2, "游标已失效", ("unknown", "other-answer", False), ("resync", "resync", False)),
    (0, "成功", ("unknown", "other-answer", False), ("retry", "other-answer", False)),
]


@pytest.mark.parametrize(("infcode", "words", "effect", "question"), NUMBERLESS)
@pytest.mark.parametrize("number", ["", None])
def test_what_comes_without_a_number_says_how_the_channel_is_and_nothing_of_the_message(
    channel, number, infcode, words, effect, question
):
    reply = Reply(200, PLATFORM.reply(infcode, RIGHT, words, number="", inf_refmsgid=number))
    for logical, means in ((EFFECT, effect), (QUESTION, question)):
        judged = judge(channel, logical, reply)
        assert (judged.outcome, judged.kind, judged.astray) == means


def test_a_list_whose_cursor_has_expired_is_begun_anew(channel):
    assert outcome(channel, Reply(200, PLATFORM.reply(-2, {}, "游标已失效")), QUESTION) == ("resync", "resync")


def test_an_empty_output_is_empty_in_every_dress(channel):
    for dress in ("null", '""', "{}"):
        assert judge(channel, "case_status", Reply(200, PLATFORM.reply(0, dress))).output == {}


GOOD = PLATFORM.reply(0, {"trt_dcla_detl_sn": "T1", "名": "王玉兰"})
NO_ENVELOPES = {
    "nothing": b"",
    "html": b"<html></html>",
    "truncated": GOOD[:-9],
    "gbk": GOOD.decode().encode("gb18030"),
    "a list": b"[1]",
    "a number": b"7",
    "text": '"成功"'.encode(),
    "another gateway's": '{"code":"999","msg":"服务不存在"}'.encode(),
    "no code": b'{"inf_refmsgid":"1","output":{}}',
    "deep": b'{"infcode":0,"output":' + b"[" * 100_000,
    "a huge number": b'{"infcode":' + b"9" * 5_000 + b"}",
    "two in a row": GOOD + GOOD,
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("name", NO_ENVELOPES)
def test_what_is_no_envelope_leaves_it_in_doubt(channel, name):
    assert outcome(channel, Reply(200, NO_ENVELOPES[name])) == ("unknown", "no-envelope")


def changed(**fields):
    return json.dumps(json.loads(GOOD) | fields, ensure_ascii=False, separators=(",", ":")).encode()


FORGED = {
    "no signature": changed(cainfo=None),
    "an empty signature": changed(cainfo=""),
    "no base64": changed(cainfo="?"),
    "another signature": changed(cainfo=base64.b64encode(bytes(range(64))).decode()),
    "another output": changed(output={"trt_dcla_detl_sn": "T2"}),
    "another code": changed(infcode=-2),
    "another number": changed(inf_refmsgid="370000"),
    "a shorter signature": changed(cainfo=json.loads(GOOD)["cainfo"][:-8]),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_the_platform_did_not_sign_counts_for_nothing_and_pauses(channel, name):
    assert outcome(channel, Reply(200, FORGED[name])) == ("pause", "answer-signature")


def test_a_mark_before_the_first_brace_does_no_harm(channel):
    assert outcome(channel, Reply(200, b"\xef\xbb\xbf" + GOOD)) == ("done", "ok")


def test_an_encrypted_output_is_opened_and_its_signature_is_over_what_was_in_it(tmp_path):
    text = (
        channel_files(tmp_path, PLATFORM)[0].read_text().replace("[encryption]\non = false", "[encryption]\non = true")
    )
    (tmp_path / "channel.toml").write_text(text)
    sealed_channel = read_channel(tmp_path / "channel.toml", tmp_path / "secrets")
    plain = '{"trt_dcla_detl_sn":"T1"}'
    whole = json.loads(PLATFORM.reply(0, plain))
    sealed = base64.b64encode(sm.sm4_encrypt(bytes(range(16)), plain.encode())).decode()
    good = judge(sealed_channel, EFFECT, Reply(200, json.dumps(whole | {"output": sealed}).encode()))
    assert (good.outcome, good.output) == ("done", {"trt_dcla_detl_sn": "T1"})
    for broken in ("no base64!", sealed[:-8], base64.b64encode(bytes(32)).decode()):
        bad = judge(sealed_channel, EFFECT, Reply(200, json.dumps(whole | {"output": broken}).encode()))
        assert (bad.outcome, bad.kind) == ("pause", "answer-signature")
