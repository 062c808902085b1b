"""What goes wrong, when and how: a plan by seed, share, transaction and number of call; each kind does one thing to one call."""

import json
import random
import threading
from dataclasses import dataclass, field, replace
from typing import Any

from platform_sim.wire import Reply

# Nothing was done, and no answer or one that says so.
BEFORE = {
    "refuse": "the door is closed for `seconds`: connections are refused",
    "drop-before": "the connection breaks before anything is done",
    "html-before": "502 with a page of HTML, nothing done",
    "maintenance": "503 with a page of HTML and Retry-After",
    "busy": "429 with Retry-After",
    "too-large": "413",
    "clock-skew": "the platform's clock is off: timestamp refused",
    "sign-expired": "the sign-in has run out",
    "token-expired": "401: the bearer token has run out, or the gateway knows nobody",
    "system-error-before": "infcode -1, nothing done",
    "system-busy": "infcode -1 with words that say: later",
    "business-error": "infcode -2, nothing done",
}
# It was done; what is told of it is wrong, late or lost.
AFTER = {
    "drop-after": "the connection breaks after it was done, before a byte of the answer",
    "truncated": "half of the answer, then the connection breaks",
    "slow": "the answer comes after `seconds`",
    "drip": "the answer comes a few bytes at a time over `seconds`",
    "html-after": "504 with a page of HTML although it was done",
    "system-error-after": "infcode -1 although it was done",
    "gbk": "the answer in GBK",
    "not-json": "something that is no JSON",
    "not-envelope": "JSON that is no envelope",
    "code-int": "infcode as a number",
    "code-text": "infcode as text",
    "code--99": "infcode -99",
    "code-missing": "no infcode",
    "said-success": "err_msg 成功 beside infcode 0",
    "output-null": "output null",
    "output-blank": 'output ""',
    "output-empty": "output {}",
    "output-encrypted": "output as SM4 though nobody asked for it",
    "bad-signature": "a signature over something else",
    "no-signature": "no signature",
    "wrong-refmsgid": "another message number than the one that was signed",
    "duplicate-reply": "the answer stands on the connection twice",
    "other-reply": "the answer to the call before",
}
# Done otherwise than usual.
DURING = {
    "partial": "about half of a batch is refused, row by row",
    "pages-shuffled": "a page's rows out of order",
    "pages-repeated": "rows of a page twice, or once more",
    "cursor-expired": "the cursor has run out",
}
KINDS = BEFORE | AFTER | DURING


@dataclass
class Rule:
    """One rule of a plan. rate: share of calls; nth: these calls only, from 1; times: at most so often."""

    kinds: tuple[str, ...]
    rate: float = 1.0
    infno: tuple[str, ...] = ()
    station_no: str = ""
    nth: tuple[int, ...] = ()
    times: int | None = None
    seconds: float = 1.0
    calls: int = 0
    hits: int = 0


@dataclass
class Plan:
    """All rules; the first that hits decides."""

    seed: int
    rules: list[Rule] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    chance: random.Random = field(default_factory=random.Random)

    def put(self, rules: list[Rule]) -> None:
        """Another plan; the same seed begins again."""
        with self.lock:
            self.rules, self.chance = rules, random.Random(self.seed)  # noqa: S311

    def pick(self, infno: str, stations: set[str]) -> tuple[str, float]:
        """What happens to this call, and how long; "" for nothing."""
        with self.lock:
            for rule in self.rules:
                if rule.infno and infno not in rule.infno:
                    continue
                if rule.station_no and rule.station_no not in stations:
                    continue
                rule.calls += 1
                if rule.times is not None and rule.hits >= rule.times:
                    continue
                if rule.calls in rule.nth if rule.nth else self.chance.random() < rule.rate:
                    rule.hits += 1
                    return self.chance.choice(rule.kinds), rule.seconds
        return "", 0.0


def read_rule(said: Any) -> Rule:
    """A rule from JSON. Raises ValueError with a sentence."""
    if not isinstance(said, dict):
        raise ValueError("a rule is an object with kinds, rate, infno, nth, times, station_no, seconds")
    unknown = set(said) - {"kinds", "rate", "infno", "nth", "times", "station_no", "seconds"}
    if unknown:
        raise ValueError(f"a rule has no {sorted(unknown)[0]!r}")
    kinds = _texts(said.get("kinds", []))
    wrong = [kind for kind in kinds if kind not in KINDS]
    if wrong or not kinds:
        raise ValueError(f"kinds must be some of: {', '.join(KINDS)}")
    nth = said.get("nth", [])
    nth = nth if isinstance(nth, list) else [nth]
    rate, seconds, times = said.get("rate", 1.0), said.get("seconds", 1.0), said.get("times")
    if not all(isinstance(n, int) and n > 0 for n in nth) or not (times is None or isinstance(times, int)):
        raise ValueError("nth must be numbers of calls, from 1; times a whole number")
    if not isinstance(rate, int | float) or not 0 <= rate <= 1:
        raise ValueError("rate must lie between 0 and 1")
    if not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise ValueError("seconds must lie between 0 and 600")
    infno, station = _texts(said.get("infno", [])), str(said.get("station_no", ""))
    return Rule(kinds, float(rate), infno, station, tuple(nth), times, float(seconds))


def _texts(said: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in (said if isinstance(said, list) else [said]))


def changed(reply: Reply, kind: str) -> Reply:
    """The reply with what this fault makes of it, to be signed as it is."""
    match kind:
        case "code-int":
            return replace(reply, infcode=int(str(reply.infcode)))
        case "code-text":
            return replace(reply, infcode=str(reply.infcode))
        case "code--99":
            return replace(reply, infcode=-99, err_msg="前置机异常", output="null")
        case "code-missing":
            return replace(reply, infcode=None)
        case "system-error-after":
            return replace(reply, infcode=-1, err_msg="系统异常", output="null")
        case "said-success" if str(reply.infcode) == "0":
            return replace(reply, err_msg="成功")
        case "output-null":
            return replace(reply, output="null")
        case "output-blank":
            return replace(reply, output='""')
        case "output-empty":
            return replace(reply, output="{}")
        case "output-encrypted":
            return replace(reply, sm4=True)
    return reply


def spoiled(body: bytes, kind: str, before: bytes) -> bytes:
    """The bytes with what this fault makes of them, after signing. before: the answer to the call before."""
    match kind:
        case "bad-signature" | "no-signature" | "wrong-refmsgid":
            said = json.loads(body)
            if kind == "no-signature":
                said["cainfo"] = said["signtype"] = None
            elif kind == "bad-signature":
                signature = said["cainfo"] or "A" * 88
                said["cainfo"] = ("B" if signature[0] == "A" else "A") + signature[1:]
            else:
                said["inf_refmsgid"] = "999999" + str(said["inf_refmsgid"])[6:]
            return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
        case "gbk":
            return body.decode().replace('"err_msg":null', '"err_msg":"成功"').encode("gbk", "replace")
        case "not-json":
            return "<业务处理完成>".encode()
        case "not-envelope":
            return json.dumps({"code": "999", "msg": "中间件超时"}, ensure_ascii=False).encode()
        case "other-reply":
            return before or body
    return body
