"""Filing, handling and following cases as JSON under /api/v1, for staff who are signed in. Shapes here only grow.

The same checks and operations as behind the pages, so the same sentences. What was sent is never given back. A write wants
an operation id in the header Idempotency-Key: sent again it gets the first answer again, marked X-Replayed: 1.
"""

import json
import re
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from flask import Blueprint, abort, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel
from sqlalchemy.orm import Session

from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import Action, Actor
from cases import api_view, filling, operations, psn_no, queries, receipts, rules_export, submitting
from cases.api_schema import (
    CaseOut,
    CheckedOut,
    Filed,
    FilingIn,
    FormList,
    FormRow,
    QueuePage,
    QueueQuery,
    StepIn,
    Stepped,
    Unfit,
)
from cases.circumstances import About
from cases.colleagues import colleagues
from cases.drafts import Refused
from cases.families import FAMILIES
from cases.filing import PaperNeed
from cases.gathering import gather
from cases.item_names import unlisted_words
from cases.models import Case, Desk, Draft, State
from cases.submitting import NotFit, Submitted
from cases.transitions import Step
from cases.words import paper_name, paper_names
from common import clock
from common.db import done_once, reading
from common.doors import EVERYONE, open_to
from common.editions import working_days
from common.forms import Form
from common.i18n import gettext as _
from common.json_body import read_object
from common.openapi import KEY_HEADER, REPLAYED, Mistakes, Problem, speaks
from services_catalog.queries import catalogue
from stations.queries import divisions

bp = Blueprint("cases_api", __name__, url_prefix="/api/v1")

_OP = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


# Filing


@bp.post("/cases")
@needs(Action.FILE_CASE)
@speaks(body=FilingIn, once=True, answers={201: Filed, 200: Filed, 409: Problem, 422: Unfit})
def file() -> ResponseReturnValue:
    """File a case.

    201 the receipt; 200 the same again, when this operation was done before; 422 what is wrong, field by field; 409 when
    the operation id was used for something else. A warning stands in the way until its field is named in `confirmed`."""
    body, by, now = read_object(request), current_actor(), clock.now()
    form, op = Form.read(FilingIn, body), _op()
    wrong = _wrong(form, op)
    if wrong:
        return wrong
    said, sent = form.value, _fingerprint(body)

    def work(session: Session) -> Submitted:
        done = submitting.replay(session, op, sent, by)
        if done:
            return done
        try:
            draft = _of_that_item(filling.locked(session, said.draft, now=now, by=by), said) if said.draft else None
        except Refused:  # perhaps the same request has taken it along while we waited for it
            done = submitting.replay(session, op, sent, by)
            if done is None:
                raise
            return done
        return submitting.submit(
            session,
            op_id=op,
            item_no=said.item_no,
            typed=said.answers,
            by=by,
            now=now,
            request_sha=sent,
            draft=draft,
            channel=said.channel,
            own_mobile=filling.own_mobile(session, by),
            confirmed=frozenset(said.confirmed),
        )

    try:
        done = done_once(work)
    except NotFit as problem:
        return _json(Unfit(errors=problem.checked.errors, remarks=api_view.remarks(problem.checked.remarks))), 422
    except Refused as problem:
        return _refused(problem)
    filed = Filed(ref=done.ref, code=done.code, state=done.state, remarks=api_view.remarks(done.remarks))
    return (_json(filed), 200, {REPLAYED: "1"}) if done.replayed else (_json(filed), 201)


@bp.post("/cases/check")
@needs(Action.FILE_CASE)
@speaks(body=FilingIn, answers={200: CheckedOut, 422: Unfit})
def check() -> ResponseReturnValue:
    """What filing it now would say. Nothing is kept.

    200 also when the form is wrong: what is wrong is the answer. 422 when it cannot be read as a form."""
    form, session, by, now = Form.read(FilingIn, read_object(request)), reading(), current_actor(), clock.now()
    wrong = _wrong(form)
    if wrong:
        return wrong
    said = form.value
    try:
        draft = _of_that_item(filling.looked_at(session, said.draft, now=now, by=by), said) if said.draft else None
    except Refused as problem:
        return _refused(problem)
    papers = submitting.papers_at_hand(session, draft) if draft else {}
    found = submitting.check(
        session,
        said.item_no,
        said.answers,
        by.station_code,
        papers,
        now=now,
        by=by,
        channel=said.channel,
        own_mobile=filling.own_mobile(session, by),
        confirmed=frozenset(said.confirmed),
    )
    return _json(api_view.checked(found))


def _of_that_item(draft: Draft, said: FilingIn) -> Draft:
    """The draft whose papers go with it. Raises Refused."""
    if draft.item_no != said.item_no:
        raise Refused(_("这份草稿是办别的事的"), 422)
    return draft


def _wrong(form: Form[Any], op: str = "0") -> ResponseReturnValue | None:
    """422 when the request itself is wrong, whatever the form says."""
    if not op:
        form.errors[KEY_HEADER] = _("请在 Idempotency-Key 里写一个操作编号：32 位十六进制数或 UUID")
    if form.ok and isinstance(form.value, FilingIn) and form.value.item_no not in FAMILIES:
        form.errors["item_no"] = _("这件事还不能在这里填，请按老办法收材料。")
    elif form.ok and isinstance(form.value, FilingIn) and form.value.item_no not in catalogue(reading()).items:
        form.errors["item_no"] = unlisted_words()
    return None if form.ok else (_json(Unfit(errors=form.errors)), 422)


