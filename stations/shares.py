"""How many stations a county or a city has, and how many of them were ever verified. Room `stations`, floor 3."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.editions import Kept
from common.i18n import gettext as _
from common.i18n import ngettext
from stations.models import Channel, Station
from stations.nearest import Wanted, conditions_of
from stations.queries import children, divisions, successor, verified_share

TOWN = 4  # level of a division
_shares = Kept(verified_share, "stations")


class Share(NamedTuple):
    """Open stations of a division that suit, and how many of them were ever verified."""

    code: str
    name: str
    verified: int
    stations: int


def below(session: Session, code: str, wanted: Wanted) -> list[Share]:
    """The cities of the province, or the counties of a city, that have stations; all of them when none has any.

    Opening hours are not looked at. None or one statement.
    """
    every, counted, parts = _every(session), _counted(session, wanted), children(session, code)
    codes = {part.code: _codes(session, part.code) for part in parts}
    present = [part for part in parts if _sum(every, codes[part.code])[1]] or parts
    return [Share(part.code, part.name, *_sum(counted, codes[part.code])) for part in present]


def of_county(session: Session, code: str, name: str) -> Share:
    """All open stations of a county."""
    return Share(code, name, *_sum(_every(session), _codes(session, code)))


def share_words(share: Share) -> str:
    """2310 个站点·核实过 12%."""
    if not share.stations:
        return _("没有符合条件的站点")
    part = share.verified / share.stations
    said = f"{part:.0%}" if part >= 0.01 else _("不到百分之一")
    verified = _("核实过 %(part)s", part=said) if share.verified else _("还没核实")
    return ngettext("%(num)s 个站点", "%(num)s 个站点", share.stations) + "·" + verified


def _codes(session: Session, code: str) -> list[str]:
    """Of a division, and of those that are part of it now: their stations name them until the next roster."""
    merged = [known for known in divisions(session).values() if known.became and known.level < TOWN]
    into = ((known.code, successor(session, known)) for known in merged)
    return [code, *(old for old, now in into if now is not None and now.code == code)]


def _sum(counted: Mapping[str, tuple[int, int]], codes: Sequence[str]) -> tuple[int, int]:
    """Of counties, or of all counties of cities."""
    stems = tuple(code[:4] if code.endswith("00") else code for code in codes)
    found = [numbers for county, numbers in counted.items() if county.startswith(stems)]
    return sum(verified for verified, _every in found), sum(every for _verified, every in found)


def _every(session: Session) -> Mapping[str, tuple[int, int]]:
    return _of_today(session, _shares(session))


def _of_today(session: Session, counted: Mapping[str, tuple[int, int]]) -> Mapping[str, tuple[int, int]]:
    """Under the county that each is part of now, which may lie in another city."""
    known, found = divisions(session), dict(counted)
    for county in counted:
        merged = known.get(county)
        now = successor(session, merged) if merged and merged.became else None
        if now is not None:
            verified, every = found.pop(county)
            found[now.code] = (found.get(now.code, (0, 0))[0] + verified, found.get(now.code, (0, 0))[1] + every)
    return found


def _counted(session: Session, wanted: Wanted) -> Mapping[str, tuple[int, int]]:
    if wanted.item is None and wanted.channel is None:
        return _every(session)
    values = {}
    if wanted.item is not None:
        values["item"] = 1 << wanted.item
    if wanted.channel is not None:
        values["channel"] = 1 << list(Channel).index(wanted.channel)
    suits = conditions_of(wanted.item is not None, wanted.channel is not None, False)
    counted = sa.select(Station.county_code, sa.func.count(Station.verified_on), sa.func.count())
    rows = session.execute(counted.where(*suits).group_by(Station.county_code), values)
    return _of_today(session, {county: (verified, every) for county, verified, every in rows})
