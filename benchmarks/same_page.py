"""Are two HTML pages the same? Letter for letter, but for space, nonces, and how a quote or an ampersand is escaped."""

import html
import re
import urllib.request
from collections.abc import Iterable

_LEFT_OUT = re.compile(r"\s+|nonce=\"[^\"]*\"")


def difference(one: int, other: int, paths: Iterable[str]) -> str | None:
    """Where the answers of two servers (their ports) first differ, in words; None where they never do."""
    for path in paths:
        ours, theirs = (plain(read(port, path)) for port in (one, other))
        if ours != theirs:
            at = next(
                (i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs))
            )
            return f"{path}: …{ours[max(0, at - 40) : at + 40]}… / …{theirs[max(0, at - 40) : at + 40]}…"
    return None


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        text: str = answer.read().decode()
        return text


def plain(page: str) -> str:
    return html.unescape(_LEFT_OUT.sub("", page))
