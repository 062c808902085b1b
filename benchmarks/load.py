"""Many readers at once: some kept-open connections to 127.0.0.1, each asking for its next page as soon as it has one.

One thread and raw sockets, because it shares the cores with the server: about 30 µs a request. Ends by count or by time.
"""

import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from statistics import quantiles
from typing import NamedTuple

CONNECTIONS = 16  # the kernel deals them out to the worker processes: with few, one would get them all
NOTHING_CAME = 20  # seconds
HEADERS = (
    "Host: 127.0.0.1\r\nAccept: text/html\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: zh-CN,zh;q=0.9\r\n"
    "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Mobile\r\n\r\n"
)


class Load(NamedTuple):
    """`waits`: seconds each answer took, ascending; `sent`: bytes of bodies on the wire; `other`: answers that were not 200."""

    requests: int
    seconds: float
    waits: list[float]
    sent: int
    other: int

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def wait_ms(self, percent: int) -> float:
        return quantiles(self.waits, n=100)[percent - 1] * 1000


def load(
    port: int, paths: Sequence[str], *, requests: int, seconds: float = 30, connections: int = CONNECTIONS
) -> Load:
    """Ask for the paths in turn until so many answers have come or so many seconds have passed."""
    queue = cycle(paths)
    waits: list[float] = []
    sent = other = 0
    with selectors.DefaultSelector() as ready:
        readers = [_Reader(port) for _ in range(connections)]
        try:
            began = time.perf_counter()
            for reader in readers:
                ready.register(reader.socket, selectors.EVENT_READ, reader)
                reader.ask(next(queue))
            while len(waits) < requests and time.perf_counter() - began < seconds:
                events = ready.select(NOTHING_CAME)
                if not events:
                    raise TimeoutError(f"no answer from port {port} in {NOTHING_CAME} s")
                for key, _mask in events:
                    answer = key.data.read()
                    if answer is None:
                        continue
                    waits.append(answer.seconds)
                    sent += answer.body_bytes
                    other += answer.status != 200
                    key.data.ask(next(queue))
            took = time.perf_counter() - began
        finally:
            for reader in readers:
                reader.socket.close()
    return Load(len(waits), took, sorted(waits), sent, other)


class Answer(NamedTuple):
    status: int
    body_bytes: int
    seconds: float


class _Reader:
    """One connection. Understands what our two servers send: HTTP/1.1 with Content-Length."""

    def __init__(self, port: int):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=NOTHING_CAME)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.parts: list[bytes] = []
        self.missing = 0
        self.status = self.length = 0
        self.asked = 0.0

    def ask(self, path: str) -> None:
        self.parts = []
        self.missing = -1
        self.asked = time.perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\n{HEADERS}".encode())

    def read(self) -> Answer | None:
        """What has come, if that was the end of it."""
        piece = self.socket.recv(65536)
        if not piece:
            raise ConnectionError("the server closed a connection in the middle of an answer")
        self.parts.append(piece)
        if self.missing < 0:
            start = b"".join(self.parts)
            head, end, body = start.partition(b"\r\n\r\n")
            if not end:
                return None
            self.status = int(head[9:12])
            self.length = _content_length(head)
            self.missing = self.length - len(body)
        else:
            self.missing -= len(piece)
        return Answer(self.status, self.length, time.perf_counter() - self.asked) if self.missing <= 0 else None


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise ValueError("an answer without Content-Length")


def rounds(paths: Sequence[str], size: int) -> Iterator[list[str]]:
    """The paths in pieces of `size`, from the start again when they end: each round asks for other pages."""
    endless = cycle(paths)
    while True:
        yield [next(endless) for _ in range(size)]
