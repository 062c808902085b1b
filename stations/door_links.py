"""The signed link by which a helper may say where a station's door is: no account needed. Room `stations`, floor 3.

Whoever holds a link may set the place of that one station, until it ends. Each is a row that can be ended alone; its number
opens nothing without the signature. All end when MENKOU_SECRET_KEY changes. Nothing here commits or reads the clock.
"""

from datetime import datetime, timedelta

import sqlalchemy as sa
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy.orm import Session

from common.i18n import gettext as _
from stations.models import DoorLink, Station
from stations.operations import Refused

SALT = "stations.door"
KEPT_DAYS = 90  # rows of links that have ended


class Broken(ValueError):
    """Not a link of ours, or not whole."""


def sign(secret: str, id: str) -> str:
    """The token of that link: what stands after /stations/door/."""
    return str(_serializer(secret).dumps(id))


def read(secret: str, token: str) -> str:
    """The number of the link that the token is for. Raises Broken."""
    try:
        id = _serializer(secret).loads(token)
    except BadData:
        raise Broken from None
    if not isinstance(id, str):
        raise Broken
    return id


def make(session: Session, found: Station, *, now: datetime, days: int) -> DoorLink:
    """A new link for a station, good for `days` from now on. Those that ended long ago go."""
    session.execute(sa.delete(DoorLink).where(DoorLink.ends_at < now - timedelta(days=KEPT_DAYS)))
    link = DoorLink(county_code=found.county_code, station_id=found.id, made_at=now, ends_at=now + timedelta(days=days))
    session.add(link)
    session.flush()
    return link


def end(session: Session, id: str, *, now: datetime) -> DoorLink:
    """End one link now. Raises Refused when there is none of that number, or it is over."""
    link = session.get(DoorLink, id)
    if link is None or link.ends_at <= now:
        raise Refused(_("没有这个编号的链接，或者已经停用了。"))
    link.ends_at = now
    return link


def open_ones(session: Session, county: str, *, now: datetime) -> list[tuple[DoorLink, str, str]]:
    """Links that still open a door, each with its station's code and name, the next to end first; of one county, or with
    "" of all. One statement."""
    query = (
        sa.select(DoorLink, Station.code, Station.name)
        .join(Station, Station.id == DoorLink.station_id)
        .where(DoorLink.ends_at > now)
        .order_by(DoorLink.ends_at, DoorLink.id)
    )
    if county:
        query = query.where(DoorLink.county_code == county)
    return [(link, code, name) for link, code, name in session.execute(query)]


def station_of(session: Session, id: str, *, now: datetime) -> Station | None:
    """The station that this link opens; None when it has ended. One statement."""
    query = sa.select(Station).join(DoorLink, DoorLink.station_id == Station.id)
    return session.scalars(query.where(DoorLink.id == id, DoorLink.ends_at > now)).one_or_none()


def _serializer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=SALT)
