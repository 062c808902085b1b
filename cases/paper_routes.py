"""Papers come one a request, are looked at again, and taken away. Room `cases`, floor 4.

The holder's rights decide before a byte of a body is read, and again before anything is kept (cases/paper_rights.py). A script that asks for JSON gets JSON, a
plain form goes back to its page; both hear the same sentence. A large body is held in memory, never in a temporary file:
what lies on the disk is sealed.
"""

import io
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import get_input_stream

from accounts.current import maybe_actor
from cases import paper_operations, papers
from cases.glances import glances_of, look_of
from cases.models import Case, Draft, Paper
from cases.paper_operations import Kept, Refused
from cases.paper_rights import holder_of, rights
from cases.paper_schema import PaperForm, RemoveForm
from cases.paper_store import Missing, shelf_of
from cases.transitions import RESIDENT
from common import clock
from common.db import done_once, reading, writing
from common.doors import EVERYONE, open_to
from common.forms import Form
from common.i18n import gettext as _
from common.ids import new_id
from common.pages import own_path, page, see

bp = Blueprint("papers", __name__)

MOST_BODY = 12_000_000  # bytes of a request; a photo may have 10 MB, and then it gets its own sentence
MOST_FIELDS = 300_000  # bytes beside the file: a drawn signature
SHOWN_ALONE = "default-src 'none'; frame-ancestors 'none'; sandbox"
SHOWN_AS_PDF = "default-src 'none'; object-src 'self'; frame-ancestors 'none'"  # no viewer opens in a sandbox
SUFFIX = {papers.JPEG: "jpg", papers.PDF: "pdf"}


class _Sent(NamedTuple):
    fields: MultiDict[str, str]
    file: bytes | None  # None: none was chosen


@bp.post("/papers/draft/<id>")
@open_to(EVERYONE)
def add_to_draft(id: str) -> ResponseReturnValue:
    """A paper for a draft, from whoever may fill it in."""
    return _add(rights().draft(reading(), id))


@bp.post("/papers/case/<id>")
@open_to(EVERYONE)
def add_to_case(id: str) -> ResponseReturnValue:
    """A paper for a case, from whoever may act on it."""
    return _add(rights().case(reading(), id, to_change=True))


@bp.get("/papers/<id>")
@open_to(EVERYONE)
def show(id: str) -> ResponseReturnValue:
    """The paper itself. That a case's paper was seen in full is in the audit before the first byte: a look, large or small,
    is the one thing that a GET writes down."""
    paper, holder = _seen(id)
    id, kind, mime = paper.id, paper.kind, paper.mime
    if isinstance(holder, Case):
        _let_go()
        with writing() as session:
            _note(session, holder, "open", id, kind)
            session.commit()
    return _bytes(id, shelf_of(current_app).read, mime)


@bp.get("/papers/<id>/small")
@open_to(EVERYONE)
def small(id: str) -> ResponseReturnValue:
    """Its thumbnail. Two statements; the first one of a case's on a day is in the audit before the first byte."""
    paper, holder = _seen(id)
    id, kind = paper.id, paper.kind
    if isinstance(holder, Case):
        glances, look = glances_of(current_app), look_of(holder, rights().account(), clock.now())
        if not glances.has(look):
            _let_go()
            with writing() as session:
                _note(session, holder, "glance", id, kind)
                session.commit()
            glances.keep(look)
    return _bytes(id, shelf_of(current_app).read_small, papers.JPEG)


@bp.post("/papers/<id>/remove")
@open_to(EVERYONE)
def remove(id: str) -> ResponseReturnValue:
    """Take it away. A second time is no mistake."""
    holder, kind = _holder_of(id)
    _let_go()
    form = Form.read(RemoveForm, request.form)
    back = own_path(form.value.back if form.ok else None)

    def work(session: Session) -> tuple[str, ...]:
        still = _still_theirs(session, holder)
        gone = paper_operations.remove(session, still, id, rights().account())
        if gone:
            _note(session, still, "remove", id, kind)
        return gone

    try:
        gone = done_once(work)
    except Refused as problem:
        return _refused(str(problem), 409, back)
    _drop(gone)
    return {"removed": id} if _is_script() else see(back)


def _note(session: Session, holder: Draft | Case, action: str, id: str, kind: str) -> None:
    actor = maybe_actor()
    role = str(actor.role) if actor else RESIDENT
    paper_operations.note(session, holder, action, id, kind, by=rights().account(), role=role, now=clock.now())


def _holder_of(id: str) -> tuple[Draft | Case, str]:
    paper = reading().get(Paper, id)
    holder = holder_of(reading(), paper, to_change=True) if paper is not None else None
    if paper is None or holder is None:
        abort(404)
    return holder, paper.kind


def _let_go() -> None:
    """Give the reading connection back: nobody waits for one while a slow phone sends, or holds one and waits for another.
    What was read stays as it is."""
    reading().expunge_all()
    reading().rollback()


