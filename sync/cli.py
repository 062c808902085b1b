"""flask sync …: work off what is owed, look how it stands, mend and go on. Room `sync`, floor 2."""

import logging
import sys
import time
from pathlib import Path

import click
import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import defer

from common import clock
from common.commands import Commands, Sentence, say
from common.db import database, reading, writing
from common.sealing import CannotUnseal
from common.settings import Settings
from sync import channels, checking, lists, loop, outbox, pulls, queries
from sync.channel import SHIPPED, Channel, Profile, WrongChannel, read_channel, read_profile
from sync.inbox import FAILED, hear_again
from sync.models import InboxEntry, OutboxEntry, OutState
from sync.pulls import puller_beside
from sync.talking import Talk
from sync.transport import Transport
from sync.worker import Handlers, Worker

sync_cli = Commands("sync", help="What we owe the province's platform, and what it tells us.")
NOBODY = "operator"  # who pauses from a shell
TOLD = 20  # rows of a list that are named
PATIENCE = 60  # seconds that a worker waits for the simulator beside it to make the keys


@sync_cli.command("work")
@click.option("--once", is_flag=True, help="Return when nothing is due any more.")
@click.option("--with-parent", is_flag=True, help="Stop when the process that started it is gone; wait for its keys.")
def work(once: bool, with_parent: bool) -> None:
    """Send what is owed and read what is told, until SIGTERM. Several may run at once."""
    channel = _channel(patience=PATIENCE if with_parent else 0)
    _log()
    app_clock: clock.Clock = current_app.extensions["clock"]
    handlers: Handlers = current_app.extensions["sync_handlers"]
    transport = Transport(channel)
    worker = Worker(database(), channel, transport, app_clock.now, handlers, scale=app_clock.scale)
    puller = puller_beside(worker, current_app.extensions["sync_lists"])

    def turn() -> int:
        worker.tidy()
        puller.tidy()
        return puller.step() + worker.step()

    try:
        loop.run(turn, transport, until_empty=once, with_parent=with_parent)
    except CannotUnseal as problem:
        raise Sentence(f"Something sealed cannot be opened ({problem}): is this the right key folder?") from None
    finally:
        transport.close()


@sync_cli.command("check")
def check() -> None:
    """Is the channel right: its file, its keys, the platform's answer and clock. Nothing is changed there."""
    channel = _channel()
    transport = Transport(channel)
    try:
        talk = Talk(database(), channel, transport, clock.now)
        for line in checking.lines(channel):
            say(line)
        found = checking.ask(talk, transport, clock.now())
    finally:
        transport.close()
    for line in found.lines:
        say(line)
    if not found.well:
        raise Sentence("The channel does not work.")


@sync_cli.command("status")
def status() -> None:
    """How much waits and since when, what was refused and why, whether the channel is paused."""
    profile, now = _profile(), clock.now()
    found = queries.standing(reading(), profile.name, now, alarm_h=profile.backoff.alarm_h)
    state = found.state
    if state is not None and channels.paused(reading(), profile.name, now):
        until = f"{clock.local(state.paused_until):%m-%d %H:%M}" if state.paused_until else "somebody resumes it"
        say(f"channel {profile.name} is paused until {until}: {state.reason}")
    last = f"{clock.local(state.last_ok_at):%Y-%m-%d %H:%M:%S}" if state and state.last_ok_at else "never"
    oldest = f", the oldest for {_age((now - found.oldest).total_seconds())}" if found.oldest else ""
    waiting = sum(count.many for count in found.counts if count.state in queries.WAITING)
    say(f"{waiting} wait{oldest}; {found.acked} have arrived; the platform last answered: {last}")
    for count in found.counts:
        say(f"  {count.logical:14} {count.state:9} {count.kind or '-':16} {count.many}")
    if found.alarmed:
        say(f"{found.alarmed} have been tried for more than {profile.backoff.alarm_h:g} hours: somebody must look")
    for pull in found.pulls:
        read = f"{clock.local(pull.ok_at):%Y-%m-%d %H:%M:%S}" if pull.ok_at else "never"
        held = f", held: it would end {pull.held}; flask sync release {pull.logical}" if pull.held is not None else ""
        say(f"  {pull.logical:14} read to its end: {read}{f', fails: {pull.error_kind}' if pull.faults else ''}{held}")
    if found.unheard:
        say(f"{found.unheard} rows that the province told could not be heard: flask sync replay --inbox")
    for logical, rows in found.listed.items():
        _say_rows(logical, "cannot be right; what we have stays as it is", rows.unusable)
        _say_rows(logical, "differ and do not change by themselves", rows.differing)


