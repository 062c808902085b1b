"""Papers: CPU time from the bytes of a photo, made small by the phone, to a sealed file and a row; and of a photo as it was taken."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from app import create_app
from benchmarks.table import Row, at_least, note, say
from cases.paper_store import Shelf
from cases.papers import check
from common.ids import new_id
from common.sealing import make_keys
from common.settings import read_settings
from tests.cases.handed_in import page_of_text
from tests.common.pictures import photo

BAR = 25  # papers a second, DESIGN.md §5
TIMES = 40


def measure() -> list[Row]:
    say("papers: photos of 300 kB")
    small = next(
        sent for quality in range(80, 20, -2) if len(sent := page_of_text(1600, 1200, quality=quality)) <= 300_000
    )
    large = photo(4000, 3000, noise=True, quality=75)
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(read_settings(_env_file=None, data_dir=Path(folder), log_requests=False))
        shelf = Shelf(Path(folder, "papers"), make_keys(Path(folder, "keys")))

        def keep(sent: bytes) -> None:
            shelf.keep(new_id(), check(sent, "id_front"))

        with app.test_request_context():
            ready = cpu_ms(lambda: keep(small), TIMES)
            raw = cpu_ms(lambda: keep(large), 5)
        app.extensions["db"].engine.dispose()
    return [
        at_least(
            f"papers of {len(small) // 1000} kB, checked, sealed and kept, on one core", 1000 / ready, BAR, "a second"
        ),
        note("  CPU of one", f"{ready:.1f} ms"),
        note(f"  CPU of one that no phone made small ({len(large) / 1e6:.1f} MB)", f"{raw:.0f} ms"),
    ]


def cpu_ms(act: Callable[[], object], times: int) -> float:
    """CPU time of one, of this process; the first is not counted."""
    act()
    began = time.process_time()
    for _ in range(times):
        act()
    return (time.process_time() - began) / times * 1000
