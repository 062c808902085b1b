"""flask stations door-… and verified: links for measuring doors, what was photographed there, and how far it has come."""

import csv
import sys
from datetime import timedelta

import click
from flask import current_app
from flask.cli import with_appcontext

from common import clock
from common.commands import Sentence, say
from common.db import reading, writing
from common.i18n import gettext as _
from common.settings import Settings
from stations import door_links, door_photos, queries
from stations.operations import Refused

_county = click.option("--county", default="", metavar="CODE", help="Only this county.")


@click.command("door-link")
@click.argument("code")
@click.option("--days", type=click.IntRange(1, 365), default=30, show_default=True, help="How long it is good for.")
@with_appcontext
def door_link(code: str, days: int) -> None:
    """Print the link by which a helper at the door of station CODE may say where it is (门口校准).

    Whoever has the link may move that station's place until it ends: send it to one person.
    """
    found = queries.station(reading(), code)
    if found is None:
        raise Sentence(_("没有编码是 %(code)s 的站点，请核对。", code=code[:40]))
    with writing() as session:
        link = door_links.make(session, found, now=clock.now(), days=days)
        session.commit()
        id, last = link.id, clock.local_date(link.ends_at).isoformat()
    token = door_links.sign(_settings().secret_key, id)
    say(f"{_settings().public_url.rstrip('/')}/stations/door/{token}")
    say(_("%(name)s，%(day)s前有效。编号 %(id)s，提前停用时要用。", name=found.name, day=last, id=id), err=True)
    if not _settings().public_url:
        say(_("没有设 MENKOU_PUBLIC_URL，请在前面加上您的网址。"), err=True)


@click.command("door-links")
@_county
@with_appcontext
def links(county: str) -> None:
    """List the links that still hold: number, last day, station. The links themselves are not kept."""
    found = door_links.open_ones(reading(), county, now=clock.now())
    for link, code, name in found:
        say(f"{link.id}  {clock.local_date(link.ends_at).isoformat()}  {code}  {name}")
    if not found:
        say(_("没有还能用的链接。"))


@click.command("door-link-end")
@click.argument("link")
@with_appcontext
def end(link: str) -> None:
    """End one link now. LINK is its number, or the link itself."""
    try:
        id = door_links.read(_settings().secret_key, link.rstrip("/").rsplit("/", 1)[-1])
    except door_links.Broken:
        id = link
    try:
        with writing() as session:
            door_links.end(session, id, now=clock.now())
            session.commit()
    except Refused as problem:
        raise Sentence(str(problem)) from None
    say(_("停用了。拿着它的人再打开，会看到不能用了。"))


@click.command("door-photos")
@click.option("--station", "code", default="", metavar="CODE", help="Only of this station.")
@click.option("--older-than", "days", type=click.IntRange(0, 3650), metavar="DAYS", help="Only those older than that.")
@click.option("--delete", is_flag=True, help="Delete them; the readings stay.")
@with_appcontext
def photos(code: str, days: int | None, delete: bool) -> None:
    """List photos of doors, oldest first, or delete them. One without a station was left by an interrupted reading."""
    if delete and not code and days is None:
        raise Sentence(_("删哪些？请加 --older-than 天数，或 --station 站点编码；--older-than 0 是全部。"))
    if code and queries.station(reading(), code) is None:
        raise Sentence(_("没有编码是 %(code)s 的站点，请核对。", code=code[:40]))
    until = None if days is None else clock.now() - timedelta(days=days)
    found = door_photos.photos(reading(), _settings().data_dir / "doors", code=code, until=until)
    if delete:
        _delete(found)
        return
    for photo in found:
        whose = f"{photo.code}  {photo.name}" if photo.code else _("没有记录")
        gone = "" if photo.file.exists() else _("（文件不在）")
        say(f"{clock.local(photo.at):%Y-%m-%d %H:%M}  {whose}  {photo.file}{gone}")
    if not found:
        say(_("没有照片。"))


def _delete(found: list[door_photos.Photo]) -> None:
    try:
        for photo in found:
            photo.file.unlink(missing_ok=True)
    except OSError as problem:
        raise Sentence(_("删不了 %(name)s：%(why)s。", name=photo.file, why=problem.strerror)) from None
    with writing() as session:
        door_photos.forget(session, found)
        session.commit()
    say(_("删了 %(n)s 张照片。", n=len(found)))


@click.command("verified")
@click.option("--county", default="", metavar="CODE", help="Only this county, or all below this city.")
@with_appcontext
def verified(county: str) -> None:
    """Print, as CSV, how many stations of each county were ever verified."""
    stem = county.rstrip("0") if len(county) == 6 and county.endswith("00") else county
    names = queries.divisions(reading())
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(["区划代码", "县（市、区）", "站点", "已核实", "比例"])
    for code, (done, every) in queries.verified_share(reading()).items():
        if code.startswith(stem):
            out.writerow([code, names[code].name if code in names else "", every, done, f"{done / every:.3f}"])


COMMANDS = (door_link, links, end, photos, verified)


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
