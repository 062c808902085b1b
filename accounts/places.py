"""Which stations and divisions exist is known two floors up; app.py hands the two questions down. Floor 1."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from sqlalchemy.orm import Session

from accounts.operations import NewPost, Refused
from accounts.policy import Role
from accounts.schema import AT_A_STATION, ROLE_WORDS, area_fault
from common.i18n import gettext as _


@dataclass(frozen=True)
class StationPlace:
    """What a post at a station keeps of it."""

    name: str
    town_code: str  # nine digits


@dataclass(frozen=True)
class Places:
    """`station`: by its code. `division`: the name of a prefix (37, 3713, 371302, 371302101 or a village's twelve)."""

    station: Callable[[Session, str], StationPlace | None]
    division: Callable[[Session, str], str | None]


def places() -> Places:
    """Those of this application."""
    found: Places = current_app.extensions["places"]
    return found


def new_post(session: Session, known: Places, role: Role, area: str, station_code: str) -> NewPost:
    """A post whose place exists. At a station the area may be left out: it is the station's town.

    Raises Refused with one sentence."""
    station = known.station(session, station_code) if station_code else None
    if station_code and station is None:
        raise Refused(_("没有编号为 %(code)s 的站点。", code=station_code))
    if role is Role.HELPER and station is None:
        raise Refused(_("医保明白人要填站点编号。"))
    if station is not None and role not in AT_A_STATION:
        raise Refused(_("%(role)s不挂在站点上，站点编号请留空。", role=str(ROLE_WORDS[role])))
    if station is not None:
        if area and not (station.town_code.startswith(area) or area.startswith(station.town_code)):
            raise Refused(_("这个站点不在管辖范围里。"))
        return NewPost(role, station.town_code, station_code, station.name)
    if fault := area_fault(role, area):
        raise Refused(fault)
    name = known.division(session, area)
    if name is None:
        raise Refused(_("没有区划代码 %(code)s。", code=area))
    return NewPost(role, area, None, name)
