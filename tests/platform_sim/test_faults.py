"""Each thing that can go wrong goes wrong as it says, and what was done before it stays done."""

import base64
import http.client
import socket
import time
import urllib.error

import pytest

from platform_sim import faults, gm, wire
from tests.platform_sim.caller import appy, matt, rid

BROKEN = (ConnectionError, http.client.HTTPException, urllib.error.URLError)
numbers = iter(range(1_000, 9_000))


def trusted(caller, said):
    """Whether the platform's signature holds over what came."""
    public = base64.b64decode((caller.platform.keys / "platform-sm2-public.key").read_text())
    covered = f"{said.json.get('infcode')}|{said.json['inf_refmsgid']}|{wire.span_of(said.raw.decode(), 'output')}"
    return bool(said.json["cainfo"]) and gm.verifies(public, covered.encode(), base64.b64decode(said.json["cainfo"]))


def done(caller, number):
    """Whether the filing is there."""
    one = {"infno": "G201", "rid": rid(number), "ver_no": 3}
    return not caller.platform.proof([one])["lost"]


# Kind; HTTP status; infcode; what else is true of the answer.
NOT_DONE = [
    ("html-before", 502, None, lambda s: s.raw.startswith(b"<html>")),
    ("maintenance", 503, None, lambda s: s.headers["Retry-After"] == "1" and b"<html>" in s.raw),
    ("busy", 429, None, lambda s: s.headers["Retry-After"] == "1"),
    ("too-large", 413, None, lambda s: True),
    ("token-expired", 401, None, lambda s: s.json["code"] == "401"),
    ("clock-skew", 200, -1, lambda s: "时间戳" in s.words and "Nov 2026 03:0" in s.headers["Date"]),
    ("sign-expired", 200, -1, lambda s: "签到已失效" in s.words),
    ("system-error-before", 200, -1, lambda s: s.words == "系统异常"),
    ("system-busy", 200, -1, lambda s: "稍后重试" in s.words),
    ("business-error", 200, -2, lambda s: s.output is None),
]


@pytest.mark.parametrize(("kind", "status", "infcode", "also"), NOT_DONE, ids=[line[0] for line in NOT_DONE])
def test_before_it_was_done(caller, kind, status, infcode, also):
    number = next(numbers)
    said = caller.call("G201", {"appy": appy(number)}, fault=kind)
    assert said.status == status
    assert (said.infcode if status == 200 else None) == infcode
    assert also(said)
    assert status != 200 or trusted(caller, said)
    assert not done(caller, number)


# Kind; what is true of the answer.
DONE = [
    ("html-after", lambda s: s.status == 504 and s.raw.startswith(b"<html>")),
    ("slow", lambda s: s.infcode == 0),
    ("drip", lambda s: s.infcode == 0),
    ("system-error-after", lambda s: (s.infcode, s.words, s.output) == (-1, "系统异常", None)),
    ("code--99", lambda s: s.infcode == -99),
    ("code-int", lambda s: s.infcode == 0 and s.output),
    ("code-text", lambda s: s.infcode == "0" and s.output),
    ("code-missing", lambda s: "infcode" not in s.json),
    ("said-success", lambda s: (s.infcode, s.words) == (0, "成功")),
    ("output-null", lambda s: (s.infcode, s.output) == (0, None)),
    ("output-blank", lambda s: (s.infcode, s.output) == (0, "")),
    ("output-empty", lambda s: (s.infcode, s.output) == (0, {})),
    ("output-encrypted", lambda s: isinstance(s.output, str) and s.json["enctype"] == "SM4"),
    ("bad-signature", lambda s: s.infcode == 0 and s.output),
    ("no-signature", lambda s: s.json["cainfo"] is None),
    ("wrong-refmsgid", lambda s: s.json["inf_refmsgid"].startswith("999999")),
    ("gbk", lambda s: "成功".encode("gbk") in s.raw),
    ("not-json", lambda s: s.raw.decode() == "<业务处理完成>"),
    ("not-envelope", lambda s: s.json["code"] == "999"),
]
UNSIGNED = {"bad-signature", "no-signature", "wrong-refmsgid"}
UNREADABLE = {"html-after", "gbk", "not-json", "not-envelope", "code-missing", "output-encrypted"}


