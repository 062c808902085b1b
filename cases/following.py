"""A case in a resident's words: where it is, who has it, what is missing, by when, what comes next. Room `cases`, floor 4."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from cases import deadlines, operations, words
from cases.filing import PaperNeed
from cases.handling import came_since_asked, event_words, item_name, moment
from cases.models import OPEN_STATES, Case, CaseEvent, Desk, State
from cases.queries import File
from cases.receipts import say_ref
from cases.trail import told_at_filing
from cases.transitions import Step
from common import clock
from common.editions import working_days
from common.i18n import gettext as _
from common.i18n import say_date
from common.working_days import WorkingDays
from stations.queries import divisions
from sync.stands import Stand

CAME_TO_NOTHING = (State.REFUSED, State.WITHDRAWN)


def follow_page(session: Session, file: File, *, now: datetime) -> dict[str, Any]:
    """Everything of cases/follow.html. No statement of its own once the reference data is in memory."""
    case, today, days = file.case, clock.local_date(now), working_days(session)
    at_hand = [(paper.kind, paper.at) for paper in file.papers if paper.state in {"received", "fit"}]
    waits = case.state == State.NEEDS_SUPPLEMENT
    missing = operations.not_yet_here(file.events, at_hand) if waits else []
    asked = operations.asked_papers(file.events)
    last_ask = next((event for event in reversed(file.events) if event.step == Step.ASK), None)
    closed = next((event for event in file.events if event.step == Step.CLOSE), None)
    tag = words.Tag(_("登记办好了"), "ok", "tick") if closed else state_tag(case)
    ended = next((event for event in reversed(file.events) if event.step in {Step.REFUSE, Step.WITHDRAW}), None)
    return {
        "case": case,
        "said": say_ref(case.ref),
        "item": item_name(session, case, today),
        "state": tag,
        "province": province_tag(file),
        "waits": waits,
        "asked": _("、").join(one["name"] for one in asked),
        "asked_words": event_words(last_ask, case) if waits and last_ask else "",
        "missing": [PaperNeed(one["kind"], one["name"]) for one in missing],
        "by_when": say_date(case.supplement_due_on) if case.supplement_due_on else "",
        "left": deadlines.working_days_between(days, today, case.supplement_due_on) if case.supplement_due_on else 0,
        "told": [one for one in told_at_filing(file.events) if case.state not in CAME_TO_NOTHING],
        "reason": _reason(ended) if case.state == State.REFUSED else {},
        "who": who_has_it(session, case),
        "past": [line for event in file.events if (line := _past(event, file))],
        "now": tag,
        "pays": case.state == State.PENDING_PAYMENT,
        "unknown_paid": closed is not None and not event_words(closed, case),
        "coming": _coming(case, days, now),
        "papers": [
            (words.paper_name(paper.kind, asked), _paper_tag(paper.state))
            for paper in file.papers
            if paper.state in {"received", "fit", "unfit"}
        ],
        "has": came_since_asked(file),
        "station": file.station_name,
        "phone": file.station_phone,
        "messages": any(one.kind == "sms" and one.withdrawn_at is None for one in file.consents),
        "open": State(case.state) in OPEN_STATES,
    }


def state_tag(case: Case) -> words.Tag:
    """Where it stands, as a resident is told."""
    return {
        State.SUBMITTED: words.Tag(_("交上去了"), "info", "list"),
        State.ACCEPTED: words.Tag(_("正在办"), "info", "list"),
        State.IN_REVIEW: words.Tag(_("县里正在看"), "info", "list"),
        State.NEEDS_SUPPLEMENT: words.Tag(_("等您补材料"), "warn", "bang"),
        State.APPROVED: words.Tag(_("同意了，等省里确认"), "info", "clock"),
        State.PENDING_PAYMENT: words.Tag(_("等您缴费"), "warn", "wallet"),
        State.DONE: words.Tag(_("办好了"), "ok", "tick"),
        State.REFUSED: words.Tag(_("没办成"), "bad", "note"),
        State.WITHDRAWN: words.Tag(_("撤回了"), "", "back"),
    }[State(case.state)]


def province_tag(file: File) -> words.Tag | None:
    """Two ticks only once the province has said that it has the filing; while it has not, who is waited for. None where
    there is nothing to be said of the province: not yet approved, or decided."""
    if file.case.state != State.APPROVED:
        return None
    if file.synced.filed is Stand.SYNCED:
        return words.Tag(_("省里已收到"), "ok", "ticks")
    if file.synced.filed is Stand.REJECTED:
        return words.Tag(_("还没报进省里，县里在处理"), "warn", "clock")
    return words.Tag(_("省里还没回话"), "draft", "clock")


def who_has_it(session: Session, case: Case) -> tuple[str, str]:
    """Who acts next: words in the reader's language, and a name as it stands on the door."""
    if case.state == State.NEEDS_SUPPLEMENT:
        return _("现在等您"), ""
    if case.desk is not None:
        known = divisions(session).get(case.county_code if case.desk == Desk.COUNTY else case.town_code)
        ending = "医保局" if case.desk == Desk.COUNTY else "医保站"
        return _("正在办的："), known.name + ending if known else ending
    return (_("等省医保平台确认"), "") if case.state == State.APPROVED else ("", "")


