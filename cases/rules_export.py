"""A family's rules as data, for a phone without network: what is asked, when, which values fit, which words to say.

Data are the rules of one field alone. Rules over several fields, the check digits and what needs circumstances run at the
server, again and in full: what a phone lets pass is checked there.
"""

from typing import Any

from cases.circumstances import About
from cases.filing import Family
from common.forms import Ask
from common.sheets import NAME, SheetForm, sentences, start_of

SHAPE = 1  # of this export


def export(family: Family, about: About) -> dict[str, Any]:
    """JSON values, words in the reader's language. `about`: for which item, and which years it may offer."""
    form: SheetForm[Any] = SheetForm(family.shape, {}, about=about)
    shape = form.shape
    return {
        "shape": SHAPE,
        "name": family.name,
        "version": family.version,
        "item": about.item_no,
        "name_pattern": NAME.pattern,
        "facts": sorted(shape.facts({name: start_of(shape, name) for name in shape.model_fields}, about)),
        "sections": [{"heading": str(heading), "fields": list(names)} for heading, names in family.sections],
        "fields": {name: _field(form.ask(name)) | {"start": start_of(shape, name)} for name in shape.model_fields},
    }


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
