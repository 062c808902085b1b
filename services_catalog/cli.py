"""flask catalogue …: bring in a list or answers, compare, go back, say what a region does differently.

Room: the catalogue, floor 2. Comes in: CSV files and words of an operator. What it prints is Chinese only, like the
files: a command has no reader's language.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import click

from common import clock
from common.commands import Commands, say
from common.db import reading, writing
from services_catalog import operations, queries, schema
from services_catalog.csv_file import MAX_BYTES
from services_catalog.operations import Diff
from services_catalog.schema import OverrideField, OverrideRow
from services_catalog.views import Difference

NOTHING_KEPT = "（试运行，什么都没有改）"
LONGEST = 80  # characters of an old or new value that are shown

catalogue_cli = Commands("catalogue", help="Bring in, switch and compare catalogues.")

_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_dry_run = click.option("--dry-run", is_flag=True, help="Read, check and compare; change nothing.")
_from = click.option(
    "--effective-on", type=click.DateTime(["%Y-%m-%d"]), help="In force from this date; today if left out."
)
_field = click.argument("field", type=click.Choice([str(field) for field in OverrideField]))


@catalogue_cli.command("import")
@_file
@click.option("--source", required=True, help="Who published the list, and when.")
@_from
@_dry_run
def import_list(file: Path, source: str, effective_on: datetime | None, dry_run: bool) -> None:
    """Bring in a list as a new version, and print what differs from the one it follows."""
    now = clock.now()
    begins = _date(effective_on, now)
    with _sentences(file), writing() as session:
        rows = schema.read_catalogue(_bytes(file))
        diff = operations.import_catalogue(session, rows, source=source, effective_on=begins, now=now)
        if not dry_run:
            session.commit()
    if diff.number is None:
        say("和现行清单一样，没有新建版本。")
        return
    _print_diff(diff)
    _warn(diff)
    say(f"第 {diff.number} 版，{begins} 起用。{NOTHING_KEPT if dry_run else ''}")


@catalogue_cli.command("versions")
def list_versions() -> None:
    """List every version: number, from when, how many items, where it came from."""
    session = reading()
    known = queries.load_versions(session)
    current = queries.catalogue(session).number
    for version in known:
        state = "已撤回" if version.withdrawn else "现行" if version.number == current else ""
        say(
            f"第 {version.number} 版  {version.effective_on}  {len(version.items)} 项  {version.source}  {state}".rstrip()
        )
    if not known:
        say("还没有清单。")


@catalogue_cli.command("rollback")
@click.argument("number", type=int, required=False)
def rollback(number: int | None) -> None:
    """Take version NUMBER back, the one in force if left out; the one before is in force again."""
    now = clock.now()
    with _sentences(), writing() as session:
        number = number or queries.in_force(queries.load_versions(session), clock.local_date(now)).number
        left = operations.withdraw(session, number, now)
        session.commit()
    say(f"撤回了第 {number} 版，现在用第 {left} 版。")


@catalogue_cli.command("answers")
@_file
@_dry_run
def import_answers(file: Path, dry_run: bool) -> None:
    """Make the policy answers those of FILE, and print what differs."""
    with _sentences(file), writing() as session:
        diff = operations.import_answers(session, schema.read_answers(_bytes(file)))
        if not dry_run:
            session.commit()
    if diff.empty:
        say("和现在的政策问答一样。")
        return
    _print_diff(diff)
    if dry_run:
        say(NOTHING_KEPT)


@catalogue_cli.command("override")
@click.argument("division")
@click.argument("item", type=int)
@_field
@click.argument("value")
@click.option("--value-en", help="The same in English; needed for words.")
@click.option("--source", required=True, help="Who says so, and when.")
@_from
def override(
    division: str, item: int, field: str, value: str, value_en: str | None, source: str, effective_on: datetime | None
) -> None:
    """Say what DIVISION (370100) does differently for one FIELD of an ITEM."""
    typed = {
        "division_code": division,
        "item_no": item,
        "field": field,
        "value_zh": value,
        "value_en": value_en or "",
        "source": source,
        "effective_on": _date(effective_on, clock.now()).isoformat(),
    }
    with _sentences(), writing() as session:
        changed = operations.set_overrides(session, [schema.check_row(OverrideRow, typed)])
        session.commit()
    say("记下了。" if changed else "本来就是这样。")


@catalogue_cli.command("override-end")
@click.argument("division")
@click.argument("item", type=int)
@_field
@click.option("--source", required=True, help="Who says so, and when.")
@_from
def override_end(division: str, item: int, field: str, source: str, effective_on: datetime | None) -> None:
    """From a date on, DIVISION does it as everywhere else again."""
    begins = _date(effective_on, clock.now())
    with _sentences(), writing() as session:
        operations.end_override(session, division, item, OverrideField(field), source=source, effective_on=begins)
        session.commit()
    say(f"{begins} 起和别处一样。")


@catalogue_cli.command("overrides")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@_dry_run
def overrides(file: Path | None, dry_run: bool) -> None:
    """List every regional difference, past and planned; with FILE (CSV) bring in its differences, others stay."""
    if file is None:
        rows = queries.load_differences(reading())
        for known in rows:
            say(_said_there(known, f"{known.division_code} {known.place_zh}"))
        if not rows:
            say("还没有地区差异。")
        return
    with _sentences(file), writing() as session:
        read = schema.read_overrides(_bytes(file))
        changed = operations.set_overrides(session, read)
        if not dry_run:
            session.commit()
    for row in changed:
        say(_said_there(row, row.division_code))
    say(f"改动 {len(changed)} 条，没变 {len(read) - len(changed)} 条。{NOTHING_KEPT if dry_run else ''}")


def _said_there(row: OverrideRow | Difference, place: str) -> str:
    said = "和别处一样" if row.value_zh is None else row.value_zh
    return f"{row.effective_on}  {place}  第 {row.item_no} 项  {row.field}：{said}  出处：{row.source}"


@contextmanager
def _sentences(file: Path | None = None) -> Iterator[None]:
    """What cannot be done is said in sentences, not in a traceback."""
    try:
        yield
    except ValueError as problem:
        raise click.ClickException(f"{file.name}\n{problem}" if file else str(problem)) from problem


def _bytes(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # one more than allowed is enough to know


def _date(given: datetime | None, now: datetime) -> date:
    return given.date() if given else clock.local_date(now)


def _print_diff(diff: Diff) -> None:
    for named in diff.added:
        say(f"新增 {named.key} {named.name}")
    for named in diff.removed:
        say(f"去掉 {named.key} {named.name}")
    for change in diff.changed:
        say(f"改动 {change.key} {change.field}：{_cut(change.old)} → {_cut(change.new)}")
    say(f"新增 {len(diff.added)}，去掉 {len(diff.removed)}，改动 {len(diff.changed)} 处。")


def _warn(diff: Diff) -> None:
    for change in diff.renamed:
        _loud(f"注意：编号 {change.key} 换了事项：{change.old} → {change.new}。站点按编号承办，请先核对各站清单。")
    gone = [named.key for named in diff.removed if named.key.isdigit()]
    if gone:
        _loud(f"注意：编号 {'、'.join(gone)} 不再列出。站点原来选的编号还留着，以后再用同一编号会自动算作承办。")
    for number in diff.covers:
        _loud(f"注意：第 {number} 版原定以后起用，会被这一版盖住，到时不会生效。")


def _loud(said: str) -> None:
    click.secho(said, fg="yellow", bold=True, err=True)


def _cut(words: str) -> str:
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"
