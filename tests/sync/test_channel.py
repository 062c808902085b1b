"""A channel file that is wrong is one sentence that names the place; no sentence holds a secret."""

import base64
import sys

import pytest

from cases import news
from common.settings import ROOT
from sync import checking, sm2_arithmetic
from sync.channel import NAME, SHIPPED, WrongChannel, read_channel, read_profile
from tests.sync.little_platform import Platform, channel_files

PLATFORM = Platform()
PLATFORM.url = "http://127.0.0.1:1"

# What is replaced in the shipped file, by what, and what the sentence names.
WRONG = [
    ('name = "province"', 'name = "Province!"', "name"),
    ('name = "province"', "", "name"),
    ('name = "province"', 'name = "province', "is not TOML"),
    ('name = "province"', 'name = "shandong"', 'name must be "province"'),
    ('base_url = "http://127.0.0.1:1"', 'base_url = "ftp://x"', "base_url"),
    ('base_url = "http://127.0.0.1:1"', 'base_url = "http://10.1.2.3"', "base_url must be https://"),
    ('base_url = "http://127.0.0.1:1"', 'base_url = "http://127.0.0.1.example"', "base_url must be https://"),
    ('base_url = "http://127.0.0.1:1"', 'base_url = "http://127.0.0.1@example"', "base_url must be https://"),
    ('name = "province"', 'name = "province"\nca_file = "none.pem"', "none.pem holds no certificates"),
    ("verify_answers = true", "verify_answers = false", "unverified_because must say why"),
    ("verify_answers = true", 'verify_answers = false\nunverified_because = "x"', "signing.unverified_because"),
    ("[signing]\non = true", "[signing]\non = false", "unverified_because must say why"),
    ('"H37000000001"', '"H370"', "envelope.fixmedins_code"),
    ('mdtrtarea_admvs = "370000"', 'mdtrtarea_admvs = "鲁"', "envelope.mdtrtarea_admvs"),
    ('opter_type = "3"', 'opter_type = "9"', "envelope.opter_type"),
    ('profile = "x-tif"', 'profile = "csb"', "headers.profile"),
    ('paasid = "menkou"', 'paasid = "门口"', "headers.paasid"),
    ("verify_answers = true", "verify_answers = 7", "signing.verify_answers"),
    ("input_chars = 40000", "input_chars = 0", "limits.input_chars"),
    ("input_chars = 40000", "input_charz = 40000", "limits.input_charz"),
    ("lease_s = 9", "lease_s = 8", "lease_s must be at least three times"),
    ('then = "sign_in"', 'then = "guess"', "answers.0.then"),
    ('words = "未签到|签到已失效|sign_no"', 'words = "("', "is no pattern"),
    ('infno = "G201"', 'infno = "g-201"', "transactions.case_submit.infno"),
    ('node = "appy"\neffect = true\nquery = "case_status"', 'node = "appy"\neffect = true\nquery = "x"', "asks x"),
    ('node = "appy"\neffect = true\nquery = "case_status"', 'node = "appy"\neffect = true', "needs a query"),
    ("repeatable = true", "repeatable = false\nquery = 'case_status'", "must be repeatable"),
    ("[transactions.sign_in]", "[transactions.sign_im]", "a rule says sign_in"),
]


@pytest.mark.parametrize(("old", "new", "names"), WRONG)
def test_each_wrong_line_is_one_sentence(tmp_path, old, new, names):
    file, secrets = channel_files(tmp_path, PLATFORM)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(WrongChannel) as said:
        read_channel(file, secrets)
    words = str(said.value)
    assert names in words
    assert "\n" not in words
    assert words.endswith(".")


@pytest.mark.parametrize("raw", [b"\xff\xfe", "编码".encode("gb18030"), b"[[", b""])
def test_what_is_no_toml_is_one_sentence(tmp_path, raw):
    file = tmp_path / "channel.toml"
    file.write_bytes(raw)
    with pytest.raises(WrongChannel, match="The channel file"):
        read_profile(file)


def test_a_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(WrongChannel, match=r"none\.toml cannot be read"):
        read_profile(tmp_path / "none.toml")


