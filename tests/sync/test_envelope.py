"""What is sent is what was signed, byte for byte; a value is found in an answer as it was written."""

import base64
import hashlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync import sm
from sync.channel import read_channel
from sync.envelope import compact, read_answer, request, tif_headers, top_level
from tests.conftest import NOW
from tests.sync.little_platform import Platform, channel_files

PLATFORM = Platform()
PLATFORM.url = "http://127.0.0.1:1"
BODY = '{"appy":{"rid":"a","psn_name":"王玉兰","n":1.10,"x":[ 1 ]}}'


def channel_with(folder, **lines):
    return read_channel(*channel_files(folder, PLATFORM, **lines))


def test_the_signed_bytes_are_the_sent_bytes(tmp_path):
    text = request(channel_with(tmp_path), "case_submit", BODY, msgid="m" * 30, now=NOW, sign_no="S1")
    sent = top_level(text)
    assert sent["input"] == BODY
    said = json.loads(text)
    assert sm.verifies(PLATFORM.client_public, BODY.encode(), base64.b64decode(said["cainfo"]))
    assert len(said["cainfo"]) == 88
    assert (said["infno"], said["msgid"], said["inf_time"]) == ("G201", "m" * 30, "2026-11-23 10:00:00")
    assert (said["signtype"], said["sign_no"], said["fixmedins_code"]) == ("SM2", "S1", "H37000000001")
    assert "encType" not in said


def test_with_sm4_the_signature_is_over_what_was_sealed(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    file.write_text(file.read_text().replace("[encryption]\non = false", "[encryption]\non = true"))
    said = json.loads(request(read_channel(file, secrets), "case_submit", BODY, msgid="m" * 30, now=NOW))
    assert said["encType"] == "SM4"
    assert sm.sm4_decrypt(bytes(range(16)), base64.b64decode(said["input"])).decode() == BODY
    assert sm.verifies(PLATFORM.client_public, BODY.encode(), base64.b64decode(said["cainfo"]))


def test_each_attempt_is_signed_anew(tmp_path):
    channel = channel_with(tmp_path)
    two = {request(channel, "case_submit", BODY, msgid="m" * 30, now=NOW) for _ in range(2)}
    assert len(two) == 2


def test_an_unsigned_channel_says_so(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    file.write_text(
        file.read_text().replace(
            "[signing]\non = true", '[signing]\non = false\nunverified_because = "省里的回音没有签名"'
        )
    )
    said = json.loads(request(read_channel(file, secrets), "case_submit", BODY, msgid="m" * 30, now=NOW))
    assert (said["cainfo"], said["signtype"]) == ("", "")


def test_a_provinces_extra_fields_are_data(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    file.write_text(file.read_text().replace("[headers]", '[envelope.extra]\nfixmedins_soft_fcty = "门口"\n[headers]'))
    said = json.loads(request(read_channel(file, secrets), "case_submit", BODY, msgid="m" * 30, now=NOW))
    assert said["fixmedins_soft_fcty"] == "门口"


def test_the_gateways_hash_is_over_second_token_nonce_second():
    headers = tif_headers("menkou", "token", NOW)
    second, nonce = headers["x-tif-timestamp"], headers["x-tif-nonce"]
    assert second == str(int(NOW.timestamp()))
    assert headers["x-tif-signature"] == hashlib.sha256(f"{second}token{nonce}{second}".encode()).hexdigest()
    assert tif_headers("menkou", "token", NOW)["x-tif-nonce"] != nonce


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(), _JSON), st.sampled_from([None, 1, 4]), st.booleans())
def test_values_are_found_as_they_were_written(said, indent, ascii_only):
    text = json.dumps(said, indent=indent, ensure_ascii=ascii_only)
    spans = top_level(text)
    assert set(spans) == set(said)
    for name, value in said.items():
        assert json.loads(spans[name]) == value
        assert spans[name] in text


@pytest.mark.parametrize("text", ["", "[]", "7", '{"a"', '{"a":', '{"a":1', "{,", '{"a":}'])
def test_what_is_no_object_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        top_level(text)


@settings(max_examples=300, deadline=None)
@given(raw=st.binary(max_size=300) | _JSON.map(lambda value: compact(value).encode("utf-8", "replace")))
def test_reading_an_answer_never_raises(tmp_path_factory, raw):
    global CHANNEL
    if CHANNEL is None:
        CHANNEL = channel_with(tmp_path_factory.mktemp("channel"))
    assert not read_answer(CHANNEL, raw).ok


CHANNEL = None


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"王\ud842", "王\ufffd"),
        (r"\uDFB7王", "\ufffd王"),
        (r"\ud842\udfb7田", "𠮷田"),
        (r"a\u0000b", "a\ufffdb"),
        (r"\\ud842", r"\ud842"),
    ],
)
@pytest.mark.parametrize("sealed", [False, True])
def test_of_an_answer_only_what_can_be_kept_is_read(tmp_path, written, read, sealed):
    file, secrets = channel_files(tmp_path, PLATFORM)
    if sealed:
        file.write_text(file.read_text().replace("[encryption]\non = false", "[encryption]\non = true"))
    text = f'{{"{written}":["{written}",{{"n":1.5,"rid":"{written}"}}]}}'
    whole = json.loads(PLATFORM.reply(0, text))
    output = json.dumps(base64.b64encode(sm.sm4_encrypt(bytes(range(16)), text.encode())).decode()) if sealed else text
    head = compact({name: value for name, value in whole.items() if name not in ("output", "err_msg")})
    raw = f'{head[:-1]},"err_msg":"{written}","output":{output}}}'
    answer = read_answer(read_channel(file, secrets), raw.encode())
    assert (answer.ok, answer.message) == (True, read)
    assert answer.output == {read: [read, {"n": 1.5, "rid": read}]}
