"""The catalogue in force, an item as it holds at one place, policy answers, and what of it can be searched.

Room: the catalogue, floor 2. Comes in: a session; nothing is written. All of it is a few hundred rows, kept in memory
per edition (common/editions.py): a page that asks here costs one small SELECT.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from flask import has_app_context
from sqlalchemy.orm import Session

from common import clock
from common.editions import Kept
from common.i18n import gettext as _
from common.i18n import pick
from common.wordsearch import Entry, Index
from services_catalog.models import (
    CatalogueVersion,
    Category,
    Confidence,
    EverydayWord,
    Item,
    ItemOverride,
    ModeOfItem,
    PolicyFact,
)
from services_catalog.schema import MODES, NUMBERS, OverrideField

RELATED = 3  # answers shown below an item
RELATED_AT_LEAST = 0.43  # score of common/wordsearch.py; below it an answer has one word in common by chance

_Division = sa.table("division", sa.column("code"), sa.column("name"))  # by name: stations/ is a floor above us


@dataclass(frozen=True)
class Material:
    """One paper. kind: original, proof, bank: to bring; form: filled in at the station; none: nothing to bring."""

    name_zh: str
    name_en: str
    title_zh: str
    title_en: str
    instead_zh: str | None
    instead_en: str | None
    kind: str

    @property
    def name(self) -> str:
        """As the list states it."""
        return pick(self.name_zh, self.name_en)

    @property
    def title(self) -> str:
        """As people call it."""
        return pick(self.title_zh, self.title_en)

    @property
    def instead(self) -> str:
        """What does as well, or when it is not needed."""
        return pick(self.instead_zh, self.instead_en)


@dataclass(frozen=True)
class Difference:
    """Something a division does differently, in force from a date on."""

    id: str
    division_code: str
    place_zh: str  # 济南市; the code where the division is not known
    item_no: int
    field: str
    value_zh: str | None  # None: from this date as everywhere else again
    value_en: str | None
    source: str
    effective_on: date

    @property
    def prefix(self) -> str:
        """What the codes of its own area begin with: 37, 3701 or 370102."""
        return division_prefix(self.division_code)

    @property
    def words(self) -> str:
        """What is different, as a sentence."""
        if self.field == OverrideField.PROMISED:
            return how_long(int(self.value_zh or 0))
        if self.field == OverrideField.VILLAGE_MODE:
            return _("村站：%(mode)s", mode=mode_word(self.value_zh))
        if self.field == OverrideField.TOWN_MODE:
            return _("镇街站：%(mode)s", mode=mode_word(self.value_zh))
        return pick(self.value_zh, self.value_en)


@dataclass(frozen=True)
class ItemView:
    """One item with everything a page says about it. `differences`: see item_for."""

    no: int
    category_no: int
    code: str | None
    name_zh: str
    name_en: str
    audience_zh: str
    audience_en: str
    materials: tuple[Material, ...]
    statutory: int | None  # working days
    promised: int | None  # working days; 0 = done on the spot
    village_mode: str | None
    town_mode: str | None
    channels: tuple[str, ...]
    result_zh: str
    result_en: str
    legal_basis: str
    name_source: str
    confidence: str
    provenance: str
    reviewed_on: date | None
    plain: Mapping[str, str]  # our own words for this very name; empty when none were written
    everyday: tuple[str, ...]
    differences: tuple[Difference, ...] = ()

    @property
    def name(self) -> str:
        """The official name."""
        return pick(self.name_zh, self.name_en)

    @property
    def short(self) -> str:
        """The name people can remember; the official one where we have no other."""
        return self._plain("short") or self.name

    @property
    def audience(self) -> str:
        """Who may have it done."""
        return pick(self.audience_zh, self.audience_en)

    @property
    def result(self) -> str:
        """What one has in the end."""
        return pick(self.result_zh, self.result_en)

    @property
    def purpose(self) -> str:
        """What it is for, in one sentence, or ''."""
        return self._plain("purpose")

    @property
    def bring_note(self) -> str:
        """What to know about the papers, or ''."""
        return self._plain("bring_note")

    @property
    def caution(self) -> str:
        """What to look out for, or ''."""
        return self._plain("caution")

    @property
    def lasts(self) -> str:
        """How long it holds, or ''."""
        return self._plain("lasts")

    @property
    def fee(self) -> str:
        """That it is free of charge, only where a source says so; otherwise ''."""
        return self._plain("fee") if self.plain.get("fee_free_source") else ""

    @property
    def how_long(self) -> str:
        """The promised time, else the legal limit, in words; '' where neither is known."""
        return how_long(self.promised, self.statutory)

    @property
    def verified(self) -> bool:
        """Whether the row was checked against a public source. Knowledge and guesses are 未核实."""
        return self.confidence == Confidence.VERIFIED

    @property
    def done_on_the_spot_everywhere(self) -> bool:
        """Whether `promised` 0 holds at each kind of station, or only where the item is handled in full."""
        return self.village_mode == self.town_mode == ModeOfItem.DIRECT

    @property
    def papers(self) -> tuple[Material, ...]:
        """What to bring."""
        return tuple(m for m in self.materials if m.kind not in {"form", "none"})

    @property
    def forms(self) -> tuple[Material, ...]:
        """What is filled in at the station."""
        return tuple(m for m in self.materials if m.kind == "form")

    @property
    def not_needed(self) -> tuple[Material, ...]:
        """What the list names but nobody has to carry."""
        return tuple(m for m in self.materials if m.kind == "none")

    @property
    def steps(self) -> tuple[str, ...]:
        """What happens next, with the limits filled in; a step about a limit that is not known is left out."""
        limits = {"{promised}": self.promised, "{statutory}": self.statutory}
        steps = []
        for step in filter(None, self._plain("next").split("|")):
            if all(limits[mark] for mark in limits if mark in step):
                for mark, days in limits.items():
                    step = step.replace(mark, str(days))
                steps.append(step)
        return tuple(steps)

    def _plain(self, what: str) -> str:
        return pick(self.plain.get(f"{what}_zh"), self.plain.get(f"{what}_en"))


@dataclass(frozen=True)
class CategoryView:
    """One 大类 with its items."""

    no: int
    name_zh: str
    name_en: str
    tile_zh: str
    tile_en: str
    icon: str
    items: tuple[ItemView, ...]

    @property
    def name(self) -> str:
        """The official name."""
        return pick(self.name_zh, self.name_en)

    @property
    def tile(self) -> str:
        """At most five characters, for the first page."""
        return pick(self.tile_zh, self.tile_en)


@dataclass(frozen=True)
class Catalogue:
    """One version of the list. number 0: none is in force yet."""

    number: int
    effective_on: date | None
    withdrawn: bool
    source: str
    categories: tuple[CategoryView, ...]
    items: Mapping[int, ItemView]

    def category(self, no: int) -> CategoryView | None:
        """The category of that number, or None."""
        return next((category for category in self.categories if category.no == no), None)


@dataclass(frozen=True)
class AnswerView:
    """A short dated answer. superseded_by: the answer that stands today, never one that is itself out of date."""

    id: str
    topic_zh: str
    topic_en: str
    audience: str
    region_zh: str
    region_en: str
    question_zh: str
    question_en: str
    answer_zh: str
    answer_en: str
    figure: str | None
    valid_as_of: str
    superseded_by: str | None
    source_zh: str
    source_en: str
    caution_zh: str | None
    caution_en: str | None

    @property
    def current(self) -> bool:
        """Whether it may be shown as what holds."""
        return self.superseded_by is None

    @property
    def topic_name(self) -> str:
        """In the reader's language."""
        return pick(self.topic_zh, self.topic_en)

    @property
    def region(self) -> str:
        """Where it holds."""
        return pick(self.region_zh, self.region_en)

    @property
    def question(self) -> str:
        """In the reader's language."""
        return pick(self.question_zh, self.question_en)

    @property
    def answer(self) -> str:
        """In the reader's language."""
        return pick(self.answer_zh, self.answer_en)

    @property
    def source(self) -> str:
        """Who said it."""
        return pick(self.source_zh, self.source_en)

    @property
    def caution(self) -> str:
        """What not to conclude from it, or ''."""
        return pick(self.caution_zh, self.caution_en)

    @property
    def as_of(self) -> str:
        """2025-11-19, or 2020年 where only the year is known."""
        return self.valid_as_of if "-" in self.valid_as_of else _("%(year)s年", year=self.valid_as_of)


