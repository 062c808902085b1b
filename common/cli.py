"""flask keys, flask audit, flask backup: the keys of sealed data, is the audit whole, everything in one file. Floor 0."""

import csv
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import Session

from common import audit_check, backup, clock, restore
from common.audit_check import Anchor, Break, Fault
from common.backup import NoBackup
from common.commands import Commands, Sentence, progress, say
from common.db import reading, writing
from common.i18n import gettext as _
from common.reseal import Batch, count_by_key, reseal_some, sealed_columns
from common.restore import NotRestored
from common.sealing import (
    CannotUnseal,
    KeyRing,
    KeysMissing,
    add_seal_key,
    make_keys,
    public_receipt_key,
    read_keys,
)
from common.settings import Settings

TOLD = 20  # breaks said on the screen
ANCHOR_HEADER = ("县（市、区）", "日期", "条数", "校验值")

BATCH = 500  # values sealed anew in one transaction

keys_cli = Commands("keys", help="The keys of what is sealed: make, list, rotate.")
backup_cli = Commands("backup", help="Everything but the keys in one file, and back.")
audit_cli = Commands("audit", help="Who saw and did what: is it whole, and what to keep elsewhere.")


_file = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


# The keys


@keys_cli.command("make")
def make() -> None:
    """Make the keys of this installation in MENKOU_KEY_DIR, once. Keep a copy where backups are not."""
    folder = _settings().keys_folder
    try:
        if folder.exists() and any(folder.iterdir()):
            ring = read_keys(folder)  # a part missing is not made anew: what it sealed would never open again
            say(_("%(folder)s 里已有密钥，没有改动。", folder=folder))
        elif sealed_with(reading()):
            raise Sentence(
                _("数据库里已有加密内容，新密钥打不开它们。请把原来密钥目录的副本放回 %(folder)s。", folder=folder)
            )
        else:
            ring = make_keys(folder)
            say(
                _(
                    "密钥已生成：%(folder)s。请另存一份，不要和备份放在一起；丢了密钥，加密内容再也打不开。",
                    folder=folder,
                )
            )
    except KeysMissing as missing:
        raise Sentence(str(missing)) from None
    except OSError as problem:
        raise Sentence(_("%(folder)s 写不进去：%(why)s。", folder=folder, why=problem.strerror)) from None
    say(public_receipt_key(ring).strip())


@keys_cli.command("list")
def list_() -> None:
    """Say which keys there are, how many values each sealed, and print the public key that verifies receipts."""
    ring = _ring()
    found = sealed_with(reading())
    for number in sorted({*ring.seals, *found}):
        words = _("密钥 %(number)s：封了 %(n)s 个值", number=f"{number:04d}", n=found.get(number, 0))
        if number not in ring.seals:
            words += _("，密钥不在目录里，打不开")
        elif number == ring.newest:
            words += _("，正在使用")
        say(words)
    say(public_receipt_key(ring).strip())


@keys_cli.command("rotate")
def rotate() -> None:
    """Add a new key to seal with. Restart every server, then run: flask keys reseal."""
    _ring()
    number = add_seal_key(_settings().keys_folder)
    say(
        _(
            "有了密钥 %(number)s。现在：另存密钥目录，重启所有服务进程，再运行 flask keys reseal。",
            number=f"{number:04d}",
        )
    )


@keys_cli.command("reseal")
def reseal() -> None:
    """Seal anew, with the newest key, whatever an older one sealed: columns and files. Safe to interrupt and repeat."""
    ring, done, unopened = _ring(), 0, 0
    with progress(_("重新加密"), 0) as step:
        for sealed in sealed_columns():
            batch = Batch(0, 0, None)
            while True:
                with writing() as session:
                    batch = reseal_some(session, sealed, batch.after, BATCH)
                    session.commit()
                done, unopened = done + batch.done, unopened + batch.unopened
                step(batch.done)
                if batch.after is None:
                    break
        for reseal_files in current_app.extensions["after_rotation"]:  # of the rooms, handed down by app.py
            try:
                done += reseal_files()
            except (CannotUnseal, OSError):
                unopened += 1
    say(_("%(n)s 个值换成了密钥 %(number)s。", n=done, number=f"{ring.newest:04d}"))
    if unopened:
        raise Sentence(_("有 %(n)s 个值打不开，没有动：密钥目录里缺原来的密钥，或者内容被改过。", n=unopened))


def sealed_with(session: Session) -> Counter[int]:
    """Key number → values it sealed, in all tables. Nothing before the tables are made."""
    found: Counter[int] = Counter()
    tables = sa.inspect(session.connection()).get_table_names()
    for sealed in sealed_columns():
        if sealed.table.name in tables:
            found.update(count_by_key(session, sealed))
    return found


def _ring() -> KeyRing:
    try:
        return read_keys(_settings().keys_folder)
    except KeysMissing as missing:
        raise Sentence(str(missing)) from None


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


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
        Fault.MISSING: _("第 %(n)s 条没有了", n=broken.seq)
        if broken.seq == broken.upto
        else _("第 %(n)s 至 %(m)s 条没有了", n=broken.seq, m=broken.upto),
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


# The backup


@backup_cli.command("make")
@_file
def make_backup(file: Path) -> None:
    """Write tables and uploads, as they are at this moment, into FILE, a zip. The server may go on. No key is inside."""
    settings = _settings()
    try:
        with progress(_("备份"), 0, every=100_000) as step:
            manifest = backup.make(reading(), file, settings.data_dir, clock.now(), step)
    except (NoBackup, KeysMissing) as why:
        raise Sentence(str(why)) from None
    except OSError as problem:
        raise Sentence(_("%(file)s 写不进去：%(why)s。", file=file, why=problem.strerror)) from None
    rows = sum(facts["rows"] for facts in manifest["tables"].values())
    say(
        _(
            "备份好了：%(rows)s 行，%(files)s 个文件，在 %(file)s。",
            rows=rows,
            files=manifest["files"]["rows"],
            file=file,
        )
    )
    say(_("里面没有密钥。没有 %(folder)s 的副本，这份备份打不开；两样分开放。", folder=settings.keys_folder))


@backup_cli.command("restore")
@_file
def restore_backup(file: Path) -> None:
    """Bring FILE back into an empty database (flask db upgrade) of either kind, with the keys it was made with."""
    keys, folder = _ring(), _settings().data_dir
    try:
        with restore.opened(file, keys) as (archive, manifest), writing() as session:
            with progress(_("恢复"), sum(facts["rows"] for facts in manifest["tables"].values())) as step:
                done = restore.restore(session, archive, manifest, folder, step)
            for mend in current_app.extensions["after_restore"]:  # of the rooms, handed down by app.py
                mend(session)
            session.commit()
    except NotRestored as why:
        raise Sentence(str(why)) from None
    except OSError as problem:
        raise Sentence(_("没有恢复：%(why)s。", why=problem.strerror or file)) from None
    say(_("恢复好了：%(rows)s 行，%(files)s 个文件。", rows=done.rows, files=done.files))
    breaks = sum(len(checked.breaks) for checked in audit_check.verify(reading()))
    if done.unopened:
        say(_("其中 %(n)s 个加密的值打不开，备份前就是这样。", n=done.unopened), err=True)
    if breaks:
        raise Sentence(_("审计记录有 %(n)s 处对不上，运行 flask audit verify 看是哪里。", n=breaks))
    say(_("审计记录完整。"))
