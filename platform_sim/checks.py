"""What a call must get past before anything is done: the gateway's headers, the envelope, its signature, its input."""

import base64
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from platform_sim import gm, seeds, shapes
from platform_sim.keys import Keys
from platform_sim.sim_clock import SHANGHAI
from platform_sim.wire import MOST_INPUT, Call, Refused

SKEW_S = 180
NOT_SIGNED_IN = {"9001"}
IN_BATCHES = {"G101"}
TOKEN_S = 7_200


class Stranger(Exception):
    """The gateway does not let it in: HTTP 401."""


@dataclass
class Gate:
    """The gateway: who calls (x-tif or bearer), when, and whether these headers came before."""

    keys: Keys
    skew_s: float = SKEW_S  # in the platform's seconds
    seen: dict[str, float] = field(default_factory=dict)
    tokens: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def let_in(self, headers: Mapping[str, str], now: datetime) -> None:
        """Raises Stranger, or Refused for a time that is off and for headers seen before."""
        if headers.get("authorization", "").startswith("Bearer "):
            self._bearer(headers["authorization"].removeprefix("Bearer "))
        else:
            self._tif(headers, now)

    def _tif(self, headers: Mapping[str, str], now: datetime) -> None:
        second, nonce = headers.get("x-tif-timestamp") or "", headers.get("x-tif-nonce") or ""
        signature = headers.get("x-tif-signature") or ""
        if not headers.get("x-tif-paasid") or not nonce or len(nonce) > 64:
            raise Stranger("缺少 x-tif-paasid 或 x-tif-nonce")
        if not (second.isascii() and second.isdigit() and len(second) == 10):
            raise Stranger("x-tif-timestamp 应为 10 位秒数")
        right = hashlib.sha256(f"{second}{self.keys.tif_token}{nonce}{second}".encode()).hexdigest()
        if not hmac.compare_digest(right.encode(), signature.encode("utf-8", "replace")):
            raise Stranger("x-tif-signature 不正确")
        if abs(now.timestamp() - int(second)) > self.skew_s:
            raise Refused("x-tif-timestamp 时间戳超出允许范围", -1)
        with self.lock:
            if nonce in self.seen:
                raise Refused("x-tif-nonce 重复", -1)
            self.seen[nonce] = now.timestamp()
            if len(self.seen) > 20_000:
                oldest = now.timestamp() - 2 * self.skew_s
                self.seen = {one: at for one, at in self.seen.items() if at > oldest}

    def _bearer(self, token: str) -> None:
        with self.lock:
            if self.tokens.get(token, 0) < time.monotonic():
                raise Stranger("token 无效或已过期")

    def new_token(self, authorization: str, grant: str) -> dict[str, Any]:
        """OAuth2 with the client's id and secret; a password grant's user is not looked at. Raises Stranger."""
        name, secret = self.keys.client
        right = "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()
        if grant not in {"password", "client_credentials"} or not hmac.compare_digest(
            right.encode(), authorization.encode("utf-8", "replace")
        ):
            raise Stranger("client_id 或 client_secret 不正确")
        token = secrets.token_urlsafe(24)
        with self.lock:
            self.tokens[token] = time.monotonic() + TOKEN_S
        return {"access_token": token, "token_type": "bearer", "expires_in": TOKEN_S}

    def forget_tokens(self) -> None:
        """As if all had run out."""
        with self.lock:
            self.tokens.clear()


def check_envelope(call: Call, path_infno: str, now: datetime, skew_s: float) -> None:
    """Fields, lengths, times, areas. Raises Refused."""
    problem = shapes.wrong(call.said, shapes.ENVELOPE, "报文")
    if problem:
        raise Refused(problem)
    if call.infno != path_infno:
        raise Refused("infno 和地址里的交易编号不一致")
    if not shapes.is_msgid(call.msgid, call.code):
        raise Refused("msgid 应为 12 位接入方编号、14 位时间和 4 位顺序号")
    for name in ("mdtrtarea_admvs", "insuplc_admdvs"):
        _known_area(str(call.said.get(name) or ""), name)
    sent = datetime.strptime(str(call.said["inf_time"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    if abs((now - sent).total_seconds()) > skew_s:
        raise Refused("inf_time 时间戳超出允许范围", -1)


def check_signature(call: Call, keys: Keys) -> None:
    """cainfo: SM2 of the client over the bytes of input. Raises Refused."""
    said, kind = call.said.get("cainfo"), call.said.get("signtype")
    if not said or kind != "SM2":
        raise Refused("验签失败：缺少 cainfo 或 signtype", -1)
    try:
        signature = base64.b64decode(said, validate=True)
    except ValueError:
        raise Refused("验签失败：cainfo 不是 base64", -1) from None
    if not gm.verifies(keys.client_public, call.plain.encode(), signature):
        raise Refused("验签失败", -1)


def check_input(call: Call) -> None:
    """The body of this transaction. Raises Refused. Rows of a batch are looked at one by one when they are done."""
    if len(call.plain) > MOST_INPUT:
        raise Refused(f"input 超过 {MOST_INPUT} 个字符")
    if call.infno not in shapes.INPUTS:
        raise Refused("没有这个交易")
    node, fields = shapes.INPUTS[call.infno]
    if not isinstance(call.input, dict) or set(call.input) != {node}:
        raise Refused(f"input 应只有节点 {node}")
    inner = call.input[node]
    if call.infno in IN_BATCHES:
        if not isinstance(inner, list) or not inner:
            raise Refused(f"{node} 应为非空数组")
        return
    problem = shapes.wrong(inner, fields, node, open_names=call.infno == "G201")
    if problem:
        raise Refused(problem)
    if inner.get("psn_no") and not call.said.get("insuplc_admdvs"):
        raise Refused("input 有 psn_no 时 insuplc_admdvs 必填")


def rids_of(call: Call) -> list[tuple[str, int]]:
    """Which records it is about: rid and version, as far as they can be read."""
    rows: list[Any] = []
    if isinstance(call.input, dict):
        for node in call.input.values():
            rows += node if isinstance(node, list) else [node]
    found = []
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("rid"), str) and isinstance(row.get("ver_no"), int):
            found.append((row["rid"][:32], int(row["ver_no"])))
    return found


def _known_area(code: str, name: str) -> None:
    merged = seeds.merged()
    if code in merged:
        raise Refused(f"{name} 已撤并，现为 {merged[code]['into']}")
    if code.startswith("37") and code not in seeds.areas():
        raise Refused(f"{name} 不是有效的医保区划")
