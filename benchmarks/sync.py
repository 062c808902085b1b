"""Sync: envelopes and records a second, both ends on this machine. The other end is the simulator where it is there, else the
little platform of the tests; both verify every signature and sign every answer.

One worker waits for each answer before it asks again, so on a busy machine a second says little: the CPU time of an envelope
at either end says what a core is good for.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import alembic.command

from benchmarks.server import cpu_seconds
from benchmarks.table import Row, at_least, note, say
from common.clock import Clock
from common.db import Database
from common.ids import new_id
from common.migrate import alembic_config
from common.sealing import make_keys
from sync import outbox
from sync.channel import SHIPPED, Channel, read_channel
from sync.models import OutboxEntry, OutState
from sync.transport import Transport
from sync.worker import Worker
from tests.sync import little_platform
from tools.step import ROOT

ENVELOPES, RECORDS, ROUNDS = 200, 1_500, 3
BAR_ENVELOPES, BAR_RECORDS = 60, 200  # DESIGN.md §5


class Cost(NamedTuple):
    """Of one message: seconds, and CPU time in ms at our end and at the other."""

    took: float
    ours: float
    theirs: float


def measure() -> list[Row]:
    say("sync: signed envelopes, one by one and in batches")
    with tempfile.TemporaryDirectory() as folder, other_end(Path(folder)) as (name, channel, process):
        url = f"sqlite:///{folder}/bench.sqlite3"
        alembic.command.upgrade(alembic_config(url), "head")
        database = Database(url, make_keys(Path(folder, "keys")))
        transport = Transport(channel)
        worker = Worker(database, channel, transport, Clock().now)
        worker.talk.sign_in()
        filing = min(cost(database, worker, "case_submit", ENVELOPES, process) for _ in range(ROUNDS))
        order = min(cost(database, worker, "work_order", RECORDS, process) for _ in range(ROUNDS))
        transport.close()
        database.engine.dispose()
    return [
        note("sync: the other end, on the same cores", f"{name}; the best of {ROUNDS} rounds"),
        at_least("signed envelopes, one filing each", 1 / filing.took, BAR_ENVELOPES, "a second"),
        note("  CPU of one, our end and the other", f"{filing.ours:.1f} ms, {filing.theirs:.1f} ms"),
        note("  so our end makes with a core of its own", f"{1000 / filing.ours:.0f} a second"),
        at_least("records in signed batches of 50", 1 / order.took, BAR_RECORDS, "a second"),
    ]


def cost(database: Database, worker: Worker, logical: str, many: int, process: subprocess.Popen[bytes]) -> Cost:
    """What a message costs from the outbox to its outcome. AssertionError when one of `many` did not arrive."""
    with database.writing() as session:
        for _ in range(many):
            owe(session, logical)
        session.commit()
    before = arrived(database, logical)
    began, cpu, theirs = time.perf_counter(), time.process_time(), cpu_seconds(process.pid)
    while worker.step():
        pass
    took, cpu, theirs = time.perf_counter() - began, time.process_time() - cpu, cpu_seconds(process.pid) - theirs
    say(f"{logical}: {many / took:.1f} a second, {cpu / many * 1000:.1f} ms CPU each at our end")
    came = arrived(database, logical) - before
    assert came == many, f"{came} of {many} arrived"
    return Cost(took / many, cpu / many * 1000, theirs / many * 1000)


def arrived(database: Database, logical: str) -> int:
    """How many of its messages have arrived so far."""
    with database.read_session() as session:
        return session.query(OutboxEntry).filter_by(logical=logical, state=OutState.ACKED).count()


def owe(session: object, logical: str) -> None:
    """A message as cases/news.py writes it, of an invented person."""
    rid = new_id()
    common = {"rid": rid, "ver_no": 1, "matt_prcs_sn": rid[:24], "station_no": "LS0001"}
    person = {"psn_cert_type": "01", "certno": "379801195208170020", "psn_name": "王玉兰"}
    filing = {
        "dcla_type": "异地备案",
        "insutype": "390",
        "insu_admdvs": "371302",
        "rloc_admdvs": "310000",
        "rloc_rea": "06",
        "begndate": "2026-11-23",
        "tel": "15400000001",
        "resout_addr": "示例路 1 号",
        "memo": "随子女居住" * 20,
        "att_cnt": 2,
    }
    order = {
        "adm_lic_matt_no": "18",
        "matt_stas": "02",
        "prcs_fom": "窗口",
        "begn_acp_time": "2026-11-23 10:00:00",
        "updt_time": "2026-11-23 10:00:00",
    }
    outbox.owe(
        session,  # type: ignore[arg-type]
        county_code="371302",
        channel="province",
        aggregate=f"case:{rid}",
        logical=logical,
        key=f"{logical}:{rid}:1",
        body=common | person | (filing if logical == "case_submit" else order),
        now=Clock().now(),
    )


@contextmanager
def other_end(folder: Path) -> Iterator[tuple[str, Channel, subprocess.Popen[bytes]]]:
    """What answers, in a process of its own, and the channel to it."""
    if (ROOT / "platform_sim").is_dir():
        command, name, secrets = [sys.executable, "-m", "platform_sim", "--port", "0"], "the simulator", "keys/channel"
        address = folder / "platform-sim" / "address"
    else:
        command, name, secrets = (
            [sys.executable, "-m", "benchmarks.sync", str(folder)],
            "the tests' platform",
            "secrets",
        )
        address = folder / "address"
    environment = os.environ | {"MENKOU_MODE": "demo", "MENKOU_DATA_DIR": str(folder), "MENKOU_LOG_REQUESTS": "false"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        _wait(address.is_file, process)
        yield name, read_channel(SHIPPED, folder / secrets, at=address.read_text(encoding="ascii").strip()), process
    finally:
        process.terminate()
        process.wait()


def _wait(true: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if true():
            return
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("the other end did not start")


def serve(folder: Path) -> None:
    """The little platform, until it is terminated."""
    with little_platform.running() as platform:
        little_platform.channel_files(folder, platform)
        (folder / "address.new").write_text(platform.url, encoding="ascii")
        (folder / "address.new").rename(folder / "address")
        while True:
            time.sleep(60)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
