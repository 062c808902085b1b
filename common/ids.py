"""Ids, made by the application so that they exist before the row does and never clash between databases. Floor 0."""

import secrets
import time


def new_id() -> str:
    """A UUIDv7 (RFC 9562 §5.7) as 32 hex digits: sorts by the millisecond it was made in."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return f"{value:032x}"
