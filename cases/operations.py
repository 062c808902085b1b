"""What can be done to a case after it was submitted: a step, a reveal, taking an authorisation back. Room `cases`, floor 4.

Never commits. Every step moves `version`, adds an event and an audit entry. What the rules forbid raises Refused with one
sentence.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import MAY, Action, Actor, Role, may
from cases import deadlines, in_force, news, payment, receipts
from cases.circumstances import Circumstances
from cases.drafts import Refused
from cases.families import FAMILIES
from cases.filing import PaperNeed
from cases.models import Authorisation, Case, CaseEvent, Consent, Desk, KeptOperation, Paper, State
from cases.national import DRAWN
from cases.scope import may_step, reaches
from cases.submitting import as_asked, supplement_due
from cases.trail import add_audit, add_event, state_word
from cases.transitions import CLOCK, ENDED_WITHOUT, Rule, Step, rule_for
from common import audit, clock
from common.editions import working_days
from common.i18n import gettext as _
from common.sealing import fingerprint, keys_of
from sync.stands import newest

MAX_WORDS = 300
PURPOSE_LENGTH = (2, 60)
SUBJECT_FIELDS = ("name", "certno", "mobile", "contact_tel")


# Steps


def take_step(
    session: Session,
    case: Case,
    step: Step,
    *,
    by: Actor | str,
    now: datetime,
    version: int | None = None,
    words: str = "",
    basis: str = "",
    asked: Sequence[PaperNeed] = (),
    handler_id: str | None = None,
    handler_name: str | None = None,
    device_at: datetime | None = None,
    unseen: int = 0,
    unfit: int = 0,
) -> Case:
    """One step of the table in cases/transitions.py. by: an actor, or RESIDENT, PROVINCE, CLOCK. version: what the person
    had before their eyes; another one raises Refused. unseen: how many papers nobody has marked whoever approves knows
    of; unfit: how many kinds of papers that will not do. Lock the case first (cases.queries.for_step)."""
    if version is not None and version != case.version:
        raise Refused(_("这份申请刚被改过，请看过新内容再提交"))
    rule = rule_for(step, State(case.state), Desk(case.desk) if case.desk else None)
    if rule is None:
        raise Refused(_("这份申请现在是“%(state)s”，这一步已经不能做了", state=state_word(case.state)))
    if not _allowed(by, case, rule):
        raise Refused(_("这一步不归您的岗位办"), 403)
    _must_be_said(step, words, basis, asked, case, handler_id)
    if step is Step.WITHDRAW and case.state == State.APPROVED and not case.province_sn:
        raise Refused(_not_there(session, case))
    if step is Step.WITHDRAW and case.state == State.APPROVED and not news.psn_no_of(case):
        raise Refused(_nobody_known(case))
    if step is Step.RECALL and not news.take_back(session, case, now):
        raise Refused(_("这份申请正在报给省里，或者省里已经收到，不能拿回来。请等省里回音。"))
    missing = still_missing(session, case) if step is Step.SUPPLY else []
    if missing:
        raise Refused(_("还差：%(papers)s", papers=_("、").join(missing)), 422)
    unmarked, bad = _doubtful(session, case) if step is Step.APPROVE else (0, 0)
    if bad > unfit:
        raise Refused(_("有 %(n)s 种材料不合格，还没换。请先让居民补；照样要通过，请勾上再按。", n=bad), 422)
    if unmarked > unseen:
        raise Refused(_("还有 %(n)s 份材料没标是否合格。请先标；不标也要通过，请勾上再按。", n=unmarked), 422)

    today, days = clock.local_date(now), working_days(session)
    was_waiting = case.state == State.NEEDS_SUPPLEMENT
    before = clock.local_date(case.state_at)
    case.state = _lands(session, case, rule)
    if rule.to_desk:
        case.desk = rule.to_desk
    if rule.to is not None:
        case.state_at = now
    case.version += 1
    if step is Step.HAND_OVER:
        case.handler_id = handler_id
    elif isinstance(by, Actor) and step in {Step.ACCEPT, Step.ASK}:
        case.handler_id = by.account_id
    elif rule.to_desk:
        case.handler_id = None
    if step is Step.ASK:  # passed on to a colleague meanwhile, it keeps the resident's last day
        case.supplement_due_on = supplement_due(session, now, case.county_code)
    elif was_waiting and case.state != State.NEEDS_SUPPLEMENT:
        case.due_on = deadlines.moved_on(days, case.due_on, before, today)
        case.statutory_due_on = deadlines.moved_on(days, case.statutory_due_on, before, today)
        case.supplement_due_on = None
    if case.state == State.PENDING_PAYMENT:
        case.supplement_due_on = payment.last_day(session, case, today, today)
    elif step in {Step.PAID, Step.CLOSE}:
        case.supplement_due_on = None
    if case.state in ENDED_WITHOUT or (case.state == State.DONE and in_force.ends_something(case)):
        session.flush()
        mine = in_force.lock_older(session, case)
        in_force.settle(session, mine)
        for one in mine:
            if one.state == State.PENDING_PAYMENT and not one.live:  # a stop ended it: nobody shall be told to pay
                take_step(session, one, Step.CLOSE, by=CLOCK, now=now, words=_("已经停保"))
    ended = case.state == State.PENDING_PAYMENT and not _holds(session, case)
    if case.state not in {State.SUBMITTED, State.ACCEPTED, State.IN_REVIEW, State.NEEDS_SUPPLEMENT}:
        case.desk = None
    said: dict[str, Any] = {
        "words": words,
        "basis": basis,
        "asked": [as_asked(need) for need in asked],
        "to": handler_name or "",
        "unseen": unmarked,
        "unfit": bad,
    }
    add_event(session, case, step, by, now, device_at=device_at, **{k: v for k, v in said.items() if v})
    news.tell(session, case, now, words)
    session.flush()
    add_audit(session, case, f"case.{step}", by, now)
    if ended:  # by a stop, while the province had it: nobody shall be told to pay
        case.live = False
        take_step(session, case, Step.CLOSE, by=CLOCK, now=now, words=_("已经停保"))
    return case


def _holds(session: Session, case: Case) -> bool:
    """Whether its place is its own still. One SELECT."""
    session.flush()
    return case.id in {one.id for one in in_force.holders(in_force.filings_of(session, case.person_index))}


def _not_there(session: Session, case: Case) -> str:
    """Why what was approved cannot be withdrawn yet: the province has not said that it has it."""
    filed = newest(session, news.aggregate_of(case), news.SUBMIT)
    if filed is not None and filed.refused:
        return _("这份申请没报进省里，还不能撤。请县医保局先在办件里“拿回县里改”，再撤。")
    return _("这份申请正在报给省里，还没有回音。等省里收到了再撤。")


def _nobody_known(case: Case) -> str:
    """Why it cannot be withdrawn while nobody knows the province's number of the person (cases/psn_no.py asks for it)."""
    if not news.certificate(case):
        return _("孩子报的时候没有身份证号，查不到在省里的编号，这里撤不了。请打电话给县医保局，请他们找省里撤。")
    return _("还没从省里查到这个人的编号，现在撤不了。请过一会儿再试；还是不行，请打电话给县医保局，请他们找省里撤。")


