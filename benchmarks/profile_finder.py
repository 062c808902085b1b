"""Where the finder page spends its time: the call stack, looked at every millisecond of CPU time, by function and by line.

`python -m benchmarks profile`. A sampler, because tracing every call makes small functions look dear.
"""

import signal
import time
from collections import Counter
from types import FrameType

from benchmarks import databases, visits
from benchmarks.inside import BROWSER, application
from benchmarks.table import Row, note, say
from tools.step import ROOT

EVERY = 0.001  # seconds of CPU time; the kernel may be coarser
SHOWN = 70
ALL_OF_IT = 0.9  # what is on nearly every stack tells nothing
PAGES = 300


def measure() -> list[Row]:
    database = databases.demo()
    paths = visits.paths(databases.places(PAGES, database))
    total: Counter[str] = Counter()  # anywhere on the stack
    itself: Counter[str] = Counter()  # at its top
    samples = 0

    def look(_signal: int, frame: FrameType | None) -> None:
        nonlocal samples
        samples += 1
        seen: set[str] = set()
        top = True
        while frame is not None:
            file = frame.f_code.co_filename
            ours = file.startswith(str(ROOT)) and "site-packages" not in file
            place = file.removeprefix(f"{ROOT}/").split("site-packages/")[-1]
            name = f"{place}:{frame.f_code.co_qualname}"
            seen.add(name)
            if ours and not place.startswith("benchmarks"):
                seen.add(f"{place}:{frame.f_lineno}")
            if top:
                itself[name] += 1
                top = False
            frame = frame.f_back
        total.update(seen)

    say("profile of the finder page")
    with application(database) as app:
        client = app.test_client()
        for path in paths:
            client.get(path, headers=BROWSER)
        old = signal.signal(signal.SIGPROF, look)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        began = time.process_time()
        for path in paths * 2:
            client.get(path, headers=BROWSER)
        a_page = (time.process_time() - began) / len(paths) / 2 * 1000
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
    rows = [note("a page", f"{a_page:.2f} ms")]
    for title, counted in (("with what it calls", total), ("itself", itself)):
        rows.append(note(f"-- {title}", ""))
        telling = [(name, count) for name, count in counted.most_common() if count < samples * ALL_OF_IT]
        rows += [note(name, f"{count / samples * a_page:.2f} ms") for name, count in telling[:SHOWN]]
    return rows
