"""`flask accounts …`: make staff accounts, one or many; help those who forgot."""

import os
from pathlib import Path

import click
from flask import current_app

from accounts import account_import, demo, operations, passwords, queries, second_factor
from accounts.models import Account, Post
from accounts.operations import OPERATOR, NewAccount, Refused
from accounts.places import new_post, places
from accounts.policy import Role
from accounts.schema import ROLE_WORDS, check_name, plain_name
from common import clock
from common.commands import Commands, Sentence, say
from common.db import reading, writing
from common.i18n import gettext as _

accounts_cli = Commands("accounts", help="Staff: who may sign in, at which posts.")

_roles = click.Choice([role.value for role in Role])


@accounts_cli.command("create-admin")
@click.argument("name")
@click.option("--area", default="37", show_default=True, help="A prefix of division codes: 37, 3713, 371302.")
@click.option("--staff-name", default="系统管理员", help="What colleagues read.")
def create_admin(name: str, area: str, staff_name: str) -> None:
    """Make the first system administrator, who makes the others at /accounts. Prints a first password, once."""
    _create(name, Role.SYSTEM_ADMIN, area, "", staff_name)


@accounts_cli.command("create")
@click.argument("name")
@click.option("--role", type=_roles, required=True, help="What the post is.")
@click.option("--area", default="", help="A prefix of division codes; at a station it is the station's town.")
@click.option("--station", default="", help="Code of the station, for helpers and clerks.")
@click.option("--staff-name", required=True, help="What colleagues read.")
def create(name: str, role: str, area: str, station: str, staff_name: str) -> None:
    """Make an account. Prints a first password, once; it must be changed at the first sign-in."""
    _create(name, Role(role), area, station, staff_name)


@accounts_cli.command("add-post")
@click.argument("name")
@click.option("--role", type=_roles, required=True, help="What the post is.")
@click.option("--area", default="", help="A prefix of division codes; at a station it is the station's town.")
@click.option("--station", default="", help="Code of the station, for helpers and clerks.")
def add_post(name: str, role: str, area: str, station: str) -> None:
    """Give an account one more post; with several, people choose at the sign-in."""
    account = _account(name)
    try:
        post = new_post(reading(), places(), Role(role), area, station)
    except Refused as problem:
        raise Sentence(str(problem)) from None
    with writing() as session:
        operations.add_post(session, account.id, post, by=OPERATOR, now=clock.now())
        session.commit()
    say(_("%(name)s 多了一个岗位。", name=account.name))


@accounts_cli.command("end-post")
@click.argument("name")
@click.option("--role", type=_roles, required=True, help="What the post is.")
@click.option("--area", default="", help="Its division code, where somebody has several of this kind.")
@click.option("--station", default="", help="Code of its station, where somebody has several of this kind.")
def end_post(name: str, role: str, area: str, station: str) -> None:
    """Take one post away from an account, at once; the account stays. Who acts in that post is signed out."""
    account, now = _account(name), clock.now()
    posts = queries.posts_of(reading(), [account.id], clock.local_date(now)).get(account.id, [])
    fits = [one for one in posts if one.role == role and area in {"", one.area} and station in {"", one.station_code}]
    if not fits:
        raise Sentence(_("%(name)s 没有这个岗位。", name=account.name))
    if len(fits) > 1:
        raise Sentence(_("%(name)s 有几个这样的岗位，请加 --area 或 --station 说明是哪一个。", name=account.name))
    with writing() as session:
        operations.end_post(session, session.get_one(Post, fits[0].id), by=OPERATOR, now=now)
        session.commit()
    say(_("收回了 %(name)s 的一个岗位。", name=account.name))