@dataclass(frozen=True)
class Topic:
    """The current answers about one thing."""

    name_zh: str
    name_en: str
    answers: tuple[AnswerView, ...]

    @property
    def name(self) -> str:
        """In the reader's language."""
        return pick(self.name_zh, self.name_en)


@dataclass(frozen=True)
class Answers:
    """Every answer by id, the current ones by topic in reading order."""

    topics: tuple[Topic, ...]
    by_id: Mapping[str, AnswerView]

    @property
    def current(self) -> tuple[AnswerView, ...]:
        """What holds, topic by topic."""
        return tuple(answer for topic in self.topics for answer in topic.answers)

    def about(self, topic_zh: str) -> tuple[AnswerView, ...]:
        """The current answers of one topic; () for a topic that has none."""
        return next((topic.answers for topic in self.topics if topic.name_zh == topic_zh), ())


def how_long(promised: int | None, statutory: int | None = None) -> str:
    """A limit in working days as people say it; '' where there is none."""
    if promised == 0:
        return _("当场办好")
    if promised is not None:
        return _("%(n)s 个工作日内", n=promised)
    return _("最长 %(n)s 个工作日", n=statutory) if statutory else ""


def mode_word(mode: str | None) -> str:
    """办理, 帮办 or 咨询; 不办 for none."""
    words = {ModeOfItem.DIRECT: _("办理"), ModeOfItem.ASSIST: _("帮办"), ModeOfItem.CONSULT: _("咨询")}
    return words[ModeOfItem(mode)] if mode and mode != "none" else _("不办")


