"""A small local stand-in for Valhalla's `sources_to_targets`: a real HTTP server that behaves as a test tells it to."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from maps.place import Place, metres_between

WALK_M_PER_S = 1.25


def honest(asked: dict[str, Any]) -> dict[str, Any]:
    """Roads 1.5 times as long as the straight line, at 4.5 km/h."""
    (source,) = asked["sources"]
    row = [
        answer(number, metres_between(Place(source["lat"], source["lon"]), Place(to["lat"], to["lon"])) * 1.5)
        for number, to in enumerate(asked["targets"])
    ]
    return {"algorithm": "costmatrix", "units": "kilometers", "sources_to_targets": [row]}


def answer(number: int, metres: float | None, seconds: float | None = None) -> dict[str, Any]:
    """One cell of the matrix, as Valhalla writes it; without metres: no road leads there."""
    if metres is None:
        return {"from_index": 0, "to_index": number, "distance": None, "time": None}
    seconds = metres / WALK_M_PER_S if seconds is None else seconds
    return {"from_index": 0, "to_index": number, "distance": metres / 1000, "time": seconds}


class StandIn:
    """`say(asked)` gives the answer: a dict becomes JSON with status 200, bytes go out as they are, (status, type, bytes)
    says it all. `asked` keeps the bodies that came; `drip` seconds pass between bytes; `hold` ones before the first."""

    def __init__(self) -> None:
        self.say: Callable[[dict[str, Any]], Any] = honest
        self.asked: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.hold = threading.Event()
        self.hold.set()
        self.drip = 0.0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.paths.append(self.path)
                outer.hold.wait(20)
                said = outer.say(body)
                if isinstance(said, dict):
                    said = json.dumps(said).encode()
                status, kind, sent = said if isinstance(said, tuple) else (200, "application/json", said)
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                try:
                    if not outer.drip:
                        self.wfile.write(sent)
                    for number in range(len(sent) if outer.drip else 0):
                        self.wfile.write(sent[number : number + 1])
                        self.wfile.flush()
                        threading.Event().wait(outer.drip)
                except OSError:  # whoever asked has left
                    self.close_connection = True

            def log_message(self, *_words: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.hold.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
