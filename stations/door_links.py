"""The signed link by which a helper may say where a station's door is, until there are accounts. Room `stations`: no database.

Whoever holds the link may set the place of that one station, until its last day. All links end when MENKOU_SECRET_KEY changes.
"""

from datetime import datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

SALT = "stations.door"


class Broken(ValueError):
    """Not a link of ours, or not whole."""


class Expired(ValueError):
    """Ours, but its days are over."""


def sign(secret: str, code: str, *, now: datetime, days: int) -> str:
    """The token of a link for the station `code`, good for `days` from now on."""
    return str(_serializer(secret).dumps([code, int((now + timedelta(days=days)).timestamp())]))


def read(secret: str, token: str, *, now: datetime) -> str:
    """The code of the station that the token is for. Raises Broken, or Expired."""
    try:
        code, until = _serializer(secret).loads(token)
        over = now.timestamp() > until
    except (BadData, ValueError, TypeError):
        raise Broken from None
    if over:
        raise Expired
    return str(code)


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=SALT)
