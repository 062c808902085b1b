"""The receipt right after handing in: number, code, what happens next, who hears of it. Room `cases`, floor 4."""

from datetime import timedelta

from flask import Blueprint, abort, current_app
from flask.typing import ResponseReturnValue

from accounts.current import current_actor
from accounts.doors import needs
from accounts.policy import Action
from cases import queries, receipts
from cases.filling import code_of_receipt
from cases.item_names import Unlisted, named
from cases.models import Case, State
from cases.operations import asked_papers
from cases.receipts import Receipt, read_ref, say_ref
from cases.trail import state_word, told_at_filing
from common import clock
from common.db import reading
from common.i18n import gettext as _
from common.i18n import speaking
from common.pages import page
from common.qr import qr
from services_catalog.queries import catalogue
from services_catalog.views import ItemView
from stations import queries as stations

bp = Blueprint("receipts", __name__)

CODE_SHOWN = timedelta(minutes=30)  # to whoever handed it in; afterwards nobody sees it again


@bp.get("/cases/<ref>/receipt")
@needs(Action.FILE_CASE)
def show(ref: str) -> ResponseReturnValue:
    """To print, to read aloud, to copy into a text message. Nine statements."""
    session, by, now = reading(), current_actor(), clock.now()
    found = queries.file_of(session, read_ref(ref) or "", by)
    if found is None:
        abort(404)
    case = found.case
    item = named(catalogue(session), case.item_no)
    station = stations.station(session, case.station_code)
    code = code_of_receipt(session, case, by, now - CODE_SHOWN)
    vouched = Receipt(case.ref, case.item_no, case.station_code, clock.local_date(case.filed_at))
    missing = [paper["name"] for paper in asked_papers(found.events)] if case.state == State.NEEDS_SUPPLEMENT else []
    return page(
        "cases/receipt.html",
        case=case,
        ref=say_ref(case.ref),
        code=code,
        item=item,
        station=station.name if station else case.station_code,
        state=state_word(case.state),
        by=by,
        code_image=qr(receipts.sign(current_app.extensions["keys"], vouched)),
        sms=_sms(item, say_ref(case.ref), code, station.name if station else ""),
        missing=missing,
        told=told_at_filing(found.events),
        holds=_holds(case),
        filed_on=clock.local_date(case.filed_at),
        phone=case.subject.get("masked_phone") or "",
        who=case.subject.get("masked_name") or "",
        sms_ok=any(consent.kind == "sms" and consent.withdrawn_at is None for consent in found.consents),
    )


def _holds(case: Case) -> str:
    """From when and until when what is filed will hold; "" where that is no matter of days."""
    if case.family != "remote_care" or case.starts_on is None or case.answers.get("filing_act") == "cancel":
        return ""
    start, end = case.starts_on.isoformat(), case.ends_on.isoformat() if case.ends_on else None
    return _("%(start)s 到 %(end)s", start=start, end=end) if end else _("%(start)s 起，没有截止日", start=start)


def _sms(item: ItemView | Unlisted, ref: str, code: str | None, station: str) -> str:
    """What to send, in Chinese whoever files it. No link: whoever gets one in a message does well not to open it."""
    with speaking("zh"):
        said = {"item": item.short, "ref": ref, "number": current_app.config["HOTLINE"], "station": station}
        if code is None:
            return _("您的“%(item)s”已收下，回执号 %(ref)s。问进度：打 %(number)s，或到%(station)s。", **said)
        return _(
            "您的“%(item)s”已收下，回执号 %(ref)s，查询码 %(code)s。查询码别给外人。问进度：打 %(number)s，或到%(station)s。",
            code=code,
            **said,
        )
