"""From a read sheet to what a family answers: canonical answers, papers, remarks. Pure."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from cases.agent import authorised
from cases.circumstances import About
from cases.filing import Checked, Level, PaperNeed, Remark, Subject
from cases.person import number_of
from cases.promise import COMMITMENT_VERSION, NOTICE_VERSION
from common.i18n import gettext as _
from common.sheets import SheetForm, blank

NOT_KEPT = {"bankacct_again"}  # typed for comparison only


def checked(
    form: SheetForm[Any],
    about: About,
    *,
    sections: tuple[tuple[Any, tuple[str, ...]], ...],
    subject: Subject | None,
    remarks: Iterable[Remark],
    papers: Iterable[PaperNeed],
    derived: dict[str, Any],
    live_key: str,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> Checked:
    """`derived`: answers nobody typed, None for those to leave out. An exit takes the mistakes with it."""
    needed = tuple(papers)
    missing = tuple(need for need in needed if need.by_later and need.kind not in about.at.papers)
    said = [*remarks, *_still_missing(missing)]
    kept = tuple(one for one in said if one.level is not Level.WARN or one.field not in about.at.confirmed)
    if any(one.level is Level.EXIT for one in kept):
        form.errors.clear()
        kept = tuple(one for one in kept if one.level is Level.EXIT)
    form.errors = _as_asked(form.errors, sections)
    answers = canonical_answers(form, derived)
    return Checked(
        form=form,
        remarks=kept,
        answers=answers,
        subject=subject,
        papers=needed,
        live_key=live_key,
        starts_on=starts_on,
        ends_on=ends_on,
        missing=missing,
        authorised=authorised(form.said, about),
    )


def _as_asked(errors: dict[str, str], sections: tuple[tuple[Any, tuple[str, ...]], ...]) -> dict[str, str]:
    """What is wrong with the whole first, then in the order in which the fields stand on the page."""
    order = ["form", *(name for _heading, names in sections for name in names), "papers"]
    return {name: errors[name] for name in order if name in errors} | errors


def canonical_answers(form: SheetForm[Any], derived: dict[str, Any]) -> dict[str, Any]:
    """JSON values under national names: what was asked and answered, then what follows from it. Dates as 2026-11-23."""
    answers: dict[str, Any] = {}
    for name, value in form.said.items():
        if form.shown(name) and not blank(value) and name not in NOT_KEPT:
            answers[name] = value.isoformat() if isinstance(value, date) else value
    if "notice_version" in answers:
        answers["notice_version"] = NOTICE_VERSION
    if "promise" in answers:
        answers["commit_text_version"] = COMMITMENT_VERSION
    for name, value in derived.items():
        if value is None:
            answers.pop(name, None)
        else:
            answers[name] = value.isoformat() if isinstance(value, date) else value
    return answers


def person_answers(form: SheetForm[Any], about: About) -> dict[str, Any]:
    """National certificate codes, and sex and birth where the number says them."""
    said = form.said
    derived: dict[str, Any] = {}
    for kind, number in (
        ("psn_cert_type", "certno"),
        ("grdn_cert_type", "grdn_certno"),
        ("agnter_cert_type", "agnter_certno"),
    ):
        found = number_of(said, kind, number, about) if said.get(kind) and form.shown(kind) else None
        if found:
            derived[kind] = found.cert_type
            if kind == "psn_cert_type" and found.born:
                derived |= {"gend": found.sex, "brdy": found.born}
    if about.at.known and about.at.known.psn_no:
        derived["psn_no"] = about.at.known.psn_no
    return derived


def person_subject(form: SheetForm[Any], about: About) -> Subject | None:
    """Whom the case is about; None while name or number is missing."""
    said = form.said
    found = number_of(said, "psn_cert_type", "certno", about)
    if not found or not said["psn_name"]:
        return None
    return Subject(
        name=said["psn_name"],
        cert_type=found.cert_type,
        certno=found.number,
        sex=found.sex or said["gend"],
        born=found.born or said["brdy"],
        mobile=said["mob"] or said["grdn_mob"],
        contact_name=said["contact_name"] or said["grdn_name"],
        contact_tel=said["contact_tel"],
    )


def identity_paper(form: SheetForm[Any], about: About) -> Iterator[PaperNeed]:
    """Looked at, never copied; waived when a code or card was read, or the province knows name and number."""
    known = about.at.known
    if form.said["ident_by"] not in {"e_code", "card_read"} and not (known and known.psn_no):
        yield PaperNeed("id", _("本人有效身份证件"), only_shown=True)


def _still_missing(missing: tuple[PaperNeed, ...]) -> Iterator[Remark]:
    """All of them named once, together."""
    if missing:
        names = "、".join(need.name for need in missing)
        due = max(need.due for need in missing if need.due)
        yield Remark(Level.INFO, "papers", _("还缺%(papers)s，请在 %(day)s 前补来", papers=names, day=due.isoformat()))