def division_prefix(code: str) -> str:
    """370000 → 37, 370100 → 3701; a county, town or village keeps its whole code."""
    if len(code) == 6 and code.endswith("0000"):
        return code[:2]
    return code[:4] if len(code) == 6 and code.endswith("00") else code


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
    views = {item.no: _as_item(item, tuple(words.get((version.number, item.no), ()))) for item in items}
    return Catalogue(
        number=version.number,
        effective_on=version.effective_on,
        withdrawn=version.withdrawn_at is not None,
        source=version.source,
        categories=tuple(
            CategoryView(
                c.no,
                c.name_zh,
                c.name_en,
                c.tile_zh,
                c.tile_en,
                c.icon,
                tuple(view for view in views.values() if view.category_no == c.no),
            )
            for c in categories
        ),
        items=views,
    )


def _as_item(row: Item, everyday: tuple[str, ...]) -> ItemView:
    return ItemView(
        no=row.no,
        category_no=row.category_no,
        code=row.code,
        name_zh=row.name_zh,
        name_en=row.name_en,
        audience_zh=row.audience_zh,
        audience_en=row.audience_en,
        materials=tuple(as_material(given) for given in row.materials),
        statutory=row.statutory_limit_wd,
        promised=row.promised_limit_wd,
        village_mode=row.village_mode,
        town_mode=row.town_mode,
        channels=tuple(row.channels),
        result_zh=row.result_zh,
        result_en=row.result_en,
        legal_basis=row.legal_basis,
        name_source=row.name_source,
        confidence=row.confidence,
        provenance=row.provenance_note,
        reviewed_on=row.reviewed_on,
        plain=dict(row.plain),
        everyday=everyday,
    )


def as_material(given: Mapping[str, str]) -> Material:
    """The stored JSON object as a Material."""
    return Material(
        given["name_zh"],
        given["name_en"],
        given["title_zh"],
        given["title_en"],
        given.get("instead_zh"),
        given.get("instead_en"),
        given["kind"],
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
