"""Keys of both ends, made at the first start of a demo: the client's in its channel folder, the platform's in its own."""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from platform_sim import gm

TOKEN, PRIVATE, PLATFORM, SM4_KEY, CLIENT = (
    "tif-token",
    "sm2-private.key",
    "platform-sm2-public.key",
    "sm4.key",
    "client",
)


class KeysDiffer(RuntimeError):
    """The two folders do not belong together. One sentence."""


@dataclass(frozen=True)
class Keys:
    """What the platform holds: its own key, and what it knows of its client."""

    private: bytes = field(repr=False)
    client_public: bytes
    tif_token: str = field(repr=False)
    sm4_key: bytes = field(repr=False)
    client: tuple[str, str] = field(repr=False)  # id and secret, for a bearer token


def make_keys(channel: Path, own: Path) -> Keys:
    """The keys; what is missing is made, what is there is never replaced. Raises KeysDiffer."""
    channel.mkdir(parents=True, exist_ok=True, mode=0o700)
    own.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = _kept(own / PRIVATE, lambda: _text(gm.new_private_key()))
    public = _text(gm.public_key(_bytes(private)))
    if _kept(channel / PLATFORM, lambda: public) != public:
        raise KeysDiffer(
            f"{channel / PLATFORM} is the key of another platform than the one in {own}: remove one folder."
        )
    return Keys(
        private=_bytes(private),
        client_public=gm.public_key(_bytes(_kept(channel / PRIVATE, lambda: _text(gm.new_private_key())))),
        tif_token=_kept(channel / TOKEN, lambda: secrets.token_urlsafe(32)),
        sm4_key=_bytes(_kept(channel / SM4_KEY, lambda: _text(secrets.token_bytes(16)))),
        client=_client(_kept(channel / CLIENT, lambda: f"menkou-demo\n{secrets.token_urlsafe(24)}")),
    )


def _kept(file: Path, make: Callable[[], str]) -> str:
    """What stands in the file. Written aside and linked: two processes that start at once end with the same one."""
    if not file.exists():
        aside = file.with_name(f".{file.name}.{os.getpid()}")
        aside.touch(mode=0o600)
        aside.write_text(make() + "\n", encoding="ascii")
        with contextlib.suppress(FileExistsError):
            os.link(aside, file)
        aside.unlink()
    return file.read_text(encoding="ascii").strip()


def _client(text: str) -> tuple[str, str]:
    name, _, secret = text.partition("\n")
    return name.strip(), secret.strip()


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _bytes(text: str) -> bytes:
    value = base64.b64decode(text, validate=True)
    return value[1:] if len(value) in (33, 65) else value