def _past(event: CaseEvent, file: File) -> dict[str, str] | None:
    """One step that matters to the resident; None for what does not."""
    staff = event.actor_name or ""
    named: dict[str, tuple[str, str]] = {
        "submit": (_("您交了申请"), f"{file.station_name} {staff}".strip()),
        Step.ACCEPT: (_("收下了，开始办"), staff),
        Step.ASK: (_("请您补材料"), staff),
        Step.SUPPLY: (_("材料补上了"), staff),
        Step.HAND_UP: (_("交给县里了"), staff),
        Step.APPROVE: (_("同意了"), staff),
        Step.REFUSE: (_("没办成"), staff),
        Step.WITHDRAW: (_("撤回了") if staff else _("您自己撤回了"), staff),
        Step.CORRECT: (_("撤回，改了重报"), staff),
        Step.LAPSE: (_("材料没等到，撤回了"), ""),
        Step.CONFIRM: (_("省里确认了"), ""),
        Step.RETURN: (_("省里退回来了，县里再看"), ""),
        Step.RECALL: (_("没报进省里，县里再看"), staff),
        Step.PAID: (_("缴过费了"), staff),
        Step.CLOSE: (_("停保了，不用缴费") if event_words(event, file.case) else _("缴费期过了"), ""),
    }
    if event.step not in named:
        return None
    what, who = named[event.step]
    helped = _("帮您交的：") if event.step == "submit" and staff else ""
    return {"what": what, "helped": helped, "who": who, "when": moment(event.at)}


def _coming(case: Case, days: WorkingDays, now: datetime) -> list[str]:
    """What comes next, nearest first."""
    if case.state == State.PENDING_PAYMENT:
        return [_("缴费以后就办好了")]
    if State(case.state) not in {*OPEN_STATES, State.APPROVED}:
        return []
    done = _("办好了，站点会告诉您")
    if case.state == State.APPROVED:
        return [done]
    if case.state == State.NEEDS_SUPPLEMENT:
        stopped = clock.local_date(case.state_at)
        left = deadlines.working_days_between(days, stopped, case.due_on) if case.due_on else 0
        return [_("补上以后，%(n)s 个工作日内出结果", n=max(left, 1)) if case.due_on else _("补上以后接着办"), done]
    if case.due_on is None:
        return [_("出结果"), done]
    on_time = case.due_on >= clock.local_date(now)
    said = _("%(day)s前出结果", day=say_date(case.due_on)) if on_time else _("超期了，可以打电话催一催")
    return [_("%(said)s（估算）", said=said) if case.due_estimated and on_time else said, done]


def _reason(event: CaseEvent | None) -> dict[str, str]:
    said = event.details if event else {}
    return {"words": str(said.get("words", "")), "basis": str(said.get("basis", ""))}


def _paper_tag(state: str) -> words.Tag:
    return {"fit": words.Tag(_("合格"), "ok", "tick"), "unfit": words.Tag(_("要重拍"), "warn", "bang")}.get(
        state, words.Tag(_("收到了"), "info", "tick")
    )
