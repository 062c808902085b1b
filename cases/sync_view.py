"""The province's channel in words, for a bureau. Room `cases`, floor 4. No statement of its own once the divisions are in memory."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor
from cases.handling import item_name, moment
from cases.models import Case
from cases.news import CANCEL, SUBMIT, WORK_ORDER
from cases.receipts import say_ref
from cases.sync_keeping import may_replay
from cases.sync_queries import ToLookAt
from cases.words import Tag
from common import clock
from common.audit_entries import masked
from common.i18n import gettext as _
from stations.queries import divisions
from sync.lists import CATALOGUE, DIVISIONS, ROSTER
from sync.models import OutState
from sync.stands import Count, Line, Read

LISTED = 10  # codes of a list that are shown
WAITING = (OutState.PENDING, OutState.SENDING)


def sync_page(
    session: Session,
    by: Actor,
    line: Line,
    counts: Sequence[Count],
    rows: Sequence[ToLookAt],
    lists: Sequence[Read],
    now: datetime,
) -> dict[str, Any]:
    """Everything of cases/sync.html but where one is in the list."""
    today = clock.local_date(now)
    known = divisions(session).get(by.area.ljust(6, "0"))
    waiting = [count for count in counts if count.state != OutState.REJECTED]
    oldest = min((count.oldest for count in waiting), default=None)
    state = line.state
    return {
        "place": known.name if known else by.area,
        "paused": state is not None and state.paused_at is not None and not _over(state.paused_until, now),
        "reason": masked(str(state.reason or "")) if state else "",
        "until": moment(state.paused_until) if state and state.paused_until else "",
        "last_ok": moment(state.last_ok_at) if state and state.last_ok_at else "",
        "waits": _age(oldest, now) if oldest else "",
        "figures": [
            (_("待同步"), sum(count.n for count in counts if count.state in WAITING)),
            (_("待核实"), sum(count.n for count in counts if count.state == OutState.UNKNOWN)),
            (_("平台退回"), sum(count.n for count in counts if count.state == OutState.REJECTED)),
        ],
        "kinds": [
            (kind_words(count.kind), state_words(count.state), count.n, _age(count.oldest, now))
            for count in counts
            if count.kind
        ],
        "unheard": line.unheard,
        "lists": [_list(one) for one in lists],
        "rows": [_row(session, one, today, now) for one in rows],
        "reads": Action.READ_CASE in MAY[by.role],
        "keeps": Action.KEEP_SYNC in MAY[by.role],
        "keeps_channel": keeps_channel(by),
    }


def keeps_channel(by: Actor) -> bool:
    """Whether the channel and the province's lists are this person's business."""
    return Action.KEEP_CHANNEL in MAY[by.role]


def _list(one: Read) -> dict[str, Any]:
    """A list that we follow: when it was read, what it was held for, which codes a person must look at."""
    told = one.rows.differing | one.rows.unusable
    held = {
        ROSTER: _("省里新的名单会停掉 %(n)s 个站点，比平常多。核对过再放行。", n=one.held),
        DIVISIONS: _("省里新的名单会撤并 %(n)s 个区划，比平常多。核对过再放行。", n=one.held),
        CATALOGUE: _("省里新的名单会停办 %(n)s 个事项，比平常多。核对过再放行。", n=one.held),
    }
    return {
        "logical": one.logical,
        "name": list_words(one.logical),
        "read": moment(one.at) if one.at else "",
        "fails": one.fails,
        "held": held[one.logical] if one.held is not None else "",
        "told": sorted(told.items())[:LISTED],
        "more": max(0, len(told) - LISTED),
    }


def list_words(logical: str) -> str:
    """What a list is called."""
    return {ROSTER: _("站点名单"), DIVISIONS: _("行政区划"), CATALOGUE: _("事项清单")}[logical]


def _over(until: datetime | None, now: datetime) -> bool:
    return until is not None and until <= now


def _row(session: Session, one: ToLookAt, today: date, now: datetime) -> dict[str, Any]:
    entry, case = one.entry, one.case
    doubtful = entry.state != OutState.REJECTED
    return {
        "id": entry.id,
        "ref": case.ref if case else "",
        "said": say_ref(case.ref) if case else "",
        "item": item_name(session, case, today) if case else _("不是办件"),
        "what": logical_words(entry.logical),
        "tag": Tag(_("待核实"), "warn", "clock") if doubtful else Tag(_("平台退回"), "bad", "bang"),
        "why": hidden(str(entry.error or ""), case) or kind_words(entry.error_kind or ""),
        "age": _age(entry.made_at, now),
        "replays": may_replay(one),
        "doubtful": doubtful,
    }


def hidden(words: str, case: Case | None) -> str:
    """The platform's words without whom they are about."""
    name = str(case.subject.get("name") or "") if case else ""
    return masked(words.replace(name, str(case.subject.get("masked_name"))) if case and name else words)


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s 分钟", n=minutes)
    return _("%(n)s 小时", n=minutes // 60) if minutes < 48 * 60 else _("%(n)s 天", n=minutes // (24 * 60))


def logical_words(logical: str) -> str:
    """What kind of message it is."""
    return {SUBMIT: _("申请"), WORK_ORDER: _("办理记录"), CANCEL: _("撤回")}.get(logical, logical)


def state_words(state: str) -> str:
    """What its state is called."""
    return {OutState.REJECTED: _("平台退回"), OutState.UNKNOWN: _("待核实")}.get(OutState(state), _("待同步"))


def kind_words(kind: str) -> str:
    """Why it did not go through, from what the worker wrote down."""
    named = {
        "business": _("平台不收"),
        "timeout": _("等回音超时"),
        "connect": _("连不上"),
        "broken": _("中途断了"),
        "busy": _("平台忙"),
        "access": _("平台不让进"),
        "token": _("取不到令牌"),
        "answer-signature": _("回音的签名不对"),
        "no-envelope": _("回的不是接口的话"),
        "system": _("平台出错"),
        "no-result": _("回音里没有这一条"),
        "size": _("太长了"),
    }
    return named.get(kind) or (_("网关出错（%(code)s）", code=kind) if kind.startswith("http-") else kind)
