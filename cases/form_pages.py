"""The pages of a form, for staff and for residents alike: what each step is drawn from. Room `cases`, floor 4.

A route finds the draft and says where its addresses are; the rest is the same. Nothing here writes.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import abort, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from accounts.policy import Actor
from cases import form_view, look_up, paper_operations
from cases.agent import EVIDENCE
from cases.drafts import TAIL
from cases.filing import Checked, Level, PaperNeed
from cases.filling import CHANNELS, Filled, as_typed, look, tail_of
from cases.form_steps import CHANNEL, NAMES, Step, fields_of, step_of
from cases.item_names import named, unlisted_words
from cases.models import Draft, Paper
from cases.papers import SIGNATURE
from cases.submitting import MARK
from cases.two_pages import base_of
from common import clock
from common.i18n import gettext as _
from common.i18n import say_time
from common.ids import new_id
from common.pages import page
from services_catalog import queries as catalogue
from stations import queries as stations
from stations.schema import CHANNEL_WORDS


def stop_if_unlisted(session: Session, draft: Draft, where: "Addresses") -> None:
    """Instead of any page of the form: why it leads nowhere, where the catalogue in force has left its item out."""
    known = catalogue.catalogue(session)
    if draft.item_no not in known.items:
        item = named(known, draft.item_no)
        abort(make_response(page("cases/form_unlisted.html", item=item, where=where, words=unlisted_words()), 410))


@dataclass(frozen=True)
class Addresses:
    """Where the pages of one draft are. `step`: with a {n}."""

    step: str
    save: str
    delete: str
    out: str  # the page one came from
    look_up: str = ""  # where the province is asked; "" where nobody may

    def at(self, step: int, name: str = "", told: bool = False) -> str:
        """The address of one step, or of a field on it with what is wrong there."""
        more = ("&check=1" if told else "") + (f"#{name}" if name else "")
        return self.step.replace("{n}", str(int(step))) + more


def step_asked(last: Step) -> Step:
    """Which page the address names; the first one where it names none."""
    given = request.args.get("step", "1")
    return Step(int(given)) if given in {str(int(step)) for step in Step if step <= last} else Step.WHO


def form_page(
    session: Session,
    filled: Filled,
    step: Step,
    where: Addresses,
    *,
    by: Actor | None,
    errors: dict[str, str] | None = None,
    doubts: bool = False,
    told: str = "",
    stored: Filled | None = None,
) -> str:
    """WHO or MATTER. `told`: what became of asking the province. `errors`: None while nobody has been told what is wrong.
    `stored`: what the draft really holds, where the page shows something else."""
    checked, draft = filled.checked, filled.draft
    sections = form_view.sections(filled.family, checked, step, filled.places, errors or {})
    return page(
        "cases/form.html",
        **common(session, filled, step, where, by=by),
        sections=sections,
        errors=errors or {},
        shown={question.name for section in sections for question in section.questions} | {CHANNEL},
        doubts=form_view.doubts(filled.family, checked, step) if doubts else [],
        notes=form_view.notes(checked, Level.INFO) if step is Step.MATTER and by is None else [],  # staff: on SIGN
        channels=channels(session, draft) if by and step is Step.WHO else [],
        channel=filled.channel,
        known=conditions(filled, step),
        asks=bool(by and where.look_up and step is Step.WHO and "psn_cert_type" in fields_of(filled.family, step)),
        insured=_insured(session, filled) if by and step is Step.WHO else [],
        told=told,
        tab=new_id()[-12:],
        base=base_of(_held(stored or filled, step)),
    )


def _held(filled: Filled, step: Step) -> dict[str, Any]:
    """What a page is drawn with, field by field."""
    fields = {name: filled.checked.form[name] for name in fields_of(filled.family, step)}
    return {name: list(one.values) or one.value for name, one in fields.items()} | {CHANNEL: filled.channel}


def clash_page(
    session: Session, filled: Filled, step: Step, where: Addresses, clashes: dict[str, Any], *, by: Actor | None
) -> str:
    """The page again: what was typed here stands in its fields, what was written elsewhere meanwhile stands beside them, and
    the next press of the button keeps what is then in them."""
    here = as_typed(session, filled, clashes, by=by, now=clock.now())
    errors = {
        name: _(
            "%(label)s在别处改成了“%(there)s”，这里填的是“%(here)s”。留下对的，再按一次。",
            label=_label(filled, name),
            there=_answered(session, filled, name),
            here=_answered(session, here, name),
        )
        for name in clashes
    }
    return form_page(session, here, step, where, by=by, errors=errors, stored=filled)


def clash_words(filled: Filled, clashes: dict[str, Any]) -> str:
    """The same for the script, in one sentence: nothing is asked before the page is sent."""
    names = _("、").join(_label(filled, name) for name in clashes)
    return _("“%(fields)s”在别处改过，没存，别的都存了。按下面的按钮再核一遍。", fields=names)


def _label(filled: Filled, name: str) -> str:
    return _("怎么办") if name == CHANNEL else str(filled.checked.form.ask(name).label)


def _answered(session: Session, filled: Filled, name: str) -> str:
    if name == CHANNEL:
        return dict(channels(session, filled.draft)).get(filled.channel, "")
    field = filled.checked.form[name]
    return form_view.in_words(field, field.value, filled.places) or _("没填")


def _insured(session: Session, filled: Filled) -> list[str]:
    """What the province said of the person, a line for each insurance; a sentence where there is none."""
    known = look_up.known_of(filled.draft.answers, clock.now())
    if known is None:
        return []
    return look_up.in_words(known, stations.divisions(session)) or [_("省里有这个人，没有参保记录。")]


def common(session: Session, filled: Filled, step: Step, where: Addresses, *, by: Actor | None) -> dict[str, Any]:
    """What every step shows: the item, how far one is, when it was saved."""
    steps = list(Step) if by else [Step.WHO, Step.MATTER, Step.PAPERS]
    names = NAMES if by else {**NAMES, Step.PAPERS: _("取件码")}
    return {
        "item": named(catalogue.catalogue(session), filled.draft.item_no),
        "step": step,
        "steps": [(int(one), str(names[one])) for one in steps],
        "where": where,
        "by": by,
        "saved": say_time(filled.draft.updated_at) if filled.draft.version > 1 else "",
        "op_id": filled.draft.op_id,
        "draft": filled.draft,
    }


def channels(session: Session, draft: Draft) -> list[tuple[str, str]]:
    """The ways in which the catalogue offers the item at a counter."""
    item = catalogue.catalogue(session).items.get(draft.item_no)
    offered = {name.replace("-", "_") for name in item.channels} if item else set()
    words = {channel.value: str(said) for channel, said in CHANNEL_WORDS.items()}
    return [(name, words[name]) for name in CHANNELS if name in offered]


def conditions(filled: Filled, step: Step) -> str:
    """What the script must know to show and hide fields: facts, and answers that stand on other pages. name=value …"""
    form, here = filled.checked.form, set(fields_of(filled.family, step))
    named = {when.field for name in here for when in form.ask(name).when} - here
    facts = getattr(form, "facts", {})
    return " ".join(f"{name}={facts[name] if name in facts else _plain(form, name)}" for name in sorted(named))


def _plain(form: Any, name: str) -> str:
    value = getattr(form, "said", {}).get(name)
    return value if isinstance(value, str) else "1" if value is True else "0"


def wrong_here(filled: Filled, step: Step) -> dict[str, str]:
    """What is wrong on one page. Papers that are asked for on a later page count as handed in."""
    found = form_view.errors_on(filled.family, filled.checked, step)
    if not found:
        return {}
    later = with_papers(filled)
    return {name: words for name, words in found.items() if name in later.errors}


def with_papers(filled: Filled) -> Checked:
    """What the form would say if every paper were there, come just now. Under the circumstances gathered already: no SELECT."""
    form: Any = filled.checked.form
    at, said = form.about.at, filled.draft.answers
    papers = frozenset(need.kind for need in paper_needs(filled)) | frozenset(EVIDENCE.values())
    revoked = at.authorisation_revoked and said.get("auth_kind") not in EVIDENCE  # what is shown now was given again
    at = replace(at, papers=papers, authorisation_revoked=revoked)
    return filled.family.check(filled.draft.item_no, said, at)


def paper_needs(filled: Filled) -> list[PaperNeed]:
    """What step 3 asks for: the papers of the form, and the photo of a written authorisation."""
    needs = filled.needs
    if filled.draft.answers.get("auth_kind") == "written_photo":  # typed: what is wrong has no meaning
        needs = [*needs, PaperNeed(EVIDENCE["written_photo"], _("书面授权的照片"))]
    return needs


def papers_page(session: Session, filled: Filled, where: Addresses, *, by: Actor) -> str:
    """Step 3."""
    return page(
        "cases/form_papers.html",
        **common(session, filled, Step.PAPERS, where, by=by),
        needs=paper_needs(filled),
        have=paper_operations.papers_of(session, filled.draft),
    )


def sign_page(
    session: Session,
    filled: Filled,
    where: Addresses,
    *,
    by: Actor,
    now: datetime,
    told: bool = False,
    problem: str = "",
) -> str:
    """Step 4. `told`: somebody pressed 提交, so what is missing on this page is said as well."""
    checked = filled.checked
    errors = dict(checked.errors)
    signed = {*fields_of(filled.family, Step.SIGN)}
    if not told:
        errors = {name: words for name, words in errors.items() if name not in signed}
    have = paper_operations.papers_of(session, filled.draft)
    kind = signature_kind(filled)
    signature = next((one for one in have if one.kind == kind), None)
    sections = form_view.sections(filled.family, checked, Step.SIGN, filled.places, errors if told else {})
    if signature and not filled.draft.answers.get(MARK):
        sections = [form_view.chosen(section, MARK, SIGNATURE) for section in sections]
    return page(
        "cases/form_sign.html",
        **common(session, filled, Step.SIGN, where, by=by),
        told=form_view.summary(filled.family, checked, filled.places),
        errors=errors,
        links=_links(filled, errors, where, signature),
        sections=sections,
        known=conditions(filled, Step.SIGN),
        doubts=form_view.doubts(filled.family, checked),
        notes=form_view.notes(checked, Level.INFO, Level.HANDUP),
        missing=[need for need in checked.papers if need.by_later and need.kind not in {one.kind for one in have}],
        needs=paper_needs(filled),
        have=[one for one in have if one is not signature],
        signature=signature,
        signature_kind=kind,
        name=filled.said.get("grdn_name") or filled.said.get("psn_name") or "",  # a guardian signs for the child
        seen=filled.seen,
        problem=problem,
        day=clock.local_date(now),
    )


def take_along_page(session: Session, filled: Filled, where: Addresses) -> str:
    """A resident's last page: what was filled in, what is still missing, and the button that makes the code."""
    by_step = {step: form_view.errors_on(filled.family, filled.checked, step) for step in (Step.WHO, Step.MATTER)}
    return page(
        "cases/file_take.html",
        **common(session, filled, Step.PAPERS, where, by=None),
        told=form_view.summary(filled.family, filled.checked, filled.places),
        gaps=sum(len(errors) for errors in by_step.values()),
        ready=len(tail_of(filled.draft.answers)) == TAIL,
    )


