"""Receipts: a number one can read aloud, a code beside it, and a signature that anybody can verify. Room `cases`, floor 4."""

import base64
import binascii
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import date

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from common.sealing import KeyRing

ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 O, 1 I L, U: read aloud on the phone, written by hand
LENGTH = 8  # the last one checks the seven before: 2.2e10 numbers
CODE_DIGITS = 6
_TOKEN = re.compile(r"MK1\.([0-9A-Z]{8})\.(\d{1,2})\.([0-9A-Za-z-]{1,24})\.(\d{8})\.([0-9A-Za-z_-]{86})")


def new_ref() -> str:
    """A receipt number, K7M24Q9P."""
    first = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return first + _check(first)


def say_ref(ref: str) -> str:
    """As people read it: K7M2-4Q9P."""
    return f"{ref[:4]}-{ref[4:]}"


def read_ref(typed: str) -> str | None:
    """What was typed as a receipt number, small letters, blanks and full-width included; None when it cannot be one."""
    plain = "".join(chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c for c in typed)
    ref = re.sub(r"[\s－—–·-]", "", plain).upper()
    right = len(ref) == LENGTH and set(ref) <= set(ALPHABET) and _check(ref[:-1]) == ref[-1]
    return ref if right else None


def new_code() -> str:
    """Six digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"


def follow_hash(ring: KeyRing, ref: str, code: str) -> str:
    """What is kept of the code beside a receipt number."""
    return ring.index(f"{ref}\0{code}", "follow")


def _check(first: str) -> str:
    """Luhn over the alphabet: finds every single wrong character and nearly every exchange of neighbours."""
    total = 0
    for place, character in enumerate(reversed(first)):
        value = ALPHABET.index(character) * (2 if place % 2 == 0 else 1)
        total += value // len(ALPHABET) + value % len(ALPHABET)
    return ALPHABET[-total % len(ALPHABET)]


# What the QR code says


@dataclass(frozen=True)
class Receipt:
    """What a receipt vouches for. No name, no number of a person."""

    ref: str
    item_no: int
    station_code: str
    filed_on: date


def sign(ring: KeyRing, receipt: Receipt) -> str:
    """The text of the QR code: MK1.K7M24Q9P.15.LS0001.20261123.<Ed25519 signature>."""
    said = _said(receipt)
    return f"{said}.{_b64(ring.receipt_key.sign(said.encode()))}"


def verify(token: str, public_key: Ed25519PublicKey) -> Receipt | None:
    """What the token vouches for, or None when we did not sign it so."""
    parts = _TOKEN.fullmatch(token.strip())
    if parts is None:
        return None
    said, _, signature = token.strip().rpartition(".")
    try:
        public_key.verify(base64.urlsafe_b64decode(signature + "=="), said.encode())
        day = parts[4]
        return Receipt(parts[1], int(parts[2]), parts[3], date(int(day[:4]), int(day[4:6]), int(day[6:])))
    except (InvalidSignature, ValueError, binascii.Error):
        return None


def read_public_key(pem: str) -> Ed25519PublicKey:
    """A published key. Raises ValueError when it is no Ed25519 key."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("not an Ed25519 key")
    return key


def _said(receipt: Receipt) -> str:
    return f"MK1.{receipt.ref}.{receipt.item_no}.{receipt.station_code}.{receipt.filed_on:%Y%m%d}"


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def key_mark(pem: str) -> str:
    """Eight hex digits by which people compare two copies of the public key."""
    return hashlib.sha256(pem.encode()).hexdigest()[:8]
