"""What became of a message to the province, in words. Room `cases`, floor 4. No database.

Every kind that the worker can write down has words here (tests/cases/test_sync_words.py walks the code).
"""

import re
from typing import Any

from cases.masks import mask_name, mask_number
from cases.models import Case
from cases.news import CANCEL, SUBMIT, WORK_ORDER
from cases.words import Tag, mask_of
from common.audit_entries import masked
from common.i18n import gettext as _
from sync.models import OutState

_REASON = re.compile(r"([a-z][a-z0-9_-]*)(?:: ?| )?(HTTP \d{3}|-?\d{1,4}(?!\d))?")


def logical_words(logical: str) -> str:
    """What kind of message it is."""
    return {SUBMIT: _("申请"), WORK_ORDER: _("办理记录"), CANCEL: _("撤回")}.get(logical, _("别的"))


def state_words(state: str, kind: str) -> str:
    """What its state is called. Only the platform itself refuses; what a gateway stops did not get through."""
    refused = _("平台退回") if kind == "business" else _("没报进去")
    return {OutState.REJECTED: refused, OutState.UNKNOWN: _("待核实")}.get(OutState(state), _("待同步"))


def kind_words(kind: str) -> str:
    """Why it did not go through, from the kind that the worker wrote down."""
    named = {
        "ok": _("回音里没有这一条"),
        "found": _("平台说已经有了"),
        "business": _("平台不收"),
        "returned": _("退回县里了"),
        "set-aside": _("不用再报了"),
        "timeout": _("等回音超时"),
        "connect": _("连不上"),
        "broken": _("中途断了"),
        "stopped": _("报到一半，程序停了"),
        "endless": _("回音太长，没收完"),
        "busy": _("平台忙"),
        "retry": _("平台忙，让稍后再报"),
        "access": _("平台不让进"),
        "address": _("接口地址不对"),
        "token": _("取不到令牌"),
        "sign_in": _("要先签到"),
        "pause": _("平台不认报文、签名或者时间"),
        "answer-signature": _("回音的签名不对"),
        "no-envelope": _("回的不是接口的话"),
        "other-answer": _("回的是别的办件"),
        "system": _("平台出错"),
        "unknown": _("平台没说清收没收"),
        "resync": _("平台说游标过期"),
        "no-result": _("回音里没有这一条"),
        "no-list": _("回音里没有单子"),
        "size": _("太长了"),
        "sealed": _("存的内容打不开"),
    }
    if kind in named:
        return named[kind]
    if kind.startswith("http-"):
        return _("网关出错（%(code)s）", code=kind.removeprefix("http-"))
    if kind.startswith("query-"):
        return _("问平台收没收到，没问成：%(why)s", why=kind_words(kind.removeprefix("query-")))
    return _("平台有回音，这边没记成") if kind.startswith("handler-") else _("没报成")


def why_words(kind: str, code: str, said: str, case: Case | None) -> str:
    """Why it did not go through. said: the platform's words, for those who may read cases; empty for others, who get what
    is no person's: the kind and the code."""
    what = kind_words(kind)
    if said.startswith("HTTP "):
        return what if kind.startswith("http-") else _("%(what)s（%(code)s）", what=what, code=said[:8])
    if said:
        return hidden(said, case) if kind == "business" else f"{what}：{hidden(said, case)}"
    return _("%(what)s（%(code)s）", what=what, code=code) if code and code != "0" else what


def pause_words(reason: str, by_worker: bool) -> str:
    """Why nothing is sent: what a person wrote; of the worker's own note, which may quote a platform, kind and code."""
    if not by_worker:
        return masked(reason)
    found = _REASON.match(reason)
    if found is None:
        return kind_words("")
    kind, code = found[1], found[2]
    return _("%(what)s（%(code)s）", what=kind_words(kind), code=code) if code else kind_words(kind)


def refused_tag(kind: str, said: str, case: Case) -> Tag:
    """A message that was refused, as whoever handles the case reads it: by the platform, or on the way there."""
    why = why_words(kind, "", said, case) if kind else hidden(said, case)
    if kind in {"", "business", "returned"}:
        return Tag(_("平台退回：%(why)s", why=hidden(said, case) or why), "bad", "bang")
    return Tag(_("没报进省里：%(why)s", why=why), "bad", "bang")


def hidden(words: str, case: Case | None) -> str:
    """The platform's words without whom they are about: what the case knows of its people stands there masked."""
    if case is not None:
        known: list[tuple[str, Any]] = [
            (str(case.subject.get(name) or ""), mask_name) for name in ("name", "contact_name")
        ]
        known += [(str(case.subject.get(name) or ""), mask_number) for name in ("certno", "psn_no")]
        known += [(str(value or ""), mask_of(field)) for field, value in case.answers.items() if mask_of(field)]
        for value, mask in sorted(known, key=lambda pair: -len(pair[0])):
            if len(value) >= 2 and masked(value) == value:  # long numbers are masked below, whosever they are
                words = words.replace(value, mask(value))
    return masked(words)
