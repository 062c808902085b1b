"""The order in which a helper asks for the common blocks: who it is, how they are reached, who acts, what is agreed to."""

PERSON = ("psn_cert_type", "certno", "psn_name", "gend", "brdy", "nat_regn_code", "ident_by")
REACH = ("no_phone", "mob", "contact_name", "contact_tel")
GUARDIAN = (
    "no_capacity",
    "own_living",
    "grdn_name",
    "grdn_cert_type",
    "grdn_certno",
    "grdn_relation",
    "grdn_basis",
    "grdn_mob",
    "grdn_consent",
)
AGENT = (
    "by_agent",
    "agnter_name",
    "agnter_cert_type",
    "agnter_certno",
    "agnter_tel",
    "agnter_addr",
    "agnter_rlts",
    "auth_kind",
    "auth_items",
    "auth_from",
    "auth_to",
)
PROMISE = ("notice_version", "promise", "commit_by", "commit_mark", "sms_ok")
