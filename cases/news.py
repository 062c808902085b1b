"""What we owe the province of a case. Room `cases`, floor 4. Never commits.

Three kinds of message: the work order (办件, after every step, the newest version counts), the filing itself, owed once a case
is approved, and its cancelling. All are written in the transaction of the step that they tell; a body is sealed and frozen.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from cases import in_force
from cases.models import OPEN_STATES, Case, Paper, State
from cases.national import DECLARED_AS, NOT_ATTACHED, agent_block, said_nationally
from cases.transitions import ENDED_WITHOUT
from common.clock import local
from services_catalog.queries import catalogue
from sync import outbox
from sync.set_aside import set_aside
from sync.stands import newest

WORK_ORDER, SUBMIT, CANCEL = "work_order", "case_submit", "case_cancel"
CHANNEL = "province"  # the name of the channel profile that carries it
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
OVER = {State.DONE, State.REFUSED, State.WITHDRAWN}


def aggregate_of(case: Case) -> str:
    """What the outbox keeps in order."""
    return f"case:{case.id}"


def aggregate_column() -> sa.ColumnElement[str]:
    """The same in SQL."""
    return sa.literal("case:") + Case.id


def tell(session: Session, case: Case, now: datetime, words: str = "") -> None:
    """Owe the province the news of a step that was just taken, whether or not there is a channel yet. `words`: said with it.

    One INSERT; at approval two, the count of papers, and an UPDATE that settles what was refused before.
    """
    _owe(session, case, WORK_ORDER, work_order(session, case, now), now)
    if case.state not in OPEN_STATES:  # said anew, or nobody waits for it any more
        set_aside(session, aggregate_of(case), SUBMIT, now)
    if case.state == State.APPROVED:
        case.province_sn = None  # of an earlier filing, which this one replaces
        _owe(session, case, SUBMIT, filing(session, case), now)
    elif case.state in ENDED_WITHOUT and case.province_sn:
        owe_cancelling(session, case, now, words)


def owe_cancelling(session: Session, case: Case, now: datetime, words: str = "") -> None:
    """Owe that a filing which lies there is cancelled: its case has ended here. One INSERT."""
    _owe(session, case, CANCEL, cancelling(case, words), now)


def take_back(session: Session, case: Case, now: datetime) -> bool:
    """Settle a filing that did not get through; it is never sent again as it was. False when there is none: it is on its way,
    or the province has it. A SELECT, and an UPDATE where the newest one is refused."""
    filed = newest(session, aggregate_of(case), SUBMIT)
    return filed is not None and filed.refused and set_aside(session, aggregate_of(case), SUBMIT, now)


def _owe(session: Session, case: Case, logical: str, body: dict[str, Any], now: datetime) -> None:
    outbox.owe(
        session,
        county_code=case.county_code,
        channel=CHANNEL,
        aggregate=aggregate_of(case),
        logical=logical,
        key=f"{logical}:{case.id}:{case.version}",
        body=body,
        now=now,
    )


def work_order(session: Session, case: Case, now: datetime) -> dict[str, Any]:
    """One row of G101 (公共服务事项办理日志表)."""
    item = catalogue(session).items.get(case.item_no)
    return {
        "rid": case.id,
        "ver_no": case.version,
        "matt_prcs_sn": case.ref,
        "station_no": case.station_code,
        "adm_lic_matt_no": (item and item.code) or f"{case.item_no:02}",
        "matt_stas": STATE_CODES[State(case.state)],
        "prcs_fom": FORMS.get(case.channel, "窗口"),
        "matt_acp_chnl": "医保工作站",
        "begn_acp_time": _moment(case.filed_at),
        "prse_time": case.due_on.isoformat() if case.due_on else None,
        "fns_time": _moment(case.state_at) if case.state in OVER else None,
        **certificate(case),
        "psn_name": case.subject.get("name"),
        "updt_time": _moment(now),
    } | agent_block(case.answers)


def certificate(case: Case) -> dict[str, Any]:
    """Type and number, both or neither. The number of a birth certificate is in no national code table: such a child goes
    without one until it has its own, which stands among the answers."""
    if case.subject.get("cert_type"):
        return {"psn_cert_type": case.subject["cert_type"], "certno": case.subject.get("certno")}
    if case.answers.get("psn_cert_type") and case.answers.get("certno"):
        return {"psn_cert_type": case.answers["psn_cert_type"], "certno": case.answers["certno"]}
    return {}


def filing(session: Session, case: Case) -> dict[str, Any]:
    """The `appy` of G201: the frozen answers under their national names, and how many papers there are. One SELECT, of a
    change or cancelling two: it names the filing it is about."""
    papers = sa.select(sa.func.count()).where(
        Paper.case_id == case.id, Paper.state.in_(("received", "fit")), Paper.kind.not_in(NOT_ATTACHED)
    )
    return (
        said_nationally(case.family, case.answers)
        | {
            "dcla_type": DECLARED_AS[case.family],
            "matt_prcs_sn": case.ref,
            "rid": case.id,
            "ver_no": case.version,
            "station_no": case.station_code,
            "insu_admdvs": case.county_code,
            "att_cnt": session.scalar(papers) or 0,
        }
        | _about(session, case)
    )


def _about(session: Session, case: Case) -> dict[str, Any]:
    earlier = in_force.gave_way(session, case) if case.answers.get("filing_act") in {"change", "cancel"} else None
    return {"prev_dcla_detl_sn": earlier.province_sn} if earlier is not None and earlier.province_sn else {}


def cancelling(case: Case, words: str) -> dict[str, Any]:
    """The `data` of G202. Without psn_no (nobody asked 1101, or in vain: cases/psn_no.py) the platform refuses it, and a person
    must look."""
    return {
        "trt_dcla_detl_sn": case.province_sn,
        "psn_no": psn_no_of(case),
        "memo": words or "撤回申请",
        "rid": case.id,
        "ver_no": case.version,
    }


def psn_no_of(case: Case) -> str:
    """The province's number of the person, as filed or as asked for since; "" where nobody knows it."""
    return str(case.answers.get("psn_no") or case.subject.get("psn_no") or "")


def _moment(moment: datetime) -> str:
    return f"{local(moment):%Y-%m-%d %H:%M:%S}"
