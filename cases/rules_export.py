"""A family's rules as data, for a phone without network: what is asked, when, which values fit, which words to say.

Data are the rules of one field alone. Rules over several fields, the check digits and what needs circumstances run at the
server, again and in full: what a phone lets pass is checked there.
"""

from typing import Any

from cases.circumstances import About
from cases.filing import Family
from common.forms import Ask
from common.sheets import NAME, SheetForm, sentences

SHAPE = 1  # of this export


def export(family: Family, about: About) -> dict[str, Any]:
    """JSON values, words in the reader's language. `about`: for which item, and which years it may offer."""
    form: SheetForm[Any] = SheetForm(family.shape, {}, about=about)
    fields = family.shape.model_fields
    return {
        "shape": SHAPE,
        "name": family.name,
        "version": family.version,
        "item": about.item_no,
        "name_pattern": NAME.pattern,
        "facts": sorted(family.shape.facts(_defaults(family), about)),  # type: ignore[attr-defined]
        "sections": [{"heading": str(heading), "fields": list(names)} for heading, names in family.sections],
        "fields": {
            name: _field(form.ask(name)) | {"start": info.get_default(call_default_factory=True)}
            for name, info in fields.items()
        },
    }


def _defaults(family: Family) -> dict[str, Any]:
    return {name: info.get_default(call_default_factory=True) for name, info in family.shape.model_fields.items()}


def _field(ask: Ask) -> dict[str, Any]:
    return {
        "label": str(ask.label),
        "hint": str(ask.hint),
        "widget": ask.widget,
        "must": ask.must,
        "follows": ask.follows,
        "when": [{"field": when.field, "among": list(when.among)} for when in ask.when],
        "clean": ask.clean,
        "least": ask.least,
        "most": ask.most,
        "pattern": ask.pattern,
        "options": [[value, str(words)] for value, words in ask.options],
        "also": list(ask.also),
        "secrecy": ask.secrecy,
        "sentences": sentences(ask),
    }
