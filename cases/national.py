"""A filing under national names: which answers go to the province, and what they are called there. Room `cases`, floor 4. Pure.

Lists of what goes, not of what stays: an answer that is named here nowhere never leaves. Names of out_appy_d, of the 2505
shape and of the person tables where they have one; the rest is named by our own contract (G201), marked below.
"""

from collections.abc import Mapping
from typing import Any

from cases.agent import EVIDENCE
from cases.papers import SIGNATURE

DECLARED_AS = {
    "remote_care": "异地备案",
    "resident_enrol": "居民参保登记",
    "newborn_enrol": "新生儿参保登记",
    "stop_enrol": "停保登记",
}
_SAME = (
    "psn_no",
    "psn_cert_type",
    "certno",
    "psn_name",
    "gend",
    "brdy",
    "naty",
    "nat_regn_code",
    "insutype",
    "psn_type",
)
PERSON = {name: name for name in _SAME}
AGENT_NAMES = ("agnter_name", "agnter_cert_type", "agnter_certno", "agnter_tel", "agnter_addr", "agnter_rlts")
# A guardian acts for a child as an agent acts for an adult; the national tables know only the agent.
GUARDIAN = {
    "grdn_name": "agnter_name",
    "grdn_cert_type": "agnter_cert_type",
    "grdn_certno": "agnter_certno",
    "grdn_mob": "agnter_tel",
    "grdn_relation": "agnter_rlts",
}
FAMILY: dict[str, dict[str, str]] = {
    "remote_care": {
        "mob": "tel",
        "rloc_admdvs": "rloc_admdvs",
        "rloc_rea": "rloc_rea",
        "begndate": "begndate",
        "enddate": "enddate",
        "resout_addr": "resout_addr",
        "resd_loc_admdvs": "resd_loc_admdvs",
        "emp_name": "emp_name",
        "retr_flag": "retnr_flag",
        "trafout_fixmedins_name": "trafout_fixmedins_name",
        "refl_date": "refl_date",
        "diag_name": "diag_name",
        "filing_act": "filing_act",  # ours: new, change, cancel
    },
    "resident_enrol": {
        "mob": "mob",
        "resd_loc_admdvs": "resd_loc_admdvs",
        "hsreg_addr": "hsreg_addr",
        "live_division": "live_admdvs",
        "live_addr": "live_addr",
        "sp_psn_type": "sp_psn_type",
        "enrol_kind": "enrol_kind",  # ours: first, resume, moved_in
        "insu_year": "insu_year",  # ours
    },
    "newborn_enrol": {
        "nwb_flag": "nwb_flag",
        "birth_cert_no": "birth_cert_no",  # ours: the child has no certificate of its own yet
        "multi_birth_no": "multi_birth_no",  # ours
        "insu_years": "insu_years",  # ours
    },
    "stop_enrol": {
        "mob": "mob",
        "paus_insu_date": "paus_insu_date",
        "stop_reason": "stop_reason",  # ours
        "stop_words": "stop_words",  # ours
    },
}
DRAWN = (SIGNATURE, EVIDENCE["drawn_signature"])  # on the screen, by us
# Papers that prove who acts, not what is claimed: no attachments of a filing.
NOT_ATTACHED = (SIGNATURE, "signature", "written_authorisation", *EVIDENCE.values())


def said_nationally(family: str, answers: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of a case under national names. Ticks become "1"; what was not answered is left out."""
    names = PERSON | FAMILY[family]
    said = {there: _plain(answers[here]) for here, there in names.items() if answers.get(here) not in (None, "", False)}
    return said | agent_block(answers)


def agent_block(answers: Mapping[str, Any]) -> dict[str, Any]:
    """agnter_*: who acts for the person, else the guardian; empty where they act themselves. Relations are our own words
    until the bureau names its dictionary."""
    if answers.get("agnter_name"):
        return {name: answers[name] for name in AGENT_NAMES if answers.get(name)}
    if answers.get("grdn_name"):
        return {there: answers[here] for here, there in GUARDIAN.items() if answers.get(here)}
    return {}


def _plain(value: Any) -> Any:
    return "1" if value is True else value
