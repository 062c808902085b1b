"""flask posters …: the posters of a county as one PDF, and which old ones still hang. Room `posters`."""

import csv
import os
import sys
import tempfile
from datetime import date
from pathlib import Path

import click
from flask import current_app

from common import clock
from common.commands import Commands, Sentence, progress, say
from common.db import reading
from common.i18n import gettext as _
from common.settings import Settings
from posters import pdf
from posters.queries import a_month_before, poster_of, scanned_lately, stations_of
from stations.queries import divisions
from stations.sheets import guarded

EVERY = 100  # posters between two lines where there is no terminal to draw a bar on
OUTDATED_HEADER = ("县（市、区）", "镇街", "站点编码", "站点", "单子日期", "近 30 天被扫次数", "最近一次")

posters_cli = Commands("posters", help="Posters of a county, and which old ones still hang.")
_county = "The county's 6-digit code"


@posters_cli.command("pdf")
@click.option("--county", required=True, metavar="CODE", help=f"{_county}.")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="The PDF to write.")
@click.option("--size", type=click.Choice(["a4", "a3"]), default="a4", show_default=True, help="Paper.")
def pdf_(county: str, out: Path, size: pdf.Size) -> None:
    """Write the posters of a county's open stations, a page each, by town and name. The file is whole or not there."""
    session, now = reading(), clock.now()
    root = _settings().public_url.rstrip("/")
    if not root:
        raise Sentence(_("先设 MENKOU_PUBLIC_URL，例如 https://menkou.example.gov.cn，印上的二维码才扫得开。"))
    _check(county)
    found = stations_of(session, county)
    if not found:
        raise Sentence(_("这个县还没有站点，没有单子可印。"))
    hotline, secret = current_app.config["HOTLINE"], _settings().secret_key
    posters = [poster_of(session, one, root=root, hotline=hotline, secret=secret, now=now) for one in found]
    with progress(_("公示单"), len(posters), EVERY) as step:
        try:
            body = pdf.document(posters, size, step)
        except FileNotFoundError:
            raise Sentence(_("没装字体，做不了 PDF。请先运行 make run 装好 node_modules。")) from None
    _write(out, body)
    say(_("写好 %(n)s 页，在 %(file)s。", n=len(posters), file=out))
    empty = sum(not poster.groups for poster in posters)
    if empty:
        say(_("其中 %(n)s 个站点还没登记能办的事。", n=empty))


@posters_cli.command("outdated")
@click.option("--county", default="", metavar="CODE", help=f"{_county}; without it all.")
def outdated(county: str) -> None:
    """List, as CSV, the old posters that people scanned in the last 30 days: there a new one should be put up."""
    if county:
        _check(county)
    since = a_month_before(clock.local_date(clock.now()))
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(OUTDATED_HEADER)
    for one in scanned_lately(reading(), county, since=since):
        cells = [one.county, one.town, one.code, one.name, _iso(one.printed_on), str(one.again), _iso(one.last_on)]
        out.writerow([guarded(cell) for cell in cells])


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def _check(county: str) -> None:
    known = divisions(reading()).get(county)
    if known is None or known.level != 3 or not county.startswith(_settings().divisions):
        raise Sentence(_("--county 要本系统里一个县的 6 位代码，例如 371302。"))


def _write(out: Path, body: bytes) -> None:
    """Beside it first, then in its place: a printer never gets half a file."""
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=".", suffix=".part")
        try:
            with open(handle, "wb") as file:
                file.write(body)
            os.chmod(name, 0o644)  # mkstemp keeps it to its maker
            os.replace(name, out)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as problem:
        raise Sentence(_("写不了 %(name)s：%(why)s。", name=out, why=problem.strerror)) from None


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
