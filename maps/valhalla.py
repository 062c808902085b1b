"""Real travel times from an operator's own Valhalla, where there is one. Room `maps`, floor 2.

One question per list: from here to at most 20 stations (`sources_to_targets`). A page never waits longer than TOTAL_S for it
and never fails because of it: no answer, or one that cannot be true, is None, and the caller says its estimate instead. After
FAILURES in a row the server is left alone for PAUSE_S. Where a reader is goes to that server only, and into no log.
"""

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import httpx2
from flask import Flask, current_app

from maps.place import Place, metres_between
from maps.reach import Mode, ReachPolicy

CONNECT_S = 0.3
TOTAL_S = 1.0  # a reader waits for it, and the next reader behind him
SLOW_S = 0.5  # an answer that comes later counts like none: three of them, and the page goes on without
FAILURES = 3
PAUSE_S = 60.0
MOST_TARGETS = 20
FARTHEST_M = 50_000  # a server refuses matrices over its limit, and nobody plans such a trip by the minute
MOST_BYTES = 256 * 1024  # 20 answers are 2 kB
# Both ends are moved to the nearest road, so a way may be shorter than the straight line by that much, and a short one longer.
SNAP_M = 300
LONGEST_DETOUR = 20
FASTEST = 6  # times the policy's speed; no road makes that of a walk, a ride or a drive

COSTING = {Mode.WALK: "pedestrian", Mode.EBIKE: "bicycle", Mode.CAR: "auto"}
_SPEED = {Mode.WALK: "walking_speed", Mode.EBIKE: "cycling_speed"}  # a car keeps to the road's own speed
_log = logging.getLogger("menkou.valhalla")


@dataclass(frozen=True, slots=True)
class Way:
    """One way on real roads: whole minutes, rounded up, at least 1; metres along it."""

    minutes: int
    metres: float


Ways: TypeAlias = list[Way | Literal["none"] | None]


class Unusable(ValueError):
    """What came back is no answer to what was asked."""


class Valhalla:
    """The client of one server. `url`: its root. `clock`: seconds that only grow."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic):
        self.url = url.rstrip("/")
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._silent_until = -math.inf
        self._client: httpx2.Client | None = None
        self._pool: ThreadPoolExecutor | None = None

    def ways(self, here: Place, targets: Sequence[Place], policy: ReachPolicy) -> Ways | None:
        """The way from `here` to each target, in their order: "none" where no road leads, None for one not asked about
        (beyond MOST_TARGETS or FARTHEST_M). None alone: the server did not answer, or not credibly. Never raises."""
        asked = [
            number for number, place in enumerate(targets[:MOST_TARGETS]) if metres_between(here, place) <= FARTHEST_M
        ]
        if not asked:
            return [None] * len(targets)
        if self._resting():
            return None
        places = [targets[number] for number in asked]
        began = time.monotonic()
        try:
            found = read_matrix(self._ask(question(here, places, policy)), here, places, policy)
        except _Refused as problem:  # it is there and well: this place is not on its map
            _log.warning("Valhalla refused: %s", problem)
            return None
        except Exception as problem:  # whatever it is, the list must be shown
            self._failed(problem)
            return None
        if time.monotonic() - began > SLOW_S:
            self._failed(TimeoutError())
        else:
            with self._lock:
                self._failures = 0
        answers: Ways = [None] * len(targets)
        for number, way in zip(asked, found, strict=True):
            answers[number] = way or "none"
        return answers

    def _resting(self) -> bool:
        with self._lock:
            return self._clock() < self._silent_until

    def _failed(self, problem: Exception) -> None:
        """Count it; its kind goes into the log, its words may hold what was asked."""
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._silent_until = self._clock() + PAUSE_S
        _log.warning("Valhalla did not help: %s", type(problem).__name__)

    def _ask(self, body: dict[str, Any]) -> bytes:
        """The bytes of its answer within TOTAL_S: a server that drips byte by byte never trips a timeout of its own, so the
        page waits for a thread, and no longer."""
        with self._lock:
            if self._pool is None:  # not before the first question: a server process forks after it was set up
                self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="valhalla")
                timeout = httpx2.Timeout(TOTAL_S, connect=CONNECT_S)
                # trust_env: a proxy of the machine's environment would hear where people are
                self._client = httpx2.Client(timeout=timeout, trust_env=False, follow_redirects=False)
            pool, client = self._pool, self._client
        assert client is not None
        waiting: Future[bytes] = pool.submit(_fetch, client, f"{self.url}/sources_to_targets", body)
        try:
            return waiting.result(TOTAL_S)
        finally:
            waiting.cancel()


class _Refused(ValueError):
    """Status 4xx; the words are Valhalla's error code."""


