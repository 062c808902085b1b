"""The finder page, 20 of 35,000 stations: statements, CPU time, requests a second, and the same page in Django.

Both run at the same time on the same machine; the load goes to one after the other in turns, and the median turn counts.
"""

import os
from statistics import median
from typing import NamedTuple

from benchmarks import databases, django_venv, same_page, visits
from benchmarks.inside import application, cost
from benchmarks.load import Load, load, rounds
from benchmarks.server import MENKOU, Server, serving
from benchmarks.table import Row, at_least, at_most, note, say

TURNS = 3
REQUESTS = 2_000
SECONDS = 12  # a turn, at most
WARM = 1_000  # then each of the processes has seen these places: a county asks for the same ones all day
PLACES = 1_000


class Turn(NamedTuple):
    load: Load
    cpu_ms: float  # a request, of all processes of the server
    cold_ms: float  # the same where nobody has asked before


def measure() -> list[Row]:
    database = databases.demo()
    places = databases.places(PLACES, database)
    paths = visits.paths(places)
    say("finder: statements")
    with application(database) as app:
        mixed = cost(app, paths[:400])
        first = cost(app, [visits.path(place) for place in places[:200]])
    rows = [
        at_most("finder: SQL statements", max(mixed.statements, first.statements), 3, "", digits=0),
        note("  stations on a page, mean", f"{mixed.stations:.1f} (first look, 15 min on foot: {first.stations:.1f})"),
    ]
    django_venv.make()
    environment = databases.environment(database)
    with (
        serving(MENKOU, "/healthz", environment) as menkou,
        serving(django_venv.COMMAND, paths[0], environment) as django,
    ):
        differs = same_page.difference(menkou.port, django.port, paths[:100])
        if differs:
            say(f"finder: Django's page says something else: {differs}")
        same = "no, see above" if differs else "yes"
        rows.append(Row("finder: Django's page is ours, letter for letter", "yes", same, not differs))
        ours, theirs = take_turns(menkou, django, paths)
        memory = menkou.memory_mb(), django.memory_mb()
    return rows + compare(ours, theirs, memory)


def take_turns(menkou: Server, django: Server, paths: list[str]) -> tuple[list[Turn], list[Turn]]:
    ours: list[Turn] = []
    theirs: list[Turn] = []
    portions = rounds(paths, PLACES // TURNS)
    for number in range(TURNS):
        say(f"finder: turn {number + 1} of {TURNS}, load average {os.getloadavg()[0]:.1f}")
        asked = next(portions)
        for server, turns in ((menkou, ours), (django, theirs)):
            cold, cold_ms = measured(server, asked, len(asked))
            load(server.port, asked, requests=WARM - cold.requests)
            turns.append(Turn(*measured(server, asked, REQUESTS), cold_ms))
    return ours, theirs


def measured(server: Server, paths: list[str], requests: int) -> tuple[Load, float]:
    """The load, and the CPU time of a request in ms. RuntimeError when an answer was not 200."""
    before = server.cpu_seconds()
    done = load(server.port, paths, requests=requests, seconds=SECONDS)
    if done.other:
        raise RuntimeError(f"{done.other} answers were not 200")
    return done, (server.cpu_seconds() - before) / done.requests * 1000


def compare(ours: list[Turn], theirs: list[Turn], memory: tuple[float, float]) -> list[Row]:
    per_second, in_django = (median(turn.load.per_second for turn in turns) for turns in (ours, theirs))
    cpu, cpu_in_django = (median(turn.cpu_ms for turn in turns) for turns in (ours, theirs))
    waits, waits_in_django = (
        " / ".join(f"{median(turn.load.wait_ms(percent) for turn in turns):.0f}" for percent in (50, 99))
        for turns in (ours, theirs)
    )
    sent, sent_by_django = (
        f"{sum(turn.load.sent for turn in turns) / sum(turn.load.requests for turn in turns):,.0f}"
        for turns in (ours, theirs)
    )
    return [
        at_most("finder: CPU a request", cpu, 2.5, "ms", digits=2),
        at_least("finder: requests a second", per_second, 500, "/s", digits=0),
        at_least("finder: times Django's requests a second", per_second / in_django, 3, "×"),
        note("  Django 5.2, the same page in turns", f"{in_django:.0f} /s, {cpu_in_django:.2f} ms CPU"),
        note(
            "  CPU where nobody has asked before",
            " ms (Django ".join(f"{median(turn.cold_ms for turn in turns):.2f}" for turns in (ours, theirs)) + ")",
        ),
        note("  CPU, Django's to ours", f"{cpu_in_django / cpu:.1f} ×"),
        note("  wait p50 / p99, 16 readers at once", f"{waits} ms (Django {waits_in_django})"),
        note("  bytes a page, brotli", f"{sent} (Django {sent_by_django})"),
        note("  memory of the server", f"{memory[0]:.0f} MB (Django {memory[1]:.0f})"),
    ]
