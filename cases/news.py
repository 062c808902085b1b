"""What we owe the province of a case. Room `cases`, floor 4. Never commits.

National field names begin here. Two kinds of message: the work order (办件, after every step, the newest version counts) and
the filing itself, owed once a case is approved. Both are written in the transaction of the step that they tell.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases.models import Authorisation, Case, Paper, State
from common.clock import local
from services_catalog.queries import catalogue
from sync import outbox

WORK_ORDER, SUBMIT = "work_order", "case_submit"
CHANNEL = "province"  # the name of the channel profile that carries it
DECLARED_AS = {
    "remote_care": "异地备案",
    "resident_enrol": "居民参保登记",
    "newborn_enrol": "新生儿参保登记",
    "stop_enrol": "停保登记",
}
STATE_CODES = {  # matt_stas: our own numbers until the bureau names its dictionary
    State.SUBMITTED: "01",
    State.ACCEPTED: "02",
    State.IN_REVIEW: "03",
    State.NEEDS_SUPPLEMENT: "04",
    State.APPROVED: "05",
    State.PENDING_PAYMENT: "06",
    State.DONE: "07",
    State.REFUSED: "08",
    State.WITHDRAWN: "09",
}
FORMS = {"window": "窗口", "door_to_door": "上门", "self_service": "自助", "video": "视频", "assisted": "帮办"}
# What of the answers is ours alone: how it was asked, not what was filed.
OURS = {"ident_by", "promise", "notice_read", "sms_ok", "no_phone", "proof_route", "filing_act", "channel", "offline"}


def aggregate_of(case: Case) -> str:
    """What the outbox keeps in order."""
    return f"case:{case.id}"


def tell(session: Session, case: Case, now: datetime) -> None:
    """Owe the province the news of a step that was just taken, whether or not there is a channel yet. At most two INSERTs,
    and two SELECTs."""
    fixed: dict[str, Any] = {
        "county_code": case.county_code,
        "channel": CHANNEL,
        "aggregate": aggregate_of(case),
        "now": now,
    }
    key = f"{case.id}:{case.version}"
    outbox.owe(session, logical=WORK_ORDER, key=f"{WORK_ORDER}:{key}", body=work_order(session, case, now), **fixed)
    if case.state == State.APPROVED:
        outbox.owe(session, logical=SUBMIT, key=f"{SUBMIT}:{key}", body=filing(session, case), **fixed)


def work_order(session: Session, case: Case, now: datetime) -> dict[str, Any]:
    """One row of G101 (公共服务事项办理日志表)."""
    item = catalogue(session).items.get(case.item_no)
    over = case.state in {State.DONE, State.REFUSED, State.WITHDRAWN}
    return {
        "rid": case.id,
        "ver_no": case.version,
        "matt_prcs_sn": case.ref,
        "station_no": case.station_code,
        "adm_lic_matt_no": (item and item.code) or f"{case.item_no:02}",
        "matt_stas": STATE_CODES[State(case.state)],
        "prcs_fom": FORMS.get(case.channel, "窗口"),
        "begn_acp_time": _moment(case.filed_at),
        "prse_time": case.due_on.isoformat() if case.due_on else None,
        "fns_time": _moment(case.state_at) if over else None,
        "psn_cert_type": case.subject.get("cert_type"),
        "certno": case.subject.get("certno"),
        "psn_name": case.subject.get("name"),
        "updt_time": _moment(now),
    }


def filing(session: Session, case: Case) -> dict[str, Any]:
    """The `appy` of G201: the frozen answers under their national names, and how many papers there are."""
    papers = sa.select(sa.func.count()).where(Paper.case_id == case.id, Paper.state != "removed")
    agents = session.scalars(sa.select(Authorisation).where(Authorisation.case_id == case.id)).all()
    said = {name: value for name, value in case.answers.items() if name not in OURS and value is not None}
    agent = {name: value for name, value in (agents[-1].agent if agents else {}).items() if value}
    return (
        said
        | agent
        | {
            "dcla_type": DECLARED_AS[case.family],
            "matt_prcs_sn": case.ref,
            "rid": case.id,
            "ver_no": case.version,
            "station_no": case.station_code,
            "insu_admdvs": case.county_code,
            "att_cnt": session.scalar(papers) or 0,
        }
    )


def _moment(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"
