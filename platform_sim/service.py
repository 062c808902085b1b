"""One call from its bytes to its answer, without a socket: what may come in, what is done, what is written down."""

import itertools
import json
import random
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from platform_sim import checks, faults, gm, wire
from platform_sim.book import Book
from platform_sim.checks import Gate, Stranger
from platform_sim.keys import Keys
from platform_sim.sim_clock import SimClock
from platform_sim.transactions import Office, check_signed_in, do
from platform_sim.wire import Call, NoEnvelope, Refused, Reply, compact

SKEWED = timedelta(hours=1)  # how far a fault puts our clock ahead
LOOKS = {"1101", "1901", "G203", "G501", "G502", "G503"}  # change nothing: done again when asked again, and not kept
PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><hr>nginx</body></html>"


@dataclass(frozen=True)
class Answer:
    """What goes back. status 0: nothing, the connection breaks. way: how the bytes are sent (drip, truncated …)."""

    status: int
    body: bytes = b""
    content_type: str = "application/json;charset=UTF-8"
    headers: Mapping[str, str] = field(default_factory=dict)
    way: str = ""
    seconds: float = 0.0


@dataclass
class Service:
    """The platform. keys, book and clock are its own."""

    book: Book
    keys: Keys
    clock: SimClock
    gate: Gate
    office: Office
    plan: faults.Plan
    dedupe: bool = True
    last: bytes = b""
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, infno: str, headers: Mapping[str, str], raw: bytes, told: str = "") -> Answer:
        """Do one call. told: a fault that a test asks for by header."""
        now = self.clock.now()
        call, problem = None, ""
        try:
            call = wire.read_call(raw, self.keys.sm4_key)
        except NoEnvelope as reason:
            problem = str(reason)
        except Refused as refusal:
            return self._refuse(infno, None, refusal, now, "")
        kind, seconds = (told, 1.0) if told else self.plan.pick(infno, _stations(call))
        if kind in faults.BEFORE:
            return self._before(infno, call, kind, seconds, now)
        try:
            self.gate.let_in(headers, now)
        except Stranger as stranger:
            self._note(infno, call, now, http=401, note=str(stranger), fault=kind)
            return _json(401, {"code": "401", "msg": str(stranger)})
        except Refused as refusal:
            return self._refuse(infno, call, refusal, now, kind)
        if call is None:
            self._note(infno, None, now, http=400, note="no envelope", fault=kind)
            return _json(400, {"code": "400", "msg": f"报文不是 JSON 对象：{problem}"})
        try:
            checks.check_envelope(call, infno, now, self.gate.skew_s)
            checks.check_signature(call, self.keys)
            checks.check_input(call)
            if infno not in checks.NOT_SIGNED_IN:
                check_signed_in(self.book, call, now)
        except Refused as refusal:
            return self._refuse(infno, call, refusal, now, kind)
        return self._after(self._execute(call, now, kind), call, kind, seconds)

    def http_date(self, ahead: timedelta = timedelta()) -> str:
        """For the header Date."""
        return format_datetime(self.clock.now() + ahead, usegmt=True)

    def _execute(self, call: Call, now: datetime, kind: str) -> tuple[Reply, bytes]:
        """In one transaction: looked up by number, done, answered, written down."""
        digest = gm.sm3(call.plain.encode()).hex()
        with self.lock, self.book.writing() as book:
            known = book.row("SELECT * FROM reply WHERE code = ? AND msgid = ?", call.code, call.msgid)
            if known and self.dedupe:
                same = (known["infno"], known["input_sm3"]) == (call.infno, digest)
                if same and known["body"] is not None:
                    self._note(call.infno, call, now, infcode=known["infcode"], note="again", fault=kind)
                    return _stored(known, call.sealed), bytes(known["body"])
                if not same:
                    self._note(call.infno, call, now, infcode="-2", note="number with another input", fault=kind)
                    reply = self._reply("-2", None, "msgid 重复且 input 不同", now, call.sealed)
                    return reply, self._write(reply)
            self.office.fault, self.office.chance = kind, random.Random(f"{self.plan.seed}:{call.msgid}")  # noqa: S311
            book.do("SAVEPOINT doing")
            try:
                reply = self._reply(0, do(self.office, call, now), None, now, call.sealed)
            except Refused as refusal:
                book.do("ROLLBACK TO doing")
                reply = self._reply(refusal.code, None, refusal.words, now, call.sealed)
            book.do("RELEASE doing")
            body = self._write(reply)
            self._remember(call, digest, reply, None if call.infno in LOOKS else body)
            self._note(call.infno, call, now, infcode=str(reply.infcode), note=reply.err_msg or "", fault=kind)
            return reply, body

    def _remember(self, call: Call, digest: str, reply: Reply, body: bytes | None) -> None:
        kept = reply.output if body is not None else None
        self.book.do(
            "INSERT OR REPLACE INTO reply (code, msgid, infno, input_sm3, infcode, output, err_msg, refmsgid, at, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            call.code,
            call.msgid,
            call.infno,
            digest,
            str(reply.infcode),
            kept,
            reply.err_msg,
            reply.refmsgid,
            reply.at.isoformat(),
            body,
        )

    def _after(self, done: tuple[Reply, bytes], call: Call, kind: str, seconds: float) -> Answer:
        reply, body = done
        if kind == "drop-after":
            return Answer(0)
        if kind == "html-after":
            return Answer(504, PAGE.format("504 Gateway Time-out").encode(), "text/html")
        other = faults.changed(reply, kind)
        if other is not reply:
            body = self._write(other)
        before, self.last = self.last, body
        body = faults.spoiled(body, kind, before)
        way = kind if kind in {"slow", "drip", "truncated", "duplicate-reply"} else ""
        return Answer(200, body, way=way, seconds=seconds)

    def _before(self, infno: str, call: Call | None, kind: str, seconds: float, now: datetime) -> Answer:
        """Nothing is done."""
        retry = {"Retry-After": str(max(1, round(seconds)))}
        refusals = {
            "clock-skew": "x-tif-timestamp 时间戳超出允许范围",
            "system-error-before": "系统异常",
            "system-busy": "系统繁忙，请稍后重试",
            "sign-expired": "签到已失效，请重新签到",
        }
        if kind in refusals:
            if kind == "sign-expired" and call is not None:
                self.book.keep(f"signed_in:{call.code}", None)
            refused = self._refuse(infno, call, Refused(refusals[kind], -1), now, kind)
            return replace(refused, headers={"Date": self.http_date(SKEWED)}) if kind == "clock-skew" else refused
        if kind == "business-error":
            return self._refuse(infno, call, Refused("业务校验未通过"), now, kind)
        if kind == "token-expired":
            self.gate.forget_tokens()
        answers = {
            "refuse": Answer(0, way="refuse", seconds=seconds),
            "drop-before": Answer(0),
            "html-before": Answer(502, PAGE.format("502 Bad Gateway").encode(), "text/html"),
            "maintenance": Answer(503, PAGE.format("系统维护中").encode(), "text/html;charset=UTF-8", retry),
            "busy": Answer(429, b'{"code":"429","msg":"too many requests"}', headers=retry),
            "too-large": Answer(413, PAGE.format("413 Request Entity Too Large").encode(), "text/html"),
            "token-expired": _json(401, {"code": "401", "msg": "token 无效或已过期"}),
        }
        found = answers[kind]
        self._note(infno, call, now, http=found.status, note="not done", fault=kind)
        return found

    def _refuse(self, infno: str, call: Call | None, refusal: Refused, now: datetime, kind: str) -> Answer:
        reply = self._reply(refusal.code, None, refusal.words, now, call.sealed if call else False)
        self._note(infno, call, now, infcode=str(refusal.code), note=refusal.words, fault=kind)
        return Answer(200, self._write(reply))

    def _reply(self, infcode: int | str, output: Any, err_msg: str | None, now: datetime, sm4: bool) -> Reply:
        number = wire.refmsgid(self.office.area, now, next(self.serial))
        return Reply(infcode, compact(output), err_msg, number, now, sm4 and output is not None)

    def _write(self, reply: Reply) -> bytes:
        return wire.write(reply, self.keys.private, self.keys.sm4_key)

    def _note(
        self,
        infno: str,
        call: Call | None,
        now: datetime,
        *,
        http: int = 200,
        infcode: str | None = None,
        note: str = "",
        fault: str = "",
    ) -> None:
        """A line of the journal. It names records, never persons."""
        self.book.do(
            "INSERT INTO journal (at, infno, code, msgid, rids, http, infcode, note, fault) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            now.isoformat(),
            infno[:10],
            call.code[:12] if call else "",
            call.msgid[:30] if call else "",
            json.dumps(checks.rids_of(call) if call else []),
            http,
            infcode,
            note[:200],
            fault,
        )


def _stored(row: Any, sm4: bool) -> Reply:
    """A reply given before, for faults that change it."""
    return Reply(
        int(row["infcode"]), row["output"], row["err_msg"], row["refmsgid"], datetime.fromisoformat(row["at"]), sm4
    )


def _stations(call: Call | None) -> set[str]:
    if call is None or not isinstance(call.input, dict):
        return set()
    rows = [row for node in call.input.values() for row in (node if isinstance(node, list) else [node])]
    return {str(row["station_no"]) for row in rows if isinstance(row, dict) and "station_no" in row}


def _json(status: int, said: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(said, ensure_ascii=False).encode())
