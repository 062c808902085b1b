"""A caller of the simulator that is not our sync code: builds requests field by field, so that each can be made wrong."""

import base64
import hashlib
import json
import secrets
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import gmssl_pyx
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from platform_sim import gm
from tests.platform_process import Platform

CODE = "H37000000001"
LOCAL = ZoneInfo("Asia/Shanghai")


@dataclass
class Said:
    """What came back."""

    status: int
    raw: bytes
    headers: dict

    @property
    def json(self) -> dict:
        return json.loads(self.raw)

    @property
    def infcode(self) -> Any:
        return self.json.get("infcode")

    @property
    def words(self) -> str:
        return self.json.get("err_msg") or ""

    @property
    def output(self) -> Any:
        return self.json["output"]


@dataclass
class Caller:
    """Talks to one platform as one access party, signed in."""

    platform: Platform
    now: datetime
    sign_no: str = ""
    number: int = 0
    headers: dict = field(default_factory=dict)

    def __post_init__(self):
        read = lambda name: (self.platform.keys / name).read_text().strip()  # noqa: E731
        self.token = read("tif-token")
        self.private = base64.b64decode(read("sm2-private.key"))
        self.sm4_key = base64.b64decode(read("sm4.key"))
        self.client = read("client").split()

    def msgid(self) -> str:
        """A new one."""
        self.number += 1
        return f"{CODE}{self.now.astimezone(LOCAL):%Y%m%d%H%M%S}{self.number:04}"

    def sign(self, text: str) -> str:
        """As the real client does: by GmSSL."""
        der = gmssl_pyx.sm2_sign(self.private, gm.public_key(self.private), text.encode(), gm.SIGNER)
        r, s = decode_dss_signature(der)
        return base64.b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).decode()

    def envelope(self, infno: str, body: Any, /, **changes: Any) -> dict:
        """A right one, but for `changes`; None takes a field away."""
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        said = {
            "infno": infno,
            "msgid": self.msgid(),
            "mdtrtarea_admvs": "370000",
            "insuplc_admdvs": "370000",
            "recer_sys_code": "MENKOU",
            "dev_no": "",
            "dev_safe_info": "",
            "cainfo": self.sign(text),
            "signtype": "SM2",
            "infver": "V1.0",
            "opter_type": "3",
            "opter": "menkou",
            "opter_name": "门口",
            "inf_time": f"{self.now.astimezone(LOCAL):%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": CODE,
            "fixmedins_name": "门口示例接入方",
            "sign_no": self.sign_no,
            "input": body,
        }
        said |= changes
        return {name: value for name, value in said.items() if value is not None}

    def tif(self, **changes: str) -> dict:
        """Right headers, but for `changes`."""
        second, nonce = str(int(self.now.timestamp())), secrets.token_hex(16)
        signed = hashlib.sha256(f"{second}{self.token}{nonce}{second}".encode()).hexdigest()
        right = {
            "x-tif-paasid": "menkou",
            "x-tif-timestamp": second,
            "x-tif-nonce": nonce,
            "x-tif-signature": signed,
            "Content-Type": "application/json",
        }
        return {k: v for k, v in (right | changes).items() if v is not None}

    def post(self, infno: str, raw: Any, headers: dict | None = None, fault: str = "") -> Said:
        """Send these bytes, or this as JSON."""
        raw = raw if isinstance(raw, bytes) else json.dumps(raw, ensure_ascii=False, separators=(",", ":")).encode()
        told = {"X-Simulator-Fault": fault} if fault else {}
        return self.send(f"/fsi/api/rsfComIfsService/callService/{infno}", raw, (headers or self.tif()) | told)

    def send(self, path: str, raw: bytes, headers: dict) -> Said:
        request = urllib.request.Request(self.platform.url + path, raw, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return Said(answer.status, answer.read(), dict(answer.headers))
        except urllib.error.HTTPError as answer:
            return Said(answer.code, answer.read(), dict(answer.headers))

    def call(self, infno: str, body: Any, /, *, fault: str = "", **changes: Any) -> Said:
        """A whole call; signs in first where that is needed."""
        if not self.sign_no and infno != "9001" and "sign_no" not in changes:
            self.sign_in()
        return self.post(infno, self.envelope(infno, body, **changes), fault=fault)

    def sign_in(self) -> str:
        """9001."""
        said = self.call("9001", {"signIn": {"opter_no": "menkou", "mac": "", "ip": "127.0.0.1"}})
        self.sign_no = said.output["signinoutb"]["sign_no"]
        return self.sign_no


def rid(number: int) -> str:
    """A record's id."""
    return f"{number:032x}"


def matt(number: int = 1, ver_no: int = 1, **changes: Any) -> dict:
    """A right row of G101."""
    row = {
        "rid": rid(number),
        "ver_no": ver_no,
        "matt_prcs_sn": f"K7M2-{number:04}A",
        "station_no": "LS0001",
        "adm_lic_matt_no": "15",
        "matt_stas": "01",
        "prcs_fom": "窗口",
        "begn_acp_time": "2026-11-23 10:00:00",
        "prse_time": "2026-12-07",
        "fns_time": None,
        "psn_cert_type": "01",
        "certno": "379801195208170020",
        "psn_name": "王玉兰",
        "updt_time": "2026-11-23 10:00:00",
    }
    return row | changes


def appy(number: int = 1, ver_no: int = 3, **changes: Any) -> dict:
    """A right `appy` of G201."""
    said = {
        "dcla_type": "异地备案",
        "matt_prcs_sn": f"K7M2-{number:04}A",
        "rid": rid(number),
        "ver_no": ver_no,
        "station_no": "LS0001",
        "insu_admdvs": "371302",
        "att_cnt": 2,
        "psn_cert_type": "01",
        "certno": "379801195208170020",
        "psn_name": "王玉兰",
        "gend": "2",
        "brdy": "1952-08-17",
        "insutype": "390",
        "filing_act": "new",
        "rloc_admdvs": "320100",
        "begndate": "2026-11-23",
    }
    return said | changes