def _fetch(client: httpx2.Client, url: str, body: dict[str, Any]) -> bytes:
    until = time.monotonic() + TOTAL_S
    with client.stream("POST", url, json=body) as response:
        if 400 <= response.status_code < 500:
            raise _Refused(str(response.status_code))
        if response.status_code != 200:
            raise Unusable("status")
        got = b""
        for piece in response.iter_bytes():
            got += piece
            if len(got) > MOST_BYTES or time.monotonic() > until:
                raise Unusable("too much or too slow")
        return got


def question(here: Place, targets: Sequence[Place], policy: ReachPolicy) -> dict[str, Any]:
    """The body of `sources_to_targets`: one origin, the speed of the policy, kilometres. Six decimals are 0.1 m."""
    costing = COSTING[policy.mode]
    body: dict[str, Any] = {
        "sources": [_point(here)],
        "targets": [_point(place) for place in targets],
        "costing": costing,
        "units": "kilometers",
    }
    if policy.mode in _SPEED:
        body["costing_options"] = {costing: {_SPEED[policy.mode]: policy.km_per_hour}}
    return body


def _point(place: Place) -> dict[str, float]:
    return {"lat": round(place.lat, 6), "lon": round(place.lon, 6)}


def read_matrix(body: bytes, here: Place, targets: Sequence[Place], policy: ReachPolicy) -> list[Way | None]:
    """What the server says of each target; None where no road leads. Raises Unusable when any of it cannot be true: a
    server that lies once is not believed at all."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise Unusable("no JSON") from None
    rows = said.get("sources_to_targets") if isinstance(said, dict) else None
    if not (isinstance(rows, list) and len(rows) == 1 and isinstance(rows[0], list) and len(rows[0]) == len(targets)):
        raise Unusable("not one answer for each target")
    if said.get("units", "kilometers") not in {"kilometers", "km"}:
        raise Unusable("not in kilometres")
    return [
        _way(one, number, metres_between(here, place), policy)
        for number, (one, place) in enumerate(zip(rows[0], targets, strict=True))
    ]


def _way(said: Any, number: int, straight: float, policy: ReachPolicy) -> Way | None:
    if not isinstance(said, dict) or said.get("to_index", number) != number:
        raise Unusable("in another order")
    km, seconds = said.get("distance"), said.get("time")
    if km is None and seconds is None:
        return None
    metres, seconds = _number(km) * 1000, _number(seconds)
    if metres < straight - SNAP_M or metres > straight * LONGEST_DETOUR + SNAP_M:
        raise Unusable("shorter than the straight line, or far too long")
    fastest = policy.km_per_hour * FASTEST / 3.6  # metres a second
    if metres > fastest * seconds + SNAP_M or seconds > 24 * 3600:
        raise Unusable("nobody goes as fast, or as slowly")
    return Way(max(1, math.ceil(seconds / 60 - 1e-9)), metres)


def _number(said: Any) -> float:
    if type(said) not in (int, float) or not 0 <= said < 1e9:  # NaN fails too
        raise Unusable("not a number")
    return float(said)


def set_up(app: Flask, url: str) -> None:
    """Give `app` its Valhalla; without an address there is none."""
    app.extensions["valhalla"] = Valhalla(url) if url else None


def valhalla() -> Valhalla | None:
    """The current application's Valhalla, where the operator has one."""
    found: Valhalla | None = current_app.extensions["valhalla"]
    return found