def _seen(id: str) -> tuple[Paper, Draft | Case]:
    """The paper and its holder, when whoever asks may look at it; a removed one is not there."""
    paper = reading().get(Paper, id)
    if paper is None or paper.state == paper_operations.REMOVED:
        abort(404)
    holder = holder_of(reading(), paper, to_change=False)
    if holder is None:
        abort(404)
    return paper, holder


def _bytes(id: str, read: Any, mime: str) -> Response:
    try:
        body: bytes = read(id)
    except Missing:
        abort(404)
    response = Response(body, mimetype=mime)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Disposition"] = f'inline; filename="paper.{SUFFIX[mime]}"'
    response.headers["Content-Security-Policy"] = SHOWN_AS_PDF if mime == papers.PDF else SHOWN_ALONE
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


# Adding


def _add(holder: Draft | Case | None) -> ResponseReturnValue:
    if holder is None:
        abort(404)
    _let_go()
    try:
        sent = _read_body()
    except RequestEntityTooLarge:
        return _refused(papers.too_large(), 413, _came_from())
    form = Form.read(PaperForm, sent.fields)
    back = own_path(sent.fields.get("back"))
    if not form.ok:
        return _refused(next(iter(form.errors.values())), 422, back)
    if sent.file is None and not form.value.drawn:
        return _refused(_("还没有选照片。请先拍照或选一张。"), 422, back)
    try:
        fit = papers.check(
            papers.drawn_bytes(form.value.drawn or "") if sent.file is None else sent.file, form.value.kind
        )
        kept = _keep(holder, form.value, fit)
    except papers.Unfit as problem:
        return _refused(str(problem), 422, back)
    except Refused as problem:
        return _refused(str(problem), 409, back)
    return _said_of(kept.id, form.value.kind, fit) if _is_script() else see(back)


def _keep(holder: Draft | Case, form: PaperForm, fit: papers.FitPaper) -> Kept:
    """On the shelf first, then in the database; what is then pointed at by nobody goes from the shelf again."""
    id, by, now = new_id(), rights().account(), clock.now()
    shelf_of(current_app).keep(id, fit)

    def work(session: Session) -> Kept:
        still = _still_theirs(session, holder)
        kept = paper_operations.add(session, still, form.kind, fit, id=id, by=by, now=now, instead_of=form.instead)
        if kept.id == id:
            _note(session, still, "add", id, form.kind)
        return kept

    kept = None
    try:
        kept = done_once(work)
    finally:
        if kept is None or kept.id != id:
            _drop((id,))
    _drop(kept.left)
    return kept


def _still_theirs(session: Session, holder: Draft | Case) -> Draft | Case:
    """As it now is, locked, when the rights still reach so far: a slow phone sends for minutes, and meanwhile the case may have
    gone on, or the receipt's code may be another. Raises Refused."""
    paper_operations.lock(session, holder)
    still: Draft | Case | None
    if isinstance(holder, Case):
        still = rights().case(session, holder.id, to_change=True)
    else:
        still = rights().draft(session, holder.id)
    if still is None:
        raise Refused(paper_operations.taken_no_more())
    return still


def _drop(ids: tuple[str, ...]) -> None:
    for id in ids:
        shelf_of(current_app).drop(id)


def _read_body() -> _Sent:
    """The form, its file in memory. Raises RequestEntityTooLarge before it is read when it says how large it is."""
    stream = get_input_stream(request.environ, max_content_length=MOST_BODY)
    parser = FormDataParser(
        stream_factory=_in_memory,
        max_form_memory_size=MOST_FIELDS,
        max_content_length=MOST_BODY,
        max_form_parts=20,
    )
    _rest, fields, files = parser.parse(stream, request.mimetype, request.content_length, request.mimetype_params)
    file = files.get("paper")
    return _Sent(fields, file.stream.read() if file is not None and file.filename else None)


def _in_memory(*_args: object, **_named: object) -> IO[bytes]:
    return io.BytesIO()


# Answers


def _came_from() -> str:
    """The page with the form, when nothing of the form could be read."""
    said = urlsplit(request.referrer or "")
    return own_path(said.path if said.netloc == request.host else None)


def _is_script() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _said_of(id: str, kind: str, fit: papers.FitPaper) -> ResponseReturnValue:
    return {
        "id": id,
        "kind": kind,
        "pages": fit.pages,
        "size": len(fit.body),
        "full": url_for("papers.show", id=id),
        "small": url_for("papers.small", id=id) if fit.thumbnail is not None else None,
        "remove": url_for("papers.remove", id=id),
    }


def _refused(words: str, status: int, back: str) -> ResponseReturnValue:
    if _is_script():
        return {"error": "paper", "message": words}, status
    return page("cases/paper_refused.html", words=words, back=back), status
