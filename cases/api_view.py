"""Cases as JSON: rows, one case whole, what a check says. Names and numbers masked. Room `cases`, floor 4."""

from collections.abc import Iterable, Sequence
from typing import Any

from accounts.policy import Actor
from cases import handling, operations, words
from cases.api_schema import (
    AnswerOut,
    CaseOut,
    CaseRow,
    CheckedOut,
    EventOut,
    NeedOut,
    PaperOut,
    QueuePage,
    RemarkOut,
    SectionOut,
    SubjectOut,
)
from cases.filing import Checked, PaperNeed, Remark
from cases.models import Case, CaseEvent, State
from cases.queries import File, Queue


def remarks(said: Iterable[Remark]) -> list[RemarkOut]:
    """In the order in which the form makes them."""
    return [RemarkOut(level=one.level, field=one.field, words=one.words) for one in said]


def checked(found: Checked) -> CheckedOut:
    """What the form says, as filing it would have it: a warning that nobody confirmed stands in the way."""
    return CheckedOut(
        ok=found.ok and not found.to_confirm,
        errors=found.errors,
        remarks=remarks(found.remarks),
        papers=[_need(one) for one in found.papers],
        missing=[one.kind for one in found.missing],
    )


def _need(need: PaperNeed) -> NeedOut:
    return NeedOut(
        kind=need.kind,
        name=need.name,
        by_later=need.by_later,
        instead=need.instead,
        due=need.due,
        only_shown=need.only_shown,
    )


def queue(found: Queue) -> QueuePage:
    """One page of the desk."""
    return QueuePage(
        tab=found.tab,
        page=found.number,
        more=found.more,
        counts=found.counts,
        cases=[CaseRow(**_row(case, found.stations[case.station_code])) for case in found.cases],
    )


def _row(case: Case, station: str) -> dict[str, Any]:
    return {
        "ref": case.ref,
        "item_no": case.item_no,
        "name": case.subject["masked_name"],
        "state": case.state,
        "desk": case.desk,
        "version": case.version,
        "station_code": case.station_code,
        "station": station,
        "filed_at": case.filed_at,
        "due_on": case.due_on,
        "due_estimated": case.due_estimated,
        "supplement_due_on": case.supplement_due_on,
    }


def one_case(file: File, divisions: Any, by: Actor) -> CaseOut:
    """The whole of it."""
    case, asked = file.case, operations.asked_papers(file.events)
    subject = case.subject
    return CaseOut(
        **_row(case, file.station_name),
        channel=case.channel,
        county_code=case.county_code,
        town_code=case.town_code,
        starts_on=case.starts_on,
        ends_on=case.ends_on,
        subject=SubjectOut(name=subject["masked_name"], number=subject["masked_number"], phone=subject["masked_phone"]),
        sections=[
            SectionOut(title=part.title, answers=[AnswerOut(label=one.label, words=one.words) for one in part.answers])
            for part in words.sections_of(case, divisions)
        ],
        papers=[
            PaperOut(id=one.id, kind=one.kind, name=words.paper_name(one.kind, asked), state=one.state, at=one.at)
            for one in file.papers
        ],
        events=_events(case, file.events),
        steps=handling.steps_now(by, case, file.synced.filed),
    )


def _events(case: Case, events: Sequence[CaseEvent]) -> list[EventOut]:
    return [
        EventOut(
            seq=one.seq,
            step=one.step,
            state=State(one.state),
            at=one.at,
            by=one.actor_name or one.actor_role,
            words=handling.event_words(one, case),
            basis=str((one.details or {}).get("basis", "")),
            asked=[str(paper["name"]) for paper in (one.details or {}).get("asked", [])],
        )
        for one in events
    ]
