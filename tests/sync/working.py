"""A clock that a test turns, and a worker at work until all is quiet."""

from datetime import datetime, timedelta

from sync.worker import Worker


class Hands:
    """A clock that a test turns."""

    def __init__(self, start: datetime):
        self.at = start

    def __call__(self) -> datetime:
        return self.at

    def turn(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def settle(worker: Worker, hands: Hands, *, most: int = 400) -> None:
    """Step until nothing is left for an hour."""
    idle = 0
    for _ in range(most):
        if worker.step():
            idle = 0
        else:
            idle += 1
            hands.turn(minutes=10)
        if idle > 8:
            return
    raise AssertionError("it never came to rest")