SECRETS = ["tif-token", "sm2-private.key", "platform-sm2-public.key"]


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("content", [None, "秘密", "c2VjcmV0LXRoYXQtaXMtdG9vLXNob3J0"])
def test_a_secret_that_is_missing_or_wrong_is_named_and_not_said(tmp_path, name, content):
    file, secrets = channel_files(tmp_path, PLATFORM)
    (secrets / name).unlink()
    if content is not None:
        (secrets / name).write_text(content)
    if name == "tif-token" and content == "c2VjcmV0LXRoYXQtaXMtdG9vLXNob3J0":
        return  # a token may be any ASCII
    with pytest.raises(WrongChannel, match=name) as said:
        read_channel(file, secrets)
    assert content is None or content not in str(said.value)


@pytest.mark.parametrize("name", [*SECRETS, "sm4.key"])
def test_a_secret_that_others_may_read_is_refused(tmp_path, name):
    file, secrets = channel_files(tmp_path, PLATFORM)
    (secrets / name).chmod(0o640)
    if name == "platform-sm2-public.key":
        read_channel(file, secrets)
        (secrets / name).chmod(0o660)
    with pytest.raises(WrongChannel, match=rf"The file {name} .* is open to others: chmod 600 mends it\.$"):
        read_channel(file, secrets)
    assert read_channel(SHIPPED, secrets)  # a demo


def test_what_is_unsafe_goes_with_a_reason_and_check_says_it(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    text = file.read_text().replace('base_url = "http://127.0.0.1:1"', 'base_url = "http://10.1.2.3"')
    text = text.replace('path = "/', 'plain_http_because = "专线，另有加密机"\npath = "/', 1)
    file.write_text(text.replace("verify_answers = true", 'verify_answers = false\nunverified_because = "省里不签"'))
    with pytest.raises(WrongChannel, match="unverified_because"):  # too short for a reason
        read_channel(file, secrets)
    file.write_text(file.read_text().replace("省里不签", "省里的回音没有签名"))
    said = checking.lines(read_channel(file, secrets))
    assert "answers are NOT VERIFIED: 省里的回音没有签名" in said
    assert "WITHOUT TLS: 专线，另有加密机" in said


def test_the_channel_is_named_as_what_is_owed_to_it():
    assert read_profile(SHIPPED).name == NAME == news.CHANNEL


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32, (sm2_arithmetic.N - 1).to_bytes(32, "big")])
def test_a_key_that_is_no_key_is_named(tmp_path, key):
    file, secrets = channel_files(tmp_path, PLATFORM)
    (secrets / "sm2-private.key").write_text(base64.b64encode(key).decode())
    with pytest.raises(WrongChannel, match=r"sm2-private\.key holds no SM2 private key"):
        read_channel(file, secrets)


def test_a_machine_that_cannot_sign_is_told_so_before_anything_is_sent(tmp_path, monkeypatch):
    files = channel_files(tmp_path, PLATFORM)
    monkeypatch.setitem(sys.modules, "gmssl_pyx", None)  # as where it has no build
    with pytest.raises(WrongChannel, match=r"^The channel signs .* nothing on this machine can: gmssl-pyx .*\.$"):
        read_channel(*files)


def test_keys_may_be_written_as_other_platforms_write_them(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    for name, before in (("sm2-private.key", b"\0"), ("platform-sm2-public.key", b"\4")):
        value = base64.b64decode((secrets / name).read_text())
        (secrets / name).write_text(base64.b64encode(before + value).decode())
    assert read_channel(file, secrets).platform_key == PLATFORM.public


def test_a_channel_shows_no_secret(tmp_path):
    file, secrets = channel_files(tmp_path, PLATFORM)
    shown = repr(read_channel(file, secrets))
    assert "a-token-of-the-tests" not in shown
    for name in ("sm2-private.key", "sm4.key"):
        assert (secrets / name).read_text().strip() not in shown


def test_the_shipped_channel_leads_to_this_machine_and_holds_no_secret():
    profile = read_profile(SHIPPED)
    assert profile.base_url.startswith("http://127.0.0.1:")
    assert SHIPPED.is_relative_to(ROOT)