@pytest.mark.parametrize(("kind", "also"), DONE, ids=[line[0] for line in DONE])
def test_after_it_was_done(caller, kind, also):
    number = next(numbers)
    envelope = caller.envelope("G201", {"appy": appy(number)})
    said = caller.post("G201", envelope, fault=kind)
    assert also(said)
    if kind not in UNREADABLE:
        assert trusted(caller, said) == (kind not in UNSIGNED)
    assert done(caller, number)
    again = caller.post("G201", envelope)  # the same number: the true reply, and nothing done twice
    assert (again.infcode, len(again.output["trt_dcla_detl_sn"])) == (0, 30)
    assert rid(number) not in {one["rid"] for one in caller.platform.proof()["doubled"]}


# Kind; whether it was done.
LOST = [("drop-before", False), ("drop-after", True), ("truncated", True)]


@pytest.mark.parametrize(("kind", "was_done"), LOST)
def test_a_connection_that_breaks(caller, kind, was_done):
    number = next(numbers)
    with pytest.raises(BROKEN):
        caller.call("G201", {"appy": appy(number)}, fault=kind)
    assert done(caller, number) == was_done
    assert caller.platform.journal(rid=rid(number))[-1]["fault"] == kind


def test_a_closed_door_refuses_and_opens_again(caller):
    number = next(numbers)
    caller.platform.fault("refuse", nth=1, seconds=1.5)
    with pytest.raises(BROKEN):
        caller.call("G201", {"appy": appy(number)})
    assert "refused" in until(caller, lambda problem: "refused" in problem)  # the listener notices within a moment
    assert until(caller, lambda problem: not problem) == ""
    assert caller.call("G201", {"appy": appy(number)}).infcode == 0


def until(caller, fits):
    """What is wrong with connecting, as soon as it fits."""
    deadline = time.monotonic() + 20
    problem = "never tried"
    while time.monotonic() < deadline and not fits(problem):
        time.sleep(0.03)
        try:
            caller.send("/healthz", b"", {})
        except urllib.error.URLError as broken:
            problem = str(broken.reason)
        else:
            problem = ""
    return problem


