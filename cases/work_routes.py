"""今天, and filling a form in for a resident: begun, or taken over from the resident's own; saved as it is typed. Floor 4."""

from typing import Any

from flask import Blueprint, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import NotFound

from accounts import attempts
from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import Action
from cases import drafts, filling, look_up, queries
from cases.drafts import Refused
from cases.families import FAMILIES
from cases.filling import Filled
from cases.form_pages import (
    Addresses,
    clash_page,
    exit_page,
    form_page,
    papers_page,
    save_answer,
    sign_page,
    step_asked,
    stop_if_unlisted,
    wrong_here,
)
from cases.form_steps import Step
from cases.form_view import doubts, errors_on
from cases.item_names import named
from cases.models import Draft
from cases.queries import Tab
from cases.submitting import NotFit
from cases.work_schema import BeginForm, HandInForm, LoadForm
from cases.work_view import draft_cells, offers, waiting_cells
from common import clock
from common.db import done_once, reading, writing
from common.editions import working_days
from common.forms import Form
from common.i18n import gettext as _
from common.i18n import say_time
from common.pages import page, see
from services_catalog.queries import catalogue

bp = Blueprint("work", __name__)

SHOWN = 5  # of each list on the first page of the day


@bp.get("/work")
@needs(Action.FILE_CASE)
def today() -> str:
    """What to do now: begin, load, go on, whom to call. Eight statements."""
    return _today(Form.blank(LoadForm))


def _today(form: Form[LoadForm]) -> str:
    session, by, now = reading(), current_actor(), clock.now()
    waiting = queries.queue(session, by, Tab.WAITING, working_days(session), clock.local_date(now))
    mine = drafts.mine(session, by, now)
    return page(
        "cases/work.html",
        by=by,
        form=form,
        counts=waiting.counts,
        waiting=waiting_cells(waiting.cases[:SHOWN], catalogue(session), clock.local_date(now)),
        drafts=draft_cells(mine[:SHOWN], catalogue(session)),
        more_drafts=max(0, len(mine) - SHOWN),
        gone=request.args.get("gone") == "1",
    )


@bp.get("/work/new")
@needs(Action.FILE_CASE)
def new() -> str:
    """Which item: those the station has taken on and that have a form, then why not the others."""
    return _new()


def _new(errors: dict[str, str] | None = None) -> str:
    session, by = reading(), current_actor()
    return page("cases/work_new.html", offers=offers(session, by, FAMILIES), by=by, errors=errors or {})


@bp.post("/work/drafts")
@needs(Action.FILE_CASE)
def begin() -> ResponseReturnValue:
    """A new draft, when the station has taken the item on and there is a form for it."""
    form, by = Form.read(BeginForm, request.form), current_actor()
    if not form.ok:
        return _new(form.errors), 422
    offered = {offer.no: offer for offer in offers(reading(), by, FAMILIES)}
    offer = offered.get(form.value.item)
    if offer is None or offer.why_not:
        return _new({"form": offer.why_not if offer else _("本站没有承接这件事，请到能办的站点办理。")}), 409
    with writing() as session:
        answers = filling.first_answers(form.value.item, clock.now())
        draft, _secret = drafts.begin(session, form.value.item, now=clock.now(), by=by, answers=answers)
        session.commit()
        id = draft.id
    return see(url_for("work.draft", id=id, step=1))


