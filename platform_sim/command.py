"""`flask platform-sim`: start the simulator. Demo mode only."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import click

from common.settings import WrongSetting, read_settings
from platform_sim.admin import Admin
from platform_sim.book import Book, BookBroken
from platform_sim.checks import SKEW_S, Gate
from platform_sim.faults import Plan
from platform_sim.keys import KeysDiffer, make_keys
from platform_sim.server import Server
from platform_sim.service import Service
from platform_sim.sim_clock import SimClock
from platform_sim.transactions import Office

PORT = 8020
REVIEW_AFTER_S = 30.0
TRIES = 20  # ports looked at after the first


def open_server(
    port: int,
    own: Path,
    channel: Path,
    *,
    clock: SimClock,
    seed: int,
    review_after: float = REVIEW_AFTER_S,
    dedupe: bool = True,
) -> Server:
    """The simulator, listening on `port`, or on the next that is free; 0: any. own, channel: where its keys and the client's
    lie. Raises KeysDiffer, BookBroken; OSError when no port is free."""
    keys = make_keys(channel, own)
    book = Book(own / "platform.sqlite3")
    gate = Gate(keys, skew_s=SKEW_S * max(1.0, clock.scale))  # three minutes of the real time
    office = Office(book, seed, timedelta(seconds=review_after))
    service = Service(book, keys, clock, gate, office, Plan(seed), dedupe)
    service.serial = itertools.count(book.row("SELECT count(*) FROM journal")[0] + 1)
    for attempt in range(TRIES):
        try:
            return Server("127.0.0.1", port and port + attempt, service, Admin(service))
        except OSError:
            if attempt + 1 == TRIES:
                raise
    raise AssertionError


@click.command("platform-sim")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--data-dir", type=click.Path(path_type=Path, file_okay=False), help="Its own folder.")
@click.option("--seed", type=int, help="What chance starts from; MENKOU_RANDOM_SEED otherwise.")
@click.option(
    "--review-after", default=REVIEW_AFTER_S, show_default=True, help="Seconds (of the scaled time) to a decision."
)
@click.option("--no-dedupe", is_flag=True, help="Forget message numbers, as a platform might.")
@click.option("--with-parent", is_flag=True, help="Stop when the process that started it is gone.")
def platform_sim(
    port: int, data_dir: Path | None, seed: int | None, review_after: float, no_dedupe: bool, with_parent: bool
) -> None:
    """A provincial platform to try against, on this machine. Makes keys for both ends at its first start."""
    try:
        settings = read_settings()
    except WrongSetting as problem:
        raise click.ClickException(str(problem)) from None
    if settings.mode != "demo":
        raise click.ClickException("The simulator runs in demo mode only: in production the platform is the real one.")
    run(
        port,
        data_dir or settings.data_dir / "platform-sim",
        settings.keys_folder / "channel",
        clock=SimClock(settings.clock, settings.time_scale),
        seed=settings.random_seed if seed is None else seed,
        review_after=review_after,
        dedupe=not no_dedupe,
        with_parent=with_parent,
    )


def run(
    port: int,
    own: Path,
    channel: Path,
    *,
    clock: SimClock,
    seed: int,
    review_after: float,
    dedupe: bool,
    with_parent: bool,
    say: Callable[[str], None] = click.echo,
) -> None:
    """Serve until SIGTERM or SIGINT. The address stands in `own`/address as long as it runs."""
    try:
        server = open_server(port, own, channel, clock=clock, seed=seed, review_after=review_after, dedupe=dedupe)
    except (KeysDiffer, BookBroken) as problem:
        raise click.ClickException(str(problem)) from None
    except OSError as problem:
        raise click.ClickException(f"The simulator cannot start: {problem.strerror}.") from None
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.stopping.set())
    if with_parent:
        threading.Thread(target=_watch, args=(os.getppid(), server.stopping), daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}"
    if port and server.server_address[1] != port:
        say(
            f"端口 {port} 已被占用，省平台模拟器改用 {here} · port {port} is taken, the platform simulator is at {here}"
        )
    address = own / "address"
    _write_whole(address, here + "\n")
    say(f"省平台模拟器 · platform simulator: {here}")
    try:
        server.serve()
    finally:
        address.unlink(missing_ok=True)
        server.service.book.close()


def _watch(parent: int, stopping: threading.Event) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    stopping.set()


def _write_whole(file: Path, text: str) -> None:
    """Who waits for the file finds all of it."""
    aside = file.with_suffix(".new")
    aside.write_text(text, encoding="ascii")
    aside.replace(file)
