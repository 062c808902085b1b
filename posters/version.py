"""What a poster says, small enough for its QR code: /p/<station>/<version>. Room `posters`, floor 4: no database.

Nothing about a poster is kept: whoever scans one brings along what the paper says, and that is compared with today. A
version is at most 40 letters and digits in lower case, so that no messenger cuts or changes it. It holds, in this order:
format, day printed, a mark of the hours, a mark of the telephone, two bits an item, and a check over all of it and the
station's code, which tells a damaged or borrowed one.

In the address a seal of five letters follows, made with MENKOU_SECRET_KEY: only a poster that we printed is counted. A
poster outlives keys, so without a good seal it is still compared with today; it says only what its maker made it say.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import date, timedelta

from services_catalog.models import MAX_ITEM_NO

FORMAT = 1
EPOCH = date(2025, 1, 1)  # 16 bits of days reach to 2204
LAST = EPOCH + timedelta(days=0xFFFF)
MARK = 2  # bytes; a change goes unseen once in 65,536
CHECK = 2  # bytes
HEAD = 1 + 2 + 2 * MARK
MAX_BYTES = HEAD + -(-MAX_ITEM_NO // 4) + CHECK
MAX_TEXT = -(-MAX_BYTES * 8 // 5)
SEAL = 5  # letters: one guess in 33 million is right


@dataclass(frozen=True)
class Version:
    """What one paper says. Masks: bit = item number, 1 to 62, no item in two of them. Marks: see `mark`."""

    printed_on: date
    direct: int
    assist: int
    consult: int
    hours: bytes
    phone: bytes

    def modes(self) -> dict[int, str]:
        """Item number → direct, assist or consult, by number."""
        masks = {"direct": self.direct, "assist": self.assist, "consult": self.consult}
        found = {no: mode for mode, mask in masks.items() for no in range(1, MAX_ITEM_NO + 1) if mask >> no & 1}
        return dict(sorted(found.items()))


def mark(words: str | None) -> bytes:
    """Two bytes that differ when the words do; for nothing too."""
    return _digest((words or "").encode(), MARK)


def write_version(version: Version, station_code: str) -> str:
    """The text for the address. ValueError for a day before 2025 or after 2204, or an item beyond 62."""
    days = (version.printed_on - EPOCH).days
    if not EPOCH <= version.printed_on <= LAST:
        raise ValueError(f"no poster was printed on {version.printed_on}")
    if (version.direct | version.assist | version.consult) >> (MAX_ITEM_NO + 1):
        raise ValueError(f"items go to {MAX_ITEM_NO}")
    packed = 0
    for no in range(1, MAX_ITEM_NO + 1):
        which = (version.direct >> no & 1) + 2 * (version.assist >> no & 1) + 3 * (version.consult >> no & 1)
        packed |= which << 2 * (no - 1)
    items = packed.to_bytes(-(-packed.bit_length() // 8), "little")
    body = bytes([FORMAT]) + days.to_bytes(2, "big") + version.hours + version.phone + items
    whole = body + _digest(station_code.encode() + b"\0" + body, CHECK)
    return base64.b32encode(whole).decode().rstrip("=").lower()


def read_version(text: str, station_code: str) -> Version | None:
    """What the poster with that address says; None when the text is not one that `write_version` made for this station."""
    if not (text.isascii() and text.isalnum() and len(text) <= MAX_TEXT):
        return None
    try:
        whole = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except binascii.Error:
        return None
    if len(whole) < HEAD + CHECK or whole[0] != FORMAT:
        return None
    packed = int.from_bytes(whole[HEAD:-CHECK], "little")
    masks = [0, 0, 0, 0]
    for no in range(1, MAX_ITEM_NO + 1):
        masks[packed >> 2 * (no - 1) & 3] |= 1 << no
    found = Version(
        EPOCH + timedelta(days=int.from_bytes(whole[1:3], "big")),
        direct=masks[1],
        assist=masks[2],
        consult=masks[3],
        hours=whole[3 : 3 + MARK],
        phone=whole[3 + MARK : HEAD],
    )
    return found if write_version(found, station_code) == text.lower() else None


def sealed(version: str, station_code: str, secret: str) -> str:
    """The version as it stands in the address of a poster that we print."""
    return version + _seal(version, station_code, secret)


def unsealed(text: str, station_code: str, secret: str) -> tuple[str, bool]:
    """The version of an address, and whether we printed it: for this station, with the secret of today."""
    version, seal = text[:-SEAL].lower(), text[-SEAL:].lower()
    return version, hmac.compare_digest(seal.encode(), _seal(version, station_code, secret).encode())


def _seal(version: str, station_code: str, secret: str) -> str:
    key = hashlib.blake2b(secret.encode()).digest()
    made = hashlib.blake2b(f"{station_code}\0{version}".encode(), key=key, person=b"posters").digest()
    return base64.b32encode(made)[:SEAL].decode().lower()


def _digest(data: bytes, size: int) -> bytes:
    return hashlib.blake2b(data, digest_size=size).digest()