@sync_cli.command("replay")
@click.argument("id", required=False)
@click.option("--kind", help="All that were refused for this reason (flask sync status names them).")
@click.option("--inbox", is_flag=True, help="Rows that were told and could not be heard, once more.")
def replay(id: str | None, kind: str | None, inbox: bool) -> None:
    """Once more what was refused, after its cause was mended: one by its id, or all of a kind."""
    if (id is not None) + (kind is not None) + inbox != 1:
        raise Sentence("Say one of: an id, --kind, --inbox.")
    name, now, many, closed = _profile().name, clock.now(), 0, 0
    with writing() as session:
        if inbox:
            hear = current_app.extensions["sync_handlers"].decided
            failed = sa.select(InboxEntry).where(
                InboxEntry.channel == name, InboxEntry.logical == pulls.DECISIONS, InboxEntry.state == FAILED
            )
            for told in session.scalars(failed.options(defer(InboxEntry.body)).order_by(InboxEntry.id)).all():
                try:
                    many += hear_again(session, told, hear, now) != FAILED
                except CannotUnseal:
                    closed += 1
        else:
            refused = sa.select(OutboxEntry).where(OutboxEntry.channel == name, OutboxEntry.state == OutState.REJECTED)
            chosen = OutboxEntry.id == id if id else OutboxEntry.error_kind == kind
            without = [defer(sealed) for sealed in (OutboxEntry.body, OutboxEntry.error, OutboxEntry.answer)]
            for entry in session.scalars(refused.options(*without).where(chosen).with_for_update()).all():
                if outbox.opens(session, entry.id):
                    outbox.replay(entry, now)
                    many += 1
                else:
                    closed += 1
        session.commit()
    say(f"{many} replayed")
    if closed:
        say(f"{closed} still cannot be opened: is the key that sealed them in the key folder?")


@sync_cli.command("pull")
@click.argument("list", type=click.Choice([pulls.DECISIONS, *lists.NAMES]))
@click.option("--from-start", is_flag=True, help="Read it from its beginning.")
def pull(list: str, from_start: bool) -> None:
    """Have a list read now instead of when it is due, also one that is held; a worker does it."""
    with writing() as session:
        mine = pulls.cursor_of(session, _profile().name, list, clock.now())
        mine.next_at, mine.cursor, mine.held = clock.now(), "" if from_start else mine.cursor, None
        session.commit()
    say(f"{list} is due now")


@sync_cli.command("release")
@click.argument("list", type=click.Choice(lists.NAMES))
def release(list: str) -> None:
    """Let a list through that was held because it would end many of ours."""
    with writing() as session:
        held = pulls.release(session, _profile().name, list, clock.now())
        session.commit()
    if held is None:
        raise Sentence("Nothing is held.")
    say(f"released: it may end {held}")


@sync_cli.command("pause")
@click.option("--reason", default="paused from a shell", help="What the pages say.")
def pause(reason: str) -> None:
    """Send and read nothing until `flask sync resume`."""
    with writing() as session:
        channels.pause(session, _profile().name, NOBODY, reason[:200], clock.now())
        session.commit()
    say("paused")


@sync_cli.command("resume")
def resume() -> None:
    """End a pause, a person's or a worker's."""
    with writing() as session:
        channels.resume(session, _profile().name)
        session.commit()
    say("resumed")


def _file() -> Path:
    settings: Settings = current_app.config["SETTINGS"]
    file = settings.channel or (SHIPPED if settings.mode == "demo" else None)
    if file is None:
        raise Sentence("There is no channel: MENKOU_CHANNEL names its file (docs/sync.md).")
    return file


def _profile() -> Profile:
    try:
        return read_profile(_file())
    except WrongChannel as problem:
        raise Sentence(str(problem)) from None


def _channel(patience: int = 0) -> Channel:
    settings: Settings = current_app.config["SETTINGS"]
    for left in range(patience, -1, -1):
        try:
            return read_channel(_file(), settings.keys_folder / "channel", _simulator(settings, wait=left > 0))
        except WrongChannel as problem:
            if not left:
                raise Sentence(str(problem)) from None
            time.sleep(1)
    raise AssertionError("unreachable")


def _simulator(settings: Settings, *, wait: bool) -> str:
    """Where the demo's simulator listens, as it wrote it down; empty with a channel of one's own. Raises WrongChannel while
    it has not started."""
    if settings.channel is not None or settings.mode != "demo":
        return ""
    try:
        return (settings.data_dir / "platform-sim" / "address").read_text(encoding="ascii").strip()
    except OSError:
        if wait:
            raise WrongChannel("The simulator has not started yet.") from None
        return ""


def _log() -> None:
    """One line per request on standard error, numbers and names only."""
    settings: Settings = current_app.config["SETTINGS"]
    logger = logging.getLogger("menkou.sync")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("sync: %(message)s"))
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO if settings.log_requests else logging.WARNING)


def _say_rows(logical: str, what: str, told: dict[str, str]) -> None:
    if told:
        say(f"  {logical:14} {len(told)} rows {what}:")
    for code, words in list(told.items())[:TOLD]:
        say(f"    {code:12} {words}")
    if len(told) > TOLD:
        say(f"    and {len(told) - TOLD} more")


def _age(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h" if minutes < 2880 else f"{minutes // 1440} days"
