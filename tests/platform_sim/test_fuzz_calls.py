"""Whatever is sent, the simulator answers: no request takes it down or leaves its caller without a word."""

import base64
import json
import random
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from platform_sim import gm, keys, wire
from platform_sim.book import Book
from platform_sim.checks import Gate
from platform_sim.faults import Plan
from platform_sim.service import Service
from platform_sim.sim_clock import SimClock
from platform_sim.transactions import Office
from tests.conftest import NOW
from tests.platform_sim.caller import CODE, appy, matt, rid

BODIES = {
    "9001": {"signIn": {"opter_no": "menkou", "mac": "", "ip": "127.0.0.1"}},
    "1101": {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": "379801195208170020", "psn_name": "王玉兰"}},
    "1901": {"data": {"type": "INSUTYPE", "admdvs": "370000", "date": "2026-11-23"}},
    "G101": {"matt": [matt(1), matt(2)]},
    "G201": {"appy": appy(1)},
    "G202": {"data": {"trt_dcla_detl_sn": "1", "psn_no": "1", "memo": "x", "rid": rid(1), "ver_no": 1}},
    "G203": {"data": {"cursor": "", "limit": 5}},
    "G502": {"data": {"cursor": "1-3", "limit": 5}},
}
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(["\ud800", "x" * 2_000]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture
def service(tmp_path):
    """Without a socket; everybody is let in, so that what lies behind the gateway is reached."""
    made = keys.make_keys(tmp_path / "channel", tmp_path / "own")
    book = Book(tmp_path / "own" / "platform.sqlite3")
    gate = Gate(made)
    gate.let_in = lambda headers, now: None
    service = Service(book, made, SimClock(NOW), gate, Office(book, 1, timedelta(0)), Plan(1))
    service.client_private = base64.b64decode((tmp_path / "channel" / "sm2-private.key").read_text())
    yield service
    book.close()


def replace_one(node, place, value):
    """The same with one value, wherever it stands, replaced."""
    spots = []

    def walk(inner):
        pairs = inner.items() if isinstance(inner, dict) else enumerate(inner) if isinstance(inner, list) else ()
        for key, below in pairs:
            spots.append((inner, key))
            walk(below)

    walk(node)
    inner, key = spots[place % len(spots)]
    inner[key] = value
    return node


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(BODIES)), st.integers(0, 500), anything, st.booleans(), st.integers(0, 9999))
def test_one_wrong_value_anywhere_gets_an_answer(service, infno, place, value, in_input, number):
    body = json.loads(json.dumps(BODIES[infno]))
    if in_input:
        replace_one(body, place, value)
    text = json.dumps(body)  # escapes and blanks, as other clients write
    service.book.keep(f"signed_in:{CODE}", {"sign_no": "1", "day": "2026-11-23"})
    said = {
        "infno": infno,
        "msgid": f"{CODE}20261123100000{number:04}",
        "mdtrtarea_admvs": "370000",
        "insuplc_admdvs": "370000",
        "recer_sys_code": "MENKOU",
        "cainfo": base64.b64encode(gm.sign(service.client_private, text.encode())).decode(),
        "signtype": "SM2",
        "infver": "V1.0",
        "opter_type": "3",
        "opter": "menkou",
        "opter_name": "门口",
        "inf_time": "2026-11-23 10:00:00",
        "fixmedins_code": CODE,
        "fixmedins_name": "门口",
        "sign_no": "1",
        "input": body,
    }
    if not in_input:
        said |= {sorted(said)[place % len(said)]: value}
    answer = service.answer(infno, {}, json.dumps(said).encode())
    assert answer.status in {200, 400}
    if answer.status == 200:
        assert json.loads(answer.body)["infcode"] in {0, -1, -2, "-2"}
        assert wire.span_of(answer.body.decode(), "output")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()), st.text(max_size=12))
def test_any_bytes_get_an_answer(service, raw, infno):
    assert service.answer(infno, {}, raw).status in {200, 400}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=5), anything, min_size=1, max_size=5), st.integers())
def test_a_value_is_cut_out_as_it_was_written(said, seed):
    separators = random.Random(seed).choice([(",", ":"), (" , ", " : "), (",\n", ":\t")])
    text = json.dumps(said, separators=separators, ensure_ascii=bool(seed % 2))
    for name, value in said.items():
        assert json.loads(wire.span_of(text, name)) == value
