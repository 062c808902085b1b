"""`make run` as a person has it: a process that prepares, workers that serve, one that says where to look."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from common.settings import ROOT

PAGES = ("/", "/services", "/stations?lat=36.6637&lon=117.151", "/search?q=waidi")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.timeout(120)
def test_it_serves_its_first_pages_says_where_and_stops(tmp_path: Path):
    """Each worker's first page too: a lock taken at the moment of the fork once held half of them up for ever."""
    port = free_port()
    ours = {
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{tmp_path}/run.sqlite3",
        "MENKOU_DATA_DIR": str(tmp_path),
        "MENKOU_DEMO_STATIONS": "50",
    }
    said = tmp_path / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "tools.run"],
            cwd=ROOT,
            env=os.environ | ours,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(port, process)
        for number in range(12):  # a new connection each: both workers get some
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{PAGES[number % len(PAGES)]}", timeout=15) as page:
                assert page.status == 200
        deadline = time.monotonic() + 15
        while f"http://127.0.0.1:{port}" not in said.read_text(errors="replace") and time.monotonic() < deadline:
            time.sleep(0.1)
        assert f"http://127.0.0.1:{port}" in said.read_text(errors="replace")
        platform = (tmp_path / "platform-sim" / "address").read_text().strip()
        with urllib.request.urlopen(f"{platform}/healthz", timeout=15) as page:
            assert page.status == 200
        os.killpg(process.pid, signal.SIGINT)  # Ctrl-C
        assert process.wait(20) in {0, 130}
        assert "Traceback" not in said.read_text(errors="replace")
        assert not (tmp_path / "platform-sim" / "address").exists()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("it did not start within a minute")