def _op() -> str:
    """The operation id as it is kept; "" when there is none."""
    key = request.headers.get(KEY_HEADER, "").strip()
    return key.replace("-", "").lower() if _OP.fullmatch(key) else ""


def _fingerprint(body: dict[str, Any]) -> str:
    """Of the request: the same for the same JSON, however it was written. Halves of characters are no obstacle."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


# Looking


@bp.get("/cases")
@needs(Action.READ_CASE)
@speaks(query=QueueQuery, answers={200: QueuePage, 422: Mistakes})
def desk() -> ResponseReturnValue:
    """What lies at the desk of whoever asks, by deadline. Four statements."""
    form, session = Form.read(QueueQuery, request.args), reading()
    if not form.ok:
        return _json(Mistakes(errors=form.errors)), 422
    said, today = form.value, clock.local_date(clock.now())
    found = queries.queue(session, current_actor(), said.tab, working_days(session), today, said.page, said.item)
    return _json(api_view.queue(found))


@bp.get("/cases/<ref>")
@needs(Action.READ_CASE)
@speaks(answers={200: CaseOut, 404: Problem})
def show(ref: str) -> ResponseReturnValue:
    """A case in reach, masked. Six statements."""
    session, by = reading(), current_actor()
    found = queries.file_of(session, _ref(ref), by)
    if found is None:
        abort(404)
    return _json(api_view.one_case(found, divisions(session), by))


def _ref(typed: str) -> str:
    return receipts.read_ref(typed) or abort(404)


# Handling


@bp.post("/cases/<ref>/steps")
@needs(Action.READ_CASE)
@speaks(body=StepIn, once=True, answers={200: Stepped, 404: Problem, 409: Problem, 422: Mistakes})
def take_step(ref: str) -> ResponseReturnValue:
    """Take one step of a case.

    409 when it was changed since `version`, or when the step is not to be had any more."""
    form, by, now, op = Form.read(StepIn, read_object(request)), current_actor(), clock.now(), _op()
    wrong = _wrong(form, op)
    if wrong:
        return wrong
    said, step, named = form.value, Step(form.value.step), {"ref": _ref(ref), "path": request.path} | _plain(form.value)
    asked = [PaperNeed(kind, paper_name(kind)) for kind in dict.fromkeys(said.asked) if kind in paper_names()]
    if said.other.strip():
        asked.append(PaperNeed("other", said.other.strip()))
    handler = _handler(said.handler, by) if step is Step.HAND_OVER else None
    number = psn_no.ask_for(named["ref"], step, by=by, now=now)

    def work(session: Session) -> tuple[Stepped, bool]:
        case = queries.for_step(session, named["ref"], by)
        if case is None:
            abort(404)
        again = operations.done_before(session, op, named, by)
        if not again:
            psn_no.keep(case, number)
            operations.take_step(
                session,
                case,
                step,
                by=by,
                now=now,
                version=said.version,
                words=said.words.strip(),
                basis=said.basis.strip(),
                asked=asked if step is Step.ASK else (),
                handler_id=handler[0] if handler else None,
                handler_name=handler[1] if handler else None,
                unseen=said.unseen,
                unfit=said.unfit,
            )
            operations.remember(session, op, named, case, by, now)
        return _stepped(case), again

    try:
        stepped, again = done_once(work)
    except Refused as problem:
        return _refused(problem)
    return (_json(stepped), 200, {REPLAYED: "1"}) if again else _json(stepped)


def _plain(said: BaseModel) -> dict[str, str]:
    return {name: str(value) for name, value in said.model_dump().items()}


def _handler(account_id: str | None, by: Actor) -> tuple[str, str] | None:
    """Whoever was chosen, if they sit at the same desk."""
    found = colleagues(reading(), by, clock.local_date(clock.now()))
    return next(((one.account_id, one.name) for one in found if one.account_id == account_id), None)


def _stepped(case: Case) -> Stepped:
    return Stepped(
        ref=case.ref, state=State(case.state), desk=Desk(case.desk) if case.desk else None, version=case.version
    )


# Forms


@bp.get("/forms")
@open_to(EVERYONE)
@speaks(answers={200: FormList})
def forms() -> ResponseReturnValue:
    """The items that can be filed here."""
    rows = [FormRow(item_no=no, family=one.name, version=one.version) for no, one in sorted(FAMILIES.items())]
    return _json(FormList(forms=rows))


@bp.get("/forms/<int:no>")
@open_to(EVERYONE)
def form(no: int) -> ResponseReturnValue:
    """The rules of one item's form as data: what is asked, when, which values fit, which words to say."""
    if no not in FAMILIES:
        abort(404)
    about = About(no, gather(reading(), item_no=no, now=clock.now()))
    return rules_export.export(FAMILIES[no], about)


# Answers


def _json(answer: BaseModel) -> dict[str, Any]:
    return answer.model_dump(mode="json")


def _refused(problem: Refused) -> ResponseReturnValue:
    if problem.status == 422:
        return _json(Unfit(errors={"form": problem.words})), 422
    return _json(Problem(error=HTTPStatus(problem.status).phrase, message=problem.words)), problem.status
