"""What each transaction does there, inside the one database transaction that also keeps its reply."""

import hashlib
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from platform_sim import reviews, seeds, shapes
from platform_sim.book import Book
from platform_sim.sim_clock import SHANGHAI, stamp, written
from platform_sim.wire import Call, Refused

MOST_PER_PAGE = 500


@dataclass
class Office:
    """Where a call is done. `fault`: what to do worse than usual (pages out of order, part of a batch refused)."""

    book: Book
    seed: int
    review_after: timedelta
    area: str = "370000"
    fault: str = ""
    chance: random.Random = field(default_factory=random.Random)
    shares: tuple[tuple[str, int], ...] = reviews.SHARES


def do(office: Office, call: Call, now: datetime) -> Any:
    """The output. Raises Refused: nothing was done."""
    done: Any = DOES[call.infno](office, call, now)
    return done


def _sign_in(office: Office, call: Call, now: datetime) -> Any:
    number = f"{stamp(now)}{office.book.number('sign_in'):08}"
    office.book.keep(f"signed_in:{call.code}", {"sign_no": number, "day": _day_of(now)})
    return {"signinoutb": {"sign_time": written(now), "sign_no": number}}


def _sign_out(office: Office, call: Call, now: datetime) -> Any:
    office.book.keep(f"signed_in:{call.code}", None)
    return {"sign_time": written(now)}


def check_signed_in(book: Book, call: Call, now: datetime) -> None:
    """One number per access party and day. Raises Refused."""
    current = book.kept(f"signed_in:{call.code}")
    if not call.said.get("sign_no"):
        raise Refused("未签到", -1)
    if not current or current["sign_no"] != call.said["sign_no"] or current["day"] != _day_of(now):
        raise Refused("签到已失效，请重新签到", -1)


def _day_of(now: datetime) -> str:
    return now.astimezone(SHANGHAI).date().isoformat()


def _person(office: Office, call: Call, now: datetime) -> Any:
    asked = call.input["data"]
    if asked["mdtrt_cert_type"] == "01":
        raise Refused("电子凭证令牌无效或已过期")
    if asked["mdtrt_cert_type"] == "03" and not asked.get("card_sn"):
        raise Refused("data 缺少 card_sn")
    certno = str(asked.get("certno") or asked["mdtrt_cert_no"]).upper()
    rows = seeds.person(certno, str(asked.get("psn_name") or ""))
    if not rows or (asked.get("psn_name") and asked["psn_name"] != rows[0]["psn_name"]):
        raise Refused("未查询到该人员的参保信息")
    first = rows[0]
    born = date.fromisoformat(first["brdy"])
    today = now.astimezone(SHANGHAI).date()
    years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
    insured = [
        {
            "balc": 0.0,
            "insutype": row["insutype"],
            "psn_type": row["psn_type"],
            "psn_insu_stas": row["psn_insu_stas"],
            "psn_insu_date": f"{max(born.year, 2010)}-01-01",
            "paus_insu_date": None,
            "cvlserv_flag": "0",
            "insuplc_admdvs": row["insuplc_admdvs"],
            "emp_name": row["emp_name"] or None,
        }
        for row in rows
        if row["insutype"]
    ]
    return {
        "baseinfo": {
            "psn_no": seeds.psn_no(certno),
            "psn_cert_type": "01",
            "certno": certno,
            "psn_name": first["psn_name"],
            "gend": first["gend"],
            "naty": first["naty"] or None,
            "brdy": first["brdy"],
            "age": float(years),
            "surv_stas": first["surv_stas"],
            "exp_content": None,
        },
        "insuinfo": insured,
        "idetinfo": [
            {
                "psn_idet_type": first["psn_idet_type"],
                "psn_type_lv": None,
                "memo": None,
                "begntime": "2020-01-01 00:00:00",
            }
        ]
        if first["psn_idet_type"]
        else [],
    }


def _dictionary(office: Office, call: Call, now: datetime) -> Any:
    asked = call.input["data"]
    rows = seeds.dictionaries().get(str(asked["type"]).upper(), [])
    return {
        "list": [
            {
                "type": row["type"],
                "label": row["label"],
                "value": row["value"],
                "parent_value": row["parent_value"] or None,
                "sort": place,
                "vali_flag": "1",
                "create_user": None,
                "create_date": None,
                "version": seeds.VERSION["G502"],
            }
            for place, row in enumerate(rows, 1)
            if not asked.get("parentValue") or row["parent_value"] == asked["parentValue"]
        ]
    }


def _work_orders(office: Office, call: Call, now: datetime) -> Any:
    """Newest version counts; an older or equal one changes nothing and is no fault."""
    return {"result": [_work_order(office, call, row, now) for row in call.input["matt"]]}


