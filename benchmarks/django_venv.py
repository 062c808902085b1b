"""Django in an environment of its own, var/bench-venv, so that ours never learns of it.

It holds Django alone. Whatever else that page needs (the web server, brotli, SQLite, our own modules) it sees in .venv:
both pages run on the very same versions.
"""

import subprocess
import sys

from benchmarks.server import PYTHON
from benchmarks.table import say
from tools.step import ROOT

VENV = ROOT / "var" / "bench-venv"
REQUIREMENTS = ROOT / "benchmarks" / "django_page" / "requirements.txt"
COMMAND = [str(VENV / "bin" / "python"), "-m", "benchmarks.django_page"]


def make() -> None:
    """Once per requirements.txt; seconds. subprocess.CalledProcessError where it cannot be had (no network)."""
    stamp = VENV / "made-from"
    if stamp.exists() and stamp.read_bytes() == REQUIREMENTS.read_bytes():
        return
    say("installing Django into var/bench-venv")
    subprocess.run([str(PYTHON), "-m", "venv", "--clear", "--without-pip", str(VENV)], check=True)
    pip = [str(PYTHON), "-m", "pip", "--python", COMMAND[0], "--disable-pip-version-check", "install", "--quiet"]
    pip += ["--only-binary=:all:", "--no-deps", "--require-hashes", "-r", str(REQUIREMENTS)]
    subprocess.run(pip, check=True)
    inside = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    (VENV / inside / "menkou.pth").write_text(f"{ROOT / '.venv' / inside}\n")
    stamp.write_bytes(REQUIREMENTS.read_bytes())
