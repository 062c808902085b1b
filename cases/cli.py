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
    say(f"{rows} papers of ended drafts and {len(orphans) + unfinished} files that belonged to nothing are removed")
    missing = paper_operations.lost(reading(), place)
    if missing:
        say(f"{len(missing)} papers have no file any more; the first is {missing[0]}. Restore data_dir/papers.")


@cases_cli.command("reseal-papers")
def reseal_papers() -> None:
    """Seal every paper with the newest key; after `flask keys rotate`."""
    say(f"{shelf_of(current_app).reseal()} files are sealed anew")


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
    """Withdraw cases whose missing papers never came; once a day."""
    total = 0
    while True:
        with writing() as session:
            refs = operations.lapse_overdue(session, clock.now())
            session.commit()
        total += len(refs)
        if not refs:
            break
    say(f"{total} cases whose papers never came are withdrawn")


@cases_cli.command("retention")
@click.option("--dry-run", is_flag=True, help="Count only what a first round would remove; change nothing.")
@click.option("--policy", type=click.Path(path_type=Path), help="The bureau's own periods, instead of ours.")
def keep_no_longer(dry_run: bool, policy: Path | None) -> None:
    """Delete what its time is over for (cases/data/retention.csv); once a day."""
    shelf, total = shelf_of(current_app), retention.Removed()
    periods = policy or retention.FILE
    try:
        retention.classes(periods)
    except ValueError:
        raise Sentence(
            f"{periods} must have the columns class, months, what, source and each of our classes."
        ) from None
    while True:
        with writing() as session:
            done = retention.remove_due(session, clock.now(), 1_000_000 if dry_run else retention.AT_A_TIME, periods)
            if not dry_run:
                session.commit()
        for name in ("drafts", "papers", "persons", "requests"):
            setattr(total, name, getattr(total, name) + getattr(done, name))
        if dry_run:
            break
        for id in done.files:
            shelf.drop(id)
        if done.nothing:
            break
    verb = "would be removed" if dry_run else "are removed"
    say(
        f"{total.drafts} drafts, {total.papers} papers, the persons of {total.persons} cases and "
        f"{total.requests} kept requests {verb}"
    )


# A person's own data


@cases_cli.command("export-person")
@click.option("--purpose", required=True, help="Why: kept in the audit.")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="The file to write; it must not exist."
)
def export_person(purpose: str, target: Path) -> None:
    """Write everything kept about one person to a file. The number is asked for, so that no shell remembers it."""
    number = "".join(str(click.prompt("ID number", hide_input=True)).split()).upper()
    least, most = operations.PURPOSE_LENGTH
    if not least <= len(purpose.strip()) <= most:
        raise Sentence(f"Say why in {least} to {most} characters: --purpose.")
    ids = export.of_person(reading(), number, None)
    if not ids:
        raise Sentence("There is no case under this number.")
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
        raise Sentence(f"{target} cannot be written ({problem.strerror}).") from None
    say(f"{len(ids)} cases are in {target}")


# Receipts


@cases_cli.command("public-key")
def public_key() -> None:
    """Print the key that verifies our receipts, to be published."""
    keys = current_app.extensions["keys"]
    if keys is None:
        raise Sentence("There are no keys in MENKOU_KEY_DIR. Make them once: flask --app app keys make")
    click.echo(public_receipt_key(keys), nl=False)


@cases_cli.command("verify-receipt")
@click.argument("token")
@click.option("--key", required=True, type=click.Path(path_type=Path), help="The published key (PEM).")
def verify_receipt(token: str, key: Path) -> None:
    """Say what a receipt's QR code vouches for. Needs the public key alone: no database, no secret. Exit code 1: not ours."""
    try:
        found = receipts.verify(token, receipts.read_public_key(key.read_text(encoding="ascii")))
    except (OSError, ValueError):
        raise Sentence(f"{key} is not a public key of receipts.") from None
    if found is None:
        raise Sentence("This receipt was not signed with that key.")
    say(f"{receipts.say_ref(found.ref)}, item {found.item_no}, station {found.station_code}, filed on {found.filed_on}")