@accounts_cli.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write names and first passwords [FILE.passwords.csv]."
)
@click.option("--dry-run", is_flag=True, help="Check only; change nothing.")
def import_(file: Path, out: Path | None, dry_run: bool) -> None:
    """Make many accounts from an xlsx or CSV: 用户名, 姓名, 手机号, 岗位, 管辖范围, 站点编号. All rows or none.

    First passwords go into a new file that only its owner can read: hand them out, then delete it.
    """
    where = out or file.with_name(file.name + ".passwords.csv")
    try:
        rows = account_import.read_rows(file)
        found = account_import.check(reading(), places(), rows)
    except account_import.Unreadable as problem:
        raise Sentence(str(problem)) from None
    for wrong in found.problems:
        say(_("第 %(n)s 行：%(what)s", n=wrong.line, what=wrong.words), err=True)
    if found.problems:
        raise Sentence(_("有 %(n)s 行要改，什么都没有导入。", n=len(found.problems)))
    if dry_run:
        say(_("%(n)s 个账号都可以建。试运行，没有写入。", n=len(found.accounts)))
        return
    first = [(new.name, passwords.first_password()) for new in found.accounts]
    hashed = [passwords.hash_password(password) for _name, password in first]
    try:
        descriptor = os.open(where, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as problem:
        raise Sentence(_("写不了 %(file)s：%(why)s。", file=where, why=problem.strerror)) from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8-sig", newline="") as sheet:
            account_import.write_passwords(sheet, found.accounts, [password for _name, password in first])
        with writing() as session:
            for new, password_hash in zip(found.accounts, hashed, strict=True):
                operations.make_account(session, new.with_hash(password_hash), by=OPERATOR, now=clock.now())
            session.commit()
    except BaseException as problem:
        where.unlink(missing_ok=True)
        if isinstance(problem, Refused):
            raise Sentence(str(problem)) from None
        raise
    say(_("建好了 %(n)s 个账号。首次密码在 %(file)s，发完请删。", n=len(found.accounts), file=where))


@accounts_cli.command("reset-password")
@click.argument("name")
def reset_password(name: str) -> None:
    """Give an account a new first password, printed once; its second factor is set up anew, its sign-ins end."""
    account, password = _account(name), passwords.first_password()
    hashed = passwords.hash_password(password)
    with writing() as session:
        operations.reset_password(session, session.get_one(Account, account.id), hashed, by=OPERATOR, now=clock.now())
        session.commit()
    say(_("%(name)s 的首次密码：%(password)s", name=account.name, password=password))


@accounts_cli.command("end-sessions")
@click.argument("name")
def end_sessions(name: str) -> None:
    """Sign an account out everywhere."""
    account = _account(name)
    with writing() as session:
        ended = operations.end_sessions(session, session.get_one(Account, account.id), by=OPERATOR, now=clock.now())
        session.commit()
    say(_("退出了 %(n)s 台设备。", n=ended))


@accounts_cli.command("list")
@click.option("--area", default="", help="Only accounts inside this prefix of division codes.")
def list_(area: str) -> None:
    """Print accounts: name, posts, whether they may sign in."""
    today = clock.local_date(clock.now())
    after = ""
    while rows := queries.accounts_within(reading(), area, today, after=after, limit=500):
        posts = queries.posts_of(reading(), [row.id for row in rows], today)
        for row in rows:
            said = "、".join(f"{ROLE_WORDS[one.role]} {one.station_code or one.area}" for one in posts.get(row.id, []))
            say("  ".join([row.name, row.staff_name, said or "-"] + ([] if row.active else [_("已停用")])))
        after = rows[-1].name


@accounts_cli.command("demo")
def make_demo() -> None:
    """Make the demo's staff where there is none, and print names and password. Nothing in production; `make run` calls it."""
    if not current_app.config["DEMO"]:
        raise Sentence(_("这是正式环境，没有示例账号。"))
    at = current_app.extensions["demo_places"](reading())
    if at is not None and not demo.has_staff(reading()):
        hashed = passwords.hash_password(demo.EVERYBODYS)
        with writing() as session:
            demo.make_staff(session, at, hashed, now=clock.now())
            session.commit()
        reading().rollback()
    if words := demo.words(reading()):
        say(words)


@accounts_cli.command("demo-code")
@click.argument("name")
def demo_code(name: str) -> None:
    """Print the code that an authenticator app would show now, for an account of the demo. Never in production."""
    if not current_app.config["DEMO"]:
        raise Sentence(_("这是正式环境，动态码只在本人手机上。"))
    account = _account(name)
    if account.totp_secret is None:
        raise Sentence(_("%(name)s 还没设动态码，先登录一次。", name=account.name))
    say(second_factor.code_now(account.totp_secret))


def _create(name: str, role: Role, area: str, station: str, staff_name: str) -> None:
    password = passwords.first_password()
    hashed = passwords.hash_password(password)
    try:
        post = new_post(reading(), places(), role, area, station)
        new = NewAccount(check_name(plain_name(name)), staff_name.strip()[:60], hashed, [post])
        with writing() as session:
            operations.make_account(session, new, by=OPERATOR, now=clock.now())
            session.commit()
    except ValueError as problem:  # Refused is one
        raise Sentence(str(problem)) from None
    say(_("%(name)s 的首次密码：%(password)s", name=new.name, password=password))


def _account(name: str) -> Account:
    account = queries.account_named(reading(), plain_name(name))
    if account is None:
        raise Sentence(_("没有用户名 %(name)s。", name=name))
    return account
