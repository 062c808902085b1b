"""The platform's envelope: what we send, and what may come back, which need not be an envelope at all. Room `sync`.

The bytes that are signed are the bytes that are sent: `input` is serialised once.
"""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.clock import local
from sync import sm
from sync.channel import Channel

MAX_ANSWER = 4_000_000  # bytes; a platform's whole page of a list is a tenth of it
# What JSON can write and nothing here can keep: half a character of two (no UTF-8), NUL (no text in PostgreSQL).
_UNKEPT, _UNKEPT_WRITTEN = re.compile("[\0\ud800-\udfff]"), re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


@dataclass(frozen=True)
class Answer:
    """What came back, read as far as it can be. `trusted`: signed by the platform's key, or signatures are off."""

    infcode: str | None  # "0", "-1", "-2" …; None: no envelope
    output: Any
    message: str
    refmsgid: str | None
    trusted: bool

    @property
    def ok(self) -> bool:
        """Whether the platform says it did it, and it was the platform that says so."""
        return self.infcode == "0" and self.trusted


def compact(value: Any) -> str:
    """JSON without blanks, keys as they are: what is frozen, signed and sent."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def request(channel: Channel, logical: str, body: str, *, msgid: str, now: datetime, sign_no: str = "") -> str:
    """One request. body: the frozen JSON of `input`, sent as it is; timestamp and signature are new at every attempt."""
    profile = channel.profile
    constants = profile.envelope
    signature = base64.b64encode(channel.signer.sign(body.encode())).decode() if channel.signer else ""
    head = {
        "infno": profile.transactions[logical].infno,
        "msgid": msgid,
        "mdtrtarea_admvs": constants.mdtrtarea_admvs,
        "insuplc_admdvs": constants.insuplc_admdvs,
        "recer_sys_code": constants.recer_sys_code,
        "dev_no": "",
        "dev_safe_info": "",
        "cainfo": signature,
        "signtype": "SM2" if signature else "",
        "infver": constants.infver,
        "opter_type": constants.opter_type,
        "opter": constants.opter,
        "opter_name": constants.opter_name,
        "inf_time": f"{local(now):%Y-%m-%d %H:%M:%S}",
        "fixmedins_code": constants.fixmedins_code,
        "fixmedins_name": constants.fixmedins_name,
        "sign_no": sign_no,
        **constants.extra,
        **({"encType": "SM4"} if channel.sm4_key else {}),
    }
    if channel.sm4_key:
        body = compact(base64.b64encode(sm.sm4_encrypt(channel.sm4_key, body.encode())).decode())
    return f'{compact(head)[:-1]},"input":{body}}}'


def tif_headers(paasid: str, token: str, now: datetime) -> dict[str, str]:
    """x-tif (P1): who we are, by a hash over second, token and a nonce. It says nothing of the body."""
    second, nonce = str(int(now.timestamp())), secrets.token_hex(16)
    signed = hashlib.sha256(f"{second}{token}{nonce}{second}".encode()).hexdigest()
    return {
        "x-tif-paasid": paasid,
        "x-tif-timestamp": second,
        "x-tif-nonce": nonce,
        "x-tif-signature": signed,
    }


def read_answer(channel: Channel, raw: bytes) -> Answer:
    """What the platform sent back. Never raises: what is no envelope has infcode None. Each character of it can be kept."""
    try:
        text = raw.decode("utf-8-sig")
        said = _parsed(text)
        spans = top_level(text)
    except (ValueError, RecursionError):
        return Answer(None, None, "", None, trusted=False)
    if not isinstance(said, dict) or "infcode" not in said:
        return Answer(None, None, "", None, trusted=False)
    infcode, refmsgid = said["infcode"], said.get("inf_refmsgid")
    readable = isinstance(infcode, int | str) and not isinstance(infcode, bool)
    try:
        output, signed = _output(channel, said, spans)
        trusted = _trusted(channel, said, signed)
    except (ValueError, RecursionError):
        output, trusted = None, False
    return Answer(
        str(infcode).strip()[:12] if readable else None,
        output,
        str(said.get("err_msg") or said.get("message") or "")[:500],
        refmsgid[:40] if isinstance(refmsgid, str) else None,
        trusted,
    )


def _parsed(text: str) -> Any:
    """The JSON, with a mark (U+FFFD) for what cannot be kept: one such row would else hold up every other."""
    said = json.loads(text)
    return _kept(said) if _UNKEPT_WRITTEN.search(text) else said


def _kept(said: Any) -> Any:
    if isinstance(said, str):
        return _UNKEPT.sub("\ufffd", said)
    if isinstance(said, list):
        return [_kept(one) for one in said]
    return {_kept(name): _kept(value) for name, value in said.items()} if isinstance(said, dict) else said


def _output(channel: Channel, said: dict[str, Any], spans: dict[str, str]) -> tuple[Any, str]:
    """What the answer says, and the very text that was signed. An empty answer is {} in whatever dress it comes."""
    raw = said.get("output")
    if channel.sm4_key and isinstance(raw, str) and raw:
        text = sm.sm4_decrypt(channel.sm4_key, base64.b64decode(raw, validate=True)).decode()
        return _parsed(text), text
    return raw if raw not in (None, "") else {}, spans.get("output", "")


def _trusted(channel: Channel, said: dict[str, Any], text: str) -> bool:
    if not channel.platform_key:
        return True
    signature = said.get("cainfo")
    if not isinstance(signature, str):
        return False
    if channel.profile.signing.answer_covers == "code-number-output":
        text = f"{said['infcode']}|{said.get('inf_refmsgid') or ''}|{text}"
    signer = channel.profile.signing.signer_id.encode()
    return sm.verifies(channel.platform_key, text.encode(), base64.b64decode(signature, validate=True), signer)


def top_level(text: str) -> dict[str, str]:
    """The values of a JSON object as they were written, blanks and all: a signature covers bytes, not meanings. ValueError
    when it is no object."""
    decoder, blank = json.JSONDecoder(), " \t\r\n"
    place = len(text) - len(text.lstrip(blank))
    if text[place : place + 1] != "{":
        raise ValueError("no object")
    found: dict[str, str] = {}
    place += 1
    while True:
        while text[place : place + 1] and text[place] in blank + ",":
            place += 1
        if text[place : place + 1] == "}":
            return found
        name, place = decoder.raw_decode(text, place)
        while text[place : place + 1] and text[place] in blank + ":":
            place += 1
        _value, end = decoder.raw_decode(text, place)
        found[str(name)] = text[place:end]
        place = end
