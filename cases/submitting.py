"""Submitting a form: from what was typed to a case with its papers, authorisation and consents. Room `cases`, floor 4.

Never commits. What the form forbids raises NotFit with the checked form, to be shown again; what the rules forbid, Refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from accounts.policy import Action, Actor, Role, may
from cases import deadlines, in_force, news, receipts
from cases.admission import unreachable
from cases.agent import EVIDENCE
from cases.drafts import Refused
from cases.families import FAMILIES
from cases.filing import Checked, Level, PaperNeed, Remark
from cases.gathering import gather, person_index, rules_for
from cases.masks import sealed_subject
from cases.models import WITH_CASE, Authorisation, Case, Consent, Desk, Draft, KeptOperation, Paper, State
from cases.national import DRAWN
from cases.papers import SIGNATURE
from cases.trail import add_audit, add_event
from cases.transitions import Step
from common import clock
from common.editions import working_days
from common.i18n import gettext as _
from common.ids import new_id
from common.sealing import fingerprint, keys_of
from services_catalog.queries import catalogue
from stations import queries as stations

NOTICE_VERSION = 1
MARK = "commit_mark"  # how the person confirmed the promise
TOO_LATE = frozenset({"papers", "grdn_relation", "is_student"})  # hints that are of no use once it is filed


class NotFit(Exception):
    """The form cannot be submitted as it is. `checked` says why, field by field."""

    def __init__(self, checked: Checked):
        super().__init__(
            "the form cannot be submitted: " + ", ".join([*checked.errors, *("exit",) * bool(checked.exit)])
        )
        self.checked = checked


@dataclass(frozen=True)
class Submitted:
    """What the counter tells the resident. `code` stands on the receipt once and is nowhere kept in clear."""

    ref: str
    code: str
    replayed: bool = False
    state: State = State.SUBMITTED  # as it was filed
    remarks: tuple[Remark, ...] = ()


# Submit


def check_draft(session: Session, draft: Draft, *, now: datetime, by: Actor | None, **more: Any) -> Checked:
    """What the form says of a draft as it stands. Pure but for gathering (at most six SELECTs)."""
    papers = papers_at_hand(session, draft)
    return check(session, draft.item_no, draft.answers, draft.station_code, papers, now=now, by=by, **more)


def papers_at_hand(session: Session, draft: Draft) -> dict[str, datetime]:
    """Which kinds of papers were handed in for it already, and when the newest of each came."""
    wanted = sa.select(Paper.kind, sa.func.max(Paper.at)).where(Paper.draft_id == draft.id, Paper.state != "removed")
    return {row.kind: row[1] for row in session.execute(wanted.group_by(Paper.kind))}


def check(
    session: Session,
    item_no: int,
    typed: Any,
    station_code: str | None,
    papers: Mapping[str, datetime],
    *,
    now: datetime,
    by: Actor | None,
    **more: Any,
) -> Checked:
    """As check_draft, for what was typed elsewhere (JSON door, phone). papers: kind → when it came. ValueError for an item
    without a form."""
    family = FAMILIES.get(item_no)
    if family is None:
        raise ValueError(f"item {item_no} has no form yet")
    facts: dict[str, Any] = {
        "item_no": item_no,
        "now": now,
        "station_code": station_code,
        "by": by,
        "papers": frozenset(papers),
        "insured_at": _county(typed.get("insu_admdvs")),
    } | more
    checked = family.check(item_no, typed, gather(session, **facts))
    if by and checked.subject is not None and _number(checked) is not None:
        # Whom it is about is known only now: again, against what that person has live already. Not for a browser at home:
        # whoever knows a number would learn what its owner has filed. The counter hears it.
        said = checked.answers
        whose: dict[str, Any] = {"certno": _number(checked), "guardian": said.get("grdn_certno")}
        shown_at = papers.get(EVIDENCE.get(str(said.get("auth_kind")), ""))
        whose |= {"agent": said.get("agnter_certno"), "shown_at": shown_at}
        checked = family.check(item_no, typed, gather(session, **whose, **facts))
    if by and _drawn(checked) and not checked.exit and not papers.keys() & set(DRAWN):
        checked.form.errors.setdefault(MARK, _("还没签字：请在框里写名字，再按“存好并上传”"))
    return checked


def _drawn(checked: Checked) -> bool:
    """Whether the person is said to have signed on the screen."""
    said: dict[str, Any] = getattr(checked.form, "said", {})
    return said.get(MARK) == SIGNATURE


def _county(typed: Any) -> str | None:
    return typed if isinstance(typed, str) and re.fullmatch(r"37[0-9]{4}", typed) else None


def _number(checked: Checked) -> str | None:
    return (checked.subject and checked.subject.certno) or checked.answers.get("birth_cert_no")


def replay(session: Session, op_id: str, request_sha: str, by: Actor | None) -> Submitted | None:
    """The first answer to this operation, when it was done already. Raises Refused for the same id with other content,
    or in other hands."""
    kept = session.get(KeptOperation, op_id)
    if kept is None:
        return None
    if kept.sha256 != request_sha or kept.actor_id != (by.account_id if by else None):
        raise Refused(_("这份申请已经用别的内容交过，请到办件里看"), 409)
    return kept_answer(kept)


def kept_answer(kept: KeptOperation) -> Submitted:
    """What was said when it was done."""
    said = kept.answer
    remarks = tuple(Remark(Level(level), field, words) for level, field, words in said.get("remarks", ()))
    return Submitted(said["ref"], said["code"], True, State(said.get("state", State.SUBMITTED)), remarks)


def submit(
    session: Session,
    *,
    op_id: str,
    item_no: int,
    typed: Any,
    by: Actor,
    now: datetime,
    request_sha: str,
    draft: Draft | None = None,
    channel: str = "window",
    own_mobile: str | None = None,
    known: Any = None,
    unreachable: bool = False,
    confirmed: frozenset[str] = frozenset(),
) -> Submitted:
    """File a case: answers frozen, papers and authorisation with it, event, audit and the kept answer in one transaction.

    Called again with the same op_id it gives the same answer. Raises NotFit, Refused. The caller runs it in
    common.db.done_once: two at the same moment become one case.
    """
    done = replay(session, op_id, request_sha, by)
    if done:
        return done
    if not may(by, Action.FILE_CASE) or by.station_code is None:
        raise Refused(_("您的岗位不能替居民提交申请"), 403)
    station = stations.station(session, by.station_code)
    if station is None:
        raise Refused(_("您的岗位所在站点已经不在名单里，请找管理员"), 403)
    at_hand = list(session.scalars(sa.select(Paper).where(Paper.draft_id == draft.id))) if draft else []
    at_hand = [paper for paper in at_hand if paper.state != "removed"]
    checked = check(
        session,
        item_no,
        typed,
        by.station_code,
        {paper.kind: paper.at for paper in sorted(at_hand, key=lambda paper: paper.at)},
        now=now,
        by=by,
        channel=channel,
        own_mobile=own_mobile,
        known=known,
        unreachable=unreachable,
        confirmed=confirmed,
        lock=True,
    )
    if not checked.ok or checked.subject is None or checked.to_confirm:
        done = replay(session, op_id, request_sha, by)  # the same request may have filed it since we looked
        if done:
            return done
        raise NotFit(checked)

    missing = list(checked.missing)
    case = _new_case(session, checked, item_no, station.code, station.town_code, channel, by, now, bool(missing))
    case.corrects_id = draft.corrects_id if draft else None
    case.answers_sha256 = fingerprint(case.answers)
    code = receipts.new_code()
    case.follow_hash = receipts.follow_hash(keys_of(session), case.ref, code)
    form: Any = checked.form
    in_force.make_room(session, case, {one.ref for one in form.about.at.live})
    session.add(case)
    session.flush()

    for paper in at_hand:
        paper.case_id, paper.draft_id, paper.county_code = case.id, None, case.county_code
    session.add_all(_authorisations(checked, case, at_hand, now))
    session.add_all(_consents(session, checked, case, now))
    add_event(session, case, "submit", by, now, seq=1, told=_told(checked))
    if missing:
        add_event(session, case, Step.ASK, by, now, seq=2, asked=[as_asked(need) for need in missing])
    if draft is not None:
        session.delete(draft)
    session.add(
        KeptOperation(
            op_id=op_id,
            county_code=case.county_code,
            actor_id=by.account_id,
            sha256=request_sha,
            case_id=case.id,
            answer={
                "ref": case.ref,
                "code": code,
                "state": case.state,
                "remarks": [[one.level, one.field, one.words] for one in checked.remarks],
            },
            at=now,
        )
    )
    news.tell(session, case, now)
    session.flush()
    add_audit(session, case, "case.submit", by, now)
    return Submitted(case.ref, code, False, State(case.state), checked.remarks)


def _told(checked: Checked) -> list[str]:
    """What matters to the resident once it is done, for the receipt. That the province did not answer is over by then."""
    hints = (one for one in checked.remarks if one.level is Level.INFO and one.field not in TOO_LATE)
    return [one.words for one in hints if one.words != unreachable()]


def _new_case(
    session: Session,
    checked: Checked,
    item_no: int,
    station_code: str,
    town_code: str,
    channel: str,
    by: Actor,
    now: datetime,
    incomplete: bool,
) -> Case:
    subject = checked.subject
    if subject is None:
        raise ValueError("a case is about somebody")
    keys, today, days = keys_of(session), clock.local_date(now), working_days(session)
    item = catalogue(session).items[item_no]
    last = deadlines.due(days, today, item.promised, item.statutory)
    at_town = by.role is Role.CLERK
    state, desk = (State.ACCEPTED, Desk.TOWN) if at_town else (State.SUBMITTED, Desk.TOWN)
    if checked.to_county and at_town:
        state, desk = State.SUBMITTED, Desk.COUNTY
    if incomplete:
        state = State.NEEDS_SUPPLEMENT
    number = _number(checked) or new_id()
    phone = subject.mobile or subject.contact_tel
    guardian = checked.answers.get("grdn_certno")
    family = FAMILIES[item_no]
    return Case(
        id=new_id(),
        county_code=str(checked.answers.get("insu_admdvs") or by.county_code)[:6],
        ref=_free_ref(session),
        item_no=item_no,
        family=family.name,
        form_version=family.version,
        station_code=station_code,
        town_code=town_code,
        channel=channel,
        state=state,
        desk=desk,
        live=True,
        live_key=checked.live_key or f"{item_no}:{new_id()[:12]}",
        version=1,
        person_index=person_index(session, number),
        phone_index=keys.index(phone, "phone") if phone else None,
        guardian_index=person_index(session, guardian) if guardian else None,
        subject=sealed_subject(subject),
        answers=checked.answers,
        identity_how=str(checked.answers.get("ident_by") or "original"),
        identity_checked_by=by.account_id,
        filed_by=by.account_id,
        handler_id=by.account_id if at_town and desk is Desk.TOWN else None,
        filed_at=now,
        state_at=now,
        due_on=last.promised,
        statutory_due_on=last.statutory,
        due_estimated=last.estimated,
        supplement_due_on=supplement_due(session, now, by.county_code) if incomplete else None,
        starts_on=checked.starts_on,
        ends_on=checked.ends_on,
        to_county=checked.to_county,
    )


def _free_ref(session: Session) -> str:
    while True:  # 2.2e10 numbers: once, practically
        ref = receipts.new_ref()
        if session.scalar(sa.select(Case.id).where(Case.ref == ref)) is None:
            return ref


def _authorisations(checked: Checked, case: Case, papers: Sequence[Paper], now: datetime) -> list[Authorisation]:
    """As far as it was given, and no further: without a last day it ends with the case. Nobody gives one for the dead."""
    said = checked.answers
    if not said.get("agnter_name") or not said.get("auth_kind"):
        return []
    shown = [paper for paper in papers if paper.kind == EVIDENCE.get(said["auth_kind"])]
    evidence = max(shown, key=lambda paper: paper.at, default=None)
    names = ("agnter_name", "agnter_cert_type", "agnter_certno", "agnter_tel", "agnter_addr", "agnter_rlts")
    return [
        Authorisation(
            county_code=case.county_code,
            case_id=case.id,
            person_index=case.person_index,
            kind=str(said["auth_kind"]),
            agent={name: said.get(name) for name in names},
            items=",".join(str(no) for no in said.get("auth_items") or [case.item_no]),
            starts_on=_day(said.get("auth_from")) or clock.local_date(now),
            ends_on=_day(said.get("auth_to")) or WITH_CASE,
            evidence_paper_id=evidence.id if evidence else None,
            made_at=now,
        )
    ]


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


def _consents(session: Session, checked: Checked, case: Case, now: datetime) -> list[Consent]:
    said = checked.answers
    who = "guardian" if said.get("grdn_name") else "agent" if said.get("agnter_name") else "self"
    own = said.get(
        "certno"
    )  # a newborn is filed under its birth certificate: by these it is found by its own number too
    given = {"notice": True, "sms": said.get("sms_ok"), "guardian": said.get("grdn_consent")}
    return [
        Consent(
            county_code=case.county_code,
            case_id=case.id,
            person_index=person_index(session, own) if own else case.person_index,
            kind=kind,
            notice_version=NOTICE_VERSION,
            given_by="guardian" if kind == "guardian" else who,
            at=now,
        )
        for kind, yes in given.items()
        if yes
    ]


def supplement_due(session: Session, now: datetime, county_code: str) -> date:
    """By when missing papers must come, as the city has it."""
    rules = rules_for(session, county_code[:4] + "00", clock.local_date(now))
    return working_days(session).after(clock.local_date(now), rules.supplement_wd).date


def as_asked(need: PaperNeed) -> dict[str, str]:
    """A paper that was asked for, as an event keeps it."""
    return {"kind": need.kind, "name": need.name}
