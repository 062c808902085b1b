"""One pydantic model for what people tell us: the page draws it, the JSON door reads it, both say the same. Floor 0.

class Report(BaseModel):
    what: Annotated[Trouble, Ask(_l("哪里不对"), widget="choice")]

form = Form.read(Report, request.form)      # form.ok, form.value, form.errors, form["what"].error
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

from flask_babel import LazyString
from pydantic import BaseModel, ValidationError

from common.i18n import gettext as _

Words: TypeAlias = str | LazyString
Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class When:
    """A condition: `field` (another field, or a fact that the sheet works out) has one of these values; ticked is "1"."""

    field: str
    among: tuple[str, ...]


@dataclass(frozen=True)
class Ask:
    """How a field is asked for. `options`: value and words of each choice. `wrong`: what to say of any value it cannot
    be, where that is more than a wrong format.

    The rest is for sheets (common/sheets.py) and says as data what page, JSON door and phone check alike. `widget` there:
    text, number, date, tick, choice, choices, region, tel. `when`: shown only if all of these hold. `must`: may not be left
    out while shown (`missing`: what to say then; `follows`: only once that field is filled). `clean`: text, name, number.
    `least`, `most`: characters. `pattern`: of the cleaned value; beside options it decides,
    and they are only offered. `secrecy`: pub, per(sonal), sen(sitive).
    `also`: values taken beside those of `options`, which no page offers.
    """

    label: Words
    hint: Words = ""
    widget: str = "text"
    options: tuple[tuple[str, Words], ...] = ()
    wrong: Words = ""
    when: tuple[When, ...] = ()
    must: bool = False
    missing: Words = ""
    follows: str = ""
    clean: str = "text"
    least: int = 0
    most: int = 200
    pattern: str = ""
    secrecy: str = "per"
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Field:
    """One field as the page draws it."""

    name: str
    ask: Ask
    value: str
    error: str | None
    required: bool
    values: tuple[str, ...] = ()  # where several may be chosen
    shown: bool = True


@dataclass
class Form(Generic[Shape]):
    """What was typed, what it means, and what is wrong with it, sentence by sentence."""

    shape: type[Shape]
    typed: Mapping[str, Any]
    errors: dict[str, str] = field(default_factory=dict)
    meaning: Shape | None = None

    @classmethod
    def read(cls, shape: type[Shape], typed: Mapping[str, Any]) -> "Form[Shape]":
        """Check `typed` (a form, a query string, a JSON object). Blank counts as not given; unknown names are ignored."""
        known = {name: _clean(typed[name]) for name in shape.model_fields if name in typed}
        form = cls(shape, {name: value if isinstance(value, str) else "" for name, value in known.items()})
        try:
            form.meaning = shape.model_validate({name: value for name, value in known.items() if value != ""})
        except ValidationError as problem:
            for error in problem.errors():
                name = str(error["loc"][0]) if error["loc"] else "form"
                form.errors.setdefault(name, _sentence(error, form.ask(name)))
        return form

    @classmethod
    def blank(cls, shape: type[Shape]) -> "Form[Shape]":
        """An empty form, before anybody typed."""
        return cls(shape, {})

    @property
    def ok(self) -> bool:
        """Whether everything typed can be used."""
        return not self.errors

    @property
    def value(self) -> Shape:
        """The checked answers. Only when ok."""
        if self.meaning is None:
            raise ValueError("the form has errors, it has no value")
        return self.meaning

    def __getitem__(self, name: str) -> Field:
        shown = self.shape.model_fields[name]
        return Field(name, self.ask(name), self.typed.get(name, ""), self.errors.get(name), shown.is_required())

    def ask(self, name: str) -> Ask:
        """How that field is asked for."""
        shown = self.shape.model_fields.get(name)
        asks = [extra for extra in shown.metadata if isinstance(extra, Ask)] if shown else []
        return asks[0] if asks else Ask(_("这一项"))


def _clean(value: Any) -> Any:
    """Without blanks around it, and without NUL: nobody types it, and PostgreSQL has no place for it."""
    return value.replace("\0", "").strip() if isinstance(value, str) else value


def _sentence(error: Any, ask: Ask) -> str:
    """One sentence that says what to do, in the words of the label."""
    kind, label, limits = error["type"], str(ask.label), error.get("ctx", {})
    if kind == "value_error":
        return str(limits["error"])
    if kind == "missing":
        return _("请选择%(label)s", label=label) if ask.widget == "choice" else _("请填写%(label)s", label=label)
    if ask.wrong:
        return str(ask.wrong)
    if kind in {"enum", "literal_error"}:
        return _("%(label)s没有这一种，请重新选", label=label)
    if kind == "string_too_long":
        return _("%(label)s太长了，最多 %(most)s 个字", label=label, most=limits["max_length"])
    if kind == "string_too_short":
        return _("%(label)s太短了，至少 %(least)s 个字", label=label, least=limits["min_length"])
    if kind in {"greater_than_equal", "less_than_equal", "greater_than", "less_than"}:
        return _("%(label)s超出了范围", label=label)
    return _("%(label)s格式不对", label=label)
