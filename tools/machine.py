"""What the tests need from the system and Python packages cannot bring: a browser, Chinese fonts, a database server.

Outside the rooms; standard library only. Installed with apt-get where we are root on Debian or Ubuntu; elsewhere
named, with what goes untested for lack of it. With CI=true nothing may be left out.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tools.step import Failed, step

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


class Need(NamedTuple):
    name: str
    found: Callable[[], bool]
    package: str  # its name in Debian and Ubuntu
    untested: str  # what no test looks at without it, in both languages


def chromium() -> str | None:
    """Path of a Chromium that Playwright can drive."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def chinese_fonts() -> bool:
    if shutil.which("fc-list"):
        return bool(subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, check=False).stdout)
    return any(Path("/usr/share/fonts").rglob("*CJK*")) or Path("/System/Library/Fonts/PingFang.ttc").exists()


def postgresql() -> Path | None:
    """Folder with initdb and postgres, which Debian keeps off the PATH; the newest of several."""
    if path := shutil.which("initdb"):
        return Path(path).parent
    folders = [path.parent for path in Path("/usr/lib/postgresql").glob("[0-9]*/bin/initdb")]
    return max(folders, key=lambda folder: int(folder.parent.name), default=None)


NEEDS = (
    Need("Chromium", lambda: chromium() is not None, "chromium", "浏览器里的页面 · the pages in a browser"),
    Need("中文字体 · Chinese fonts", chinese_fonts, "fonts-noto-cjk", "中文排版 · how Chinese text is laid out"),
    Need("PostgreSQL", lambda: postgresql() is not None, "postgresql", "PostgreSQL 上的一切 · anything on PostgreSQL"),
)


def ready_for_tests(scripts: bool) -> int:
    """Install what is missing where we may, name what stays missing; the exit code.

    scripts  whether node_modules is there (tools/setup.py)
    """
    missing = [need for need in NEEDS if not need.found()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        install([need.package for need in missing])
        missing = [need for need in missing if not need.found()]
    lines, code = verdict(missing, scripts=scripts, in_ci=os.environ.get("CI", "").lower() in ("1", "true"))
    for line in lines:
        print(line, flush=True)
    return code


def install(packages: list[str]) -> None:
    """Debian packages. A failure has shown its own words; what is still missing afterwards is named by the caller."""
    apt = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"]
    with suppress(Failed):
        step("系统软件目录 · package lists", [*apt, "update"], "apt-get update")
    with suppress(Failed):
        step(
            "系统软件 · " + " ".join(packages),
            [*apt, "install", "--no-install-recommends", *packages],
            "apt-get install",
        )


def verdict(missing: list[Need], *, scripts: bool, in_ci: bool) -> tuple[list[str], int]:
    """What to tell, one line for each thing that is missing, and the exit code: only CI insists."""
    lines = [
        f"缺 {need.name}，因此不测 · not tested: {need.untested} (Debian/Ubuntu: {need.package})" for need in missing
    ]
    if not scripts:
        lines.append("缺 node_modules，因此不测 · not tested: 脚本与无障碍检查 · scripts and axe (npm ci)")
    if lines and in_ci:
        lines.append("CI 里不能略过任何测试，到此为止 · in CI nothing may be left out: stopping here")
    return lines, 1 if lines and in_ci else 0
