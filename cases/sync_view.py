"""The province's channel in words, for a bureau. Room `cases`, floor 4. No statement of its own once the divisions are in memory."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor
from cases.handling import item_name, moment
from cases.news import SUBMIT, WORK_ORDER
from cases.receipts import say_ref
from cases.sync_keeping import may_replay, may_settle
from cases.sync_queries import ToLookAt, Unheard
from cases.sync_words import kind_words, logical_words, pause_words, state_words, why_words
from cases.trail import state_word
from cases.words import Tag
from common import clock
from common.i18n import gettext as _
from stations.queries import divisions
from sync.by_telephone import called_for
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
    unheard: Sequence[Unheard],
    lists: Sequence[Read],
    now: datetime,
    alarm: timedelta,
) -> dict[str, Any]:
    """Everything of cases/sync.html but where one is in the list. alarm: what is tried for longer calls a person."""
    today = clock.local_date(now)
    known = divisions(session).get(by.area.ljust(6, "0"))
    waiting = [count for count in counts if count.state != OutState.REJECTED]
    oldest = min((count.oldest for count in waiting), default=None)
    state = line.state
    return {
        "place": known.name if known else by.area,
        "paused": state is not None and state.paused_at is not None and not _over(state.paused_until, now),
        "reason": pause_words(state.reason, state.paused_by is None) if state and state.reason else "",
        "until": moment(state.paused_until) if state and state.paused_until else "",
        "last_ok": moment(state.last_ok_at) if state and state.last_ok_at else "",
        "waits": _age(oldest, now) if oldest else "",
        "figures": [
            (_("待同步"), sum(count.n for count in counts if count.state in WAITING)),
            (_("待核实"), sum(count.n for count in counts if count.state == OutState.UNKNOWN)),
            (_("退回来的"), sum(count.n for count in counts if count.state == OutState.REJECTED)),
        ],
        "kinds": [
            (kind_words(count.kind), state_words(count.state, count.kind), count.n, _age(count.oldest, now))
            for count in counts
            if count.kind
        ],
        "long": sum(count.long for count in counts),
        "alarm": _age(now - alarm, now),
        "unheard": [_unheard(session, one, today) for one in unheard],
        "lists": [_list(one) for one in lists],
        "rows": [_row(session, one, by, today, now, alarm) for one in rows],
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


def _row(session: Session, one: ToLookAt, by: Actor, today: date, now: datetime, alarm: timedelta) -> dict[str, Any]:
    entry, case = one.entry, one.case
    doubtful = entry.state != OutState.REJECTED
    reads = Action.READ_CASE in MAY[by.role]
    return {
        "id": entry.id,
        "ref": case.ref if case else "",
        "said": say_ref(case.ref) if case else "",
        "item": item_name(session, case, today) if case else _("不是办件"),
        "what": logical_words(entry.logical),
        "tag": Tag(
            state_words(entry.state, entry.error_kind or ""), *(("warn", "clock") if doubtful else ("bad", "bang"))
        ),
        "harmless": not doubtful and entry.logical == WORK_ORDER,
        "why": why_words(entry.error_kind or "", entry.infcode or "", str(entry.error or "") if reads else "", case),
        "age": _age(entry.made_at, now),
        "replays": may_replay(one),
        "recalls": reads and may_replay(one) and entry.logical == SUBMIT,
        "doubtful": doubtful,
        "settles": may_settle(one),
        "long": called_for(entry, now, alarm),
        "numbered": entry.logical == SUBMIT,
    }


def _unheard(session: Session, one: Unheard, today: date) -> dict[str, Any]:
    decided = {"approved": _("同意了"), "returned": _("退回来了"), "supplement": _("要再补材料")}
    return {
        "id": one.id,
        "ref": one.case.ref if one.case else "",
        "what": f"{item_name(session, one.case, today)} {say_ref(one.case.ref)}" if one.case else _("这边没有的办件"),
        "said": decided.get(one.said, _("没看懂的话")),
        "here": state_word(one.case.state) if one.case else "",
        "when": moment(one.at),
    }


def _age(since: datetime, now: datetime) -> str:
    minutes = max(0, int((now - since).total_seconds() // 60))
    if minutes < 60:
        return _("%(n)s 分钟", n=minutes)
    return _("%(n)s 小时", n=minutes // 60) if minutes < 48 * 60 else _("%(n)s 天", n=minutes // (24 * 60))
