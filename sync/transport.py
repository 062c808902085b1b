"""Posting one envelope: what came back, or what went wrong and whether it can have arrived. Room `sync`, floor 2."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx2

from sync.channel import Channel
from sync.envelope import MAX_ANSWER, compact, tif_headers

# Before a byte of the request left us; after any other failure it may have arrived.
NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True)
class Reply:
    """status None: no whole answer came. `arrived`: whether the request may have reached the platform."""

    status: int | None
    raw: bytes = b""
    retry_after: float | None = None
    kind: str = ""  # of the failure: timeout, connect …
    arrived: bool = True


class Transport:
    """One HTTP client for a channel. Close it."""

    def __init__(self, channel: Channel):
        limits = channel.profile.limits
        self._channel = channel
        # trust_env: a proxy of the machine's environment would read personal data
        self._client = httpx2.Client(
            timeout=httpx2.Timeout(limits.read_s, connect=limits.connect_s), trust_env=False, follow_redirects=False
        )

    def post(self, logical: str, envelope: dict[str, Any], now: datetime) -> Reply:
        """Send it. Never raises for what a network or a server can do."""
        profile = self._channel.profile
        headers = {"Content-Type": "application/json; charset=utf-8"}
        if profile.headers.profile == "x-tif":
            headers |= tif_headers(profile.headers.paasid, self._channel.token, now)
        read_s = profile.transactions[logical].read_s or profile.limits.read_s
        until = time.monotonic() + read_s + profile.limits.connect_s
        try:
            with self._client.stream(
                "POST",
                profile.url(logical),
                content=compact(envelope).encode(),
                headers=headers,
                timeout=httpx2.Timeout(read_s, connect=profile.limits.connect_s),
            ) as response:
                raw = b""
                for piece in response.iter_bytes():
                    raw += piece
                    if len(raw) > MAX_ANSWER or time.monotonic() > until:  # drips, or never ends
                        return Reply(None, kind="endless")
                return Reply(response.status_code, raw, _seconds(response.headers.get("Retry-After")))
        except NOT_SENT:
            return Reply(None, kind="connect", arrived=False)
        except httpx2.TimeoutException:
            return Reply(None, kind="timeout")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError):
            return Reply(None, kind="broken")

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


def _seconds(said: str | None) -> float | None:
    """Retry-After in seconds; a date there is taken for a minute."""
    if said is None:
        return None
    return float(said) if said.isascii() and said.isdigit() else 60.0
