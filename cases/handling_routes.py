"""The desk: the queue of a town or county, one case, every step that may be taken now. Room `cases`, floor 4.

Out of the actor's reach there is no case: 404. What the rules forbid is one sentence above the case as it stands now, and
nothing that was typed is lost.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import Action, Actor
from cases import drafts, handling, operations, psn_no, queries, receipts
from cases.colleagues import colleagues
from cases.drafts import Refused
from cases.filing import PaperNeed
from cases.handling_schema import RevealForm, SearchForm, StepForm
from cases.item_names import unlisted_words
from cases.models import Authorisation, Case, Paper
from cases.queries import Tab
from cases.transitions import Step
from cases.words import paper_name, paper_names
from common import audit, clock
from common.db import done_once, reading
from common.editions import working_days
from common.forms import Form
from common.i18n import gettext as _
from common.ids import new_id
from common.pages import page, see
from services_catalog.models import MAX_ITEM_NO
from services_catalog.queries import catalogue

bp = Blueprint("handling", __name__)

BY_HAND = {
    Step.ACCEPT,
    Step.ASK,
    Step.SUPPLY,
    Step.HAND_UP,
    Step.HAND_OVER,
    Step.APPROVE,
    Step.REFUSE,
    Step.WITHDRAW,
    Step.RECALL,
    Step.PAID,
}


# The queue


@bp.get("/cases")
@needs(Action.READ_CASE)
def queue() -> ResponseReturnValue:
    """What lies at the actor's desk, by deadline. Four statements: who asks, editions, rows, counts."""
    tab = next((one for one in Tab if one == request.args.get("tab")), Tab.ALL)
    item, number = _number("item", MAX_ITEM_NO), _number("page", queries.MAX_PAGES) or 1
    today = clock.local_date(clock.now())
    days = working_days(reading())
    found = queries.queue(reading(), current_actor(), tab, days, today, number, item)
    return page(
        "cases/queue.html",
        **handling.queue_page(reading(), current_actor(), found, days, today, item),
        form=Form.blank(SearchForm),
    )


@bp.post("/cases/search")
@needs(Action.READ_CASE)
def search() -> ResponseReturnValue:
    """Cases by a whole number. By POST, so that no number of a person stands in an address; the audit says that it was asked."""
    actor, form, now = current_actor(), Form.read(SearchForm, request.form), clock.now()
    if not form.ok:
        return page("cases/found.html", form=form, rows=[], asked=False), 422
    found = queries.search(reading(), form.value.q, actor)
    if len(found) == 1 and receipts.read_ref(form.value.q) == found[0][0].ref:
        return see(url_for("handling.show", ref=found[0][0].ref))
    reading().expunge_all()
    _audit_search(actor, len(found))
    days, today = working_days(reading()), clock.local_date(now)
    rows = [handling.row(reading(), case, station, days, today) for case, station in found]
    return page("cases/found.html", form=form, rows=rows, asked=True)


def _audit_search(actor: Actor, found: int) -> None:
    def work(session: Any) -> None:
        audit.record(
            session,
            county_code=actor.county_code,
            actor_id=actor.account_id,
            actor_role=str(actor.role),
            action="case.search",
            about=("account", actor.account_id),
            facts={"found": found},
            now=clock.now(),
        )

    done_once(work)


def _number(name: str, most: int) -> int | None:
    said = request.args.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 6 and 1 <= int(said) <= most else None


# One case


@bp.get("/cases/<ref>")
@needs(Action.READ_CASE)
def show(ref: str) -> ResponseReturnValue:
    """The case, and what may be done with it now. Six statements: who asks, editions, the case, events, papers, the rest."""
    return _show(ref, done=request.args.get("done", ""))


def _show(
    ref: str,
    *,
    errors: dict[str, str] | None = None,
    typed: Mapping[str, Any] | None = None,
    done: str = "",
) -> str:
    actor = current_actor()
    file = queries.file_of(reading(), _ref(ref), actor)
    if file is None:
        abort(404)
    facts = handling.case_page(reading(), actor, file, now=clock.now())
    return page("cases/case.html", **facts, op=new_id(), errors=errors or {}, typed=typed or {}, done=done)


