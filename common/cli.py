"""flask audit, flask keys …: is the audit whole, the keys of sealed data. Floor 0."""

import csv
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click

from common import audit_check, clock
from common.audit_check import Anchor, Break, Fault
from common.commands import Commands, Sentence, progress, say
from common.db import reading
from common.i18n import gettext as _
from common.sealing import KeysMissing

TOLD = 20  # breaks said on the screen
ANCHOR_HEADER = ("县（市、区）", "日期", "条数", "校验值")

audit_cli = Commands("audit", help="Who saw and did what: is it whole, and what to keep elsewhere.")


# The audit


@audit_cli.command("verify")
@click.option("--county", metavar="CODE", help="Only this county's, 6 digits.")
@click.option("--day", metavar="DATE", help="Only this day's, as 2026-11-22.")
@click.option(
    "--anchors", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A file of flask audit anchors."
)
def verify(county: str | None, day: str | None, anchors: Path | None) -> None:
    """Compute every chain again; say where one is broken, with exit code 1."""
    session = reading()
    entries = days = 0
    breaks: list[Break] = []
    try:
        with progress(_("审计记录"), 0, every=100_000) as step:
            for checked in audit_check.verify(session, county, _date(day) if day else None):
                days, entries = days + 1, entries + checked.entries
                breaks += checked.breaks
                step(checked.entries)
    except KeysMissing:
        raise Sentence(_("没有密钥，核对不了。MENKOU_KEY_DIR 指对了吗？")) from None
    if anchors:
        breaks += audit_check.compare(session, _read_anchors(anchors))
    for broken in breaks[:TOLD]:
        say(_say_break(broken), err=True)
    if breaks:
        raise Sentence(_("审计记录有 %(n)s 处对不上。先查密钥目录对不对，再保留现场、上报。", n=len(breaks)))
    say(_("审计记录完整：%(days)s 个县日，%(n)s 条。", days=days, n=entries))


@audit_cli.command("anchors")
@click.option("--day", metavar="DATE", help="The day, as 2026-11-22 [yesterday's].")
def anchors(day: str | None) -> None:
    """Print, as CSV, how far each county's chain of a day has come. Keep it elsewhere: verify --anchors reads it."""
    wanted = _date(day) if day else date.fromordinal(clock.local_date(clock.now()).toordinal() - 1)
    out = csv.writer(sys.stdout)
    out.writerow(ANCHOR_HEADER)
    for anchor in audit_check.anchors(reading(), wanted):
        out.writerow([anchor.county_code, anchor.day, anchor.seq, anchor.last])


def _read_anchors(file: Path) -> Iterator[Anchor]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.reader(lines):
                if row and row[0] != ANCHOR_HEADER[0]:
                    yield Anchor(row[0], date.fromisoformat(row[1]), int(row[2]), row[3])
    except (ValueError, IndexError, csv.Error):
        raise Sentence(_("%(file)s 不是 flask audit anchors 写的。", file=file.name)) from None


def _say_break(broken: Break) -> str:
    words = {
        Fault.CHANGED: _("第 %(n)s 条被改过，或者不是本系统写的", n=broken.seq),
        Fault.MISSING: _("第 %(n)s 至 %(m)s 条没有了", n=broken.seq, m=broken.upto),
        Fault.DETACHED: _("第 %(n)s 条和前一条接不上", n=broken.seq),
        Fault.BEYOND: _("第 %(n)s 条是多出来的", n=broken.seq),
        Fault.NO_HEAD: _("这一天的总数没有了"),
        Fault.HEAD_CHANGED: _("这一天的总数被改过"),
        Fault.DAY_MISSING: _("这一整天没有了"),
        Fault.UNREADABLE: _("有读不出来的内容"),
        Fault.NOT_AS_ANCHORED: _("第 %(n)s 条和留存的校验值不一样", n=broken.seq),
    }[broken.fault]
    return f"{broken.county_code} {broken.day or ''} {words}".replace("  ", " ")


def _date(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Sentence(_("日期写成 2026-11-22 这样。")) from None