def _lands(session: Session, case: Case, rule: Rule) -> State:
    if rule.to is None:
        return State(case.state)
    if rule.step is Step.SUPPLY and case.handler_id is None and not _taken_up(session, case):
        return State.SUBMITTED  # filed incomplete, and nobody has received it yet: it is new at that desk
    if rule.step is Step.CONFIRM and case.family in {"resident_enrol", "newborn_enrol"}:
        return State.PENDING_PAYMENT  # enrolment is not payment: the tax office collects
    return rule.to


def _taken_up(session: Session, case: Case) -> bool:
    """Whether anybody but the filer had it in hand, who may have let go of it since. One SELECT."""
    received = CaseEvent.step.in_((Step.ACCEPT, Step.HAND_UP, Step.APPROVE))
    asked = sa.and_(CaseEvent.step == Step.ASK, CaseEvent.actor_id.is_distinct_from(case.filed_by))
    wanted = sa.select(CaseEvent.id).where(CaseEvent.case_id == case.id, sa.or_(received, asked)).limit(1)
    return session.scalar(wanted) is not None


def _allowed(by: Actor | str, case: Case, rule: Rule) -> bool:
    if not isinstance(by, Actor):
        return by in rule.by
    if rule.step is Step.APPROVE and case.to_county and case.desk == Desk.TOWN:
        return False
    return may_step(by, case, rule)


def _must_be_said(
    step: Step, words: str, basis: str, asked: Sequence[PaperNeed], case: Case, handler_id: str | None
) -> None:
    if max(len(words), len(basis)) > MAX_WORDS:
        raise Refused(_("写得太长了，最多 %(most)s 个字", most=MAX_WORDS), 422)
    if step is Step.ASK and not (asked and words.strip()):
        raise Refused(_("请勾选要补哪些材料，并写清楚跟居民怎么说"), 422)
    if step is Step.REFUSE and not (words.strip() and basis.strip()):
        raise Refused(_("不予办理要写清楚原因，并写上依据"), 422)
    if step is Step.HAND_OVER and (not handler_id or handler_id == case.handler_id):
        raise Refused(_("请选择交给哪位同事"), 422)


