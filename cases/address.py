"""Where the household register is, and where the person lives (forms.md §1.3)."""

import re
from collections.abc import Iterator
from typing import Annotated, Any

from cases.circumstances import About, Circumstances
from cases.filing import Level, Remark
from cases.places import care_places, merged_divisions
from common.forms import Ask
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.sheets import Sheet, SheetForm

_TO_THE_DOOR = re.compile("[村庄号楼室组屯街路巷弄院区栋幢]")


class Register(Sheet):
    """户口所在地: a county of the province, or a city elsewhere."""

    resd_loc_admdvs: Annotated[
        str | None, Ask(_l("户口所在地"), widget="region", clean="number", pattern="[0-9]{6}", must=True)
    ] = None
    hsreg_addr: Annotated[str | None, Ask(_l("户籍地址"))] = None


class Home(Sheet):
    """现在住哪里: down to the village where the picker goes so far."""

    live_division: Annotated[
        str | None,
        Ask(
            _l("现在住哪里"),
            _l("县（市、区）就行"),
            widget="region",
            clean="number",
            pattern="[0-9]{6}([0-9]{3}){0,2}",
        ),
    ] = None
    live_addr: Annotated[str | None, Ask(_l("详细地址"), least=2, most=100)] = None


def merged_words(code: str, at: Circumstances) -> str:
    """Of a division that is no more, or one below it, into which it went; "" of one that is still there."""
    known = merged_divisions()
    old = next((one for one in (code, code[:9], code[:6]) if one in at.merged or one in known), None)
    if old is None:
        return ""
    gone, into = known.get(old), at.merged.get(old)
    new = at.divisions.get(into, into) if into else gone.into_name if gone else ""
    return _("%(old)s已并入%(new)s，请重新选择", old=gone.name if gone else at.divisions.get(old, old), new=new)


def division_rules(
    form: SheetForm[Any], about: About, name: str, *, cities_elsewhere: bool
) -> Iterator[tuple[str, str]]:
    """A division that is still there, chosen down to the county; outside the province a city is enough."""
    code, at = form.said[name], about.at
    if not code:
        return
    merged = merged_words(code, at)
    if merged:
        yield name, merged
    elif cities_elsewhere and code in care_places() and code[:2] != "37":
        return
    elif len(code) == 6 and code.endswith("00"):
        yield name, _("请选择到县（市、区）")
    elif at.divisions and code[:6] not in at.divisions:
        yield name, _("%(label)s没有这一种，请重新选", label=str(form.ask(name).label))


def address_remarks(said: dict[str, Any]) -> Iterator[Remark]:
    """A detailed address without a village or a number is looked at once more."""
    if said.get("live_addr") and not _TO_THE_DOOR.search(said["live_addr"]):
        yield Remark(Level.WARN, "live_addr", _("详细地址请写到村或门牌"))
