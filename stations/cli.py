"""flask stations … and flask demo …: rosters in and out, dates, divisions, readers' reports, demo data. Room `stations`.

Comes in: files and words of an operator. Whatever is wrong with them is one sentence, and exit code 1.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from flask import current_app

from common import clock
from common.commands import Commands, Sentence, progress, say
from common.db import database, reading, writing
from common.i18n import gettext as _
from common.settings import Settings
from maps.place import Datum
from stations import clusters, demo, door_cli, operations, roster_import
from stations.cells import Kind, Problem, read_date
from stations.dated_rows import CALENDAR_COLUMNS, EXCEPTION_COLUMNS, Read, read_calendar, read_exceptions
from stations.dates_import import keep_calendar, keep_exceptions
from stations.division_import import load_divisions
from stations.importing import Outcome
from stations.models import Station
from stations.roster import MAX_PROBLEMS, Said, check
from stations.roster_words import COLUMNS
from stations.schema import TROUBLE_WORDS
from stations.sheets import Unreadable, open_table, write_csv

TOLD = 10  # problems said on the screen; all of them are in the report file
REPORT_HEADER = ("行号", "级别", "列", "原值", "说明")

stations_cli = Commands("stations", help="Bring in, check and export stations.")
demo_cli = Commands("demo", help="Data to try Menkou with.")


_file = click.argument("file", type=click.Path(path_type=Path))
_dry_run = click.option("--dry-run", is_flag=True, help="Check and count only; change nothing.")
_skip_bad = click.option("--skip-bad", is_flag=True, help="Keep the good rows when others are wrong.")
_report = click.option(
    "--report", type=click.Path(path_type=Path), help="Where to list the problems [FILE.report.csv]."
)


# Rosters


@stations_cli.command("import")
@_file
@_dry_run
@_skip_bad
@click.option(
    "--datum", type=click.Choice([datum.value for datum in Datum]), help="Datum of rows that do not say theirs."
)
@click.option("--map", "maps", multiple=True, metavar="COLUMN=FIELD", help="What a column is, where we cannot tell.")
@click.option("--source", help="Source of rows that do not say theirs [the file's name].")
@click.option("--verified-on", metavar="DATE", help="Date of check of rows that do not say theirs.")
@click.option("--synthetic", is_flag=True, help="Mark the stations as made up (示例数据).")
@click.option("--own-export", is_flag=True, help="FILE is an export of another Menkou: its 门口实测 hold.")
@_report
def import_(
    file: Path,
    dry_run: bool,
    skip_bad: bool,
    datum: str | None,
    maps: tuple[str, ...],
    source: str | None,
    verified_on: str | None,
    synthetic: bool,
    own_export: bool,
    report: Path | None,
) -> None:
    """Bring in a roster (xlsx, xls, ods, CSV). All rows or none, unless --skip-bad. The same file twice changes nothing.

    A station is known by its code. A column the file does not have leaves what is known untouched; so do blank items,
    source and date of check. A new station without items gets the defaults of its level and host. Columns:
    """
    session, now = reading(), clock.now()
    with _said():
        said = Said(source, _checked_on(verified_on), synthetic)
        known = roster_import.known_for_roster(
            session,
            today=clock.local_date(now),
            areas=_settings().divisions,
            datum=Datum(datum) if datum else None,
        )
        if not known.towns:
            raise Unreadable(_("还没有行政区划，请先运行 flask stations divisions。"))
        with open_table(file, COLUMNS, _pairs(maps)) as table:
            if known.datum is None and "datum" not in table.found:
                raise Unreadable(
                    _(
                        "不知道坐标系。请加 --datum：手机定位是 wgs84，天地图是 cgcs2000，高德、腾讯是 gcj02，百度是 bd09。"
                    )
                )
            with progress(_("核对"), table.about) as step:
                checked = check(table, known, said, step)
        if checked.rows == 0:
            raise Unreadable(_("表头下面没有内容，没有可导入的站点。"))
    _tell_problems(file, report, checked.problems, checked.errors, checked.warnings)
    _stop_if(checked.bad, skip_bad)
    keep: dict[str, Any] = {"source": source or _("名册 %(name)s", name=file.name)[:200], "now": now}
    keep |= {"own_export": own_export, "dry_run": dry_run}
    if dry_run:
        outcome = roster_import.import_roster(session, checked.stations, **keep)
    else:
        with writing() as session, progress(_("写入"), len(checked.stations)) as step:
            outcome = roster_import.import_roster(session, checked.stations, progress=step, **keep)
            session.commit()
    _tell(outcome, checked.rows, checked.bad, dry_run)
    if outcome.claimed:
        say(_("%(n)s 行写着门口实测，可没在门口量过，位置来源记成“名册（称门口实测）”。", n=outcome.claimed))
    if outcome.absent:
        say(_("这些县里另有 %(n)s 个站点不在文件里，没动。", n=outcome.absent))


_COLUMN_LINES = (f"{column.field:14}{column.header}{'（必填）' if column.required else ''}" for column in COLUMNS)
import_.help = "\n".join([inspect.cleandoc(import_.help or ""), "", "\b", *_COLUMN_LINES])


@stations_cli.command("export")
@_file
@click.option("--area", default="", metavar="CODE", help="Only stations below this division.")
def export(file: Path, area: str) -> None:
    """Write the roster as CSV, WGS-84: a file that `import` takes as it is.

    Text that a spreadsheet would run as a formula (= + - @ first) gets a ' before it, which `import` takes off again.
    """
    with _said():
        if area and not (area.isdigit() and area.isascii() and len(area) <= 12):
            raise Unreadable(_("--area 要行政区划代码，例如 371302。"))
        header = [column.header for column in COLUMNS]
        count = write_csv(file, header, roster_import.roster_rows(reading(), area))
    say(_("导出 %(n)s 个站点到 %(file)s。", n=count, file=file))


# Dates


@stations_cli.command("exceptions")
@_file
@_dry_run
@_skip_bad
@_report
def exceptions(file: Path, dry_run: bool, skip_bad: bool, report: Path | None) -> None:
    """Bring in hours of single dates: 站点编码, 日期, 时间 (8:30-12:00, 休息; 照常 takes one back), 说明."""
    codes = set(reading().scalars(sa.select(Station.code)))
    with _said(), open_table(file, EXCEPTION_COLUMNS) as table:
        read = read_exceptions(table, codes)
    _keep(file, report, read, skip_bad, dry_run, keep_exceptions)


@stations_cli.command("calendar")
@click.argument("file", type=click.Path(path_type=Path), default=demo.CALENDAR)
@_dry_run
@_skip_bad
@_report
def calendar(file: Path, dry_run: bool, skip_bad: bool, report: Path | None) -> None:
    """Bring in holidays and make-up days: 日期, 是否上班, 名称, 来源. Without FILE: the dates shipped with Menkou."""
    with _said(), open_table(file, CALENDAR_COLUMNS) as table:
        read = read_calendar(table)
    _keep(file, report, read, skip_bad, dry_run, keep_calendar)


def _keep(
    file: Path,
    report: Path | None,
    read: Read[Any],
    skip_bad: bool,
    dry_run: bool,
    keep: Callable[..., Outcome],
) -> None:
    errors = sum(problem.kind is Kind.ERROR for problem in read.problems)
    _tell_problems(file, report, read.problems, errors, len(read.problems) - errors)
    _stop_if(read.bad, skip_bad)
    if dry_run:
        outcome = keep(reading(), read.rows, dry_run=True)
    else:
        with writing() as session:
            outcome = keep(session, read.rows)
            session.commit()
    _tell(outcome, len(read.rows) + read.bad, read.bad, dry_run)


# Divisions, the map's counts and demo


@stations_cli.command("clusters")
def clusters_() -> None:
    """Count the stations in each cell of the map anew. Imports and upgrades do it themselves."""
    with writing() as session:
        cells = clusters.rebuild(session)
        session.commit()
    say(_("地图重新数过了：%(n)s 格。", n=cells))


@stations_cli.command("divisions")
def divisions() -> None:
    """Load the shipped divisions, province to villages, without the points that were made up for the demo."""
    with writing() as session, progress(_("行政区划"), demo.DIVISIONS) as step:
        outcome = load_divisions(session, areas=_settings().divisions, progress=step)
        session.commit()
    _tell(outcome, outcome.added + outcome.changed + outcome.same, 0, dry_run=False)


@demo_cli.command("load")
@click.option("--stations", "limit", type=click.IntRange(0), help="How many stations [MENKOU_DEMO_STATIONS].")
def load(limit: int | None) -> None:
    """Fill an empty database: catalogue, calendar, divisions, 35,000 stations of which only names and codes are real.

    Does nothing when there are stations. One transaction: an interrupted load leaves nothing behind.
    """
    settings = _settings()
    if settings.mode == "production":
        raise Sentence(_("这是正式环境，不装示例数据。名册请用 flask stations import 导入。"))
    with database().read_session() as session:
        if demo.has_stations(session):
            say(_("已有站点，不再装示例数据。"))
            return
    count = min(settings.demo_stations if limit is None else limit, demo.ALL_STATIONS)
    with writing() as session, progress(_("示例数据"), demo.DIVISIONS + count) as step:
        if demo.has_stations(session):  # another process was quicker
            return
        loaded = demo.load_demo(
            session, seed=settings.random_seed, limit=count, areas=settings.divisions, now=clock.now(), progress=step
        )
        session.commit()
    say(_("装好了示例数据：%(n)s 个站点，%(m)s 个行政区划。", n=loaded.stations, m=loaded.divisions))


# Doors

for command in door_cli.COMMANDS:
    stations_cli.add_command(command)


# What readers say is wrong


@stations_cli.command("reports")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
@click.option("--settle", metavar="ID", help="Mark one report as dealt with.")
def reports(limit: int, settle: str | None) -> None:
    """List what readers say is wrong with stations, newest first."""
    if settle:
        with _said(), writing() as session:
            operations.settle_report(session, settle, now=clock.now())
            session.commit()
        say(_("已记为处理过。"))
        return
    waiting = operations.waiting_reports(reading(), limit)
    for report, code, name in waiting:
        when = clock.local(report.reported_at)
        what = TROUBLE_WORDS.get(report.trouble, report.trouble)  # type: ignore[call-overload]
        say(f"{report.id}  {when:%Y-%m-%d %H:%M}  {code}  {name}  {what}  {report.words or ''}".rstrip())
    if not waiting:
        say(_("没有待处理的报错。"))


# Saying things


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@contextmanager
def _said() -> Iterator[None]:
    """Whatever cannot be read or is refused ends the command with its sentence."""
    try:
        yield
    except (Unreadable, operations.Refused) as problem:
        raise Sentence(str(problem)) from None


def _pairs(maps: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for pair in maps:
        column, sign, field = pair.rpartition("=")
        if not (sign and column.strip() and field.strip()):
            raise Unreadable(_("--map 要写成 列名=字段，例如 --map 单位=name，不是“%(pair)s”。", pair=pair))
        pairs[column.strip()] = field.strip()
    return pairs


def _checked_on(text: str | None) -> date | None:
    try:
        return read_date(text) if text else None
    except ValueError as problem:
        raise Unreadable(f"--verified-on {problem}") from None


def _stop_if(bad: int, skip_bad: bool) -> None:
    if bad and not skip_bad:
        raise Sentence(_("有 %(n)s 行要改，什么都没有导入。改好再来，或加 --skip-bad 先导入其余的。", n=bad))


def _tell(outcome: Outcome, rows: int, bad: int, dry_run: bool) -> None:
    done = _("试运行，没有写入") if dry_run else _("完成")
    say(
        _(
            "%(done)s：共 %(rows)s 行，新增 %(added)s，更新 %(changed)s，没变 %(same)s，跳过 %(bad)s。",
            done=done,
            rows=rows,
            added=outcome.added,
            changed=outcome.changed,
            same=outcome.same,
            bad=bad,
        )
    )


def _tell_problems(file: Path, report: Path | None, problems: list[Problem], errors: int, warnings: int) -> None:
    """The first ten on the screen, all of them in the report file; an old report of the same file goes."""
    where = report or file.with_name(file.name + ".report.csv")
    if where.resolve() == file.resolve():
        raise Sentence(_("报告会盖掉名册，请给 --report 另一个文件名。"))
    if not problems:
        if report is None:
            where.unlink(missing_ok=True)
        return
    for problem in problems[:TOLD]:
        place = _("第 %(n)s 行 ", n=problem.line) if problem.line else ""
        value = f"“{problem.value[:30]}”" if problem.value and problem.value[:30] not in problem.words else ""
        say(f"{problem.kind} {place}{problem.column}{value}：{problem.words}", err=True)
    if len(problems) > TOLD:
        say("……", err=True)
    say(_("错误 %(errors)s 处，提醒 %(warnings)s 处。", errors=errors, warnings=warnings), err=True)
    try:
        rows = ([str(p.line or ""), p.kind, p.column, p.value, p.words] for p in problems)
        write_csv(where, REPORT_HEADER, rows)
        say(_("全部列在 %(file)s。", file=where), err=True)
    except Unreadable as problem:
        say(_("报告没写成：%(why)s", why=problem), err=True)
    if errors + warnings > MAX_PROBLEMS:
        say(_("只列了前 %(n)s 处。", n=MAX_PROBLEMS), err=True)