def _doubtful(session: Session, case: Case) -> tuple[int, int]:
    rows = session.execute(sa.select(Paper.kind, Paper.state).where(Paper.case_id == case.id))
    return doubtful([(row.kind, row.state) for row in rows])


def doubtful(papers: Sequence[tuple[str, str]]) -> tuple[int, int]:
    """Of papers by kind and state: how many nobody has marked (what was drawn on the screen is nothing to be marked), and how
    many kinds were found unfit with nothing else of the kind at hand."""
    unmarked = sum(state == "received" and kind not in DRAWN for kind, state in papers)
    at_hand = {kind for kind, state in papers if state in {"received", "fit"}}
    return unmarked, len({kind for kind, state in papers if state == "unfit"} - at_hand)


def asked_papers(events: Sequence[CaseEvent]) -> list[dict[str, str]]:
    """What the last request asked for: kind and name of each paper."""
    asks = [event for event in events if event.step == Step.ASK]
    return list(asks[-1].details.get("asked", [])) if asks else []


# Lapsing, correcting, revoking


def lapse_overdue(session: Session, now: datetime, limit: int = 200) -> list[str]:
    """Withdraw what was asked for and never brought; the receipts' numbers. To be run daily."""
    today = clock.local_date(now)
    wanted = sa.select(Case).where(
        Case.desk.is_not(None), Case.state == State.NEEDS_SUPPLEMENT, Case.supplement_due_on < today
    )
    lapsed = list(session.scalars(wanted.order_by(Case.id).limit(limit).with_for_update()))
    for case in lapsed:
        take_step(session, case, Step.LAPSE, by=CLOCK, now=now)
    return [case.ref for case in lapsed]


def close_unpaid(session: Session, now: datetime, limit: int = 200) -> tuple[int, int]:
    """End the enrolments whose time to pay is over: how many were looked at, how many ended. To be run daily, until none is
    looked at."""
    looked, ended = payment.run_out(session, now, limit)
    for case in ended:
        take_step(session, case, Step.CLOSE, by=CLOCK, now=now)
    session.flush()
    return looked, len(ended)


def answers_to_correct(case: Case, now: datetime) -> dict[str, Any]:
    """What a correcting draft begins with: what the form asked for, but what each filing must say anew. What followed from
    the answers (sex and birth from a number, the last day, codes) follows from the corrected ones again."""
    anew = {"promise", "notice_version", "grdn_consent", "commit_mark", "ident_by"}
    at_a_counter = Circumstances(now=now, today=clock.local_date(now), by_role=str(Role.HELPER))
    form: Any = FAMILIES[case.item_no].check(case.item_no, case.answers, at_a_counter).form
    asked = {name for name in form.shape.model_fields if form.shown(name)}
    return {name: value for name, value in case.answers.items() if name in asked - anew and value is not None}


def revoke(session: Session, authorisation: Authorisation, *, by: Actor, case: Case, now: datetime) -> None:
    """Take an authorisation back; from now on its agent files nothing more for this person (cases/gathering.py: taken_back)."""
    if not reaches(by, case):
        raise Refused(_("这一步不归您的岗位办"), 403)
    if authorisation.revoked_at is None:
        authorisation.revoked_at, authorisation.revoked_by = now, by.account_id
        add_event(session, case, "revoke", by, now)
        case.version += 1
        session.flush()
        add_audit(session, case, "authorisation.revoke", by, now)


def no_more_messages(session: Session, case: Case, *, by: Actor | str, now: datetime) -> bool:
    """Take the consent to short messages back; the case goes on. Whether there was one."""
    if isinstance(by, Actor) and not reaches(by, case):
        raise Refused(_("这一步不归您的岗位办"), 403)
    wanted = (Consent.case_id == case.id, Consent.kind == "sms", Consent.withdrawn_at.is_(None))
    held = session.scalars(sa.select(Consent).where(*wanted)).all()
    for one in held:
        one.withdrawn_at = now
    if held:
        add_event(session, case, "no_sms", by, now)
        case.version += 1
        session.flush()
        add_audit(session, case, "consent.withdraw", by, now)
    return bool(held)


# Reveal


