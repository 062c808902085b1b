"""The lists of a helper's or clerk's day, in words. Room `cases`, floor 4."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases.item_names import named
from cases.masks import mask_name
from cases.models import Case, Draft
from common.i18n import gettext as _
from common.i18n import say_date, say_time
from services_catalog.queries import catalogue
from services_catalog.views import Catalogue
from stations import queries as stations

LITTLE = 2  # days left at which it is said in red


@dataclass(frozen=True)
class Row:
    """One line: `soft` below the title, `tag` and its kind at the right."""

    title: str
    soft: str
    ref: str = ""
    id: str = ""
    tag: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Offer:
    """An item that the station has taken on. `why_not`: one sentence, when it cannot be filled in here."""

    no: int
    name: str
    mode: str
    why_not: str


def waiting_cells(cases: Iterable[Case], known: Catalogue, today: date) -> list[Row]:
    """Who has to bring something, and by when."""
    return [_waiting(case, known, today) for case in cases]


def _waiting(case: Case, known: Catalogue, today: date) -> Row:
    due = case.supplement_due_on
    left = (due - today).days if due else None
    tag = "" if left is None else _("剩 %(n)s 天", n=left) if left >= 0 else _("过期 %(n)s 天", n=-left)
    return Row(
        title=str(case.subject.get("masked_name") or ""),
        soft=named(known, case.item_no).short + (_("·%(day)s前", day=say_date(due)) if due else ""),
        ref=case.ref,
        tag=tag,
        kind="bad" if left is not None and left <= LITTLE else "warn",
    )


def draft_cells(drafts: Iterable[Draft], known: Catalogue) -> list[Row]:
    """Forms begun and not handed in."""
    return [
        Row(
            title=named(known, draft.item_no).short,
            soft=_(
                "%(who)s·%(day)s %(time)s 存的",
                who=_who(draft.answers),
                day=say_date(draft.updated_at.date()),
                time=say_time(draft.updated_at),
            ),
            id=draft.id,
        )
        for draft in drafts
    ]


def _who(answers: Mapping[str, Any]) -> str:
    return mask_name(str(answers.get("psn_name") or "")) or _("还没写名字")


def offers(session: Session, by: Actor, forms: Collection[int]) -> list[Offer]:
    """What the station has taken on, those with a form first."""
    station = stations.station(session, by.station_code) if by.station_code else None
    if station is None:
        return []
    said = []
    for no, item in sorted(catalogue(session).items.items()):
        bit = 1 << no
        mode = "direct" if station.direct_mask & bit else "assist" if station.assist_mask & bit else ""
        if mode:
            said.append(
                Offer(no, item.short, mode, "" if no in forms else _("这件事还不能在这里填，请按老办法收材料。"))
            )
    return sorted(said, key=lambda offer: bool(offer.why_not))
