"""The second factor: time-based codes of an authenticator app (RFC 6238), and recovery codes for the day the phone is lost.

Authenticator apps live in real time, so these codes do too, whatever MENKOU_CLOCK says.
"""

import hmac
import re
import secrets
import unicodedata

import pyotp
import segno

from accounts.passwords import ALPHABET
from common.clock import Clock
from common.sealing import KeyRing

PERIOD = 30  # seconds a code lives
DRIFT = 1  # steps a phone's clock may be off, either way
RECOVERY_CODES = 10
ISSUER = "Menkou 门口"


def new_secret() -> str:
    """160 bits, base32."""
    return pyotp.random_base32()


def used_step(secret: str, typed: str, *, last: int | None) -> int | None:
    """The time step whose code this is, when it is later than `last`; None for any other code."""
    code = digits_of(typed)
    now = int(Clock().now().timestamp()) // PERIOD
    totp = pyotp.TOTP(secret, interval=PERIOD)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(totp.at(step * PERIOD).encode(), code.encode()) and (last is None or step > last):
            return step
    return None


def code_now(secret: str) -> str:
    """What an authenticator shows now: for the demo, which has no phone."""
    return pyotp.TOTP(secret, interval=PERIOD).at(int(Clock().now().timestamp()))


def digits_of(typed: str) -> str:
    """Six digits as typed, full-width ones and blanks forgiven."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", typed))


def address(secret: str, name: str) -> str:
    """What an authenticator app reads from the picture: otpauth://…"""
    return pyotp.TOTP(secret, interval=PERIOD).provisioning_uri(name=name, issuer_name=ISSUER)


def picture(words: str) -> tuple[str, str]:
    """A QR code as an SVG's viewBox and path."""
    rows = [list(row) for row in segno.make(words, error="m", micro=False).matrix_iter(border=4)]
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return f"0 0 {len(rows)} {len(rows)}", path


def groups(secret: str) -> str:
    """The secret as a person types it: groups of four."""
    return " ".join(re.findall(".{1,4}", secret))


def new_recovery_codes() -> list[str]:
    """Ten codes like k7m2x-4q9pd, 49 bits each."""
    return [
        "-".join("".join(secrets.choice(ALPHABET) for _n in range(5)) for _half in range(2))
        for _code in range(RECOVERY_CODES)
    ]


def recovery_hash(keys: KeyRing, typed: str) -> str:
    """What is stored of a recovery code, and found again however it is spaced."""
    return keys.index(re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).lower(), "recovery")
