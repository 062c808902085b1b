"""flask reach …: how fast people get along, as the operator sees it. Room `maps`."""

from datetime import date, datetime

import click

from common import clock
from common.commands import Commands
from common.db import reading, writing
from common.editions import bump
from common.i18n import gettext as _
from maps.models import ReachRule
from maps.queries import reach_policy
from maps.reach import Mode, ReachPolicy

reach_cli = Commands("reach", help="How long a way takes: speed and detour of walking, e-bike and car.")


@reach_cli.command("show")
def show() -> None:
    """Print what holds today for each way of going, and where the numbers come from."""
    today = clock.local_date(clock.now())
    for mode in Mode:
        policy = reach_policy(reading(), mode, today)
        click.echo(f"{mode.value}  {policy.km_per_hour:g} km/h  × {policy.detour:g}  {policy.source}")


@reach_cli.command("set")
@click.argument("mode", type=click.Choice([mode.value for mode in Mode]))
@click.option("--km-per-hour", type=float, required=True, help="Speed on the way.")
@click.option("--detour", type=float, required=True, help="How much longer the way is than the straight line, 1 to 5.")
@click.option("--source", required=True, help="Where the numbers come from: readers see it.")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), help="The day from which they hold [today].")
def set_(mode: str, km_per_hour: float, detour: float, source: str, since: datetime | None) -> None:
    """Let other numbers hold for one way of going. The same day twice: the later words win."""
    try:
        policy = ReachPolicy(Mode(mode), km_per_hour, detour, " ".join(source.split())[:300])
    except ValueError as problem:
        raise click.ClickException(str(problem)) from None
    day: date = since.date() if since else clock.local_date(clock.now())
    with writing() as session:
        session.merge(
            ReachRule(mode=mode, effective_on=day, km_per_hour=km_per_hour, detour=detour, source=policy.source)
        )
        bump(session, "reach")
        session.commit()
    click.echo(
        _(
            "%(day)s起：%(speed)s 公里每小时，绕行 %(detour)s 倍。",
            day=day,
            speed=f"{km_per_hour:g}",
            detour=f"{detour:g}",
        )
    )