def signature_kind(filled: Filled) -> str:
    """As what a name drawn on the screen is kept: under the promise, or under the authorisation of an agent."""
    drawn = filled.draft.answers.get("auth_kind") == "drawn_signature"
    return EVIDENCE["drawn_signature"] if drawn else SIGNATURE


def _links(filled: Filled, errors: dict[str, str], where: Addresses, signature: Paper | None) -> dict[str, str]:
    """Where each mistake is mended. signature: the one that is there already."""
    if not errors:
        return {}
    later, links = with_papers(filled), {}
    for name in errors:
        step = step_of(filled.family, name)
        if name == "form":
            continue
        if name not in later.errors:
            drawn = filled.draft.answers.get(name) == "drawn_signature"
            links[name] = ("#signed" if signature else "#sign-name") if drawn else where.at(Step.PAPERS)
        else:
            links[name] = (
                f"#{name}"
                if step is Step.SIGN
                else where.at(step, "" if name in form_view.SETTLED else name, told=True)
            )
    return links


def save_answer(
    session: Session, draft: Draft, clashes: dict[str, Any], *, by: Actor | None, now: datetime
) -> ResponseReturnValue:
    """What the script hears after it saved: when, and the facts by which fields are shown now; and which are not kept."""
    filled = look(session, draft, by=by, now=now)
    facts = getattr(filled.checked.form, "facts", {})
    if clashes:  # the other fields are kept
        words = clash_words(filled, clashes)
        return {"error": "elsewhere", "message": words, "fields": list(clashes), "facts": facts}, 409
    return {"saved": say_time(now), "facts": facts}


def exit_page(session: Session, filled: Filled, where: Addresses, step: Step, *, by: Actor | None) -> str:
    """No case is needed: why, and what to do instead."""
    words = filled.checked.exit.words if filled.checked.exit else ""
    return page("cases/form_exit.html", **common(session, filled, step, where, by=by), words=words)
