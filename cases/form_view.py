"""A form as its pages draw it: fields with their words, remarks beside them, the summary before signing. Room `cases`, floor 4.

Comes in: a family and what its check said. Goes out: plain dataclasses for templates. No database.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cases.filing import Checked, Family, Level, Remark
from cases.form_places import fits
from cases.form_steps import Step, fields_of, sections_of
from common.forms import Field
from common.i18n import chinese, english
from common.i18n import gettext as _

MANY = 600  # more names than that would make the page heavy: then they are typed without help
TICKED = ("1", "on", "true", "yes")
SETTLED = frozenset({"reason"})  # the item has said it already
RADIOS = 5  # choices that stand open on the page
FEW = 40  # choices that a phone's own list still shows well; more are typed and looked up
_FAR = re.compile(r"(^|_)brdy$|^live_since$")  # years ago: typed, since a calendar would be leafed through for minutes
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Question:
    """One field. `how`: text, number, tel, day, date, tick, choice, choices, select, place, words. `when`: conditions for the
    script, name=value,value joined with blanks. `remarks`: sentences that forbid nothing."""

    name: str
    label: str
    hint: str
    how: str
    value: str
    values: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    error: str | None
    required: bool
    when: str
    x_key: bool
    remarks: tuple[str, ...]
    most: int
    zh: bool  # its choices are names, Chinese in every language
    open: bool  # what was answered so far leads to it; without scripts the next press of the button opens further ones


@dataclass(frozen=True)
class Section:
    """Questions under one heading."""

    heading: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Answer:
    """One line of the summary."""

    name: str
    label: str
    words: str
    step: int
    error: str | None

    @property
    def zh(self) -> bool:
        """Whether it is Chinese in every language: a name, an address, a place."""
        return chinese(self.words)


Places = Mapping[str, Mapping[str, str]]  # field → code → name


def sections(family: Family, checked: Checked, step: Step, places: Places, errors: Mapping[str, str]) -> list[Section]:
    """One page of the form. `errors`: what to say of which field; nothing while nobody has been told yet."""
    said = []
    for heading, names in sections_of(family, step):
        asked = tuple(
            question(checked.form[name], checked.remarks, places, errors.get(name))
            for name in names
            if name not in SETTLED and not _settled_away(checked.form, name)
        )
        if asked:
            said.append(Section(str(heading), asked))
    return said


def chosen(section: Section, name: str, value: str) -> Section:
    """The section with this choice made, for somebody to leave or to change."""
    return replace(
        section, questions=tuple(replace(q, value=value) if q.name == name else q for q in section.questions)
    )


def _settled_away(form: Any, name: str) -> bool:
    """Not asked for because of a fact that nothing on this page can change: the item, who fills it in."""
    if form[name].shown:
        return False
    facts = getattr(form, "facts", {})
    return any(
        when.field in {"item", "staff", "offline", "naty_unknown"} and facts.get(when.field) not in when.among
        for when in form.ask(name).when
    )


def question(field: Field, remarks: Iterable[Remark], places: Places, error: str | None) -> Question:
    """One field as it is drawn."""
    ask = field.ask
    options = tuple((value, str(words)) for value, words in _options(field, places))
    how = _how(field, len(options))
    return Question(
        name=field.name,
        label=str(ask.label),
        hint=str(ask.hint),
        how=how,
        value=dict(options).get(field.value, field.value) if how == "place" else field.value,
        values=field.values,
        options=options if len(options) <= MANY else (),
        error=error,
        required=field.required,
        when=" ".join(f"{when.field}={','.join(when.among)}" for when in ask.when),
        x_key=ask.clean == "number" and field.name.endswith("certno"),
        remarks=tuple(r.words for r in remarks if r.field == field.name and r.level in {Level.INFO, Level.HANDUP}),
        most=ask.most,
        zh=bool(places.get(field.name)),
        open=field.shown or error is not None,
    )


def _options(field: Field, places: Places) -> Iterable[tuple[str, Any]]:
    known = places.get(field.name)
    if not known:
        return field.ask.options
    fitting = fits(field.value, known) if field.value and field.value not in known else {}
    return (fitting if 1 < len(fitting) <= FEW else known).items()


def _how(field: Field, choices: int) -> str:
    widget = field.ask.widget
    if widget == "date":
        near = not _FAR.search(field.name) and (not field.value or _DAY.fullmatch(field.value))
        return "day" if near else "date"  # the browser's calendar would drop what it cannot read
    if widget == "region":
        return "select" if 0 < choices <= FEW else "place"
    if widget == "choice" and choices > RADIOS:
        return "select"
    return widget


def doubts(family: Family, checked: Checked, step: Step | None = None) -> list[Remark]:
    """Warnings that were not confirmed yet; with `step` those of that page."""
    here = {*fields_of(family, step), "form"} if step else None
    return [remark for remark in checked.to_confirm if here is None or remark.field in here]


def notes(checked: Checked, *levels: Level) -> list[str]:
    """The sentences of these levels."""
    return [remark.words for remark in checked.remarks if remark.level in levels]


def errors_on(family: Family, checked: Checked, step: Step) -> dict[str, str]:
    """What is wrong on one page, in the order of its fields, after what is wrong of the whole form."""
    return {name: checked.errors[name] for name in ("form", *fields_of(family, step)) if name in checked.errors}


def summary(family: Family, checked: Checked, places: Places) -> list[tuple[str, list[Answer]]]:
    """Every answer that counts, in words, under its heading; what is wrong or missing as well."""
    told = []
    for step in (Step.WHO, Step.MATTER):
        for heading, names in sections_of(family, step):
            rows = [
                _answer(checked.form, name, step, places)
                for name in names
                if name not in SETTLED and checked.form[name].shown
            ]
            rows = [row for row in rows if row.words or row.error]
            if rows:
                told.append((str(heading), rows))
    return told


def _answer(form: Any, name: str, step: Step, places: Places) -> Answer:
    field, meaning = form[name], getattr(form, "said", {}).get(name)
    words = meaning if isinstance(meaning, str) else field.value  # normalised, where it is right
    return Answer(name, str(field.ask.label), in_words(field, words, places), step, field.error)


def in_words(field: Field, value: str, places: Places) -> str:
    """What was answered, as people say it; "" where nothing was."""
    options = {code: str(words) for code, words in field.ask.options}
    if field.ask.widget == "tick":
        return _("是") if value in TICKED else ""
    if field.ask.widget == "choices":
        return ("; " if english() else "、").join(options.get(one, one) for one in field.values)
    if field.ask.widget == "date" and _DAY.fullmatch(value):
        return say_day(date.fromisoformat(value)) if _real(value) else value
    return {**options, **places.get(field.name, {})}.get(value, value)


def _real(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def say_day(day: date) -> str:
    """1952年8月17日; 1952-08-17 in English."""
    return day.isoformat() if english() else f"{day.year}年{day.month}月{day.day}日"
