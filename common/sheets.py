"""Long forms: every field is read alone, so all mistakes are told at once and rules over several fields see what is right.

class Filing(Sheet):
    place: Annotated[str | None, Ask(_l("就医地"), must=True, pattern=r"[0-9]{6}")] = None

    @classmethod
    def rules(cls, form, about):        # after every field was read; what is wrong is None in form.said
        if form.said["place"] == about.home:
            yield "place", _("就医地不能就是参保地")

form = read_sheet(Filing, request.form, about)

A field's own rules stand in its Ask, as data; so a phone without network can check the same. Floor 0.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from common.forms import Ask, Field, Form
from common.i18n import gettext as _

LONGEST = 2000  # characters that are looked at; nothing here may be so long
MOST_CHOSEN = 40

_WIDE = {ord(c) + 0xFEE0: c for c in map(chr, range(0x21, 0x7F))} | {0x3000: " "}
_WIDE_WORDS = {wide: c for wide, c in _WIDE.items() if c.isalnum() or c == " "}  # Chinese keeps its own punctuation
_NOT_IN_NUMBERS = re.compile(r"[\s\-‐‑‒–—−]+")
_DOTS = str.maketrans(dict.fromkeys("•‧・.．･∙⋅", "·"))
NAME = re.compile(  # after cleaning: han of all extensions, dots between parts, Latin
    "[\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff·A-Za-zÀ-ɏ ]*"
)
_DAY = re.compile(r"([0-9]{4})(?:([-/.年])([0-9]{1,2})([-/.月])([0-9]{1,2})日?|([0-9]{2})([0-9]{2}))")
_TICKED = ("1", "on", "true", "yes")


class Sheet(BaseModel):
    """A long form. Every field has an Ask, a type among str, int, date, bool, list[str], and a default."""

    model_config = ConfigDict(extra="ignore")

    @classmethod
    def facts(cls, said: dict[str, Any], about: Any) -> dict[str, str]:
        """What `when` may name beside fields: whether the person is a child, who files, …"""
        return {}

    @classmethod
    def rules(cls, form: "SheetForm[Any]", about: Any) -> Iterator[tuple[str, str]]:
        """Mistakes that no field shows alone: field (or "form") and sentence."""
        return iter(())

    @classmethod
    def options(cls, name: str, about: Any) -> tuple[tuple[str, Any], ...] | None:
        """The choices of a field where they depend on circumstances; None: those of its Ask."""
        return None

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """With the labels people read. Looser than the rules: what is typed is cleaned before it is judged."""
        schema: dict[str, Any] = handler(core)
        properties = handler.resolve_ref_schema(schema).get("properties", {})
        for name, planned in _plan(cls).items():
            properties[name] |= {"title": str(planned.ask.label)}
            if planned.ask.hint:
                properties[name]["description"] = str(planned.ask.hint)
            if planned.ask.options:
                properties[name]["examples"] = [value for value, _words in planned.ask.options]
        return schema


S = TypeVar("S", bound=Sheet)


@dataclass(frozen=True)
class _Planned:
    """One field of a shape, looked up once: pydantic's own way takes 50 µs a field."""

    ask: Ask
    type: TypeAdapter[Any]
    default: Any

    @property
    def start(self) -> Any:
        """What the field means before anybody answers."""
        return list(self.default) if isinstance(self.default, list) else self.default


def _plan(shape: Any) -> dict[str, _Planned]:
    return _planned(shape)


@cache
def _planned(shape: Any) -> dict[str, _Planned]:
    plan = {}
    for name, info in shape.model_fields.items():
        ask = next(extra for extra in info.metadata if isinstance(extra, Ask))
        plan[name] = _Planned(ask, _adapter(info.annotation), info.get_default(call_default_factory=True))
    return plan


@cache
def _adapter(annotation: Any) -> TypeAdapter[Any]:
    return TypeAdapter(annotation)


@dataclass
class SheetForm(Form[S]):
    """`said`: what each field means; None where nothing or something wrong was typed, the default where it is not shown."""

    about: Any = None
    said: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    asks: dict[str, Ask] = field(default_factory=dict)

    def ask(self, name: str) -> Ask:
        """With the choices that these circumstances allow."""
        if name not in self.asks:
            planned, options = _plan(self.shape).get(name), self.shape.options(name, self.about)
            ask = planned.ask if planned else super().ask(name)
            self.asks[name] = ask if options is None else replace(ask, options=options)
        return self.asks[name]

    def shown(self, name: str) -> bool:
        """Whether the field is asked for, with what was answered so far."""
        return name not in self.hidden

    def wrong(self, name: str, sentence: str) -> None:
        """One sentence per field: the first broken rule. What is wrong has no meaning for later rules."""
        self.errors.setdefault(name, sentence)
        if name in self.said:
            self.said[name] = None

    def __getitem__(self, name: str) -> Field:
        ask, shown, typed = self.ask(name), self.shown(name), self.typed.get(name)
        if typed is None:
            typed = start_of(self.shape, name)
        many = tuple(str(one) for one in typed) if isinstance(typed, list) else ()
        value = typed if isinstance(typed, str) else "1" if typed is True else ""
        return Field(name, ask, value, self.errors.get(name), ask.must and shown, many, shown)