@bp.post("/cases/<ref>/step")
@needs(Action.READ_CASE)
def step(ref: str) -> ResponseReturnValue:
    """Take one step, once."""
    form, actor, now = Form.read(StepForm, request.form), current_actor(), clock.now()
    kinds = request.form.getlist("asked")
    typed = request.form.to_dict() | {"asked": kinds}
    if not form.ok or form.value.step not in BY_HAND:
        return _show(ref, errors=_under(typed, form.errors or {"form": _("没有这一步")}), typed=typed), 422
    said = form.value
    asked = [PaperNeed(kind, paper_name(kind)) for kind in dict.fromkeys(kinds) if kind in paper_names()]
    if said.other.strip():
        asked.append(PaperNeed("other", said.other.strip()))
    handler = _handler(said.handler, actor) if said.step is Step.HAND_OVER else None
    number = psn_no.ask_for(_ref(ref), said.step, by=actor, now=now)

    def work(session: Any, case: Case) -> None:
        psn_no.keep(case, number)
        operations.take_step(
            session,
            case,
            said.step,
            by=actor,
            now=now,
            version=said.version,
            words=said.words.strip(),
            basis=said.basis.strip(),
            asked=asked if said.step is Step.ASK else (),
            handler_id=handler[0] if handler else None,
            handler_name=handler[1] if handler else None,
            unseen=said.unseen,
            unfit=said.unfit,
        )

    return _once(ref, said.op, typed, work, str(said.step))


def _handler(account_id: str | None, actor: Actor) -> tuple[str, str] | None:
    """Whoever was chosen, if they sit at the same desk."""
    found = colleagues(reading(), actor, clock.local_date(clock.now()))
    return next(((one.account_id, one.name) for one in found if one.account_id == account_id), None)


def _once(
    ref: str, op: str, typed: dict[str, Any], work: Callable[[Any, Case], None], done: str
) -> ResponseReturnValue:
    """`work` on the locked case, once for this operation id; back to the case, or the sentence that says why not."""
    actor, now = current_actor(), clock.now()
    request_said = {key: str(value) for key, value in typed.items()} | {"ref": ref, "path": request.path}

    def locked(session: Any) -> None:
        case = queries.for_step(session, _ref(ref), actor)
        if case is None:
            abort(404)
        if not operations.done_before(session, op, request_said, actor):
            work(session, case)
            operations.remember(session, op, request_said, case, actor, now)

    try:
        done_once(locked)
    except Refused as problem:
        reading().rollback()  # so that the page shows what others have done meanwhile
        reading().expunge_all()
        return _show(ref, errors=_under(typed, {"form": problem.words}), typed=typed), problem.status
    return see(url_for("handling.show", ref=_ref(ref), done=done))


def _under(typed: Mapping[str, Any], errors: dict[str, str]) -> dict[str, str]:
    """Which form of the page they belong to: `at` is its step."""
    return {"form": next(iter(errors.values())), "at": str(typed.get("step", ""))}


@bp.get("/cases/<ref>/hand-over")
@needs(Action.HAND_OVER)
def hand_over(ref: str) -> ResponseReturnValue:
    """To whom: colleagues at the same desk."""
    actor = current_actor()
    file = queries.file_of(reading(), _ref(ref), actor)
    if file is None:
        abort(404)
    found = colleagues(reading(), actor, clock.local_date(clock.now()))
    facts = handling.case_page(reading(), actor, file, now=clock.now())
    if Step.HAND_OVER not in facts["steps"]:
        abort(404)
    others = [one for one in found if one.account_id != file.case.handler_id]
    return page("cases/hand_over.html", **facts, colleagues=others, op=new_id())


@bp.post("/cases/<ref>/correct")
@needs(Action.FILE_CASE)
def correct(ref: str) -> ResponseReturnValue:
    """Withdraw it, and begin a draft with the same answers: what was filed stays as it was filed. A second tap finds the
    first one's draft."""
    actor, now, typed = current_actor(), clock.now(), request.form.to_dict() | {"step": str(Step.CORRECT)}
    form = Form.read(StepForm, typed)
    if not form.ok:
        return _show(ref, errors=_under(typed, form.errors), typed=typed), 422
    request_said = {"version": str(form.value.version), "ref": _ref(ref), "path": request.path}
    number = psn_no.ask_for(_ref(ref), Step.CORRECT, by=actor, now=now)

    def work(session: Any) -> str:
        case = queries.for_step(session, _ref(ref), actor)
        if case is None:
            abort(404)
        done = operations.said_before(session, form.value.op, request_said, actor)
        if done is not None:
            return done["draft"]
        if case.item_no not in catalogue(session).items:  # else it is withdrawn for a form that nobody can hand in
            raise Refused(unlisted_words())
        psn_no.keep(case, number)
        operations.take_step(session, case, Step.CORRECT, by=actor, now=now, version=form.value.version)
        answers = operations.answers_to_correct(case, now)
        draft, _secret = drafts.begin(session, case.item_no, now=now, by=actor, answers=answers, corrects_id=case.id)
        operations.remember(session, form.value.op, request_said, case, actor, now, draft=draft.id)
        return draft.id

    try:
        made = done_once(work)
    except Refused as problem:
        reading().rollback()
        reading().expunge_all()
        return _show(ref, errors=_under(typed, {"form": problem.words}), typed=typed), problem.status
    return see(f"/work/drafts/{made}")


