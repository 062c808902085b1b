"""The catalogue in force, an item as it holds at one place, policy answers, and what of it can be searched.

Room: the catalogue, floor 2. Comes in: a session; nothing is written. All of it is a few hundred rows, kept in memory
per edition (common/editions.py): a page that asks here costs one small SELECT.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import has_app_context
from sqlalchemy.orm import Session

from common import clock
from common.editions import Kept
from common.wordsearch import Entry, Index
from services_catalog.models import (
    CatalogueVersion,
    Category,
    EverydayWord,
    Item,
    ItemOverride,
    PolicyFact,
)
from services_catalog.schema import MODES, NUMBERS, OverrideField
from services_catalog.shapes import category_view, item_view
from services_catalog.views import Answers, AnswerView, Catalogue, CategoryView, Difference, ItemView, Topic

RELATED = 3  # answers shown below an item
RELATED_AT_LEAST = 0.43  # score of common/wordsearch.py; below it an answer has one word in common by chance

_Division = sa.table("division", sa.column("code"), sa.column("name"))  # by name: stations/ is a floor above us


# The catalogue


def catalogue(session: Session, on: date | None = None) -> Catalogue:
    """The version in force on that day (today in Shandong): the highest number that has begun and was not withdrawn.

    Costs the one SELECT of common/editions.py; all versions are kept, so midnight needs no reload.
    """
    return in_force(_versions(session), on or today())


def in_force(versions: Iterable[Catalogue], on: date) -> Catalogue:
    """The highest number that has begun and was not withdrawn; an empty one with number 0 where there is none."""
    begun = (v for v in versions if not v.withdrawn and v.effective_on and v.effective_on <= on)
    return max(begun, key=lambda version: version.number, default=_NONE_YET)


def today() -> date:
    """The date in Shandong by the application's clock; by the real one where there is no application (scripts)."""
    return clock.local_date(clock.now() if has_app_context() else clock.Clock().now())


_NONE_YET = Catalogue(0, None, False, "", (), {})


def load_versions(session: Session) -> tuple[Catalogue, ...]:
    """Every version there ever was, oldest first, as this session sees it: operations ask here, pages ask catalogue().

    Four SELECTs; some versions a year of 33 items each.
    """
    items: dict[int, list[Item]] = {}
    for item in session.scalars(sa.select(Item).order_by(Item.no)):
        items.setdefault(item.version_number, []).append(item)
    categories: dict[int, list[Category]] = {}
    for category in session.scalars(sa.select(Category).order_by(Category.no)):
        categories.setdefault(category.version_number, []).append(category)
    words: dict[tuple[int, int], list[str]] = {}
    for word in session.scalars(sa.select(EverydayWord).order_by(EverydayWord.word)):
        words.setdefault((word.version_number, word.item_no), []).append(word.word)
    return tuple(
        _as_catalogue(v, categories.get(v.number, []), items.get(v.number, []), words)
        for v in session.scalars(sa.select(CatalogueVersion).order_by(CatalogueVersion.number))
    )


def _as_catalogue(
    version: CatalogueVersion,
    categories: list[Category],
    items: list[Item],
    words: Mapping[tuple[int, int], list[str]],
) -> Catalogue:
    views = {item.no: item_view(item, words.get((version.number, item.no), ())) for item in items}
    return Catalogue(
        number=version.number,
        effective_on=version.effective_on,
        withdrawn=version.withdrawn_at is not None,
        source=version.source,
        categories=tuple(
            category_view(c, tuple(view for view in views.values() if view.category_no == c.no)) for c in categories
        ),
        items=views,
    )


_versions = Kept(load_versions, "catalogue")


# Regional differences


def item_for(session: Session, item_no: int, division_code: str | None, on: date) -> ItemView | None:
    """The item as it holds in a division on a day, or None for a number that is not in the list.

    division_code  6, 9 or 12 digits. The most specific difference wins per field (county before city before province),
                   of one division's the latest that has begun. `differences` are those applied.
    None           nothing is applied; `differences` are all that are in force anywhere, so that a page can tell.
    """
    item = catalogue(session, on).items.get(item_no)
    if item is None:
        return None
    known = [d for d in differences(session, on) if d.item_no == item_no]
    if division_code is None:
        return replace(item, differences=tuple(known))
    here: dict[str, Difference] = {}
    for difference in sorted(known, key=lambda d: len(d.prefix)):
        if division_code.startswith(difference.prefix):
            here[difference.field] = difference
    return replace(_changed(item, here.values()), differences=tuple(here.values()))


def differences(session: Session, on: date) -> list[Difference]:
    """What each division does differently on that day, by division, item and field."""
    return holding(_differences(session), on)


def holding(rows: Iterable[Difference], on: date) -> list[Difference]:
    """Of rows in the order of their dates, those in force on that day."""
    latest: dict[tuple[str, int, str], Difference] = {}
    for difference in rows:
        if difference.effective_on <= on:
            latest[difference.division_code, difference.item_no, difference.field] = difference
    return [latest[key] for key in sorted(latest) if latest[key].value_zh is not None]


