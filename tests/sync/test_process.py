"""`flask sync work` as a process: it waits, stops when asked, and may be killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from common.clock import Clock
from common.settings import ROOT
from sync.models import OutState
from tests.conftest import make_keys_once, on_sqlite
from tests.sync.little_platform import channel_files


@pytest.fixture
def environment(tmp_path, database_url, platform, owe, hands):
    """What a worker process needs to work on the test's database and little platform. What is owed is owed now."""
    hands.at = Clock().now()
    keys = tmp_path / "keys"
    keys.mkdir()
    for file in make_keys_once().iterdir():
        (keys / file.name).write_bytes(file.read_bytes())
    file, secrets = channel_files(tmp_path, platform, read_s="1", connect_s="0.5", lease_s="5")
    secrets.rename(keys / "channel")
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "DATABASE_URL": database_url,
        "MENKOU_DATA_DIR": str(tmp_path / "data"),
        "MENKOU_KEY_DIR": str(keys),
        "MENKOU_CHANNEL": str(file),
        "MENKOU_LOG_REQUESTS": "true",
        "MENKOU_TIME_SCALE": "4",  # leases run out in five seconds of this
    }


@pytest.fixture
def start(environment):
    """start("--once") starts a worker process."""
    started = []

    def act(*options: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "flask", "--app", "app", "sync", "work", *options]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield act
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def wait_for(true, seconds=60):
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "it did not come"
        time.sleep(0.05)


@on_sqlite
def test_a_worker_sends_what_is_owed_and_ends_when_it_is_asked_to(start, owe, box, platform):
    owe("aa", 1)
    process = start()
    wait_for(lambda: box()[0].state == OutState.ACKED)
    owe("aa", 2)  # while it waits
    wait_for(lambda: box()[1].state == OutState.ACKED)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0
    said = process.stderr.read()
    assert "case_submit ×1: done (ok)" in said
    assert "王玉兰" not in said


@on_sqlite
def test_asked_to_stop_it_finishes_the_request_in_hand_and_puts_back_the_others(start, owe, box, platform):
    for case in ("aa", "bb", "cc"):
        owe(case, 1)
    whole = platform.done

    def slowly(infno, said):
        process.send_signal(signal.SIGTERM)
        time.sleep(0.7)
        return whole(infno, said)

    platform.done = slowly
    process = start()
    assert process.wait(timeout=60) == 0
    states = [(entry.state, entry.msgid is None) for entry in box()]
    assert states == [(OutState.ACKED, False), (OutState.PENDING, True), (OutState.PENDING, True)]


@on_sqlite
def test_a_request_that_hangs_does_not_hold_up_the_end_and_is_in_doubt(start, owe, box, platform, tmp_path):
    owe("aa", 1)
    text = (tmp_path / "channel.toml").read_text()
    (tmp_path / "channel.toml").write_text(
        text.replace("read_s = 1", "read_s = 50").replace("lease_s = 5", "lease_s = 300")
    )
    platform.wrong = lambda infno, n: "slow"
    process = start()
    wait_for(lambda: platform.calls)
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=15) == 0
    assert time.monotonic() - asked < 15
    (entry,) = box()
    assert (entry.state, entry.error_kind, entry.doubtful) == (OutState.UNKNOWN, "stopped", True)


def test_killed_anywhere_nothing_is_lost_and_nothing_done_twice(start, owe, box, platform):
    chance = random.Random(20251119)
    platform.dedupe = True  # on a busy machine a lease may run out while its worker is still sending
    for version in (1, 2):
        for number in range(6):
            owe(f"{number:02x}", version)
            owe(f"{number:02x}", version, "work_order")
    faults = [None, None, "lost", "done-lost", "done-500", "busy"]
    platform.wrong = lambda infno, n: chance.choice(faults)
    for _ in range(3):
        seen = len(platform.calls)
        process = start()
        wait_for(lambda seen=seen: len(platform.calls) > seen or {e.state for e in box()} == {OutState.ACKED})
        time.sleep(chance.uniform(0, 0.15))
        process.kill()
        process.wait()
    platform.wrong = lambda infno, n: None
    workers = [start(), start()]
    wait_for(lambda: {entry.state for entry in box()} == {OutState.ACKED}, seconds=120)
    for process in workers:
        process.send_signal(signal.SIGTERM)
    assert [process.wait(timeout=20) for process in workers] == [0, 0]
    assert platform.effects == {(f"{n:02x}".ljust(32, "0"), version): 1 for n in range(6) for version in (1, 2)}
    for number in range(6):
        rid = f"{number:02x}".ljust(32, "0")
        assert [version for case, version in platform.order if case == rid] == [1, 2]


@on_sqlite
def test_it_ends_with_the_process_that_started_it(environment, owe, platform):
    owe("aa", 1)
    starting = "import subprocess, sys, time; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); time.sleep(99)"
    work = [sys.executable, "-m", "flask", "--app", "app", "sync", "work", "--with-parent"]
    command = [sys.executable, "-c", starting, *work]
    starter = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
    worker = int(starter.stdout.readline())
    wait_for(lambda: platform.calls)
    starter.kill()
    starter.communicate()
    wait_for(lambda: not alive(worker))


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