def reveal(session: Session, case: Case, field: str, purpose: str, *, by: Actor, now: datetime) -> str:
    """One full value, for a purpose that is written down with who asked and when. Raises Refused.

    field    one of SUBJECT_FIELDS, or answers.<name> of what was filled in.
    """
    if not (may(by, Action.REVEAL) and reaches(by, case)):
        raise Refused(_("您的岗位不能查看完整信息"), 403)
    if not PURPOSE_LENGTH[0] <= len(purpose.strip()) <= PURPOSE_LENGTH[1]:
        raise Refused(_("请写明为什么要看，2 到 60 个字"), 422)
    of_answers = field.removeprefix("answers.") if field.startswith("answers.") else None
    known = of_answers in case.answers if of_answers else field in SUBJECT_FIELDS
    if not known:
        raise Refused(_("没有这一项"), 404)
    audit.record(
        session,
        county_code=case.county_code,
        actor_id=by.account_id,
        actor_role=str(by.role),
        action="case.reveal",
        about=("case", case.id),
        purpose=purpose.strip(),
        facts={"field": field},
        now=now,
    )
    return str((case.answers if of_answers else case.subject).get(of_answers or field) or "")


# Papers, the code of the receipt


def mark_paper(session: Session, case: Case, paper: Paper, fit: bool, *, by: Actor, now: datetime) -> None:
    """Say of a paper that it will do, or will not. It moves `version`: nobody approves past a mark they have not seen. Raises
    Refused."""
    here = reaches(by, case) and Action.ACCEPT in MAY[by.role] and case.desk is not None
    if not here:
        raise Refused(_("这一步不归您的岗位办"), 403)
    state = "fit" if fit else "unfit"
    if paper.case_id != case.id or paper.state not in {"received", "fit", "unfit"}:
        raise Refused(_("没有这一项"), 404)
    if paper.state != state:
        paper.state = state
        case.version += 1
        add_event(session, case, f"paper_{state}", by, now, paper=paper.kind)
        add_audit(session, case, f"paper.{state}", by, now)


def still_missing(session: Session, case: Case) -> list[str]:
    """Names of the papers that were asked for and have not come since. At most two SELECTs."""
    wanted = sa.select(CaseEvent).where(CaseEvent.case_id == case.id, CaseEvent.step == Step.ASK)
    asks = session.scalars(wanted.order_by(CaseEvent.seq)).all()
    if not asks:
        return []
    at_hand = session.execute(
        sa.select(Paper.kind, Paper.at).where(Paper.case_id == case.id, Paper.state.in_(("received", "fit")))
    ).all()
    return missing_of(asks, [(kind, at) for kind, at in at_hand])


def missing_of(events: Sequence[CaseEvent], at_hand: Sequence[tuple[str, datetime]]) -> list[str]:
    """The same of what was read already: kind and moment of each paper that will do."""
    return [one["name"] for one in not_yet_here(events, at_hand)]


def not_yet_here(events: Sequence[CaseEvent], at_hand: Sequence[tuple[str, datetime]]) -> list[dict[str, str]]:
    """Kind and name of what the last request asked for and did not come after it."""
    asks = [event for event in events if event.step == Step.ASK]
    came = {kind for kind, at in at_hand if asks and at >= asks[-1].at}
    return [one for one in asked_papers(events) if one["kind"] not in came]


def new_follow_code(session: Session, case: Case, *, by: Actor, now: datetime) -> str:
    """Another code beside the receipt number, for a resident who is there and has lost it; the old one is dead."""
    if not (may(by, Action.FILE_CASE) and reaches(by, case)):
        raise Refused(_("这一步不归您的岗位办"), 403)
    code = receipts.new_code()
    case.follow_hash = receipts.follow_hash(keys_of(session), case.ref, code)
    add_event(session, case, "new_code", by, now)
    add_audit(session, case, "case.new_code", by, now)
    return code


# The same request a second time


def done_before(session: Session, op_id: str, request: dict[str, str], by: Actor | None) -> bool:
    """Whether this very operation was done already. Raises Refused for the same id with other content or in other hands."""
    return said_before(session, op_id, request, by) is not None


def said_before(session: Session, op_id: str, request: dict[str, str], by: Actor | None) -> dict[str, str] | None:
    """What this very operation was answered, when it was done already. Raises Refused as done_before."""
    kept = session.get(KeptOperation, op_id)
    if kept is None:
        return None
    if kept.sha256 != fingerprint(request) or kept.actor_id != (by.account_id if by else None):
        raise Refused(_("这份申请刚被改过，请看过新内容再提交"))
    return dict(kept.answer)


def remember(
    session: Session,
    op_id: str,
    request: dict[str, str],
    case: Case,
    by: Actor | None,
    now: datetime,
    **more: str,
) -> None:
    """Note that it was done, in the same transaction. more: what to say again beside the receipt's number."""
    session.add(
        KeptOperation(
            op_id=op_id,
            county_code=case.county_code,
            actor_id=by.account_id if by else None,
            sha256=fingerprint(request),
            case_id=case.id,
            answer={"ref": case.ref} | more,
            at=now,
        )
    )
    session.flush()
