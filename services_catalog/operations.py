"""What can be done to the catalogue: bring in a list, take one back, policy answers, regional differences.

Room: the catalogue, floor 2. Comes in: checked rows (schema.py) from a command; `now` is aware UTC. Nothing commits.
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from common import editions
from common.clock import local_date
from common.i18n import gettext as _
from services_catalog import queries, schema, shipped
from services_catalog.models import CatalogueVersion, Category, EverydayWord, Item, ItemOverride, PolicyFact
from services_catalog.schema import AnswerRow, CatalogueRow, OverrideField, OverrideRow
from services_catalog.shapes import category_facts, category_of, item_facts, item_of

SHIPPED_FROM = date(2025, 11, 19)  # the press conference that presented the 33 items


class Refused(ValueError):
    """What was asked for cannot be done; carries a sentence."""


class Change(NamedTuple):
    """One field of one item or answer: `key` names it, old and new as text."""

    key: str
    field: str
    old: str
    new: str


class Named(NamedTuple):
    """An item or answer in a diff."""

    key: str
    name: str


@dataclass(frozen=True)
class Diff:
    """What a file changes. number: the new version; None when nothing changes and none was made."""

    number: int | None
    added: tuple[Named, ...]
    removed: tuple[Named, ...]
    changed: tuple[Change, ...]
    covers: tuple[int, ...] = ()  # planned versions that will never come into force: a higher number wins

    @property
    def renamed(self) -> tuple[Change, ...]:
        """Numbers that now mean something else: a station's choices are kept by number."""
        return tuple(change for change in self.changed if change.field == "item_name_zh")

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.added or self.removed or self.changed)


# The list


def import_catalogue(
    session: Session, rows: Sequence[CatalogueRow], *, source: str, effective_on: date, now: datetime
) -> Diff:
    """A new version of the list, in force from that date; compared with the one that would be in force then without it.

    Makes nothing when the content is the same. Our own plain words join by number and name (services_catalog/shipped.py).
    """
    versions = queries.load_versions(session)
    before = queries.in_force(versions, effective_on)
    new = _content(rows)
    diff = _compare(_facts_of(session, before.number), new.facts())
    if diff.empty and before.number:
        return diff
    number = max((version.number for version in versions), default=0) + 1
    session.add(
        CatalogueVersion(number=number, effective_on=effective_on, source=source, sha256=new.digest(), imported_at=now)
    )
    session.flush()  # the version first: the rows point at it
    rows_made: list[Category | Item | EverydayWord] = [*new.categories, *new.items, *new.words]
    for row in rows_made:
        row.version_number = number
        session.add(row)
    editions.bump(session, "catalogue")
    session.flush()
    later = (v for v in versions if not v.withdrawn and v.effective_on and v.effective_on > effective_on)
    return replace(diff, number=number, covers=tuple(version.number for version in later))


def withdraw(session: Session, number: int, now: datetime) -> int:
    """Take a version back; returns the number of the one in force today afterwards.

    Raises Refused: unknown, withdrawn already, or nothing would be left to show.
    """
    version = session.get(CatalogueVersion, number)
    if version is None:
        raise Refused(_("没有第 %(number)s 版清单。", number=number))
    if version.withdrawn_at is not None:
        raise Refused(_("第 %(number)s 版已经撤回了。", number=number))
    others = [other for other in queries.load_versions(session) if other.number != number]
    left = queries.in_force(others, local_date(now)).number
    if not left:
        raise Refused(_("撤回第 %(number)s 版就没有清单可用了，请先导入一版。", number=number))
    version.withdrawn_at = now
    editions.bump(session, "catalogue")
    session.flush()
    return left


Facts = dict[str, dict[str, Any]]  # key of an item, category or answer → what it says, under the names of the file


