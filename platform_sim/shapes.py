"""What each field must look like: name, length, whether it must be there, its codes. Tables as data.

A check gives one sentence that names the field, never what stood in it: it may be a person's.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

Check = Callable[[Any], bool]


@dataclass(frozen=True)
class Field:
    """One field. `most`: characters. `fits`: what else it must be, with the words for it."""

    name: str
    most: int = 0
    must: bool = False
    fits: Check | None = None
    words: str = ""


def codes(name: str, *values: str, must: bool = False) -> Field:
    """One of these."""
    return Field(name, 20, must, lambda v: v in values, f"应为 {'、'.join(values)} 之一")


def pattern(name: str, expression: str, words: str, *, must: bool = False) -> Field:
    """Text of this form."""
    form = re.compile(expression, re.ASCII)
    return Field(name, 400, must, lambda v: isinstance(v, str) and bool(form.fullmatch(v)), words)


def moment(name: str, *, must: bool = False) -> Field:
    """yyyy-MM-dd HH:mm:ss."""
    return Field(name, 19, must, is_moment, "应为 yyyy-MM-dd HH:mm:ss")


def day(name: str, *, must: bool = False) -> Field:
    """yyyy-MM-dd; some send the time too."""
    return Field(name, 19, must, lambda v: is_day(v) or is_moment(v), "应为 yyyy-MM-dd")


def number(name: str, least: int, most: int, *, must: bool = False) -> Field:
    """A whole number."""
    return Field(
        name,
        0,
        must,
        lambda v: isinstance(v, int) and not isinstance(v, bool) and least <= v <= most,
        f"应为 {least} 到 {most} 的整数",
    )


def wrong(node: Any, fields: Iterable[Field], where: str, *, open_names: bool = False) -> str | None:
    """The first thing that is wrong with these fields of `node`; None when nothing is. open_names: others may stand there."""
    if not isinstance(node, dict):
        return f"{where} 应为对象"
    known = {field.name: field for field in fields}
    for name in node:
        if name not in known and not (open_names and _NAME.fullmatch(name) and _is_plain(node[name])):
            return f"{where} 有多余的字段 {name[:40]}"
    for field in known.values():
        value = node.get(field.name)
        if value is None or value == "":
            if field.must:
                return f"{where} 缺少 {field.name}"
            continue
        if field.most and not isinstance(value, str):
            return f"{where} 的 {field.name} 应为字符串"
        if field.most and len(value) > field.most:
            return f"{where} 的 {field.name} 超过 {field.most} 个字符"
        if field.fits and not field.fits(value):
            return f"{where} 的 {field.name} {field.words}"
    return None


def is_moment(value: Any) -> bool:
    """Whether it is yyyy-MM-dd HH:mm:ss."""
    return _parses(value, "%Y-%m-%d %H:%M:%S", 19)


def is_day(value: Any) -> bool:
    """Whether it is yyyy-MM-dd."""
    return _parses(value, "%Y-%m-%d", 10)


def is_msgid(value: Any, code: str) -> bool:
    """12 characters of the access party, a second that exists, 4 digits."""
    return (
        isinstance(value, str)
        and len(value) == 30
        and value[:12] == code
        and value[12:].isascii()
        and value[12:].isdigit()
        and _parses(value[12:26], "%Y%m%d%H%M%S", 14)
    )


def is_id_number(value: Any) -> bool:
    """18 characters, a day that exists, the check digit of GB 11643."""
    if not (isinstance(value, str) and re.fullmatch(r"[1-9][0-9]{16}[0-9X]", value, re.ASCII)):
        return False
    total = sum(int(digit) * 2 ** (17 - place) for place, digit in enumerate(value[:17]))
    return "10X98765432"[total % 11] == value[17] and _parses(value[6:14], "%Y%m%d", 8)


def parse_day(value: str) -> date:
    """Of what `day` let pass."""
    return date.fromisoformat(value[:10])


def _parses(value: Any, form: str, length: int) -> bool:
    if not (isinstance(value, str) and len(value) == length and value.isascii()):
        return False
    try:
        datetime.strptime(value, form)  # noqa: DTZ007 (only whether it is one)
    except ValueError:
        return False
    return True


def _is_plain(value: Any, depth: int = 0) -> bool:
    """What may stand under a name of a form's own: a scalar, or a little of them."""
    if isinstance(value, dict | list):
        inner = list(value.values()) if isinstance(value, dict) else value
        return depth < 2 and len(inner) <= 40 and all(_is_plain(one, depth + 1) for one in inner)
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= 1_000)


_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")

# ---- the envelope

CERT_TYPES = (*(f"{n:02}" for n in range(1, 18)), "90", "91", "99")
AREA = r"[1-9][0-9]{5}"