# What is shown once


@bp.post("/cases/<ref>/reveal")
@needs(Action.REVEAL)
def reveal(ref: str) -> ResponseReturnValue:
    """One full value, for a reason that is kept. The page is nobody's to store, and no address leads to it again."""
    actor, now = current_actor(), clock.now()
    form = Form.read(RevealForm, request.form)
    if not form.ok:
        errors = {"form": next(iter(form.errors.values())), "at": "reveal"}
        return _show(ref, errors=errors, typed=request.form.to_dict()), 422
    said = form.value

    def work(session: Any) -> str:
        case = queries.for_step(session, _ref(ref), actor)
        if case is None:
            abort(404)
        return operations.reveal(session, case, said.field, said.purpose, by=actor, now=now)

    try:
        value = done_once(work)
    except Refused as problem:
        return _show(ref, errors={"form": problem.words, "at": "reveal"}, typed=request.form.to_dict()), problem.status
    label = handling.label_of(said.field, reading(), _ref(ref), actor)
    return page("cases/revealed.html", ref=_ref(ref), label=label, value=value, code="")


@bp.post("/cases/<ref>/code")
@needs(Action.FILE_CASE)
def new_code(ref: str) -> ResponseReturnValue:
    """Another code for the resident's receipt: they are here and have lost the old one. Shown once."""
    actor, now = current_actor(), clock.now()

    def work(session: Any) -> str:
        case = queries.for_step(session, _ref(ref), actor)
        if case is None:
            abort(404)
        return operations.new_follow_code(session, case, by=actor, now=now)

    try:
        code = done_once(work)
    except Refused as problem:
        return _show(ref, errors={"form": problem.words, "at": "code"}), problem.status
    return page("cases/revealed.html", ref=_ref(ref), label="", value="", code=code)


# Papers and authorisations


@bp.post("/cases/<ref>/papers/<paper_id>/<word>")
@needs(Action.ACCEPT, Action.DECIDE)
def mark_paper(ref: str, paper_id: str, word: str) -> ResponseReturnValue:
    """It will do (fit), or it will not (unfit). Doing it twice changes nothing."""
    actor, now = current_actor(), clock.now()
    if word not in {"fit", "unfit"}:
        abort(404)

    def work(session: Any) -> None:
        case = queries.for_step(session, _ref(ref), actor)
        paper = session.get(Paper, paper_id)
        if case is None or paper is None or paper.case_id != case.id:
            abort(404)
        operations.mark_paper(session, case, paper, word == "fit", by=actor, now=now)

    return _simply(ref, work, "papers")


@bp.post("/cases/<ref>/authorisations/<authorisation_id>/revoke")
@needs(Action.FILE_CASE, Action.ACCEPT)
def revoke(ref: str, authorisation_id: str) -> ResponseReturnValue:
    """The resident takes an authorisation back. Doing it twice changes nothing."""
    actor, now = current_actor(), clock.now()

    def work(session: Any) -> None:
        case = queries.for_step(session, _ref(ref), actor)
        found = session.get(Authorisation, authorisation_id)
        if case is None or found is None or found.case_id != case.id:
            abort(404)
        operations.revoke(session, found, by=actor, case=case, now=now)

    return _simply(ref, work, "authorisation")


@bp.post("/cases/<ref>/no-sms")
@needs(Action.FILE_CASE, Action.ACCEPT)
def no_sms(ref: str) -> ResponseReturnValue:
    """The resident wants no short messages any more. Doing it twice changes nothing."""
    actor, now = current_actor(), clock.now()

    def work(session: Any) -> None:
        case = queries.for_step(session, _ref(ref), actor)
        if case is None:
            abort(404)
        operations.no_more_messages(session, case, by=actor, now=now)

    return _simply(ref, work, "authorisation")


def _simply(ref: str, work: Callable[[Any], None], part: str) -> ResponseReturnValue:
    try:
        done_once(work)
    except Refused as problem:
        return _show(ref, errors={"form": problem.words, "at": part}), problem.status
    return see(url_for("handling.show", ref=_ref(ref)) + f"#{part}")


def _ref(typed: str) -> str:
    """A receipt number as the database has it; 404 for what cannot be one."""
    found = receipts.read_ref(typed)
    if found is None:
        abort(404)
    return found
