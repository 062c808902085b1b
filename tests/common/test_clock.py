"""The application's time: real, or one that begins where a drill wants it and runs as fast."""

import time
from datetime import UTC, date, datetime, timedelta

import pytest

from common import clock
from common.clock import Clock

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def test_the_real_clock_is_aware_and_utc():
    before = datetime.now(UTC)
    assert before <= Clock().now() <= datetime.now(UTC)
    assert Clock().now().tzinfo is UTC


@pytest.mark.parametrize("scale", [1.0, 60.0, 100_000.0])
def test_a_clock_with_a_start_runs_from_there_as_fast_as_it_is_told(monkeypatch, scale):
    ticks = iter([100.0, 103.0, 110.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(ticks))
    drill = Clock(START, scale, time.monotonic())
    assert drill.now() == START + timedelta(seconds=3 * scale)
    assert drill.now() == START + timedelta(seconds=10 * scale)


def test_a_scaled_clock_without_a_start_begins_now_and_counts_real_time_once():
    before = datetime.now(UTC)
    slow = Clock(None, 1e-9)
    assert before <= slow.now() <= datetime.now(UTC)
    first = slow.now()
    time.sleep(0.001)
    assert slow.now() == first


def test_midnight_is_shandongs():
    assert clock.local_date(datetime(2026, 11, 22, 15, 59, tzinfo=UTC)) == date(2026, 11, 22)
    assert clock.local_date(datetime(2026, 11, 22, 16, 0, tzinfo=UTC)) == date(2026, 11, 23)
    assert clock.local(START).hour == 10


def test_the_application_has_one_clock(app):
    with app.app_context():
        assert START <= clock.now() < START + timedelta(minutes=5)
