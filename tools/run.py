"""Database, demo data and the web server, for trying Menkou on one's own machine: `python -m tools.run [lan]`.

Outside the rooms; runs in .venv. `make run` and `make serve-lan` call it. The application is imported once, in the
parent: the child that prepares the database and the workers that serve start from that import, and the parent
itself never opens a database (a connection must not cross a fork).
"""

import errno
import http.client
import multiprocessing
import os
import signal
import socket
import ssl
import sys
import time
from contextlib import closing, suppress

from dotenv import load_dotenv
from flask import Flask

from common.settings import Settings
from tools import lan
from tools.step import ROOT, Failed


def main(*arguments: str) -> int:
    os.chdir(ROOT)
    try:
        read_env_file()
        os.environ.setdefault("MENKOU_LOG_REQUESTS", "false")  # a person looks at this terminal, not a log collector
        return serve(on_lan=arguments == ("lan",))
    except Failed as sentence:
        print(sentence, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130


def serve(*, on_lan: bool) -> int:
    """Until Ctrl-C. Raises Failed with a sentence when it cannot start."""
    name, default, host = ("LAN_PORT", "8443", "0.0.0.0") if on_lan else ("PORT", "8000", "127.0.0.1")
    port = read_port(name, os.environ.get(name) or default)
    check_free(host, port, name)
    addresses = lan.addresses() if on_lan else []
    certificate = lan.certificate(ROOT / "var" / "lan", addresses) if on_lan else None

    from granian import Granian
    from granian.constants import Interfaces, SSLProtocols
    from granian.log import LogLevels

    import app  # noqa: F401  (with all it imports, so that every fork has it already)
    from common.db import sqlite_is_safe
    from common.settings import read_settings

    settings = read_settings()
    if sys.platform == "linux":
        multiprocessing.set_start_method("fork")
    child = multiprocessing.Process(target=prepare)
    child.start()
    child.join()
    if child.exitcode != 0:
        return child.exitcode or 1

    processes = workers(settings.sqlalchemy_url, sqlite_is_safe())
    if settings.mode == "demo":
        start_platform(settings)
    if settings.mode == "demo" and processes > 1:  # one more process that writes
        multiprocessing.Process(target=sync_with_platform, daemon=True).start()

    server = Granian(
        "app:server",
        interface=Interfaces.WSGI,
        address=host,
        port=port,
        workers=processes,
        blocking_threads=1,
        websockets=False,
        log_level=LogLevels.warning,
        workers_kill_timeout=5,  # a forgotten open connection does not hold up Ctrl-C
        ssl_cert=certificate and certificate.chain,
        ssl_key=certificate and certificate.key,
        ssl_protocol_min=SSLProtocols.tls12,  # older Androids
    )
    unattended = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN  # nohup
    words = lan_words(addresses, port) if on_lan else here_words(port, development=settings.development)

    @server.on_startup
    def started() -> None:
        # When the terminal closes: stop, where the server would reload.
        signal.signal(signal.SIGHUP, signal.SIG_IGN if unattended else server.signal_handler_interrupt)

    # A process and not a thread: workers are forked, and a lock that a thread holds at that moment (OpenSSL's, while
    # it reads certificates) would never open in them.
    multiprocessing.Process(target=announce, args=(port, words, certificate is not None), daemon=True).start()
    server.serve(target_loader=application, wrap_loader=False)
    return 0


# ---- before serving


def read_env_file() -> None:
    """.env into the environment, where the server's workers find it. Raises Failed when it is no UTF-8 text."""
    try:
        load_dotenv(ROOT / ".env", encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise Failed(".env 应是 UTF-8 文本，请另存为 UTF-8 · save .env as UTF-8 text") from None


def read_port(name: str, text: str) -> int:
    """Raises Failed for anything that is no TCP port."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise Failed(f"{name} 应是 1 到 65535 的整数，不是“{text}” · {name} must be a number from 1 to 65535")
    return int(text)


def check_free(host: str, port: int, name: str) -> None:
    """Raises Failed when the port cannot be had. The server itself shares ports between workers and would not notice."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            verb = "make run" if name == "PORT" else "make serve-lan"
            another = f"换一个端口：{name}={port + 1 if 1024 <= port < 65535 else 8001} {verb} · pick another {name}"
            if problem.errno == errno.EADDRINUSE:
                raise Failed(f"端口 {port} 已被占用（{name}）· port {port} is taken. {another}") from None
            raise Failed(f"不能使用端口 {port}（{name}）· port {port} is not allowed here. {another}") from None


def prepare() -> None:
    """In a child process: migrations and, on the first start, demo data. Exits with the code that the parent returns."""
    import click
    from sqlalchemy.exc import OperationalError

    from app import create_app

    try:
        app = create_app()
        with app.app_context():
            commands = [["db", "upgrade"], ["demo", "load"]] + (
                [["accounts", "demo"], ["cases", "rules"]] if app.config["DEMO"] else []
            )
            for command in commands:
                app.cli.main(args=command, prog_name="flask", standalone_mode=False)
    except click.ClickException as problem:
        problem.show()
        sys.exit(problem.exit_code)
    except (click.Abort, KeyboardInterrupt):
        print("已停止，下次启动会接着做 · stopped; the next start goes on", file=sys.stderr)
        sys.exit(130)
    except OperationalError as problem:
        reason = str(problem.orig).strip().splitlines()[0]
        sys.exit(f"数据库不可用，请检查 DATABASE_URL · the database does not answer, see DATABASE_URL: {reason}")


def start_platform(settings: Settings) -> None:
    """The platform simulator beside us. Returns once its keys and its address are there for whoever talks to it."""
    address = settings.data_dir / "platform-sim" / "address"
    with suppress(OSError):
        address.unlink(missing_ok=True)  # of one that was killed
    child = multiprocessing.Process(target=simulate_platform, args=(settings,), daemon=True)
    child.start()
    deadline = time.monotonic() + 10
    while child.is_alive() and not address.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def simulate_platform(settings: Settings) -> None:
    """In a child process: the province's platform, so that what is filed gets its answer. Ends with its parent."""
    import click

    from platform_sim import command
    from platform_sim.sim_clock import SimClock

    try:
        command.run(
            command.PORT,
            settings.data_dir / "platform-sim",
            settings.keys_folder / "channel",
            clock=SimClock(settings.clock, settings.time_scale),
            seed=settings.random_seed,
            review_after=command.REVIEW_AFTER_S,
            dedupe=True,
            with_parent=True,
            say=lambda words: print(words, flush=True),
        )
    except click.ClickException as problem:  # the application works without it: what is owed waits
        problem.show()


def sync_with_platform() -> None:
    """In a child process: send the province what is owed, hear what it decides. Ends with its parent."""
    import click

    from app import create_app

    try:
        app = create_app()
        with app.app_context():
            app.cli.main(args=["sync", "work", "--with-parent"], prog_name="flask", standalone_mode=False)
    except click.ClickException as problem:  # the application works without it: what is owed waits
        problem.show()
    except click.Abort:
        pass


def application() -> Flask:
    """In each worker: the application it serves."""
    # Ctrl-C reaches a whole process group. The server passes it on, and a worker that hears it twice may hang.
    os.setpgid(0, 0)
    from app import server

    return server()


def workers(database_url: str, sqlite_is_safe: bool) -> int:
    """Two processes; one where SQLite is too old to be written by several (common/db.py says which)."""
    if sqlite_is_safe or not database_url.startswith("sqlite"):
        return 2
    print("这里的 SQLite 较旧，只用一个进程；多人使用请改用 PostgreSQL（DATABASE_URL）。")
    print("SQLite is old here, so one process serves; for many people use PostgreSQL (DATABASE_URL).")
    return 1


# ---- what to open


def announce(port: int, words: str, https: bool) -> None:
    """Print where to go once a page is really there. In a child process, beside the server."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    unverified = ssl._create_unverified_context()  # our own certificate, on this machine
    for _ in range(300):
        time.sleep(0.1)
        with (
            closing(
                http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=unverified)
                if https
                else http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            ) as page,
            suppress(OSError),
        ):
            page.request("GET", "/healthz")
            if page.getresponse().status == 200:
                print(words, flush=True)
                return
    print("半分钟了还没有应答，请看上面的话 · no answer for half a minute, see above", flush=True)


def here_words(port: int, *, development: bool) -> str:
    here = f"http://127.0.0.1:{port}"
    pieces = f"\n  {here}/_ui        所有界面小件 · every piece of the pages" if development else ""
    return f"""
门口 Menkou 已启动 · is running

  {here}            搜“外地看病”、“waidi”、“买药”试试 · search for what brings you to the counter
  {here}/stations   附近的医保工作站 · stations near a place{pieces}

示例数据：地名真实，站点是合成的 · demo data: real place names, invented stations
在手机上试 · on a phone: make serve-lan    换端口 · another port: PORT=8001 make run    停止 · stop: Ctrl-C
"""


def lan_words(addresses: list[str], port: int) -> str:
    urls = (
        "\n".join(f"  https://{address}:{port}" for address in addresses) or "  （这台电脑没有连局域网 · no network）"
    )
    return f"""
门口 Menkou 已启动。手机连同一个 Wi-Fi，打开 · on a phone in the same Wi-Fi open

{urls}

浏览器会警告：证书是这台电脑自己签的，没有机构担保。确认是自己的电脑，选“高级 → 继续访问”。
定位和相机只在 HTTPS 下可用，所以不能省。手机打不开时，看这台电脑的防火墙是否放行端口 {port}。
The browser will warn, because this computer signed its own certificate: choose “Advanced → Proceed”.
Position and camera need HTTPS. If nothing opens, let port {port} through this computer's firewall.
停止：Ctrl-C · stop
"""


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):  # a GBK or Latin terminal gets a question mark, not a crash
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    sys.exit(main(*sys.argv[1:]))