def load_differences(session: Session) -> tuple[Difference, ...]:
    """Every row, past and planned as well, oldest first. Two SELECTs."""
    rows = session.scalars(sa.select(ItemOverride).order_by(ItemOverride.effective_on, ItemOverride.id)).all()
    named = sa.select(_Division.c.code, _Division.c.name).where(_Division.c.code.in_({r.division_code for r in rows}))
    places = dict(session.execute(named).all()) if rows else {}
    return tuple(
        Difference(
            row.id,
            row.division_code,
            places.get(row.division_code, row.division_code),
            row.item_no,
            row.field,
            row.value_zh,
            row.value_en,
            row.source,
            row.effective_on,
        )
        for row in rows
    )


_differences = Kept(load_differences, "catalogue", "divisions")


def _changed(item: ItemView, here: Iterable[Difference]) -> ItemView:
    facts: dict[str, Any] = {}
    plain = dict(item.plain)
    for difference in here:
        value = difference.value_zh or ""
        if difference.field in NUMBERS:
            facts["promised"] = int(value)
        elif difference.field in MODES:
            facts[difference.field] = None if value == "none" else value
        elif difference.field in {OverrideField.AUDIENCE, OverrideField.RESULT}:
            facts[f"{difference.field}_zh"], facts[f"{difference.field}_en"] = value, difference.value_en or value
        else:
            plain[f"{difference.field}_zh"], plain[f"{difference.field}_en"] = value, difference.value_en or value
    return replace(item, plain=plain, **facts)


# Policy answers


def answer(session: Session, id: str) -> AnswerView | None:
    """The answer of that id, out of date or not, or None. One SELECT."""
    return answers(session).by_id.get(id)


def _load_answers(session: Session) -> Answers:
    """One SELECT."""
    rows = session.scalars(
        sa.select(PolicyFact).order_by(PolicyFact.topic_order, PolicyFact.topic, PolicyFact.id)
    ).all()
    after = {row.id: row.superseded_by for row in rows}
    by_id = {row.id: _as_answer(row, _standing(row.superseded_by, after)) for row in rows}
    topics: dict[str, list[AnswerView]] = {}
    for view in by_id.values():
        if view.current:
            topics.setdefault(view.topic_zh, []).append(view)
    return Answers(tuple(Topic(zh, views[0].topic_en, tuple(views)) for zh, views in topics.items()), by_id)


def _standing(id: str | None, after: Mapping[str, str | None]) -> str | None:
    """The answer at the end of the chain; import refuses circles and dead ends."""
    while id is not None and after.get(id) is not None:
        id = after[id]
    return id


def _as_answer(row: PolicyFact, superseded_by: str | None) -> AnswerView:
    return AnswerView(
        row.id,
        row.topic,
        row.topic_en,
        row.audience,
        row.region,
        row.region_en,
        row.question_zh,
        row.question_en,
        row.answer_zh,
        row.answer_en,
        row.figure,
        row.valid_as_of,
        superseded_by,
        row.source,
        row.source_en,
        row.caution,
        row.caution_en,
    )


answers = Kept(_load_answers, "answers")


# Search

NAME, EVERYDAY, ENGLISH, PURPOSE, CATEGORY = 1.0, 0.95, 0.9, 0.6, 0.6  # what a match in each sort of phrase is worth
QUESTION, ANSWER, TOPIC = 0.85, 0.4, 0.5  # an item goes before an answer about it


def search_entries(session: Session, on: date | None = None) -> list[Entry]:
    """Items of the list in force (kind "item", ref its number) and current answers (kind "answer", ref its id)."""
    in_force = catalogue(session, on)
    return [
        *(_item_entry(item, category) for category in in_force.categories for item in category.items),
        *(_answer_entry(found) for found in answers(session).current),
    ]


def _item_entry(item: ItemView, category: CategoryView) -> Entry:
    plain = item.plain
    phrases = [
        (item.name_zh, NAME),
        (plain.get("short_zh", ""), NAME),
        *((word, EVERYDAY) for word in item.everyday),
        (item.name_en, ENGLISH),
        (plain.get("short_en", ""), ENGLISH),
        (plain.get("purpose_zh", ""), PURPOSE),
        (category.name_zh, CATEGORY),
        (category.tile_zh, CATEGORY),
        (category.tile_en, CATEGORY),
    ]
    return Entry("item", str(item.no), tuple((words, weight) for words, weight in phrases if words))


def _answer_entry(found: AnswerView) -> Entry:
    phrases = (
        (found.question_zh, QUESTION),
        (found.question_en, QUESTION),
        (found.answer_zh, ANSWER),
        (found.topic_zh, TOPIC),
        (found.topic_en, TOPIC),
    )
    return Entry("answer", found.id, phrases)


def related_answers(session: Session, item: ItemView) -> tuple[AnswerView, ...]:
    """At most three current answers about what the item is for, found by its everyday name. No SELECT of its own."""
    known = answers(session)
    hits = _answer_index(session).find(item.plain.get("short_zh") or item.name_zh, RELATED)
    return tuple(known.by_id[hit.ref] for hit in hits if hit.score >= RELATED_AT_LEAST)


_answer_index = Kept(lambda session: Index(map(_answer_entry, answers(session).current)), "answers")
