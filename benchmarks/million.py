"""Does it grow? The finder page on 1,000,000 stations against 35,000: time in the server, and time a lone reader waits."""

from statistics import median

from benchmarks import databases, visits
from benchmarks.inside import application, cost
from benchmarks.load import load
from benchmarks.server import MENKOU, serving
from benchmarks.table import Row, at_most, note, say

TURNS = 3
BAR = 3.0


def measure() -> list[Row]:
    small, large = databases.demo(), databases.million()
    places = databases.places(300, small)
    paths = visits.paths(places)
    say("million: inside the process")
    rows = []
    with application(small) as few, application(large) as many:
        ratios = [cost(many, paths[:150]).cpu_ms / cost(few, paths[:150]).cpu_ms for _ in range(TURNS)]
        rows.append(at_most("1,000,000 stations: CPU against 35,000", median(ratios), BAR, "×"))
        for filters, _often in [("", 0), *visits.MIX]:
            asked = [visits.path(place, filters) for place in places[:40]]
            one, other = cost(few, asked).cpu_ms, cost(many, asked).cpu_ms
            rows.append(note(f"  {filters or 'first look'}", f"{other / one:.1f} × ({one:.1f} → {other:.1f} ms)"))
    say("million: over HTTP")
    with (
        serving(MENKOU, "/healthz", databases.environment(small)) as few_server,
        serving(MENKOU, "/healthz", databases.environment(large)) as many_server,
    ):
        waits: dict[int, list[float]] = {few_server.port: [], many_server.port: []}
        for _ in range(TURNS):
            for port, found in waits.items():
                load(port, paths, requests=30, connections=1)
                found.append(load(port, paths, requests=300, seconds=15, connections=1).wait_ms(50))
    one, other = (median(found) for found in waits.values())
    rows.append(at_most("1,000,000 stations: wait of one reader, p50", other / one, BAR, "×"))
    rows.append(note("  35,000 → 1,000,000", f"{one:.1f} → {other:.1f} ms"))
    return rows
