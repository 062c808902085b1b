"""Starting it: keys for both ends, ports, its own folder, who may ask it what, and that it ends with its parent."""

import base64
import http.client
import os
import signal
import socket
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from common.settings import ROOT
from platform_sim import gm, keys
from platform_sim.command import platform_sim
from tests.conftest import NOW
from tests.platform_process import start_platform
from tests.platform_sim.caller import Caller, appy, rid


def test_the_first_start_makes_keys_for_both_ends_and_the_second_finds_them(tmp_path):
    channel, own = tmp_path / "keys" / "channel", tmp_path / "platform-sim"
    first = keys.make_keys(channel, own)
    assert {file.name for file in channel.iterdir()} == {
        "tif-token",
        "sm2-private.key",
        "platform-sm2-public.key",
        "sm4.key",
        "client",
    }
    assert {oct(file.stat().st_mode & 0o777) for file in channel.iterdir()} == {"0o600"}
    assert keys.make_keys(channel, own) == first
    assert gm.verifies(
        first.client_public, b"x", gm.sign(base64.b64decode((channel / "sm2-private.key").read_text()), b"x")
    )


def test_the_clients_keys_are_never_replaced(tmp_path):
    channel, own = tmp_path / "channel", tmp_path / "own"
    channel.mkdir()
    (channel / "tif-token").write_text("given by hand\n")
    assert keys.make_keys(channel, own).tif_token == "given by hand"
    (own / "sm2-private.key").unlink()
    with pytest.raises(keys.KeysDiffer, match="another platform"):
        keys.make_keys(channel, own)


def test_keys_are_not_shown(tmp_path):
    made = keys.make_keys(tmp_path / "channel", tmp_path / "own")
    assert made.tif_token not in repr(made)
    assert made.client[1] not in repr(made)


def test_it_does_not_run_in_production(monkeypatch, tmp_path):
    for name, value in {
        "MENKOU_MODE": "production",
        "MENKOU_SECRET_KEY": "x" * 40,
        "DATABASE_URL": "sqlite://",
        "MENKOU_PUBLIC_URL": "https://menkou.example",
        "MENKOU_KEY_DIR": str(tmp_path / "keys"),
        "MENKOU_DATA_DIR": str(tmp_path / "data"),
    }.items():
        monkeypatch.setenv(name, value)
    result = CliRunner().invoke(platform_sim, [])
    assert (result.exit_code, "demo mode only" in result.output) == (1, True)
    assert not (tmp_path / "keys").exists()


def test_a_damaged_file_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("MENKOU_DATA_DIR", str(tmp_path))
    (tmp_path / "platform-sim").mkdir()
    (tmp_path / "platform-sim" / "platform.sqlite3").write_bytes(b"not a database, " * 100)
    result = CliRunner().invoke(platform_sim, ["--port", "0"])
    assert result.exit_code == 1
    assert "remove it" in result.output
    assert "Traceback" not in result.output


def test_a_port_that_is_taken_is_passed_by_with_a_word(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        platform = start_platform(tmp_path, NOW, port=taken)
        platform.stop()
    assert platform.url != f"http://127.0.0.1:{taken}"
    assert f"端口 {taken} 已被占用" in (tmp_path / "platform.log").read_text()


def test_what_it_did_outlives_it(tmp_path):
    first = start_platform(tmp_path, NOW)
    caller = Caller(first, NOW)
    envelope = caller.envelope("G201", {"appy": appy(1)}, sign_no=caller.sign_in())
    before = caller.post("G201", envelope)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    (first.own / "address").unlink()
    second = start_platform(tmp_path, NOW)
    caller.platform = second
    assert caller.post("G201", envelope).raw == before.raw
    assert second.proof([{"infno": "G201", "rid": rid(1), "ver_no": 3}], only=True)["ok"]
    second.stop()
    assert second.process.returncode == 0
    assert not (second.own / "address").exists()


def test_it_ends_with_the_process_that_started_it(tmp_path):
    """Even when that one is killed."""
    start = (
        "import sys; from pathlib import Path; from tests.conftest import NOW;"
        "from tests.platform_process import start_platform;"
        "p = start_platform(Path(sys.argv[1]), NOW); print(p.process.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", start, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 20
    while (tmp_path / "platform-sim" / "address").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not (tmp_path / "platform-sim" / "address").exists(), child


@pytest.mark.parametrize("host", ["menkou.example", "127.0.0.1.example.com", ""])
def test_a_page_in_a_browser_cannot_reach_admin_by_another_name(shared, host):
    line = http.client.HTTPConnection(shared.url.removeprefix("http://"), timeout=10)
    line.request("GET", "/admin/state", headers={"Host": host})
    assert line.getresponse().status == 403
    line.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/admin/nothing", None, 404),
        ("GET", "/nothing", None, 404),
        ("POST", "/admin/faults", "{", 400),
        ("POST", "/admin/decide", "{}", 400),
        ("POST", "/admin/decide", "[]", 400),
        ("POST", "/admin/settings", '{"now": "yesterday"}', 400),
        ("POST", "/admin/settings", '{"now": "2026-11-23T10:00:00"}', 400),
        ("POST", "/admin/settings", '{"shares": {"lost": 1}}', 400),
        ("POST", "/admin/rows", '{"infno": "G101", "list": []}', 400),
        ("POST", "/admin/assert", '{"expected": [{"rid": "x"}]}', 400),
        ("POST", "/elsewhere", "{}", 404),
        ("GET", "/healthz", None, 200),
    ],
)
def test_wrong_questions_get_an_answer(shared, method, path, body, status):
    line = http.client.HTTPConnection(shared.url.removeprefix("http://"), timeout=10)
    line.request(method, path, body)
    answer = line.getresponse()
    assert answer.status == status
    assert answer.read().startswith(b"{")
    line.close()


def test_shares_and_seed_decide_alike_again(tmp_path):
    runs = []
    for name in ("one", "two"):
        platform = start_platform(tmp_path / name, NOW, "--review-after", "0", "--seed", "11")
        platform.set(shares={"approved": 1, "returned": 1})
        caller = Caller(platform, NOW)
        for number in range(1, 13):
            assert caller.call("G201", {"appy": appy(number)}).infcode == 0
        rows = caller.call("G203", {"data": {"cursor": "", "limit": 100}}).output["list"]
        runs.append([(row["rid"], row["stas"]) for row in rows])
        platform.stop()
    assert runs[0] == runs[1]
    assert {stas for _rid, stas in runs[0]} == {"approved", "returned"}


def test_without_numbers_remembered_it_says_so(tmp_path):
    platform = start_platform(tmp_path, NOW, "--no-dedupe")
    assert platform.admin("GET", "state")["dedupe"] is False
    platform.stop()