def test_an_answer_that_stands_there_twice(caller):
    """Two whole answers on one connection: whoever reads on takes the second for the answer to something else."""
    host, port = caller.platform.url.removeprefix("http://").split(":")
    raw = wire.compact(caller.envelope("G201", {"appy": appy(next(numbers))})).encode()
    headers = caller.tif() | {"Host": "x", "Content-Length": str(len(raw)), "X-Simulator-Fault": "duplicate-reply"}
    head = "POST /fsi/api/rsfComIfsService/callService/G201 HTTP/1.1\r\n"
    with socket.create_connection((host, int(port)), timeout=20) as line:
        line.sendall((head + "".join(f"{k}: {v}\r\n" for k, v in headers.items()) + "\r\n").encode() + raw)
        line.shutdown(socket.SHUT_WR)
        said = b""
        while piece := line.recv(65_536):
            said += piece
    assert said.count(b"HTTP/1.1 200") == 2
    assert said[: len(said) // 2] == said[len(said) // 2 :]


def test_the_answer_to_the_call_before(caller):
    first = caller.call("G201", {"appy": appy(next(numbers))})
    second = caller.call("G201", {"appy": appy(next(numbers))}, fault="other-reply")
    assert second.raw == first.raw
    assert trusted(caller, second)  # a true signature, over somebody else's answer


def test_part_of_a_batch_is_refused(caller):
    rows = [matt(next(numbers)) for _ in range(20)]
    result = caller.call("G101", {"matt": rows}, fault="partial").output["result"]
    taken = {row["rid"] for row in result if row["code"] == "0"}
    assert 0 < len(taken) < 20
    lost = caller.platform.proof([{"infno": "G101", "rid": row["rid"], "ver_no": 1} for row in rows])["lost"]
    assert {row["rid"] for row in rows} - taken == {row["rid"] for row in lost}


def test_pages_are_shuffled_repeated_and_run_out(caller):
    for _ in range(6):
        caller.call("G201", {"appy": appy(next(numbers))})
    caller.platform.set(now="2026-11-23T12:00:00+08:00", skew_s=86_400)  # everything is decided
    asked = {"data": {"cursor": "", "limit": 500}}
    right = [row["rid"] for row in caller.call("G203", asked).output["list"]]
    shuffled = [row["rid"] for row in caller.call("G203", asked, fault="pages-shuffled").output["list"]]
    repeated = caller.call("G203", asked, fault="pages-repeated").output
    assert shuffled != right
    assert sorted(shuffled) == sorted(right)
    assert [row["rid"] for row in repeated["list"]][: len(right)] == right
    assert len(repeated["list"]) > len(right)
    nothing_new = {"data": {"cursor": repeated["next_cursor"], "limit": 500}}
    assert caller.call("G203", nothing_new, fault="pages-repeated").output["list"]  # told before, told again
    assert "cursor expired" in caller.call("G203", nothing_new, fault="cursor-expired").words


def test_every_kind_is_tried_here():
    tried = {line[0] for line in (*NOT_DONE, *DONE, *LOST)}
    assert set(faults.KINDS) - tried == {"refuse", "duplicate-reply", "other-reply", *faults.DURING}


# The plan


def outcome(caller, calls, infno="1901"):
    body = {"data": {"type": "INSUTYPE", "admdvs": "370000", "date": "2026-11-23"}}
    return [caller.call(infno, body).status for _ in range(calls)]


def test_a_plan_hits_the_calls_it_names(caller):
    caller.platform.fault("html-before", infno="1901", nth=[2, 4])
    assert outcome(caller, 5) == [200, 502, 200, 502, 200]
    caller.platform.fault("html-before", infno=["G501"], rate=1)
    assert outcome(caller, 1) == [200]
    caller.platform.fault("html-before", times=2)
    assert outcome(caller, 3) == [502, 502, 200]
    caller.platform.calm()
    assert outcome(caller, 1) == [200]


def test_a_plan_hits_the_station_it_names(caller):
    caller.platform.fault("html-before", station_no="LS0002")
    for station, status in (("LS0001", 200), ("LS0002", 502)):
        assert caller.call("G201", {"appy": appy(next(numbers), station_no=station)}).status == status


def test_the_same_seed_gives_the_same_faults(caller):
    runs = []
    for _ in range(2):
        caller.platform.admin(
            "POST", "faults", {"seed": 7, "rules": [{"kinds": ["html-before", "busy"], "rate": 0.5, "infno": "1901"}]}
        )
        runs.append(outcome(caller, 12))
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 429, 502}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"kinds": ["no-such"]}, "kinds must be some of"),
        ({}, "kinds must be some of"),
        ({"kinds": ["busy"], "rate": 2}, "rate must lie"),
        ({"kinds": ["busy"], "nth": 0}, "nth must be"),
        ({"kinds": ["busy"], "seconds": -1}, "seconds must lie"),
        ({"kinds": ["busy"], "often": 1}, "a rule has no 'often'"),
        ({"rules": [5]}, "a rule is an object"),
    ],
)
def test_a_wrong_plan_is_refused_with_a_sentence(caller, rule, words):
    with pytest.raises(AssertionError, match=words):
        caller.platform.admin("POST", "faults", rule)
    assert caller.platform.admin("GET", "faults")["rules"] == []
