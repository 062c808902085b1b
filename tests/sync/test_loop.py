"""The loop of a worker: no failure of one step ends it."""

import logging

import pytest

from sync import loop


class Wire:
    on_wire = stopping = False


def test_a_step_that_fails_is_told_without_its_words_and_the_next_one_comes(monkeypatch, caplog):
    monkeypatch.setattr(loop, "AFTER_FAULT", 0)
    steps = [ValueError("王玉兰"), None, KeyError("王玉兰"), None, KeyboardInterrupt()]

    def work():
        problem = steps.pop(0)
        if problem:
            raise problem
        return 1

    with caplog.at_level(logging.WARNING, "menkou.sync"), pytest.raises(KeyboardInterrupt):
        loop.run(work, Wire())
    assert [record.getMessage() for record in caplog.records] == [
        "a step failed: ValueError",
        "a step failed: KeyError",
    ]


def test_asked_for_once_it_ends_with_what_no_step_should_raise(monkeypatch):
    def work():
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        loop.run(work, Wire(), until_empty=True)
