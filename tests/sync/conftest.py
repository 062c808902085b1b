"""A platform that listens, a channel to it, and what is owed."""

import random
import time
from collections.abc import Callable, Iterator

import pytest

from common.db import Database
from sync import outbox
from sync.channel import Channel
from sync.models import OutboxEntry
from sync.transport import Transport
from sync.worker import Worker
from tests.conftest import NOW
from tests.sync import little_platform
from tests.sync.little_platform import Platform
from tests.sync.working import Hands


@pytest.fixture
def hands() -> Hands:
    return Hands(NOW)


@pytest.fixture
def platform() -> Iterator[Platform]:
    with little_platform.running() as platform:
        yield platform


@pytest.fixture
def channel(tmp_path, platform) -> Channel:
    return little_platform.channel_to(tmp_path, platform)


@pytest.fixture
def new_worker(database, channel, hands) -> Iterator[Callable[..., Worker]]:
    """Workers on the same database: new_worker(handlers=…)."""
    opened = []

    def make(channel: Channel = channel, **more) -> Worker:
        opened.append(Transport(channel))
        return Worker(database, channel, opened[-1], hands, chance=random.Random(7), **more)

    yield make
    for transport in opened:
        transport.close()


@pytest.fixture
def worker(new_worker) -> Worker:
    return new_worker()


@pytest.fixture
def owe(database: Database, hands) -> Callable[..., str]:
    """owe("aa", 1) owes a filing of case aa, version 1; returns its rid. logical="work_order" for the other kind."""

    def act(case: str = "aa", version: int = 1, logical: str = "case_submit", **more) -> str:
        rid = case.ljust(32, "0")
        with database.writing() as session:
            outbox.owe(
                session,
                county_code="370102",
                channel="province",
                aggregate=f"case:{rid}",
                logical=logical,
                key=f"{logical}:{rid}:{version}",
                body={"rid": rid, "ver_no": version, "psn_name": "王玉兰", **more},
                now=hands(),
            )
            session.commit()
        time.sleep(0.002)  # ids sort by the millisecond: what is owed next comes after this one
        return rid

    return act


@pytest.fixture
def box(session) -> Callable[[], list[OutboxEntry]]:
    """All entries of the outbox, in the order they were made, as they stand now."""

    def read() -> list[OutboxEntry]:
        session.rollback()
        session.expire_all()
        made = (OutboxEntry.made_at, OutboxEntry.aggregate, OutboxEntry.agg_seq)  # ids of one millisecond: any order
        return list(session.query(OutboxEntry).order_by(*made))

    return read
