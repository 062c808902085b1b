"""A call ends when its time is over, whatever comes and however slowly."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from sync.transport import Transport
from tests.sync.little_platform import Platform, channel_to

DRIPS = {
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X-A: 1\r\n"),
    "a body": (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n", b" "),
    "a body without an end": (b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" "),
    "nothing": (b"", b""),
}


@contextlib.contextmanager
def dripping(first: bytes, piece: bytes) -> Iterator[str]:
    """The address of a server that says `first`, then `piece` again and again until the other end is gone."""
    listener, gone = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            connection.sendall(first)
            while not gone.wait(0.05):
                connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    gone.set()
    thread.join(timeout=10)
    listener.close()


@pytest.mark.parametrize("what", DRIPS)
@pytest.mark.parametrize("within", [None, 0.2])
def test_what_drips_is_a_time_out(tmp_path, what, within):
    platform = Platform()
    with dripping(*DRIPS[what]) as platform.url:
        transport = Transport(channel_to(tmp_path, platform, read_s="0.3", connect_s="0.2"))
        until = None if within is None else time.monotonic() + within
        reply = transport.post("case_submit", "{}", datetime.now(UTC), until)
        transport.close()
    assert (reply.status, reply.kind, reply.arrived) == (None, "timeout", True)


def test_what_may_not_begin_any_more_has_not_arrived(tmp_path):
    platform = Platform()
    platform.url = "http://127.0.0.1:1"
    transport = Transport(channel_to(tmp_path, platform))
    reply = transport.post("case_submit", "{}", datetime.now(UTC), time.monotonic())
    transport.close()
    assert (reply.kind, reply.arrived) == ("timeout", False)
