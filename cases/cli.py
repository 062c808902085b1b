"""flask cases …: what an operator does with cases. Room `cases`, floor 4."""

from flask import current_app

from cases import paper_operations
from cases.paper_store import shelf_of
from common import clock
from common.commands import Commands, say
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
