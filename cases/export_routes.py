"""A resident asks for everything we keep about them: an officer takes it out, for a reason that is kept. Room `cases`, floor 4."""

from collections.abc import Iterator
from typing import Annotated

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, StringConstraints
from sqlalchemy.orm import Session

from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import Action
from cases import export
from cases.drafts import Refused
from common import clock
from common.db import database, done_once
from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.pages import page
from common.sheets import plain_number

bp = Blueprint("export", __name__)


class ExportForm(BaseModel):
    """Whose, and what for."""

    number: Annotated[
        str,
        StringConstraints(min_length=8, max_length=40),
        Ask(_l("证件号"), _l("要完整的号码，先核对本人证件")),
    ]
    purpose: Annotated[
        str, StringConstraints(min_length=2, max_length=60), Ask(_l("为什么导出"), _l("例如：本人要一份"))
    ]


@bp.get("/cases/export")
@needs(Action.EXPORT_PERSON)
def ask() -> ResponseReturnValue:
    """The form."""
    return page("cases/export.html", form=Form.blank(ExportForm))


@bp.post("/cases/export")
@needs(Action.EXPORT_PERSON)
def take() -> ResponseReturnValue:
    """The file, streamed. Of the officer's own county only; that it was taken is in the audit before the first byte."""
    form, by, now = Form.read(ExportForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return page("cases/export.html", form=form), 422
    number = plain_number(form.value.number)

    def work(session: Session) -> list[str]:
        export.may_export(by, form.value.purpose)
        found = export.of_person(session, number, by.county_code)
        export.record(
            session,
            ids=found,
            number=number,
            by=by,
            county_code=by.county_code,
            purpose=form.value.purpose,
            now=now,
        )
        return found

    try:
        ids = done_once(work)
    except Refused as problem:
        form.errors["form"] = problem.words
        return page("cases/export.html", form=form), problem.status
    if not ids:
        form.errors["number"] = _("本县没有这个号码的办件")
        return page("cases/export.html", form=form), 422
    kept = database()

    def body() -> Iterator[bytes]:
        with kept.read_session() as session:
            for piece in export.document(session, ids, now):
                yield piece.encode()

    headers = {"Content-Disposition": 'attachment; filename="person.json"', "Cache-Control": "private, no-store"}
    return Response(body(), mimetype="application/json", headers=headers)
