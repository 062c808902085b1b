"""flask cases …: what an operator does with cases. Room `cases`, floor 4."""

from pathlib import Path

import click
from flask import current_app

from cases import export, operations, paper_operations, receipts, retention
from cases.city_rules import FILE, read_city_rules
from cases.paper_store import shelf_of
from cases.rules_import import keep_city_rules
from common import clock
from common.commands import Commands, Sentence, say
from common.db import done_once, reading, writing
from common.sealing import public_receipt_key
from common.sheets import plain_number

cases_cli = Commands("cases", help="Look after cases and their papers.")


@cases_cli.command("sweep-papers")
def sweep_papers() -> None:
    """Remove papers of drafts that ended and files that belong to nothing; once a day."""
    place = shelf_of(current_app)
    rows = 0
    while True:
        with writing() as session:
            ids = paper_operations.forget_ended_drafts(session, clock.now())
            session.commit()
        for id in ids:
            place.drop(id)
        rows += len(ids)
        if len(ids) < paper_operations.BATCH:
            break
    orphans = paper_operations.without_row(reading(), place)
    for id in orphans:
        place.drop(id)
    unfinished = place.drop_unfinished()
    say(f"删掉了过期草稿的 {rows} 份材料，和 {len(orphans) + unfinished} 个没有主的文件。")
    missing = paper_operations.lost(reading(), place)
    if missing:
        say(f"有 {len(missing)} 份材料的文件不见了，头一份是 {missing[0]}。请从备份恢复数据目录下的 papers。")


@cases_cli.command("reseal-papers")
def reseal_papers() -> None:
    """Seal every paper with the newest key; after `flask keys rotate`."""
    say(f"用新密钥重新封好了 {shelf_of(current_app).reseal()} 个文件。")


@cases_cli.command("rules")
@click.argument("file", type=click.Path(path_type=Path), default=FILE)
def rules(file: Path) -> None:
    """Bring in what cities decide (collection periods, how long a filing holds …) from FILE, columns as in
    cases/data/city_rules.csv, which is also what comes into a demo without FILE."""
    if file == FILE and not current_app.config["DEMO"]:
        raise Sentence("随产品带的规定里有演示值，不能上线。请给医保局公布的文件：flask cases rules FILE")
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            found = read_city_rules(lines)
    except (OSError, ValueError) as problem:  # UnicodeDecodeError is a ValueError
        words = str(problem) if str(problem).startswith("第") else "这个文件读不了，要 UTF-8 的 CSV"
        raise Sentence(f"{file.name}：{words}。什么也没改。") from None
    with writing() as session:
        changed = keep_city_rules(session, found)
        session.commit()
    say(f"各市规定：{len(found)} 条，其中 {changed} 条是新的或有变化。")


# Deadlines and retention


@cases_cli.command()
def lapse() -> None:
    """Withdraw cases whose missing papers never came, end enrolments whose time to pay is over; once a day."""
    total = unpaid = 0
    while True:
        refs = done_once(lambda session: operations.lapse_overdue(session, clock.now()))
        total += len(refs)
        if not refs:
            break
    while True:
        looked, ended = done_once(lambda session: operations.close_unpaid(session, clock.now()))
        unpaid += ended
        if not looked:
            break
    say(f"撤回了 {total} 件到期没补材料的，结了 {unpaid} 件过了缴费期的参保登记。")


@cases_cli.command("retention")
@click.option("--dry-run", is_flag=True, help="Count only what a first round would remove; change nothing.")
def keep_no_longer(dry_run: bool) -> None:
    """Delete what its time is over for (MENKOU_RETENTION, or our periods); once a day."""
    shelf, total, periods = shelf_of(current_app), retention.Removed(), retention.periods_of(current_app)
    while True:
        if dry_run:
            with writing() as session:
                done = retention.remove_due(session, clock.now(), periods, 1_000_000)
        else:
            done = done_once(lambda session: retention.remove_due(session, clock.now(), periods))
        for name in ("drafts", "papers", "persons", "requests"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
        if dry_run:
            break
        for id in done.files:
            shelf.drop(id)
        if done.nothing:
            break
    verb = "该删" if dry_run else "删掉了"
    words = f"{verb}：草稿 {total.drafts} 份、材料 {total.papers} 份、{total.persons} 件的个人信息、重复提交的底 {total.requests} 条。"
    say(words + ("试运行，什么也没删。" if dry_run else ""))


# A person's own data


@cases_cli.command("export-person")
@click.option("--purpose", required=True, help="Why: kept in the audit.")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="The file to write; it must not exist."
)
def export_person(purpose: str, target: Path) -> None:
    """Write everything kept about one person to a file. The number is asked for, so that no shell remembers it."""
    number = plain_number(str(click.prompt("证件号码", hide_input=True)))
    least, most = operations.PURPOSE_LENGTH
    if not least <= len(purpose.strip()) <= most:
        raise Sentence(f"请用 {least} 到 {most} 个字写明为什么：--purpose。")
    ids = export.of_person(reading(), number, None)
    if not ids:
        raise Sentence("这个号码没有办件。")
    now = clock.now()
    done_once(
        lambda session: export.record(
            session, ids=ids, number=number, by=None, county_code="370000", purpose=purpose, now=now
        )
    )
    try:
        with target.open("x", encoding="utf-8") as out:
            target.chmod(0o600)
            out.writelines(export.document(reading(), ids, now))
    except OSError as problem:
        raise Sentence(f"写不了 {target}：{problem.strerror}。") from None
    say(f"{len(ids)} 件写进了 {target}。")


# Receipts


@cases_cli.command("public-key")
def public_key() -> None:
    """Print the key that verifies our receipts, to be published."""
    keys = current_app.extensions["keys"]
    if keys is None:
        raise Sentence("MENKOU_KEY_DIR 里没有密钥。先造一次：flask --app app keys make")
    click.echo(public_receipt_key(keys), nl=False)


@cases_cli.command("verify-receipt")
@click.argument("token")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The published key (PEM).")
def verify_receipt(token: str, key: Path) -> None:
    """Say what a receipt's QR code vouches for. Needs the public key alone: no database, no secret. Exit code 1: not ours."""
    try:
        found = receipts.verify(token, receipts.read_public_key(key.read_text(encoding="ascii")))
    except (OSError, ValueError):
        raise Sentence(f"{key} 不是回执的公钥。") from None
    if found is None:
        raise Sentence("这张回执不是用这把钥匙签的。")
    say(f"{receipts.say_ref(found.ref)}，事项 {found.item_no}，站点 {found.station_code}，{found.filed_on} 收下")