def read_sheet(shape: type[S], typed: Any, about: Any = None) -> SheetForm[S]:
    """Check what was typed (a form, a JSON object, a kept draft) as far as the shape alone can. Never raises."""
    form = SheetForm(shape, {}, about=about)
    form.typed = _typed(shape, typed)
    for name in shape.model_fields:
        form.said[name] = _meaning(form, name)
    form.facts = shape.facts(form.said, about)
    form.hidden = {name for name in shape.model_fields if not _asked_for(form, name)}
    for name in form.hidden:
        form.said[name] = start_of(shape, name)
        form.errors.pop(name, None)
    for name in shape.model_fields:
        ask = form.ask(name)
        if not ask.must or name in form.hidden or name in form.errors or not blank(form.said[name]):
            continue
        if not ask.follows or not blank(form.said.get(ask.follows)):
            form.errors[name] = missing(ask)
    for name, sentence in shape.rules(form, about):
        form.wrong(name, sentence)
    if form.ok:
        form.meaning = shape.model_construct(**form.said)
    return form


def start_of(shape: type[Sheet], name: str) -> Any:
    """What that field means before anybody answers."""
    return _plan(shape)[name].start


def blank(value: Any) -> bool:
    """Whether nothing was answered; an unticked box is nothing."""
    return value is None or value is False or value == "" or value == []


def missing(ask: Ask) -> str:
    """What to say of a field that was left out."""
    if ask.missing:
        return str(ask.missing)
    if ask.widget in {"choice", "choices", "select", "region"}:
        return _("请选择%(label)s", label=str(ask.label))
    if ask.widget == "tick":
        return _("请勾选%(label)s", label=str(ask.label))
    return _("请填写%(label)s", label=str(ask.label))


def plain_text(value: str) -> str:
    """Half-width letters and digits, no control characters, no blanks around."""
    return _visible(value).translate(_WIDE_WORDS).strip()


def plain_number(value: str) -> str:
    """As people write numbers by hand → as they are kept: half-width, no blanks or hyphens, capitals."""
    return _NOT_IN_NUMBERS.sub("", _visible(value).translate(_WIDE)).upper()


def plain_name(value: str) -> str:
    """A person's name: one kind of dot between its parts, single blanks."""
    return " ".join(_visible(value).translate(_WIDE_WORDS).translate(_DOTS).split())


CLEANERS = {"text": plain_text, "number": plain_number, "name": plain_name}


def read_day(typed: str) -> date | None:
    """2026-11-23, 2026/11/23, 20261123 or 2026年11月23日; None for anything else."""
    found = _DAY.fullmatch(re.sub(r"\s+", "", typed.translate(_WIDE)))
    if not found:
        return None
    year, _a, month, _b, day, plain_month, plain_day = found.groups()
    try:
        return date(int(year), int(month or plain_month), int(day or plain_day))
    except ValueError:
        return None


def _visible(value: str) -> str:
    """Without control characters and halves of characters (a JSON string may carry them); tabs and newlines are blanks."""
    return "".join(
        " " if c.isspace() else c for c in value[:LONGEST] if c.isspace() or unicodedata.category(c)[0] != "C"
    )


def _typed(shape: type[Sheet], typed: Any) -> dict[str, Any]:
    """As it was typed, for showing it again: text or a list of texts. Numbers and truths of JSON become text."""
    if not isinstance(typed, Mapping):
        return {}
    kept: dict[str, Any] = {}
    for name in shape.model_fields:
        if name not in typed:
            continue
        if _plan(shape)[name].ask.widget == "choices":
            kept[name] = [_as_text(one) for one in _all_of(typed, name)][: MOST_CHOSEN + 1]
        else:
            kept[name] = _as_text(typed[name])
    return kept


def _all_of(typed: Any, name: str) -> Iterable[Any]:
    if hasattr(typed, "getlist"):
        return typed.getlist(name)  # type: ignore[no-any-return]
    value = typed[name]
    return value if isinstance(value, list | tuple) else [] if value in (None, "") else [value]


