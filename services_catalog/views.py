"""What pages and machines are given of the catalogue: frozen facts that speak the reader's language.

Room: the catalogue, floor 2. Comes in: values that queries.py has read; no database.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from common.i18n import gettext as _
from common.i18n import ngettext, pick
from services_catalog.models import Confidence, ModeOfItem
from services_catalog.schema import OverrideField


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
        return ngettext("%(num)s 个工作日内", "%(num)s 个工作日内", promised)
    return ngettext("最长 %(num)s 个工作日", "最长 %(num)s 个工作日", statutory) if statutory else ""


def mode_word(mode: str | None) -> str:
    """办理, 帮办 or 咨询; 不办 for none."""
    words = {ModeOfItem.DIRECT: _("办理"), ModeOfItem.ASSIST: _("帮办"), ModeOfItem.CONSULT: _("咨询")}
    return words[ModeOfItem(mode)] if mode and mode != "none" else _("不办")


def division_prefix(code: str) -> str:
    """370000 → 37, 370100 → 3701; a county, town or village keeps its whole code."""
    if len(code) == 6 and code.endswith("0000"):
        return code[:2]
    return code[:4] if len(code) == 6 and code.endswith("00") else code
