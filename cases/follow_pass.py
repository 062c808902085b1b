"""What a browser keeps after a receipt number and its code were right: a signed cookie, for half an hour. Room `cases`, floor 4.

It holds the receipt number and the keyed hash of the code, so a new code ends it; nothing of a person.
"""

from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

COOKIE = "follow"
LASTS = timedelta(minutes=30)
SALT = "cases.follow"


def sign(secret: str, ref: str, follow_hash: str, now: datetime) -> str:
    """The cookie's value."""
    return str(_serializer(secret).dumps([ref, follow_hash, int((now + LASTS).timestamp())]))


def read(secret: str, value: str | None, now: datetime) -> tuple[str, str] | None:
    """Receipt number and hash of the code; None when it is not ours or over."""
    try:
        ref, follow_hash, until = _serializer(secret).loads(value or "")
        return (str(ref), str(follow_hash)) if now.timestamp() <= until else None
    except (BadData, ValueError, TypeError):
        return None


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=SALT)
