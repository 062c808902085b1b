"""The platform simulator in a process of its own, for tests that talk to it: start it, ask it, spoil it, let it prove."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from common.settings import ROOT
from platform_sim.keys import make_keys

SHIPPED = ROOT / "sync" / "data" / "simulator.toml"


@dataclass
class Platform:
    """A running simulator. keys: the folder for the client's secrets; channel_file: the shipped profile with its address."""

    url: str
    own: Path
    keys: Path
    channel_file: Path
    process: subprocess.Popen

    def admin(self, method: str, path: str, said: Any = None) -> dict:
        """One admin call; raises AssertionError with its words when it is refused."""
        body = json.dumps(said).encode() if said is not None else None
        request = urllib.request.Request(f"{self.url}/admin/{path}", body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as problem:
            raise AssertionError(problem.read().decode()) from None

    def fault(self, *kinds: str, **rule: Any) -> None:
        """platform.fault("drop-after", infno="G201", nth=1): from now on this goes wrong, and nothing else."""
        self.admin("POST", "faults", {"kinds": list(kinds), **rule})

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.admin("DELETE", "faults")

    def journal(self, **query: Any) -> list[dict]:
        """Calls, oldest first: infno=, rid=, after=."""
        return self.admin("GET", "journal?" + "&".join(f"{k}={v}" for k, v in query.items()))["journal"]

    def proof(self, expected: list[dict] | None = None, *, only: bool = False) -> dict:
        """{"ok", "doubled", "lost", "unasked", "backwards", …}; expected: [{infno, rid, ver_no}]."""
        return self.admin("POST", "assert", {"expected": expected or [], "only": only})

    def decide(self, name: str, stas: str, memo: str = "", *, now: bool = True) -> bool:
        """approved, returned or supplement, for a rid or receipt."""
        return self.admin("POST", "decide", {"ref": name, "stas": stas, "memo": memo, "now": now})["decided"]

    def set(self, **settings: Any) -> None:
        """now, dedupe, review_after, skew_s, shares."""
        self.admin("POST", "settings", settings)

    def stop(self) -> None:
        """SIGTERM, and wait."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_platform(folder: Path, now: datetime, *arguments: str, port: int = 0, scale: float = 1.0) -> Platform:
    """Start one on a free port (or the one named); it believes it is `now`, running `scale` times as fast."""
    folder.mkdir(parents=True, exist_ok=True)
    own, keys = folder / "platform-sim", folder / "keys" / "channel"
    make_keys(keys, own)
    settings = {
        "MENKOU_MODE": "demo",
        "MENKOU_DATA_DIR": str(folder),
        "MENKOU_KEY_DIR": str(folder / "keys"),
        "MENKOU_CLOCK": now.isoformat(),
        "MENKOU_TIME_SCALE": str(scale),
    }
    with (folder / "platform.log").open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "platform_sim", "--port", str(port), "--with-parent", *arguments],
            cwd=ROOT,
            env=os.environ | settings,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    address = own / "address"
    deadline = time.monotonic() + 60
    while not address.exists():
        assert process.poll() is None, (folder / "platform.log").read_text(errors="replace")
        assert time.monotonic() < deadline, "the simulator did not start within a minute"
        time.sleep(0.02)
    url = address.read_text().strip()
    channel_file = folder / "channel.toml"
    channel_file.write_text(SHIPPED.read_text(encoding="utf-8").replace("http://127.0.0.1:8020", url), encoding="utf-8")
    platform = Platform(url, own, keys, channel_file, process)
    platform.set(now=now.isoformat())
    return platform