def _work_order(office: Office, call: Call, row: Any, now: datetime) -> dict[str, Any]:
    of = row if isinstance(row, dict) else {}
    answer = {"rid": of.get("rid"), "ver_no": of.get("ver_no"), "code": "0", "msg": ""}
    problem = shapes.wrong(row, shapes.MATT, "matt") or _certificate(of)
    if not problem and office.fault == "partial" and office.chance.random() < 0.5:
        problem = "本条办件校验未通过"
    if problem:
        return answer | {"code": "-2", "msg": problem}
    stored = office.book.row("SELECT ver_no FROM work_order WHERE rid = ?", row["rid"])
    if stored and stored[0] >= row["ver_no"]:
        return answer | {"msg": "已有相同或更新的版本"}
    office.book.do(
        "INSERT OR REPLACE INTO work_order (rid, ver_no, station_no, matt_stas) VALUES (?, ?, ?, ?)",
        row["rid"],
        row["ver_no"],
        row["station_no"],
        row["matt_stas"],
    )
    office.book.note_effect("G101", row["rid"], row["ver_no"], call.code, call.msgid, now)
    return answer


def _submit(office: Office, call: Call, now: datetime) -> Any:
    """A filing. The platform does not look whether this rid and version came before under another number: that is a second
    effect, and the journal counts it."""
    appy = call.input["appy"]
    problem = _certificate(appy) or _filing(appy)
    if problem:
        raise Refused(problem)
    sn = f"{office.area}{stamp(now)}{office.book.number('sn'):010}"
    wish = reviews.wish(office.book, office.seed, office.shares, appy["rid"], appy["ver_no"], appy["matt_prcs_sn"])
    before = office.book.row("SELECT ver FROM filing WHERE rid = ?", appy["rid"])
    office.book.do(
        "INSERT OR REPLACE INTO filing (rid, ver_no, sn, ref, dcla_type, stas, memo, ver, due, wish, changed) "
        "VALUES (?, ?, ?, ?, ?, 'received', '', ?, ?, ?, ?)",
        appy["rid"],
        appy["ver_no"],
        sn,
        appy["matt_prcs_sn"],
        appy["dcla_type"],
        before[0] if before else 0,
        (now + office.review_after).isoformat(),
        wish,
        written(now),
    )
    office.book.note_effect("G201", appy["rid"], appy["ver_no"], call.code, call.msgid, now)
    return {"trt_dcla_detl_sn": sn, "rid": appy["rid"], "ver_no": appy["ver_no"]}  # whose answer it is


def _cancel(office: Office, call: Call, now: datetime) -> Any:
    asked = call.input["data"]
    found = office.book.row("SELECT * FROM filing WHERE sn = ?", asked["trt_dcla_detl_sn"])
    if found is None or found["rid"] != asked["rid"]:
        raise Refused("未找到该申报")
    if found["stas"] == "cancelled" and found["ver_no"] != asked["ver_no"]:
        raise Refused("该申报已撤销")
    office.book.do(
        "UPDATE filing SET stas = 'cancelled', due = NULL, ver_no = ?, memo = ?, changed = ? WHERE rid = ?",
        asked["ver_no"],
        "",
        written(now),
        asked["rid"],
    )
    office.book.note_effect("G202", asked["rid"], asked["ver_no"], call.code, call.msgid, now)
    return {"rid": asked["rid"], "ver_no": asked["ver_no"]}  # whose answer it is


def _status(office: Office, call: Call, now: datetime) -> Any:
    asked = call.input["data"]
    reviews.decide_what_is_due(office.book, now)
    if asked.get("rid"):
        found = office.book.row("SELECT * FROM filing WHERE rid = ?", asked["rid"])
        echo = {"rid": asked["rid"], "ver_no": asked.get("ver_no")}  # an answer that went astray can be told
        if found is None:
            return echo | {"list": []}
        return echo | {
            "list": [
                {
                    "rid": found["rid"],
                    "ver_no": found["ver_no"],
                    "ver": found["ver"],
                    "trt_dcla_detl_sn": found["sn"],
                    "stas": found["stas"],
                    "memo": found["memo"],
                    "updt_time": found["changed"],
                }
            ]
        }
    after, limit = _place(office, asked, "G203"), min(int(asked.get("limit") or 100), MOST_PER_PAGE)
    rows = [
        {
            "rid": row["rid"],
            "ver_no": row["ver_no"],
            "ver": row["ver"],
            "trt_dcla_detl_sn": row["sn"],
            "stas": row["stas"],
            "memo": row["memo"],
            "updt_time": row["at"],
            "seq": row["seq"],
        }
        for row in office.book.rows("SELECT * FROM decision WHERE seq > ? ORDER BY seq LIMIT ?", after, limit + 1)
    ]
    page, more = rows[:limit], len(rows) > limit
    last = page[-1]["seq"] if page else after
    for row in page:
        del row["seq"]
    if office.fault == "pages-repeated" and not page:  # what was told already is told again
        page = [
            {"rid": r["rid"], "ver_no": r["ver_no"], "ver": r["ver"], "trt_dcla_detl_sn": r["sn"]}
            | {"stas": r["stas"], "memo": r["memo"], "updt_time": r["at"]}
            for r in office.book.rows("SELECT * FROM decision WHERE seq <= ? ORDER BY seq DESC LIMIT 5", after)
        ]
    about = _about(call)
    return about | {"list": _worse(office, page), "next_cursor": _cursor(office, last), "more": more}


