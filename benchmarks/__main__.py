"""`make bench`, or `python -m benchmarks finder roster`: one table of what is measured against its bar.

Numbers of a busy machine are worth little beside each other's: the ratios hold, the rest wants a quiet one. Exit code 1
when a bar is missed.
"""

import argparse
import os
import sys
from datetime import datetime

from benchmarks import case_queue, finder, first_visit, million, papers, profile_finder, roster, start
from benchmarks import map as map_page
from benchmarks import sync as sync_part
from benchmarks.table import note, say, show

PARTS = {
    "first-visit": first_visit.measure,
    "finder": finder.measure,
    "million": million.measure,
    "roster": roster.measure,
    "map": map_page.measure,
    "papers": papers.measure,
    "queue": case_queue.measure,
    "sync": sync_part.measure,
    "start": start.measure,
}
EXTRA = {"profile": profile_finder.measure}  # no bar: where the finder page spends its time


def main() -> int:
    ask = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure Menkou against its budgets.")
    ask.add_argument("part", nargs="*", choices=[[], *PARTS, *EXTRA], help=", ".join([*PARTS, *EXTRA]))
    chosen = ask.parse_args().part or list(PARTS)
    busy = os.getloadavg()[0]
    if busy > 0.7:
        say(f"this machine is busy already (load {busy:.1f}): only the ratios will mean something")
    rows = [note("machine", f"{os.cpu_count()} cores, load {busy:.1f} before, {datetime.now():%Y-%m-%d %H:%M}")]
    for part in chosen:
        rows += (PARTS | EXTRA)[part]()
    show(rows)
    return 1 if any(row.ok is False for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