def _as_text(value: Any) -> str:
    """ "\\ufffd" for what no form can hold (an object, a list, a number of a thousand digits): no field takes it."""
    if value is None or value is False:
        return ""
    if value is True:
        return "1"
    if isinstance(value, str):
        return value.replace("\0", "").strip()[: LONGEST + 1]
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    return value.isoformat() if type(value) is date else "\ufffd"


def _meaning(form: SheetForm[Any], name: str) -> Any:
    """The value of one field, or its default and a sentence in form.errors."""
    ask, typed = form.ask(name), form.typed.get(name)
    if not typed:
        return start_of(form.shape, name)
    value, sentence = read_one(ask, typed)
    if sentence is None:
        try:
            return _plan(form.shape)[name].type.validate_python(value)
        except ValidationError:
            sentence = _not_so(ask)
    form.errors[name] = sentence
    return None


def read_one(ask: Ask, typed: Any) -> tuple[Any, str | None]:
    """One field by its own rules: its value, or None and the sentence. `typed`: text, or texts where several are chosen."""
    if ask.widget == "choices":
        chosen = [plain_number(one) if ask.clean == "number" else plain_text(one) for one in typed]
        known = {value for value, _words in ask.options}
        if len(chosen) > MOST_CHOSEN or (known and not ask.pattern and not known.issuperset(chosen)):
            return None, _not_so(ask)
        bad = next((one for one in chosen if ask.pattern and not re.fullmatch(ask.pattern, one)), None)
        return (list(dict.fromkeys(chosen)), None) if bad is None else (None, _not_so(ask))
    if ask.widget == "tick":
        return typed.strip().lower() in _TICKED, None
    if ask.widget == "date":
        day = read_day(typed)
        if day is None:
            return None, _wrong_day(ask)
        return day, None
    return _read_text(ask, CLEANERS[ask.clean](typed), too_long=len(typed) > LONGEST)


def _read_text(ask: Ask, value: str, *, too_long: bool) -> tuple[Any, str | None]:
    if ask.options and not ask.pattern:
        chosen = _chosen(ask, value)
        return (chosen, None) if chosen is not None else (None, _not_so(ask))
    if value and len(value) < ask.least:
        return None, _too_short(ask)
    if too_long or len(value) > ask.most:
        return None, _too_long(ask)
    if (ask.clean == "name" and not NAME.fullmatch(value)) or ("\ufffd" in value and not ask.pattern):
        return None, _odd_characters(ask)
    if value and ask.pattern and not re.fullmatch(ask.pattern, value):
        return None, _not_so(ask)
    return value or None, None


def _chosen(ask: Ask, value: str) -> str | None:
    """The choice that was meant: long lists are typed into by name."""
    if value in ask.also or any(value == one for one, _words in ask.options):
        return value
    return next((one for one, words in ask.options if value == str(words)), None)


def sentences(ask: Ask) -> dict[str, str]:
    """All that may be said of this field alone, by the rule that is broken; for whoever checks it without us."""
    said = {"missing": missing(ask), "wrong": _not_so(ask)}
    if ask.widget == "date":
        return said | {"wrong": _wrong_day(ask)}
    if ask.options or ask.widget in {"tick", "choices"}:
        return said
    return said | {"least": _too_short(ask), "most": _too_long(ask), "characters": _odd_characters(ask)}


def _too_short(ask: Ask) -> str:
    return _("%(label)s至少 %(n)s 个字", label=str(ask.label), n=ask.least)


def _too_long(ask: Ask) -> str:
    return _("%(label)s最多 %(n)s 个字", label=str(ask.label), n=ask.most)


def _odd_characters(ask: Ask) -> str:
    return _("%(label)s里有不能用的字符，请改一下", label=str(ask.label))


def _wrong_day(ask: Ask) -> str:
    return _("%(label)s请写成 2026-11-23 这样的日期", label=str(ask.label))


def _not_so(ask: Ask) -> str:
    if ask.wrong:
        return str(ask.wrong)
    if ask.widget == "number":
        return _("%(label)s请填数字", label=str(ask.label))
    if ask.options or ask.widget in {"choice", "choices", "region"}:
        return _("%(label)s没有这一种，请重新选", label=str(ask.label))
    return _("%(label)s格式不对", label=str(ask.label))


def _asked_for(form: SheetForm[Any], name: str) -> bool:
    """Whether all conditions hold; a condition on a field that is itself not asked for does not."""
    return all(_holds(form, when.field, when.among) for when in form.ask(name).when)


def _holds(form: SheetForm[Any], name: str, among: tuple[str, ...]) -> bool:
    if name in form.facts:
        return form.facts[name] in among
    value = form.said.get(name)
    said = value if isinstance(value, str) else "1" if value is True else "0"
    return said in among and _asked_for(form, name)
