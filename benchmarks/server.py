"""A web server to measure, as `make run` starts it: in its own process, on 127.0.0.1, with the CPU time of all its processes."""

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.step import ROOT

PYTHON = ROOT / ".venv" / "bin" / "python"
MENKOU = [str(PYTHON), "-m", "tools.run"]
TICK = 1 / os.sysconf("SC_CLK_TCK")  # seconds
CLOCK = "2026-11-24T10:00:00+08:00"  # a Tuesday: most stations are open, as when most people look


class Server:
    def __init__(self, process: subprocess.Popen[bytes], port: int, started_in: float):
        self.process = process
        self.port = port
        self.started_in = started_in  # seconds until the first answer

    def cpu_seconds(self) -> float:
        """User and system time of the server and its children until now."""
        return sum(map(cpu_seconds, family(self.process.pid)))

    def memory_mb(self) -> float:
        """Memory of all its processes, shared pages counted once."""
        return sum(map(_pss_kb, family(self.process.pid))) / 1024


@contextmanager
def serving(command: list[str], ready: str, environment: dict[str, str]) -> Iterator[Server]:
    """Start `command` with a free PORT and wait until the path `ready` answers 200; stop it and all its children after.

    RuntimeError with the end of what it said when it does not start within a minute.
    """
    port = free_port()
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"MENKOU_CLOCK": CLOCK, "PORT": str(port)} | environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
        try:
            while not _answers(port, ready):
                if process.poll() is not None or time.perf_counter() - began > 60:
                    raise RuntimeError("it did not start")
                time.sleep(0.01)
            yield Server(process, port, time.perf_counter() - began)
        except (RuntimeError, OSError) as problem:
            said.seek(0)
            words = said.read()[-3000:].decode(errors="replace")
            raise RuntimeError(f"{' '.join(command)}: {problem}\n{words}") from problem
        finally:
            stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Politely, then not; it and the processes it started."""
    children = family(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pid in children[1:]:
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def family(pid: int) -> list[int]:
    """A process and those it started, and those they started; itself first."""
    found = [pid]
    for known in found:
        try:
            for children in Path(f"/proc/{known}/task").glob("*/children"):
                found += map(int, children.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def cpu_seconds(pid: int) -> float:
    """User and system time of one process until now; 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) * TICK


def _pss_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return 0


def _answers(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
            return answer.status == 200
    except urllib.error.HTTPError:
        raise  # it runs, and is broken
    except (urllib.error.URLError, ConnectionError):
        return False
