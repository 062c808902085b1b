"""A worker as a process: work, wait, stop when asked. Room `sync`, floor 2.

SIGTERM or Ctrl-C: the request in hand is finished, but no longer than GRACE; what is then still on its way is in doubt and
asked for by the next worker. SIGKILL: as if the power had failed (sync/worker.py).
"""

import logging
import os
import signal
import threading
from collections.abc import Callable
from types import FrameType

import sqlalchemy as sa

from sync.transport import Stopped, Transport

GRACE = 3.0  # seconds
IDLE = 1.0
AFTER_FAULT = 3.0  # the database is away, or a step failed as none should
log = logging.getLogger("menkou.sync")


def run(work: Callable[[], int], transport: Transport, *, until_empty: bool = False, with_parent: bool = False) -> None:
    """Call `work` for ever: at once again while it has something to do, after a second when it has not.

    A step that fails is told by the type of its failure (words may quote what was sent) and tried again: nobody may be
    there to start us again. until_empty: return when there is nothing to do, and what no step should raise is raised.
    with_parent: return when the process that started us is gone.
    Only in the main thread: it sets signal handlers.
    """
    stop, parent = threading.Event(), os.getppid()

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()
        transport.stopping = True
        signal.setitimer(signal.ITIMER_REAL, GRACE, 0.5)

    def break_off(_number: int, _frame: FrameType | None) -> None:
        if transport.on_wire:
            raise Stopped

    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, ask_to_stop),
        signal.SIGINT: signal.signal(signal.SIGINT, ask_to_stop),
        signal.SIGALRM: signal.signal(signal.SIGALRM, break_off),
    }
    try:
        while not stop.is_set() and not (with_parent and os.getppid() != parent):
            try:
                busy = work()
            except sa.exc.OperationalError:
                log.warning("the database does not answer")
                stop.wait(AFTER_FAULT)
                continue
            except Exception as problem:
                if until_empty:
                    raise
                log.error("a step failed: %s", type(problem).__name__)
                stop.wait(AFTER_FAULT)
                continue
            if not busy:
                if until_empty:
                    return
                stop.wait(IDLE)
    except Stopped:
        pass  # between two bytes: the lease runs out
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
