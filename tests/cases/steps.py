"""Cases on their way to the province, without pages: a step taken, what is owed, what the platform answered."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from cases import operations, province
from cases.models import Case
from cases.transitions import Step
from common import db
from sync import outbox
from sync.models import OutboxEntry, OutState
from tests.conftest import NOW

SN = "370000" + "20261123100000" + "0000000001"
ANSWERS = {
    "psn_cert_type": "01",
    "certno": "379801195208170020",
    "psn_name": "王玉兰",
    "gend": "2",
    "brdy": "1952-08-17",
    "psn_no": "37000000000000000001",
    "mob": "15400000001",
    "insutype": "390",
    "insu_admdvs": "370102",
    "filing_act": "new",
    "reason": "long_resident",
    "rloc_rea": "07",
    "rloc_admdvs": "320100",
    "begndate": "2026-11-23",
    "resout_addr": "南京市某路 1 号",
    "live_since": "2025-03-01",
    "proof_route": "commitment",
    "ident_by": "original",
    "notice_version": 1,
    "promise": True,
    "commit_mark": "spoken",
    "sms_ok": True,
}


class Way:
    """One case in one app. Every call is a transaction of its own."""

    def __init__(self, app: Any, ref: str):
        self.app, self.ref = app, ref

    def take(self, step: Step, by: Any, now=NOW, **said: Any) -> None:
        with self.app.app_context(), db.writing() as session:
            case = session.scalars(sa.select(Case).where(Case.ref == self.ref)).one()
            operations.take_step(session, case, step, by=by, now=now, **said)
            session.commit()

    @property
    def case(self) -> Case:
        with self.app.app_context(), self.app.extensions["db"].read_session() as session:
            found = session.scalars(sa.select(Case).where(Case.ref == self.ref)).one()
            session.expunge_all()
            return found

    def owed(self) -> Sequence[OutboxEntry]:
        with self.app.extensions["db"].read_session() as session:
            found = session.scalars(sa.select(OutboxEntry).order_by(OutboxEntry.agg_seq)).all()
            session.expunge_all()
            return found

    def bodies(self, logical: str) -> list[dict]:
        return [json.loads(entry.body) for entry in self.owed() if entry.logical == logical]

    def ack_all(self) -> None:
        """The platform takes whatever is owed."""
        self._settle(lambda entry: True)

    def refuse(self, logical: str, words: str) -> None:
        """It takes what comes before, and refuses this."""
        self._settle(lambda entry: entry.logical != logical, words)

    def ack_first(self, logical: str) -> None:
        """It takes what comes before the first of these, and that one."""
        seen: list[str] = []
        self._settle(lambda entry: logical not in seen and not seen.append(entry.logical), stops=True)

    def ack_before(self, logical: str) -> None:
        """It takes what comes before the first of these."""
        self._settle(lambda entry: entry.logical != logical, stops=True)

    def stop_at_gateway(self, logical: str) -> None:
        """It takes what comes before; a gateway does not let this through."""
        self._settle(lambda entry: entry.logical != logical, "HTTP 422", kind="http-422")

    def _settle(self, takes: Any, words: str = "", stops: bool = False, kind: str = "business") -> None:
        with self.app.app_context(), db.writing() as session:
            waiting = sa.select(OutboxEntry).where(OutboxEntry.state == OutState.PENDING)
            for entry in session.scalars(waiting.order_by(OutboxEntry.agg_seq)).all():
                if takes(entry):
                    answer = {"trt_dcla_detl_sn": SN} if entry.logical == "case_submit" else {}
                    outbox.acked(entry, answer=answer, refmsgid="3" * 30, now=NOW, keep=timedelta(days=30))
                    province.acked(session, entry.logical, entry.aggregate, answer, NOW)
                elif stops:
                    break
                else:
                    outbox.rejected(entry, infcode="-2", words=words, kind=kind)
                    if kind == "business":
                        province.rejected(session, entry.logical, entry.aggregate, words, NOW)
                    break
            session.commit()

    def decide(self, stas: str, memo: str = "", **row: Any) -> bool:
        """A row of the province's decisions, about the newest filing unless it says otherwise."""
        about = {"rid": self.case.id, "ver_no": self.bodies("case_submit")[-1]["ver_no"], "ver": 1}
        with self.app.app_context(), db.writing() as session:
            known = province.decided(session, about | {"stas": stas, "memo": memo} | row, NOW)
            session.commit()
            return known
