"""What the pages of the desk are drawn from: rows of the queue, one case with the steps that may be taken. Room `cases`."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor, Role
from cases import operations, queries, words
from cases.filing import PaperNeed
from cases.item_names import named
from cases.masks import mask_name, mask_number, mask_phone
from cases.models import WITH_CASE, Case, CaseEvent, Desk, Paper, State
from cases.queries import COUNTED, PAGE, File, Queue, Tab
from cases.receipts import say_ref
from cases.scope import may_step
from cases.sync_words import hidden, refused_tag
from cases.transitions import PROVINCE, Step, steps_from
from common import clock
from common.editions import working_days
from common.i18n import gettext as _
from common.i18n import say_date, say_time
from common.working_days import WorkingDays
from services_catalog.queries import catalogue
from stations.queries import divisions
from sync.stands import Stand

# The queue


def tab_words() -> dict[Tab, str]:
    """What the tabs are called."""
    return {
        Tab.ALL: _("在办"),
        Tab.NEW: _("新到"),
        Tab.MINE: _("我的"),
        Tab.WAITING: _("等居民"),
        Tab.SOON: _("快到期"),
        Tab.OVERDUE: _("超期"),
    }


def queue_page(
    session: Session, by: Actor, found: Queue, days: WorkingDays, today: date, item: int | None
) -> dict[str, Any]:
    """Everything of cases/queue.html. No statement of its own once the reference data is in memory."""
    items = catalogue(session, today).items
    first = (found.number - 1) * PAGE + 1
    return {
        "title": _("本站办件") if by.role is Role.HELPER else _("办件"),
        "desk": desk_name(session, by),
        "tabs": [
            (tab, said, _count(found.counts[tab]), tab is Tab.OVERDUE and found.counts[tab] > 0)
            for tab, said in tab_words().items()
        ],
        "tab": found.tab,
        "item": item,
        "items": [("", _("全部事项")), *((str(no), items[no].short) for no in sorted(items))],
        "rows": [
            row(session, case, found.stations[case.station_code], days, today, found.stands[case.id])
            for case in found.cases
        ],
        "first": first,
        "last": first + len(found.cases) - 1,
        "total": _count(found.counts[found.tab]),
        "number": found.number,
        "more": found.more,
    }


def _count(n: int) -> str:
    return f"{COUNTED - 1}+" if n >= COUNTED else str(n)


def desk_name(session: Session, by: Actor) -> str:
    """Whose desk it is: the station, the town, the county."""
    if by.role is Role.HELPER:
        return by.station_name or ""
    known = divisions(session).get(by.area)
    return known.name if known else by.area


def row(
    session: Session, case: Case, station: str, days: WorkingDays, today: date, stand: Stand = Stand.NOTHING
) -> dict[str, Any]:
    """One line of a list, names masked. How far it is synced only where somebody must look."""
    town = divisions(session).get(case.town_code)
    return {
        "ref": case.ref,
        "said": say_ref(case.ref),
        "item": item_name(session, case, today),
        "name": case.subject["masked_name"],
        "station": station,
        "town": town.name if town else "",
        "state": words.state_tag(case.state),
        "deadline": words.deadline_tag(case, days, today),
        "sync": words.sync_tag(stand) if stand >= Stand.DOUBTFUL else None,
    }


def item_name(session: Session, case: Case, today: date) -> str:
    """What people call the item."""
    return named(catalogue(session, today), case.item_no).short


# One case


def case_page(session: Session, by: Actor, file: File, *, now: datetime) -> dict[str, Any]:
    """Everything of cases/case.html. No statement of its own once the reference data is in memory."""
    case, today, days = file.case, clock.local_date(now), working_days(session)
    asked = operations.asked_papers(file.events)
    steps = steps_now(by, case, file.synced.filed)
    if case.item_no not in catalogue(session).items and Step.CORRECT in steps:
        steps.remove(Step.CORRECT)  # it could not be filed anew
    at_hand = [(paper.kind, paper.at) for paper in file.papers if paper.state in {"received", "fit"}]
    waited_for = operations.not_yet_here(file.events, at_hand) if case.state == State.NEEDS_SUPPLEMENT else []
    unseen, unfit = operations.doubtful([(paper.kind, paper.state) for paper in file.papers])
    town = divisions(session).get(case.town_code)
    insured_at = words.place_words(case.county_code, divisions(session))
    told = {str(case.subject[name]) for name in ("masked_name", "masked_number", "masked_phone")} | {insured_at}
    return {
        "case": case,
        "said": say_ref(case.ref),
        "item": item_name(session, case, today),
        "station": file.station_name,
        "station_phone": file.station_phone,
        "town": town.name if town else "",
        "state": words.state_tag(case.state),
        "deadline": words.deadline_tag(case, days, today),
        "due": _due_words(case),
        "sync": _sync_tag(file),
        "syncing": file.synced.stand is Stand.WAITING,
        "subject": case.subject,
        "insured_at": insured_at,
        "reveals": may_reveal(by),
        "sections": words.sections_of(case, divisions(session), told),
        "papers": [(paper, words.paper_name(paper.kind, asked), _paper_tag(paper.state)) for paper in file.papers],
        "unseen": unseen,
        "unfit": unfit,
        "marks": bool(MAY[by.role] & {Action.ACCEPT, Action.DECIDE}) and case.desk is not None,
        "authorisations": [
            (one, words.kind_of_authorisation(one.kind), _agent(one.agent), until_or_revoked(one, case, today))
            for one in file.authorisations
        ],
        "taken_back": case.desk is not None and any(one.revoked_at for one in file.authorisations),
        "revokes": bool(MAY[by.role] & {Action.FILE_CASE, Action.ACCEPT}),
        "consents": [
            (one, words.kind_of_consent(one.kind), words.given_by(one.given_by), moment(one.at))
            for one in file.consents
        ],
        "events": [event_line(one, file) for one in file.events],
        "steps": steps,
        "askable": words.askable(case, [paper.kind for paper in file.papers]),
        "templates": templates(),
        "waited_for": [PaperNeed(one["kind"], one["name"]) for one in waited_for],
        "asked": asked,
        "has": came_since_asked(file),
        "brings": Step.SUPPLY in steps and Action.FILE_CASE in MAY[by.role],
        "files": Action.FILE_CASE in MAY[by.role],
        "supplement_due": say_date(case.supplement_due_on) if case.supplement_due_on else "",
        "pays": case.state == State.PENDING_PAYMENT,
    }


def _sync_tag(file: File) -> words.Tag | None:
    if file.synced.stand is Stand.REJECTED:
        return refused_tag(file.synced.refused_kind, file.synced.refused, file.case)
    return words.sync_tag(file.synced.stand)


def came_since_asked(file: File) -> list[Paper]:
    """What was brought after the last request: older papers are not what is waited for."""
    asks = [event.at for event in file.events if event.step == Step.ASK]
    return [paper for paper in file.papers if asks and paper.at >= asks[-1] and paper.state in {"received", "fit"}]


def steps_now(by: Actor, case: Case, filed: Stand) -> list[Step]:
    """The steps this actor may take now, in the order of the table. filed: how far the filing is with the province. The
    routes check again."""
    found = [
        rule.step
        for rule in steps_from(State(case.state), Desk(case.desk) if case.desk else None)
        if may_step(by, case, rule)
    ]
    if case.state == State.APPROVED and not case.province_sn and Step.WITHDRAW in found:
        found.remove(Step.WITHDRAW)
    if filed is not Stand.REJECTED and Step.RECALL in found:
        found.remove(Step.RECALL)
    if case.to_county and case.desk == Desk.TOWN and Step.APPROVE in found:
        found.remove(Step.APPROVE)
    return list(dict.fromkeys(found))


def may_reveal(by: Actor) -> bool:
    """Whether full values may be asked for."""
    return Action.REVEAL in MAY[by.role]


def templates() -> list[str]:
    """Sentences a clerk may begin with."""
    return [
        _("照片看不清，请重拍一张，四个角都要拍到。"),
        _("请把证件的正反两面都带来。"),
        _("材料上的名字和申请的不一样，请带能说明的材料。"),
    ]


def label_of(field: str, session: Session, ref: str, by: Actor) -> str:
    """What a field that was revealed is called."""
    named = {"name": _("姓名"), "certno": _("证件号"), "mobile": _("手机"), "contact_tel": _("联系人电话")}
    if field in named:
        return named[field]
    file = queries.file_of(session, ref, by)
    sections = words.sections_of(file.case, divisions(session)) if file else []
    wanted = field.removeprefix("answers.")
    return next((one.label for part in sections for one in part.answers if one.field == wanted), "")


def _due_words(case: Case) -> str:
    if case.desk is None or case.due_on is None or case.state == State.NEEDS_SUPPLEMENT:
        return ""
    return say_date(case.due_on)


def _paper_tag(state: str) -> words.Tag:
    return {
        "fit": words.Tag(_("合格"), "ok", "tick"),
        "unfit": words.Tag(_("不合格"), "warn", "bang"),
        "replaced": words.Tag(_("换过了"), "", "back"),
    }.get(state, words.Tag(_("没标"), "", "note"))


def _agent(agent: Mapping[str, Any]) -> dict[str, str]:
    return {
        "name": mask_name(str(agent.get("agnter_name") or "")),
        "number": mask_number(str(agent.get("agnter_certno") or "")),
        "phone": mask_phone(str(agent.get("agnter_tel") or "")),
    }


def until_or_revoked(one: Any, case: Case, today: date) -> words.Tag:
    """Whether an authorisation still holds."""
    if one.revoked_at is not None:
        return words.Tag(_("已收回"), "", "back")
    if one.ends_on == WITH_CASE:
        over = State(case.state) in {State.DONE, State.REFUSED, State.WITHDRAWN}
        return words.Tag(_("办结时结束了"), "", "clock") if over else words.Tag(_("到本事项办结"), "ok", "tick")
    if one.ends_on < today:
        return words.Tag(_("过期了"), "", "clock")
    return words.Tag(_("有效到 %(day)s", day=one.ends_on.isoformat()), "ok", "tick")


# What happened


def moment(at: datetime) -> str:
    """11月24日 周二 10:40."""
    return f"{say_date(clock.local_date(at))} {say_time(at)}"


def event_line(event: CaseEvent, file: File) -> dict[str, Any]:
    """One step in words: what, who, when, and what was said."""
    said: Mapping[str, Any] = event.details or {}
    device = event.device_at
    apart = device is not None and abs((event.at - device).total_seconds()) >= 60
    return {
        "what": step_words(event.step, said),
        "who": event.actor_name or _who(event.actor_role),
        "when": moment(event.at),
        "device": say_time(device) if device is not None and apart else "",
        "words": event_words(event, file.case),
        "basis": said.get("basis", ""),
        "asked": _("、").join(one["name"] for one in said.get("asked", [])),
        "waits": event.step == Step.ASK,
    }


def event_words(event: CaseEvent, case: Case) -> str:
    """What was said with a step; the province may quote whom it is about."""
    said = str((event.details or {}).get("words", ""))
    return hidden(said, case) if event.actor_role == PROVINCE else said


def _who(role: str) -> str:
    return {"resident": _("居民"), "province": _("省平台"), "clock": _("到期自动")}.get(role, role)


def _approved(said: Mapping[str, Any]) -> str:
    doubts = [_("%(n)s 份材料没标是否合格", n=said["unseen"])] if said.get("unseen") else []
    doubts += [_("%(n)s 种材料不合格", n=said["unfit"])] if said.get("unfit") else []
    return _("通过（%(doubts)s）", doubts=_("、").join(doubts)) if doubts else _("通过")


def step_words(step: str, said: Mapping[str, Any]) -> str:
    """What a step is called afterwards."""
    named = {
        "submit": _("提交"),
        Step.ACCEPT: _("受理"),
        Step.ASK: _("请居民补材料"),
        Step.SUPPLY: _("材料补上了"),
        Step.HAND_UP: _("交给县里"),
        Step.HAND_OVER: _("交给%(name)s", name=said.get("to", "")),
        Step.APPROVE: _approved(said),
        Step.REFUSE: _("不予办理"),
        Step.WITHDRAW: _("撤回"),
        Step.CORRECT: _("撤回，改了重报"),
        Step.LAPSE: _("材料没等到，撤回"),
        Step.CONFIRM: _("省平台办好了"),
        Step.RETURN: _("省平台退回"),
        Step.RECALL: _("没报进省里，县里拿回来改"),
        Step.PAID: _("看过缴费凭证，已缴费"),
        Step.CLOSE: _("不用缴费了") if said.get("words") else _("缴费期过了，缴没缴以税务的记录为准"),
        "revoke": _("收回授权"),
        "new_code": _("补发查询码"),
        "no_sms": _("不要短信了"),
        "paper_fit": _("材料合格：%(paper)s", paper=words.paper_name(str(said.get("paper", "")))),
        "paper_unfit": _("材料不合格：%(paper)s", paper=words.paper_name(str(said.get("paper", "")))),
    }
    return named.get(step, step)