def _pull(office: Office, call: Call, now: datetime) -> Any:
    """A page of roster, divisions or catalogue. full_flag: this page begins a full list."""
    asked = call.input["data"]
    after, limit = _place(office, asked, call.infno), min(int(asked["limit"]), MOST_PER_PAGE)
    added = [_line(row) for row in office.book.rows("SELECT line FROM added WHERE infno = ? ORDER BY id", call.infno)]
    everything = [*seeds.PULLED[call.infno](), *added]
    ver = f"{seeds.VERSION[call.infno]}.{len(added)}"
    page = [row | {"ver": ver} for row in everything[after : after + limit]]
    return _about(call) | {
        "ver": ver,
        "list": _worse(office, page),
        "next_cursor": _cursor(office, after + len(page)),
        "more": after + len(page) < len(everything),
        "full_flag": "1" if after == 0 else "0",
    }


def _about(call: Call) -> dict[str, Any]:
    """Which page of which list an answer is, so that one that went astray can be told."""
    return {"infno": call.infno, "cursor": str(call.input["data"].get("cursor") or "")}


def _line(row: Any) -> dict[str, Any]:
    line: dict[str, Any] = json.loads(row[0])
    return line


def _place(office: Office, asked: dict[str, Any], infno: str) -> int:
    """Where a cursor stands. One of another epoch has run out: the caller must begin again."""
    cursor = str(asked.get("cursor") or "")
    if not cursor:
        return 0
    epoch, _, place = cursor.partition("-")
    if office.fault == "cursor-expired" or epoch != str(office.book.kept("epoch", 1)):
        raise Refused("游标已失效，请从头全量拉取（cursor expired）")
    if not (place.isascii() and place.isdigit()):
        raise Refused("游标不正确")
    return int(place)


def _cursor(office: Office, place: int) -> str:
    return f"{office.book.kept('epoch', 1)}-{place}"


def _worse(office: Office, page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if office.fault == "pages-shuffled":
        return office.chance.sample(page, len(page))
    if office.fault == "pages-repeated":
        return page + page[: max(1, len(page) // 2)]
    return page


def _certificate(row: dict[str, Any]) -> str | None:
    if row.get("psn_cert_type") == "01" and row.get("certno") and not shapes.is_id_number(row["certno"]):
        return "certno 校验位不正确"
    if row.get("certno") and not row.get("psn_cert_type"):
        return "有 certno 时 psn_cert_type 必填"
    return None


def _filing(appy: dict[str, Any]) -> str | None:
    """What one kind of filing needs."""
    kind = appy["dcla_type"]
    if not kind.startswith("新生儿"):
        for name in ("psn_cert_type", "certno", "psn_name"):
            if not appy.get(name):
                return f"appy 缺少 {name}"
    if kind == "异地备案" and appy.get("filing_act") != "cancel":
        for name in ("rloc_admdvs", "begndate"):
            if not appy.get(name):
                return f"appy 缺少 {name}"
        if appy.get("enddate") and shapes.parse_day(appy["enddate"]) < shapes.parse_day(appy["begndate"]):
            return "enddate 早于 begndate"
    if appy["insu_admdvs"] in seeds.merged():
        return f"insu_admdvs 已撤并，现为 {seeds.merged()[appy['insu_admdvs']]['into']}"
    return None


def digest(rows: list[tuple[str, int]]) -> str:
    """What both sides compare: a hash over sorted rid and version."""
    return hashlib.sha256("\n".join(f"{rid}:{ver_no}" for rid, ver_no in sorted(set(rows))).encode()).hexdigest()


DOES: dict[str, Callable[[Office, Call, datetime], Any]] = {
    "9001": _sign_in,
    "9002": _sign_out,
    "1101": _person,
    "1901": _dictionary,
    "G101": _work_orders,
    "G201": _submit,
    "G202": _cancel,
    "G203": _status,
    "G501": _pull,
    "G502": _pull,
    "G503": _pull,
}