ENVELOPE = (
    pattern("infno", r"[0-9A-Z]{4,6}", "应为 4 到 6 位交易编号", must=True),
    Field("msgid", 30, must=True),
    pattern("mdtrtarea_admvs", AREA, "应为 6 位医保区划", must=True),
    pattern("insuplc_admdvs", AREA, "应为 6 位医保区划"),
    Field("recer_sys_code", 10, must=True),
    Field("dev_no", 100),
    Field("dev_safe_info", 2000),
    Field("cainfo", 1024),
    codes("signtype", "SM2", "SM3"),
    Field("infver", 6, must=True),
    codes("opter_type", "1", "2", "3", must=True),
    Field("opter", 30, must=True),
    Field("opter_name", 50, must=True),
    moment("inf_time", must=True),
    pattern("fixmedins_code", r"[0-9A-Z]{12}", "应为 12 位接入方编号", must=True),
    Field("fixmedins_name", 200, must=True),
    Field("sign_no", 30),
    Field("fixmedins_soft_fcty", 50),
    codes("encType", "SM4"),
    codes("enc_type", "SM4"),
    Field("serv_code", 50),
    Field("serv_sign", 200),
    Field("input"),
)

# ---- the transactions: infno → node and its fields

RID = pattern("rid", r"[0-9a-f]{32}", "应为 32 位小写十六进制", must=True)
VER_NO = number("ver_no", 0, 2**31, must=True)
CERT_TYPE = codes("psn_cert_type", *CERT_TYPES)
PERSON = (CERT_TYPE, Field("certno", 50), Field("psn_name", 50))
AGENT = (
    Field("agnter_name", 50),
    codes("agnter_cert_type", *CERT_TYPES),
    Field("agnter_certno", 50),
    Field("agnter_idcard", 50),
    Field("agnter_tel", 30),
    Field("agnter_addr", 200),
    Field("agnter_rlts", 20),
)
MATT = (
    RID,
    VER_NO,
    Field("matt_prcs_sn", 30, must=True),
    pattern("station_no", r"[0-9A-Za-z-]{1,30}", "应为站点编号", must=True),
    Field("adm_lic_matt_no", 40, must=True),
    Field("adm_lic_matt_no_desc", 200),
    codes("matt_stas", *(f"{n:02}" for n in range(1, 13)), must=True),
    codes("prcs_fom", "窗口", "上门", "自助", "视频", "帮办", must=True),
    Field("prcs_way", 30),
    Field("matt_acp_chnl", 30),
    Field("matt_acp_way", 30),
    moment("begn_acp_time", must=True),
    day("prse_time"),
    day("ordr_time"),
    moment("fns_time"),
    *PERSON,
    *AGENT,
    Field("rec_matl_stas", 3),
    Field("chk_rslt", 30),
    Field("eval_obj", 30),
    Field("optins_id", 30),
    Field("acp_org_id", 30),
    Field("big_matt_prcs_sn", 30),
    Field("opter_id", 30),
    Field("opter_name", 50),
    moment("updt_time", must=True),
)
APPY = (
    Field("dcla_type", 30, must=True),
    Field("matt_prcs_sn", 30, must=True),
    RID,
    VER_NO,
    Field("station_no", 30),
    Field("psn_no", 30),
    *PERSON,
    codes("gend", "0", "1", "2", "9"),
    day("brdy"),
    Field("naty", 3),
    Field("tel", 30),
    pattern("insutype", r"[0-9]{3}([0-9]{2})?", "应为险种编码"),
    pattern("psn_type", r"[0-9]{2}([0-9]{2})?", "应为人员类别编码"),
    pattern("insu_admdvs", AREA, "应为 6 位医保区划", must=True),
    pattern("rloc_admdvs", AREA, "应为 6 位医保区划"),
    pattern("rloc_rea", r"[0-9]{2}", "应为 2 位编码"),
    Field("resout_addr", 200),
    Field("memo", 500),
    Field("emp_name", 200),
    day("begndate"),
    day("enddate"),
    *AGENT,
    number("att_cnt", 0, 200, must=True),
)
STATUS = (Field("rid", 32), number("ver_no", 0, 2**31), Field("cursor", 100), number("limit", 1, 500))
PAGE = (Field("cursor", 100), number("limit", 1, 500, must=True))
LOOK_UP = (
    codes("mdtrt_cert_type", "01", "02", "03", must=True),
    Field("mdtrt_cert_no", 50, must=True),
    Field("card_sn", 32),
    day("begntime"),
    *PERSON,
)
INPUTS: dict[str, tuple[str, tuple[Field, ...]]] = {
    "9001": ("signIn", (Field("opter_no", 20, must=True), Field("mac", 20), Field("ip", 20, must=True))),
    "9002": ("signOut", (Field("sign_no", 30, must=True), Field("opter_no", 20, must=True))),
    "1101": ("data", LOOK_UP),
    "1901": (
        "data",
        (
            Field("type", 30, must=True),
            Field("parentValue", 10),
            pattern("admdvs", AREA, "应为 6 位医保区划", must=True),
            day("date", must=True),
            Field("valiFlag", 3),
        ),
    ),
    "G101": ("matt", MATT),
    "G201": ("appy", APPY),
    "G202": (
        "data",
        (
            Field("trt_dcla_detl_sn", 30, must=True),
            Field("psn_no", 30, must=True),
            Field("memo", 500, must=True),
            RID,
            VER_NO,
        ),
    ),
    "G203": ("data", STATUS),
    "G501": ("data", PAGE),
    "G502": ("data", PAGE),
    "G503": ("data", PAGE),
}
