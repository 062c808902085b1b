"""What tests and curious people may do with the simulator, from this machine only: faults, journal, decisions, proof."""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from platform_sim import faults, reviews, seeds
from platform_sim.service import Service
from platform_sim.transactions import digest

MOST_LINES = 1_000
DECISIONS = {reviews.APPROVED, reviews.RETURNED, reviews.SUPPLEMENT}


class Admin:
    """JSON in, JSON out. What is wrong is one sentence and 400."""

    def __init__(self, service: Service):
        self._of = service

    def answer(self, method: str, address: str, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Status and body."""
        split = urlsplit(address)
        doing = {
            ("GET", "/admin/state"): self._state,
            ("GET", "/admin/journal"): self._journal,
            ("GET", "/admin/assert"): self._assert,
            ("POST", "/admin/assert"): self._assert,
            ("GET", "/admin/faults"): self._faults,
            ("POST", "/admin/faults"): self._put_faults,
            ("DELETE", "/admin/faults"): self._no_faults,
            ("POST", "/admin/decide"): self._decide,
            ("POST", "/admin/settings"): self._settings,
            ("POST", "/admin/rows"): self._rows,
            ("POST", "/admin/expire"): self._expire,
        }.get((method, split.path))
        if doing is None:
            return 404, {"error": "no such page; see docs/sync.md"}
        try:
            said = json.loads(raw) if raw else {}
            return 200, doing(said, {name: values[-1] for name, values in parse_qs(split.query).items()})
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as problem:
            return 400, {"error": str(problem)[:300]}

    def _state(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        book = self._of.book
        counted = {
            name: book.row(f"SELECT count(*) FROM {name}")[0]  # noqa: S608 (names are ours)
            for name in ("work_order", "filing", "decision", "effect", "reply", "journal")
        }
        filings = book.rows("SELECT stas, count(*) FROM filing GROUP BY stas ORDER BY stas")
        return {
            "now": self._of.clock.now().isoformat(),
            "rows": counted,
            "filings": {row[0]: row[1] for row in filings},
            "dedupe": self._of.dedupe,
            "review_after": self._of.office.review_after.total_seconds(),
            "skew_s": self._of.gate.skew_s,
            "epoch": book.kept("epoch", 1),
            "faults": [asdict(rule) for rule in self._of.plan.rules],
        }

    def _journal(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """The newest calls last; ?after=id, ?infno=, ?rid=."""
        rows = self._of.book.rows(
            "SELECT * FROM journal WHERE id > ? AND (? = '' OR infno = ?) AND (? = '' OR instr(rids, ?)) ORDER BY id LIMIT ?",
            int(query.get("after", "0")),
            query.get("infno", ""),
            query.get("infno", ""),
            query.get("rid", ""),
            query.get("rid", ""),
            MOST_LINES,
        )
        return {"journal": [dict(row) | {"rids": json.loads(row["rids"])} for row in rows]}

    def _assert(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """Whether every effect stands there exactly once. said["expected"]: [{infno, rid, ver_no}, …] that must not be lost;
        with "only": true nothing else may stand there."""
        book = self._of.book
        effects = [
            (row[0], row[1], row[2], row[3])
            for row in book.rows("SELECT infno, rid, ver_no, count(*) FROM effect GROUP BY infno, rid, ver_no")
        ]
        there = {(infno, rid, ver_no) for infno, rid, ver_no, _n in effects}
        expected = {(e["infno"], e["rid"], int(e["ver_no"])) for e in said.get("expected", [])}
        doubled = [_effect(i, r, v) | {"times": n} for i, r, v, n in effects if n > 1]
        lost = [_effect(*one) for one in sorted(expected - there)]
        unasked = [_effect(*one) for one in sorted(there - expected)] if said.get("only") else []
        backwards = [
            _effect(row[0], row[1], row[2])
            for row in book.rows("SELECT infno, rid, ver_no FROM effect WHERE backwards = 1")
        ]
        return {
            "ok": not (doubled or lost or unasked or backwards),
            "effects": sum(n for *_key, n in effects),
            "doubled": doubled[:100],
            "lost": lost[:100],
            "unasked": unasked[:100],
            "backwards": backwards[:100],
            "digests": {
                infno: digest([(rid, ver_no) for i, rid, ver_no, _n in effects if i == infno])
                for infno in sorted({i for i, *_rest in effects})
            },
        }

    def _faults(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        return {"rules": [asdict(rule) for rule in self._of.plan.rules], "kinds": faults.KINDS}

    def _put_faults(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """One rule or {"rules": [...], "seed": 7}. The plan begins anew."""
        if "seed" in said:
            self._of.plan.seed = int(said["seed"])
        rules = said["rules"] if "rules" in said else [{k: v for k, v in said.items() if k != "seed"}]
        self._of.plan.put([faults.read_rule(rule) for rule in rules])
        return self._faults(said, query)

    def _no_faults(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        self._of.plan.put([])
        return self._faults(said, query)

    def _decide(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """{"rid" or "ref", "stas", "memo", "now": true}: what becomes of a filing, at once or when its time comes; it need
        not be there yet."""
        name, stas, memo = str(said.get("rid") or said["ref"]), str(said["stas"]), str(said.get("memo", ""))
        if stas not in DECISIONS:
            raise ValueError(f"stas must be one of {', '.join(sorted(DECISIONS))}")
        with self._of.book.writing() as book:
            book.do("INSERT OR REPLACE INTO wish (name, stas, memo) VALUES (?, ?, ?)", name, stas, memo)
            book.do("UPDATE filing SET wish = ? WHERE (rid = ? OR ref = ?) AND due IS NOT NULL", stas, name, name)
            done = bool(said.get("now")) and reviews.decide(book, name, stas, memo, self._of.clock.now())
        return {"decided": done}

    def _settings(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """{"now", "dedupe", "review_after", "skew_s", "shares"}: any of them."""
        if "now" in said:
            self._of.clock.set(datetime.fromisoformat(said["now"]))
        if "dedupe" in said:
            self._of.dedupe = bool(said["dedupe"])
        if "review_after" in said:
            self._of.office.review_after = timedelta(seconds=float(said["review_after"]))
        if "skew_s" in said:
            self._of.gate.skew_s = float(said["skew_s"])
        if "shares" in said:
            if set(said["shares"]) - DECISIONS or sum(said["shares"].values()) < 1:
                raise ValueError(f"shares are whole numbers for {', '.join(sorted(DECISIONS))}")
            self._of.office.shares = tuple((stas, int(share)) for stas, share in said["shares"].items())
        return self._state(said, query)

    def _rows(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """{"infno": "G501", "list": [{…}]}: what the next pulls carry at their end, right or wrong."""
        if said["infno"] not in seeds.PULLED:
            raise ValueError(f"infno must be one of {', '.join(seeds.PULLED)}")
        with self._of.book.writing() as book:
            for line in said["list"]:
                book.do("INSERT INTO added (infno, line) VALUES (?, ?)", said["infno"], json.dumps(line))
        return {"added": len(said["list"])}

    def _expire(self, said: Any, query: dict[str, str]) -> dict[str, Any]:
        """Every cursor and every bearer token runs out."""
        with self._of.book.writing() as book:
            book.keep("epoch", book.kept("epoch", 1) + 1)
        self._of.gate.forget_tokens()
        return {"epoch": self._of.book.kept("epoch")}


def _effect(infno: str, rid: str, ver_no: int) -> dict[str, Any]:
    return {"infno": infno, "rid": rid, "ver_no": ver_no}