@bp.post("/work/load")
@needs(Action.FILE_CASE, secret=True)
def load() -> ResponseReturnValue:
    """A resident's own draft, by its code and the end of the number on the paper they show. Guessing is slowed down."""
    form, by, now = Form.read(LoadForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return _today(form), 422
    counted = [attempts.key(current_app.extensions["keys"], "code", f"load:{by.account_id}")]
    with writing() as session:
        until = attempts.begin(session, counted, now)
        if until is None:  # whoever tries too early does not wait longer for it
            session.commit()
    if until is not None:
        form.errors["form"] = _("错的次数多了，%(time)s 以后再试。", time=say_time(until))
        return _today(form), 429
    try:
        with writing() as session:
            draft = filling.load(session, form.value.code, form.value.tail, by=by, now=now)
            if draft is not None:
                attempts.forgive(session, counted)
                session.commit()
                return see(url_for("work.draft", id=draft.id, step=1))
    except Refused as problem:
        form.errors["form"] = problem.words
        return _today(form), problem.status
    form.errors["form"] = _("取件码或后四位不对，或者过了 7 天。请再核对一遍。")
    return _today(form), 422


# One draft


@bp.get("/work/drafts/<id>")
@needs(Action.FILE_CASE)
def draft(id: str) -> ResponseReturnValue:
    """One page of the form. At most twelve statements."""
    return _show(_filled(id), step_asked(Step.SIGN), told=request.args.get("check") == "1")


class Gone(NotFound):
    """Back after handing in, mostly: the reader is told so, not that the address is wrong."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = (_("这份表不在了"), words)


def _filled(id: str) -> Filled:
    found = drafts.find(reading(), id, now=clock.now(), by=current_actor())
    if found is None:
        raise Gone(filling.gone_words())
    stop_if_unlisted(reading(), found, _addresses(found))
    return filling.look(reading(), found, by=current_actor(), now=clock.now())


def _show(filled: Filled, step: Step, *, told: bool = False) -> str:
    session, by, where, now = reading(), current_actor(), _addresses(filled.draft), clock.now()
    if step is Step.PAPERS:
        return papers_page(session, filled, where, by=by)
    if step is Step.SIGN:
        if filled.checked.exit:
            return exit_page(session, filled, where, Step.MATTER, by=by)
        return sign_page(session, filled, where, by=by, now=now, told=told)
    errors = wrong_here(filled, step) if told else None
    looked = _looked().get(request.args.get("looked", ""), "")
    return form_page(session, filled, step, where, by=by, errors=errors, doubts=told, told=looked)


def _looked() -> dict[str, str]:
    """What became of asking the province, by what the address says."""
    return {
        "none": _("省平台暂时没有回话。照着证件填，交上去由省里核对。"),
        "nobody": _("省里没查到这个人，请照着证件再核一遍。"),
        "other": _("省里这个号码是另一个名字，请照着证件再核一遍。"),
        "changed": _("查的时候姓名或号码改过了，查到的没有记下。请再查一次。"),
    }


def _addresses(draft: Draft) -> Addresses:
    return Addresses(
        step=url_for("work.draft", id=draft.id) + "?step={n}",
        save=url_for("work.save", id=draft.id),
        delete=url_for("work.delete", id=draft.id),
        out=url_for("work.today"),
        look_up=url_for("work.ask_province", id=draft.id) if current_app.extensions["look_up_person"] else "",
    )


@bp.post("/work/drafts/<id>")
@needs(Action.FILE_CASE)
def fill(id: str) -> ResponseReturnValue:
    """Keep one page and go on to the next, or back; what is wrong here is said first. On the last page: hand it in."""
    step = step_asked(Step.SIGN)
    try:
        with writing() as session:
            kept = filling.locked(session, id, now=clock.now(), by=current_actor())
            clashes = filling.keep(session, kept, request.form, step=step, now=clock.now())
            session.commit()
    except Refused as problem:
        if step is not Step.SIGN or problem.status != 404:
            return _refused(problem)
        clashes = {}
    reading().rollback()  # to see what was just written
    if clashes:
        return _ask_about(id, step, clashes)
    if request.form.get("go") == "back":
        return see(url_for("work.draft", id=id, step=max(1, step - 1)))
    if step is Step.SIGN:
        return _hand_in(id)
    if step is Step.PAPERS:
        return see(url_for("work.draft", id=id, step=Step.SIGN))
    filled = _filled(id)
    if filled.checked.exit:
        return exit_page(reading(), filled, _addresses(filled.draft), step, by=current_actor())
    wrong = wrong_here(filled, step)
    if wrong or doubts(filled.family, filled.checked, step):
        return _show(filled, step, told=True), 422
    return see(url_for("work.draft", id=id, step=step + 1))


def _ask_about(id: str, step: Step, clashes: dict[str, Any]) -> ResponseReturnValue:
    filled = _filled(id)
    return clash_page(reading(), filled, step, _addresses(filled.draft), clashes, by=current_actor()), 409


def _hand_in(id: str) -> ResponseReturnValue:
    form, by, now = Form.read(HandInForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return _sign_again(id, next(iter(form.errors.values()))), 422
    try:
        done = done_once(lambda session: filling.hand_in(session, id, form.value.op, form.value.seen, by=by, now=now))
    except NotFit:
        return _sign_again(id), 422
    except Refused as problem:
        return _refused(problem) if problem.status == 404 else (_sign_again(id, problem.words), problem.status)
    return see(url_for("receipts.show", ref=done.ref))


def _sign_again(id: str, problem: str = "") -> str:
    reading().rollback()
    filled, by, now = _filled(id), current_actor(), clock.now()
    if filled.checked.exit:
        return exit_page(reading(), filled, _addresses(filled.draft), Step.MATTER, by=by)
    return sign_page(reading(), filled, _addresses(filled.draft), by=by, now=now, told=True, problem=problem)


@bp.post("/work/drafts/<id>/save")
@needs(Action.FILE_CASE)
def save(id: str) -> ResponseReturnValue:
    """Keep single fields while they are typed; for the script, which says when they were kept."""
    by, now = current_actor(), clock.now()
    try:
        with writing() as session:
            kept = filling.locked(session, id, now=now, by=by)
            clashes = filling.keep(session, kept, request.form, step=None, now=now)
            session.commit()
            return save_answer(session, kept, clashes, by=by, now=now)
    except Refused as problem:
        return {"error": "draft", "message": problem.words}, problem.status


@bp.post("/work/drafts/<id>/look-up")
@needs(Action.FILE_CASE)
def ask_province(id: str) -> ResponseReturnValue:
    """Keep the first page, then ask the province about the person on it. Nothing is locked while the answer is awaited."""
    ask: look_up.Ask | None = current_app.extensions["look_up_person"]
    by, now = current_actor(), clock.now()
    if ask is None:
        abort(404)
    try:
        with writing() as session:
            kept = filling.locked(session, id, now=now, by=by)
            clashes = filling.keep(session, kept, request.form, step=Step.WHO, now=now)
            session.commit()
        reading().rollback()
        if clashes:
            return _ask_about(id, Step.WHO, clashes)
        filled = _filled(id)
        subject = filled.checked.subject
        if subject is None or subject.certno is None:
            wrong = errors_on(filled.family, filled.checked, Step.WHO)
            errors = {name: words for name, words in wrong.items() if name in {"psn_cert_type", "certno", "psn_name"}}
            errors = errors or {"certno": _("先填好姓名和证件号码，再查。")}
            return form_page(reading(), filled, Step.WHO, _addresses(filled.draft), by=by, errors=errors), 422
        asked = look_up.whom(filled.draft.answers)
        reading().rollback()
        facts = ask(subject.certno, subject.cert_type or "01", subject.name)
        found = facts is not None and look_up.fits(facts, subject)
        with writing() as session:
            kept = filling.locked(session, id, now=now, by=by)
            same = look_up.whom(kept.answers) == asked  # another number may have been typed while we waited
            if same and facts is None:
                look_up.keep_silence(kept, asked, now)
            elif same and facts is not None and found:
                look_up.keep(kept, asked, facts, now)
            elif same:
                look_up.forget(kept)
            look_up.note(session, ("draft", kept.id), found, by=by, now=now)
            session.commit()
    except Refused as problem:
        return _refused(problem)
    looked = None if found else "none" if facts is None else "other" if facts.psn_no else "nobody"
    looked = looked if same else "changed"
    return see(url_for("work.draft", id=id, step=1, looked=looked))


@bp.get("/work/drafts/<id>/delete")
@needs(Action.FILE_CASE)
def ask_delete(id: str) -> str:
    """Whether really."""
    found = drafts.find(reading(), id, now=clock.now(), by=current_actor())
    if found is None:
        abort(404)
    item = named(catalogue(reading()), found.item_no)
    return page("cases/form_delete.html", item=item, where=_addresses(found), by=current_actor())


@bp.post("/work/drafts/<id>/delete")
@needs(Action.FILE_CASE)
def delete(id: str) -> ResponseReturnValue:
    """Forget a draft. A second time is no mistake."""
    with writing() as session:
        found = drafts.find(session, id, now=clock.now(), by=current_actor())
        if found is not None:
            session.delete(found)
            session.commit()
    return see(url_for("work.today", gone=1))


def _refused(problem: Refused) -> ResponseReturnValue:
    return page("error.html", words=(_("这一步没做成"), problem.words)), problem.status
