"""The province's list of items (transaction G503) against ours: which codes it knows, which are in force. Room: the catalogue.

It says code, name and whether an item is in force, nothing of papers, ways and times. So only this changes by itself: an item
gets its official code, leaves the list (said so, or its official code is missing from a whole list), or comes back as it last
stood in one of our versions; as another version, kept by operations.import_catalogue. A new name or a new item is shown and waits for a file (flask catalogue import): our plain words
were written for the name, forms and stations' choices go by the number, and another name may mean another thing.
Handed down to sync by app.py. Nothing here commits.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common.clock import local_date
from common.i18n import gettext as _
from services_catalog import queries
from services_catalog.models import Category, Item
from services_catalog.operations import Diff, import_catalogue
from services_catalog.schema import CatalogueRow
from services_catalog.shapes import row_of

SOURCE = "省平台事项清单"
GONE = "0"  # vali_flag
FEW = 1  # items that one list may take away without a person, where that is more than 5 %
OFFICIAL = re.compile(r"[0-9]{12,14}")


@dataclass(frozen=True)
class Plan:
    """What a list would do. facts: all rows of the next version; empty when nothing changes. differs: code → what a person must
    look at."""

    facts: Sequence[CatalogueRow]
    ending: Mapping[str, str]
    open_now: int
    wrong: Mapping[str, str] = field(default_factory=dict)
    differs: Mapping[str, str] = field(default_factory=dict)


def plan(session: Session, rows: Iterable[Any], *, full: bool, now: datetime) -> Plan:
    """Compare with the list in force; a reading session will do. A handful of statements."""
    versions = queries.load_versions(session)
    today = local_date(now)
    current = queries.in_force(versions, today)
    begun = [v.number for v in versions if not v.withdrawn and v.effective_on and v.effective_on <= today]
    known = _rows_of(session, begun)  # also of items that are no longer in force
    listed = {no: known[no] for no in current.items if no in known}
    said = {
        str(row.get("code") or "")[:40]: row for row in rows if isinstance(row, dict)
    }  # told twice: the later counts
    wrong: dict[str, str] = {}
    differs: dict[str, str] = {}
    after = dict(listed)
    named: set[int] = set()
    for code, row in said.items():
        name = row.get("name")
        if not code or not isinstance(name, str) or not name.strip():
            wrong[code] = _("没有编码或名称")
            continue
        gone, name = str(row.get("vali_flag", "1")) == GONE, name.strip()
        mine = _same_item(code, name, known)
        if mine is None:
            if not gone:
                differs[code] = _("%(name)s：我们没有这一项，请用清单文件导入", name=name)
            continue
        named.add(mine.item_no)
        if gone and (mine.item_code == code or mine.item_name_zh == name):
            after.pop(mine.item_no, None)
        elif mine.item_name_zh != name:
            differs[code] = _(
                "第 %(no)s 项省里叫“%(theirs)s”，我们叫“%(ours)s”", no=mine.item_no, theirs=name, ours=mine.item_name_zh
            )
        else:
            official = code if OFFICIAL.fullmatch(code) else mine.item_code
            after[mine.item_no] = mine.model_copy(update={"item_code": official})
    for no in sorted(listed.keys() - named) if full else ():
        if listed[no].item_code:
            del after[no]
        else:  # it may stand there under a code and a name that we do not know
            differs[f"{no:02}"] = _("%(name)s：省里的名单没有它，没有动", name=listed[no].item_name_zh)
    if after != listed and (stops := _stops(after, versions, today)):
        changing = (no for no in sorted(listed.keys() | after.keys()) if after.get(no) != listed.get(no))
        differs |= {f"{no:02}": stops for no in changing}
        after = listed
    facts = () if after == listed else tuple(after[no] for no in sorted(after))
    ending = {f"{no:02}": row.item_name_zh for no, row in listed.items() if no not in after}
    return Plan(facts, ending, len(listed), wrong, differs)


def apply(session: Session, planned: Plan, now: datetime) -> Diff:
    """Do it: another version, in force from today."""
    return import_catalogue(session, planned.facts, source=SOURCE, effective_on=local_date(now), now=now)


def _rows_of(session: Session, versions: Sequence[int]) -> dict[int, CatalogueRow]:
    """Each item as it stands in the newest of these versions that has it. Two statements."""
    chosen = sa.select(Item).where(Item.version_number.in_(versions)).order_by(Item.version_number)
    categories = {
        (category.version_number, category.no): category
        for category in session.scalars(sa.select(Category).where(Category.version_number.in_(versions)))
    }
    return {
        item.no: row_of(item, categories[item.version_number, item.category_no]) for item in session.scalars(chosen)
    }


def _same_item(code: str, name: str, known: Mapping[int, CatalogueRow]) -> CatalogueRow | None:
    """Ours that a row of theirs is about: of the same official code, or of our number where that is all they have, or of the
    same name. A code of theirs that is another item's of ours is not looked for by name."""
    official = [row for row in known.values() if row.item_code == code]
    if official:
        return official[0]
    if code.isascii() and code.isdigit() and len(code) <= 2 and int(code) in known:
        return known[int(code)]
    alike = [row for row in known.values() if row.item_name_zh == name]
    return alike[0] if len(alike) == 1 else None


def _stops(after: Mapping[int, CatalogueRow], versions: Iterable[Any], today: Any) -> str:
    """Why nothing may change by itself; "" when it may."""
    if not after:
        return _("照省里的名单，一项也不剩；没有动")
    if any(not v.withdrawn and v.effective_on and v.effective_on > today for v in versions):
        return _("省里的名单要改这一项，可是另有一版清单等着起用；没有动")  # a newer version would cover that one
    return ""
