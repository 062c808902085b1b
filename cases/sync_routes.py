"""/sync: how the province's channel is, for a bureau: what waits, what was refused and why; sending again, pausing. Floor 4."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from flask import Blueprint, current_app, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, StringConstraints

from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import MAY, Action
from cases import sync_keeping, sync_queries
from cases.drafts import Refused
from cases.news import CHANNEL
from cases.sync_view import keeps_channel, sync_page
from common import clock
from common.db import done_once, reading
from common.forms import Ask, Form
from common.i18n import gettext as _
from common.i18n import lazy_gettext as _l
from common.pages import page, see
from sync import stands
from sync.channel import alarm_of

bp = Blueprint("sync", __name__)


class PauseForm(BaseModel):
    """Why nothing shall be sent."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60), Ask(_l("为什么暂停"))]


class ReleaseForm(BaseModel):
    """Which list is let through."""

    list: Annotated[Literal["roster", "divisions", "catalogue"], Ask(_l("名单"))]


class ToldForm(BaseModel):
    """What the province said by telephone of a message in doubt."""

    has_it: Annotated[Literal["yes", "no"], Ask(_l("省里收到没有"))]
    number: Annotated[
        str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9A-Za-z]{0,30}$"), Ask(_l("省里的编号"))
    ] = ""


@bp.get("/sync")
@needs(Action.SEE_SYNC)
def show() -> str:
    """Six statements: who asks, editions, the channel, the counts, the list; one more where decisions were not heard, two more
    for whom the province's lists concern."""
    return _show()


def _show(wrong: str = "", typed: str | None = None) -> str:
    session, by, now = reading(), current_actor(), clock.now()
    asked = request.args.get("page", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else 1
    number = min(max(number, 1), sync_queries.MAX_PAGES)
    rows, more = sync_queries.list_of(session, CHANNEL, by.area, number, Action.READ_CASE in MAY[by.role])
    alarm = alarm_of(current_app.config["SETTINGS"].channel)
    counts = stands.counts(session, CHANNEL, by.area, now - alarm)
    everybodys = sync_keeping.hears_all(by)
    line = stands.line(session, CHANNEL, by.area, everybodys)
    unheard = sync_queries.unheard(session, CHANNEL, by.area, everybodys) if line.unheard else []
    followed = stands.lists_read(session, CHANNEL) if keeps_channel(by) else []
    return page(
        "cases/sync.html",
        **sync_page(session, by, line, counts, rows, unheard, followed, now, alarm),
        number=number,
        more=more,
        wrong=wrong,
        typed=typed,
        done=request.args.get("done", ""),
    )


@bp.post("/sync/entries/<id>/replay")
@needs(Action.KEEP_SYNC)
def replay(id: str) -> ResponseReturnValue:
    """Once more what was refused, after its cause was mended."""
    by, now = current_actor(), clock.now()
    return _do(lambda session: sync_keeping.replay(session, id, by=by, now=now), "replay")


@bp.post("/sync/entries/<id>/settle")
@needs(Action.KEEP_SYNC)
def settle_cancelling(id: str) -> ResponseReturnValue:
    """A cancelling that the province refused was talked over with it."""
    by, now = current_actor(), clock.now()
    return _do(lambda session: sync_keeping.settle_cancelling(session, id, by=by, now=now), "settle")


@bp.post("/sync/entries/<id>/told")
@needs(Action.KEEP_SYNC)
def told(id: str) -> ResponseReturnValue:
    """What the province said by telephone of a message that has been in doubt for too long."""
    form, by, now = Form.read(ToldForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return _show(_("请点省里收到了还是没收到。编号只有数字和字母，最多 30 个。")), 422
    said, alarm = form.value, alarm_of(current_app.config["SETTINGS"].channel)

    def work(session: Any) -> None:
        sync_keeping.told(session, id, said.has_it == "yes", said.number, by=by, now=now, alarm=alarm)

    return _do(work, "told")


@bp.post("/sync/decisions/<id>/settle")
@needs(Action.KEEP_SYNC)
def settle(id: str) -> ResponseReturnValue:
    """A decision that the case cannot follow was talked over with the province."""
    by, now = current_actor(), clock.now()
    return _do(lambda session: sync_keeping.settle(session, id, by=by, now=now), "settle")


@bp.post("/sync/pause")
@needs(Action.KEEP_CHANNEL)
def pause() -> ResponseReturnValue:
    """Send nothing for now."""
    form, by, now = Form.read(PauseForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return _show(_("请写明为什么暂停，2 到 60 个字"), request.form.get("reason", "")[:60]), 422
    return _do(lambda session: sync_keeping.pause(session, form.value.reason, by=by, now=now), "pause")


@bp.post("/sync/resume")
@needs(Action.KEEP_CHANNEL)
def resume() -> ResponseReturnValue:
    """Go on sending."""
    by, now = current_actor(), clock.now()
    return _do(lambda session: sync_keeping.resume(session, by=by, now=now), "resume")


@bp.post("/sync/release")
@needs(Action.KEEP_CHANNEL)
def release() -> ResponseReturnValue:
    """Let a list of the province's end as many of ours as it says."""
    form, by, now = Form.read(ReleaseForm, request.form), current_actor(), clock.now()
    if not form.ok:
        return _show(_("请说明放行哪一份名单")), 422
    return _do(lambda session: sync_keeping.release(session, form.value.list, by=by, now=now), "release")


def _do(work: Callable[[Any], None], done: str) -> ResponseReturnValue:
    try:
        done_once(work)
    except Refused as problem:
        reading().rollback()
        return _show(problem.words), problem.status
    return see(url_for("sync.show", done=done))
