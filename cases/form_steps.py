"""A family's form cut into pages: who · what · papers · look and sign. And what was typed on one of them. Room `cases`, floor 4.

Pure: families, forms and mappings in, mappings out. No database.
"""

from collections.abc import Collection, Mapping
from enum import IntEnum
from typing import Any

from cases.filing import Family
from cases.two_pages import WRITERS
from common.forms import Ask
from common.i18n import lazy_gettext as _l


class Step(IntEnum):
    """The pages, in the order in which they are filled in. A resident at home gets WHO, MATTER and then the code."""

    WHO = 1
    MATTER = 2
    PAPERS = 3
    SIGN = 4


NAMES = {Step.WHO: _l("谁来办"), Step.MATTER: _l("办什么"), Step.PAPERS: _l("拍材料"), Step.SIGN: _l("核对签字")}

# What people confirm at the end, with the whole form before their eyes.
SIGNED = frozenset({"notice_version", "promise", "grdn_consent", "commit_by", "commit_mark", "sms_ok"})
CHANNEL, CONFIRMED, CODE, CODE_TAIL = "channel", "confirmed", "code", "code_tail"  # kept beside the form's own fields
_PEOPLE = frozenset({"psn_name", "grdn_name", "ident_by"})


def sections_of(family: Family, step: Step) -> list[tuple[Any, tuple[str, ...]]]:
    """The headings of one page, each with its fields. Whatever is asked before and with the people is WHO."""
    last = max(place for place, (_heading, names) in enumerate(family.sections) if _PEOPLE.intersection(names))
    cut = []
    for place, (heading, names) in enumerate(family.sections):
        here = Step.WHO if place <= last else Step.MATTER
        kept = tuple(name for name in names if (Step.SIGN if name in SIGNED else here) is step)
        if kept:
            cut.append((heading, kept))
    return cut


def fields_of(family: Family, step: Step) -> tuple[str, ...]:
    """The fields of one page, in their order."""
    return tuple(name for _heading, names in sections_of(family, step) for name in names)


def step_of(family: Family, name: str) -> Step:
    """On which page a field stands."""
    return next((step for step in (Step.WHO, Step.MATTER, Step.SIGN) if name in fields_of(family, step)), Step.SIGN)


def ask_of(family: Family, name: str) -> Ask:
    """How the family asks for a field."""
    return next(extra for extra in family.shape.model_fields[name].metadata if isinstance(extra, Ask))


def typed_of(family: Family, sent: Any, whole: Collection[str] = ()) -> dict[str, Any]:
    """The family's fields out of a sent form (a MultiDict). `whole`: fields of a page that was sent completely, where an
    empty box says nothing at all because it was left empty."""
    known = {name for _heading, names in family.sections for name in names}
    said: dict[str, Any] = {}
    for name in known:
        widget = ask_of(family, name).widget
        if name in sent:
            many = [value for value in sent.getlist(name) if value]
            said[name] = many if widget == "choices" else sent.getlist(name)[-1].replace("\0", "")
        elif name in whole and widget in {"tick", "choices"}:
            said[name] = [] if widget == "choices" else ""
    return said


def channel_of(sent: Any) -> dict[str, str]:
    """How it is handled, where the page says so; kept beside the form's own fields."""
    return {CHANNEL: str(sent[CHANNEL])[:20]} if CHANNEL in sent else {}


def confirmed(answers: Mapping[str, Any], typed: Mapping[str, Any], sent: Any) -> dict[str, Any]:
    """Which doubts were confirmed; kept beside the fields. Who then writes something else has confirmed nothing yet."""
    before = set(answers.get(CONFIRMED) or ())
    named = {name for name in sent.getlist(CONFIRMED) if name and len(name) <= 40}
    changed = {name for name, value in typed.items() if value != answers.get(name, "")}
    after = sorted((before | named) - changed)[:40]
    return {CONFIRMED: after} if after or before else {}


def seen_part(answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that stand in the summary: what must not have changed when somebody signs below it."""
    return {name: value for name, value in answers.items() if name not in SIGNED | {CONFIRMED, WRITERS}}
