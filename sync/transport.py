"""Posting one envelope: what came back, or what went wrong and whether it can have arrived. Room `sync`, floor 2."""

import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from sync.channel import Channel
from sync.envelope import MAX_ANSWER, tif_headers

# Before a byte of the request left us; after any other failure it may have arrived.
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


class Stopped(BaseException):
    """Raised by a signal while something is on its way: the process has to end now."""


@dataclass(frozen=True)
class Reply:
    """status None: no whole answer came. `arrived`: whether the request may have reached the platform."""

    status: int | None
    raw: bytes = b""
    retry_after: float | None = None
    kind: str = ""  # of the failure: timeout, connect …
    arrived: bool = True


class _Deadline:
    """An end to a call as a whole: time-outs of a client count from piece to piece, so what drips would last for ever. Its
    socket is shut under it by a thread. Use as a context."""

    def __init__(self, seconds: float):
        self.over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(max(seconds, 0), self._end)
        self._timer.daemon = True

    def trace(self, event: str, info: dict[str, Any]) -> None:
        """Told by the client what happens."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")
            if self.over:  # while names were looked up, or one address after the other was tried: not a byte has left
                raise httpx2.ConnectTimeout("too late")

    def _end(self) -> None:
        self.over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):  # of the plain socket, also where TLS goes over it
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def __enter__(self) -> "_Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


class Transport:
    """One HTTP client for a channel. Close it."""

    def __init__(self, channel: Channel):
        limits = channel.profile.limits
        self._channel = channel
        self._bearer, self._bearer_until = "", 0.0
        self.on_wire = False  # whether a signal may interrupt what is being done
        self.stopping = False  # this process was asked to end: what is in hand is finished, nothing more is begun
        # trust_env: a proxy of the machine's environment would read personal data. No connection is kept: an answer that
        # stands on it twice would be read as the answer to the next question.
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(limits.read_s, connect=limits.connect_s),
            limits=httpx2.Limits(max_keepalive_connections=0),
            trust_env=False,
            verify=ssl.create_default_context(cafile=channel.ca_file) if channel.ca_file else True,
            follow_redirects=False,
        )

    def post(self, logical: str, envelope: str, now: datetime, until: float | None = None) -> Reply:
        """Send it. Never raises for what a network or a server can do. It ends after connect_s and read_s together, or at
        `until` (time.monotonic), whichever is earlier, however slowly something comes."""
        profile = self._channel.profile
        headers = {"Content-Type": "application/json; charset=utf-8"}
        self.on_wire = True
        try:
            if profile.headers.profile == "x-tif":
                headers |= tif_headers(profile.headers.paasid, self._channel.token, now)
            elif profile.headers.profile == "bearer":
                token = self._token(until)
                if isinstance(token, Reply):
                    return token
                headers["Authorization"] = f"Bearer {token}"
            read_s = profile.transactions[logical].read_s or profile.limits.read_s
            reply = self._read(profile.url(logical), envelope.encode(), headers, read_s, until)
            if reply.status == 401:
                self._bearer_until = 0.0  # the next attempt fetches another
            return reply
        except Stopped:
            return Reply(None, kind="stopped")
        finally:
            self.on_wire = False

    def _read(
        self, url: str, content: bytes, headers: dict[str, str], read_s: float, until: float | None = None
    ) -> Reply:
        connect_s = self._channel.profile.limits.connect_s
        seconds = connect_s + read_s if until is None else min(connect_s + read_s, until - time.monotonic())
        if seconds <= 0:
            return Reply(None, kind="timeout", arrived=False)
        timeout = httpx2.Timeout(min(read_s, seconds), connect=min(connect_s, seconds))
        with _Deadline(seconds) as deadline:
            reply = self._exchange(url, content, headers, timeout, deadline)
        return Reply(None, kind="timeout") if deadline.over and reply.arrived else reply

    def _exchange(
        self, url: str, content: bytes, headers: dict[str, str], timeout: httpx2.Timeout, deadline: _Deadline
    ) -> Reply:
        seen = {"trace": deadline.trace}
        try:
            with self._client.stream(
                "POST", url, content=content, headers=headers, timeout=timeout, extensions=seen
            ) as response:
                pieces, size = [], 0
                for piece in response.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > MAX_ANSWER:
                        return Reply(None, kind="endless")
                asked = _seconds(response.headers.get("Retry-After"))
                return Reply(response.status_code, b"".join(pieces), asked)
        except NOT_SENT:
            return Reply(None, kind="connect", arrived=False)
        except httpx2.TimeoutException:
            return Reply(None, kind="timeout")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError):
            return Reply(None, kind="broken")

    def _token(self, until: float | None) -> str | Reply:
        """The bearer token of OAuth2, fetched when there is none; where that fails, a reply that says nothing was sent."""
        if self._bearer and time.monotonic() < self._bearer_until:
            return self._bearer
        profile = self._channel.profile
        client = base64.b64encode(":".join(self._channel.client).encode()).decode()
        name, password = self._channel.user
        form = {"grant_type": "password", "username": name, "password": password} if name else _CLIENT_GRANT
        headers = {"Authorization": f"Basic {client}", "Content-Type": "application/x-www-form-urlencoded"}
        url = profile.base_url.rstrip("/") + profile.headers.token_path
        reply = self._read(url, str(httpx2.QueryParams(form)).encode(), headers, profile.limits.read_s, until)
        try:
            said = json.loads(reply.raw) if reply.status == 200 else {}
            token, lasts = said["access_token"], float(said.get("expires_in", 300))
            if not (isinstance(token, str) and token.isascii() and token.isprintable()):
                raise ValueError("no token")
        except (ValueError, KeyError, TypeError, AttributeError):
            if reply.status in (400, 401, 403):
                return Reply(401, kind="token")
            return Reply(None, kind="token", arrived=False)
        self._bearer, self._bearer_until = token, time.monotonic() + max(lasts - 30, 0)
        return token

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


_CLIENT_GRANT = {"grant_type": "client_credentials"}


def _seconds(said: str | None) -> float | None:
    """Retry-After in seconds; a date there is taken for a minute."""
    if said is None:
        return None
    return float(said) if said.isascii() and said.isdigit() and len(said) < 10 else 60.0
