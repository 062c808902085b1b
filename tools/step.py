"""One line a step, for people who wait: what is being done, in two languages, and how many seconds it took.

Outside the rooms; standard library only.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Failed(Exception):
    """A step did not succeed; the message is one sentence for the person, in both languages."""


def step(words: str, command: list[str], otherwise: str) -> None:
    """Run a command in silence behind one line. Raises Failed(otherwise), after the end of what the command said."""
    begin = time.monotonic()
    counting = sys.stdout.isatty()
    print(f"▸ {words} …", end="", flush=True)
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT
        )
        while (code := wait(process, 1.0 if counting else None)) is None:
            print(f"\r▸ {words} … {time.monotonic() - begin:.0f} s", end="", flush=True)
        if code == 0:
            print(f"\r▸ {words} …" if counting else "", f"{time.monotonic() - begin:.1f} s", flush=True)
            return
        print(" ✗", flush=True)
        said.seek(0)
        print("\n".join(said.read().decode(errors="replace").splitlines()[-15:]), file=sys.stderr, flush=True)
    raise Failed(otherwise)


def wait(process: subprocess.Popen[bytes], seconds: float | None) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def environment() -> dict[str, str]:
    """The person's own environment: their mirrors and proxies count. Where HOME cannot be written, caches go to var/."""
    changed = {"PIP_USER": "0"}
    if not os.access(os.path.expanduser("~"), os.W_OK):
        changed |= {"PIP_CACHE_DIR": f"{ROOT}/var/cache/pip", "npm_config_cache": f"{ROOT}/var/cache/npm"}
    return os.environ | changed
