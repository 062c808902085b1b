"""flask cases …: what an operator does with cases. Room `cases`, floor 4."""

from pathlib import Path

import click
from flask import current_app

from cases import paper_operations
from cases.city_rules import FILE, read_city_rules
from cases.paper_store import shelf_of
from cases.rules_import import keep_city_rules
from common import clock
from common.commands import Commands, Sentence, say
from common.db import reading, writing

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
