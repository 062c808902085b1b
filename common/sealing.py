"""Personal data at rest: sealed with AES-256-GCM, found again only by a keyed hash of the full value. Floor 0.

A column of type SealedText or SealedJson holds: version (1 byte), key number (2), nonce (12), ciphertext and tag. What
binds it to its column is the name given as `place`: a value moved to another column does not open. Keys lie in a folder
beside the database, never in it and never in its backups (docs/operating.md).
"""

import base64
import hashlib
import hmac
import json
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.orm import Session

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16  # of the HMAC: 2^64 values before two people are likely to share one
_SEAL_NAME = re.compile(r"seal-(\d{4})\.key")


class KeysMissing(RuntimeError):
    """The key folder is not there or not whole. Its words name the folder and what to run, never a key."""


class CannotUnseal(RuntimeError):
    """Another key, another place, or a changed byte. Says which place, never what was in it."""


@dataclass(frozen=True)
class KeyRing:
    """The keys of one installation. `newest` seals; every other still opens what it once sealed."""

    seals: dict[int, AESGCM] = field(repr=False)
    newest: int
    index_key: bytes = field(repr=False)
    audit_key: bytes = field(repr=False)
    receipt_key: Ed25519PrivateKey = field(repr=False)

    def seal(self, plain: bytes, place: str) -> bytes:
        """Sealed bytes, 31 longer than `plain`; another nonce each time."""
        nonce = os.urandom(NONCE_BYTES)
        head = bytes([VERSION]) + self.newest.to_bytes(2, "big")
        return head + nonce + self.seals[self.newest].encrypt(nonce, plain, head + place.encode())

    def unseal(self, sealed: bytes, place: str) -> bytes:
        """What was sealed for this place. Raises CannotUnseal."""
        head, nonce = sealed[:3], sealed[3 : 3 + NONCE_BYTES]
        key = self.seals.get(int.from_bytes(head[1:], "big")) if head[:1] == bytes([VERSION]) else None
        if key is None:
            raise CannotUnseal(f"{place}: sealed with a key that is not in the key folder")
        try:
            return key.decrypt(nonce, sealed[3 + NONCE_BYTES :], head + place.encode())
        except (InvalidTag, ValueError):
            raise CannotUnseal(f"{place}: not sealed by us for this place, or changed since") from None

    def index(self, value: str, kind: str) -> str:
        """32 hex digits by which the same full value is found again. `kind` ("certno", "phone") keeps the two apart."""
        return hmac.digest(self.index_key, f"{kind}\0{value}".encode(), "sha256")[:INDEX_BYTES].hex()

    def audit_mac(self, text: bytes) -> str:
        """64 hex digits: what chains one audit entry to the one before."""
        return hmac.digest(self.audit_key, text, "sha256").hex()


def key_number(sealed: bytes) -> int:
    """With which key this was sealed."""
    return int.from_bytes(sealed[1:3], "big")


def read_keys(folder: Path) -> KeyRing:
    """The keys of a folder. Raises KeysMissing."""
    try:
        numbers = sorted(int(found[1]) for file in folder.iterdir() if (found := _SEAL_NAME.fullmatch(file.name)))
        if not numbers:
            raise KeysMissing(f"{folder} holds no key. Run: flask --app app keys make")
        return KeyRing(
            seals={number: AESGCM(_read(folder / f"seal-{number:04d}.key")) for number in numbers},
            newest=numbers[-1],
            index_key=_read(folder / "index.key"),
            audit_key=_read(folder / "audit.key"),
            receipt_key=Ed25519PrivateKey.from_private_bytes(_read(folder / "receipt.key")),
        )
    except (OSError, ValueError):
        raise KeysMissing(
            f"{folder} is not a whole key folder: seal-0001.key, index.key, audit.key, receipt.key"
        ) from None


def make_keys(folder: Path) -> KeyRing:
    """Make what the folder lacks, for its owner's eyes only, and read it. Never replaces a key."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not any(_SEAL_NAME.fullmatch(file.name) for file in folder.iterdir()):
        _write(folder / "seal-0001.key", secrets.token_bytes(KEY_BYTES))
    for name in ("index.key", "audit.key", "receipt.key"):
        if not (folder / name).exists():
            _write(folder / name, secrets.token_bytes(KEY_BYTES))
    return read_keys(folder)


def add_seal_key(folder: Path) -> int:
    """Rotation: a new key to seal with from the next start on. Returns its number."""
    number = read_keys(folder).newest + 1
    _write(folder / f"seal-{number:04d}.key", secrets.token_bytes(KEY_BYTES))
    return number


def public_receipt_key(ring: KeyRing) -> str:
    """What verifies receipts, as PEM: to be published."""
    return (
        ring.receipt_key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def _read(file: Path) -> bytes:
    key = base64.b64decode(file.read_text(encoding="ascii"), validate=False)
    if len(key) != KEY_BYTES:
        raise ValueError(file.name)
    return key


def _write(file: Path, key: bytes) -> None:
    # Complete before it has its name, and never over another: two processes may start at once.
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(base64.b64encode(key).decode() + "\n")
        out.flush()
        os.fsync(out.fileno())
    try:
        os.link(unfinished, file)
    except FileExistsError:
        pass
    finally:
        unfinished.unlink()


class SealedText(sa.TypeDecorator[str]):
    """Text that only the application can read: `mapped_column(SealedText("account.phone"))`. Not searchable, not sortable.

    The ring hangs on the engine's dialect (common/db.py): one per database."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str):
        super().__init__()
        self.place = place

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        return None if value is None else _ring(dialect).seal(value.encode(), self.place)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        return None if value is None else _ring(dialect).unseal(value, self.place).decode()


class SealedJson(sa.TypeDecorator[Any]):
    """As SealedText, for what JSON can say. Assign a new object to change it: edits in place are not seen."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, place: str):
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> bytes | None:
        return None if value is None else _ring(dialect).seal(canonical(value), self.place)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> Any:
        return None if value is None else json.loads(_ring(dialect).unseal(value, self.place))


def raw(table: sa.Table) -> sa.Table:
    """The same table with what is sealed left sealed: its columns give and take bytes. None is NULL in JSON too."""

    def stored(column: sa.Column[Any]) -> Any:
        if isinstance(column.type, sa.JSON):
            return sa.JSON(none_as_null=bool(column.nullable))
        return sa.LargeBinary() if is_sealed(column) else column.type

    columns = (sa.Column(column.name, stored(column), primary_key=column.primary_key) for column in table.columns)
    return sa.Table(table.name, sa.MetaData(), *columns)


def is_sealed(column: sa.Column[Any]) -> bool:
    """Whether only the application can read what this column holds."""
    return isinstance(column.type, (SealedText, SealedJson))


def canonical(value: Any) -> bytes:
    """The one way to write this JSON: sorted, no blanks, UTF-8. The same answers have the same hash."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def fingerprint(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def keys_of(session: Session) -> KeyRing:
    """The ring of the database a session works on. Raises KeysMissing."""
    return _ring(session.get_bind().dialect)


def _ring(dialect: sa.Dialect) -> KeyRing:
    ring: KeyRing | None = getattr(dialect, "key_ring", None)
    if ring is None:
        raise KeysMissing("no keys were opened for this database")
    return ring