@dataclass(frozen=True)
class _Content:
    """The rows of a version before it has a number."""

    categories: list[Category]
    items: list[Item]
    words: list[EverydayWord]

    def facts(self) -> Facts:
        words: dict[int, list[str]] = {}
        for word in self.words:
            words.setdefault(word.item_no, []).append(word.word)
        return {
            **{_("大类 %(no)s", no=category.no): category_facts(category) for category in self.categories},
            **{str(item.no): item_facts(item, words.get(item.no, [])) for item in self.items},
        }

    def digest(self) -> str:
        """The same content gives the same digest, whatever file it came in."""
        canonical = json.dumps(self.facts(), ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(canonical.encode()).hexdigest()


def _content(rows: Iterable[CatalogueRow]) -> _Content:
    rows = sorted(rows, key=lambda row: row.item_no)
    return _Content(
        categories=[category_of(row) for _no, row in sorted({row.category_no: row for row in rows}.items())],
        items=[item_of(row) for row in rows],
        words=[
            EverydayWord(item_no=row.item_no, word=word)
            for row in rows
            for word in shipped.everyday_words(row.item_no, row.item_name_zh)
        ],
    )


def _facts_of(session: Session, number: int) -> Facts:
    """What a stored version says; {} for number 0. Three SELECTs."""
    stored = _Content(
        categories=list(session.scalars(sa.select(Category).where(Category.version_number == number))),
        items=list(session.scalars(sa.select(Item).where(Item.version_number == number))),
        words=list(session.scalars(sa.select(EverydayWord).where(EverydayWord.version_number == number))),
    )
    return stored.facts()


def _compare(old: Facts, new: Facts) -> Diff:
    """Keys that came and went, and every fact that is not what it was."""

    def name(facts: dict[str, Any]) -> str:
        return str(facts.get("item_name_zh") or facts.get("category_name_zh") or facts.get("question_zh"))

    return Diff(
        number=None,
        added=tuple(Named(key, name(new[key])) for key in new if key not in old),
        removed=tuple(Named(key, name(old[key])) for key in old if key not in new),
        changed=tuple(
            Change(key, field, _text(old[key][field]), _text(said))
            for key, facts in new.items()
            if key in old
            for field, said in facts.items()
            if said != old[key][field]
        ),
    )


def _text(value: Any) -> str:
    if value is None or value == []:
        return "—"
    return "；".join(value) if isinstance(value, list) else str(value)


# Policy answers


def import_answers(session: Session, rows: Sequence[AnswerRow]) -> Diff:
    """The answers become those of the file: what is not in it goes. Makes nothing when they are the same.

    Raises Refused for a topic without English name or place in the order.
    """
    new = [_fact(row) for row in rows]
    old = list(session.scalars(sa.select(PolicyFact)))
    diff = _compare({fact.id: _fact_facts(fact) for fact in old}, {fact.id: _fact_facts(fact) for fact in new})
    if diff.empty:
        return diff
    added, gone = {named.key for named in diff.added}, {named.key for named in diff.removed}
    for fact in old:
        if fact.id in gone:
            session.delete(fact)
    for fact in new:
        session.add(fact) if fact.id in added else session.merge(fact)
    editions.bump(session, "answers")
    session.flush()
    return diff


def _fact(row: AnswerRow) -> PolicyFact:
    known = shipped.topic(row.topic)
    topic_en, order = row.topic_en or (known and known[0]), row.topic_order or (known and known[1])
    if not topic_en or not order:
        raise Refused(_("主题“%(topic)s”是新的，请加上 topic_en 和 topic_order 两栏。", topic=row.topic))
    return PolicyFact(**row.model_dump() | {"topic_en": topic_en, "topic_order": order})


def _fact_facts(fact: PolicyFact) -> dict[str, Any]:
    return {column.key: getattr(fact, column.key) for column in PolicyFact.__table__.columns if column.key != "id"}


# Regional differences


def set_overrides(session: Session, rows: Iterable[OverrideRow]) -> list[OverrideRow]:
    """From their dates on, these divisions do it so; returns the rows that changed something. Others stay as they are.

    Raises Refused for an item that no version of the list has.
    """
    items = {no for version in queries.load_versions(session) if not version.withdrawn for no in version.items}
    changed = []
    for row in rows:
        if row.item_no not in items:
            raise Refused(_("清单里没有第 %(no)s 项。", no=row.item_no))
        if _set_override(session, row):
            changed.append(row)
    if changed:
        editions.bump(session, "catalogue")
        session.flush()
    return changed


def _set_override(session: Session, row: OverrideRow) -> bool:
    """Whether it was different before. One SELECT."""
    same_day = sa.select(ItemOverride).where(
        ItemOverride.division_code == row.division_code,
        ItemOverride.item_no == row.item_no,
        ItemOverride.field == row.field,
        ItemOverride.effective_on == row.effective_on,
    )
    known = session.scalar(same_day)
    said = {"value_zh": row.value_zh, "value_en": row.value_en, "source": row.source}
    if known is None:
        session.add(ItemOverride(**row.model_dump()))
    elif said == {name: getattr(known, name) for name in said}:
        return False
    else:
        for name, value in said.items():
            setattr(known, name, value)
    return True


def end_override(
    session: Session, division_code: str, item_no: int, field: OverrideField, *, source: str, effective_on: date
) -> None:
    """From that date on, the division does it as everywhere else. Raises Refused when it does so already."""
    holding = queries.holding(queries.load_differences(session), effective_on)
    if not any((d.division_code, d.item_no, d.field) == (division_code, item_no, field) for d in holding):
        raise Refused(_("%(on)s 那天没有这条地区差异。", on=effective_on))
    row = OverrideRow(
        division_code=division_code, item_no=item_no, field=field, source=source, effective_on=effective_on
    )
    set_overrides(session, [row])


# What we ship


@dataclass(frozen=True)
class Loaded:
    """What load_shipped did: the diff of the list and of the answers (None: left alone), differences set."""

    catalogue: Diff | None
    answers: Diff | None
    overrides: int


def load_shipped(session: Session, now: datetime) -> Loaded:
    """Our reconstruction of the list, its regional differences and policy answers, where nobody has put in better.

    Idempotent. A list that an operator imported, or took back to, is never covered; answers come into an empty table only.
    """
    lists = queries.load_versions(session)
    listed = answered = None
    if all(version.source == shipped.SOURCE and not version.withdrawn for version in lists):
        rows = schema.read_catalogue(shipped.file("catalogue.csv"))
        listed = import_catalogue(session, rows, source=shipped.SOURCE, effective_on=SHIPPED_FROM, now=now)
        overrides = schema.read_overrides(shipped.file("item_overrides.csv"))
        changed = len(set_overrides(session, overrides))
    else:
        changed = 0
    if not session.scalar(sa.select(sa.exists().where(PolicyFact.id.is_not(None)))):
        answered = import_answers(session, schema.read_answers(shipped.file("policy_facts.csv")))
    return Loaded(listed, answered, changed)
