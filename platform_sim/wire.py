"""Envelopes as bytes: reading a request without the client's code, writing a signed reply."""

import base64
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from platform_sim import gm
from platform_sim.sim_clock import SHANGHAI, stamp

MOST_INPUT = 40_000  # characters
_SURROGATE = re.compile(r"\\u[dD]")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+', re.DOTALL)


class NoEnvelope(ValueError):
    """What came cannot be read as an envelope at all."""


class Refused(Exception):
    """The platform does not do it. code: -1 its own trouble or the caller's standing, -2 what was asked."""

    def __init__(self, words: str, code: int = -2):
        super().__init__(words)
        self.code, self.words = code, words


@dataclass(frozen=True)
class Call:
    """One request. plain: the text of `input` as it was signed; sealed: it came as SM4."""

    said: dict[str, Any]
    input: Any
    plain: str
    sealed: bool

    @property
    def infno(self) -> str:
        """ "" where it is no text."""
        return _text(self.said.get("infno"))

    @property
    def msgid(self) -> str:
        """ "" where it is no text."""
        return _text(self.said.get("msgid"))

    @property
    def code(self) -> str:
        """The access party."""
        return _text(self.said.get("fixmedins_code"))


def read_call(raw: bytes, sm4_key: bytes) -> Call:
    """Raises NoEnvelope: not UTF-8, not one JSON object, a name twice; Refused when an encrypted input does not open."""
    try:
        text = raw.decode("utf-8")
        said = _parse(text)
    except (ValueError, RecursionError) as problem:
        raise NoEnvelope(str(problem)[:80]) from None
    if not isinstance(said, dict):
        raise NoEnvelope("not an object")
    plain, inner = span_of(text, "input"), said.get("input")
    sealed = said.get("encType", said.get("enc_type")) == "SM4"
    if sealed:
        try:
            plain = gm.sm4_open(sm4_key, base64.b64decode(str(inner), validate=True)).decode("utf-8")
            inner = _parse(plain)
        except (ValueError, RecursionError):
            raise Refused("input 解密失败", -1) from None
    return Call(said, inner, plain, sealed)


def span_of(text: str, name: str) -> str:
    """A value of the outermost object exactly as written; "" when it is not there. `text` is JSON."""
    key, start, end, inside, await_key = "", -1, -1, 0, True
    for token in _TOKEN.finditer(text, text.index("{") + 1):
        word = token.group()
        if await_key:
            if word == "}":
                return ""
            key, await_key, start = json.loads(word), False, -1
        elif start < 0 and word == ":":
            start, inside = 0, 0
        elif inside == 0 and word in (",", "}"):
            if key == name:
                return text[start:end]
            await_key = True
        else:
            start = start or token.start()
            inside += (word in ("{", "[")) - (word in ("}", "]"))
            end = token.end()
    return ""


@dataclass(frozen=True)
class Reply:
    """What the platform answers. output: JSON text, plain; sealed on its way when `sm4`."""

    infcode: int | str | None
    output: str
    err_msg: str | None
    refmsgid: str
    at: datetime
    sm4: bool = False


def write(reply: Reply, private: bytes, sm4_key: bytes, *, sign: bool = True) -> bytes:
    """The envelope's bytes. The signature covers code, number and the text of output as it is before sealing."""
    covered = f"{reply.infcode}|{reply.refmsgid}|{reply.output}".encode()
    signature = base64.b64encode(gm.sign(private, covered)).decode() if sign else None
    moment = f"{reply.at.astimezone(SHANGHAI):%Y%m%d%H%M%S%f}"[:17]
    head: dict[str, Any] = {
        "infcode": reply.infcode,
        "inf_refmsgid": reply.refmsgid,
        "refmsg_time": moment,
        "respond_time": moment,
        "err_msg": reply.err_msg,
        "warn_msg": None,
        "cainfo": signature,
        "signtype": "SM2" if sign else None,
        "enctype": "SM4" if reply.sm4 else None,
    }
    if reply.infcode is None:
        del head["infcode"]
    sealed = json.dumps(base64.b64encode(gm.sm4_seal(sm4_key, reply.output.encode())).decode()) if reply.sm4 else None
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"))
    return f'{text[:-1]},"output":{sealed or reply.output}}}'.encode()


def refmsgid(area: str, at: datetime, serial: int) -> str:
    """Area (6), second (14), serial (10)."""
    return f"{area}{stamp(at)}{serial % 10**10:010}"


def compact(value: Any) -> str:
    """JSON without blanks."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _parse(text: str) -> Any:
    """Raises ValueError for what is no text after all, too: half of a surrogate pair cannot be written down."""
    said = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        compact(said).encode()
    return said


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
