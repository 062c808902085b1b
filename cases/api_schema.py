"""What other programs send and get under /api/v1/cases. Room `cases`, floor 4. No database.

The answers of a form are not spelt out here: their rules travel by GET /api/v1/forms/<item>.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from cases.filing import Level
from cases.handling_schema import Words
from cases.models import Desk, State
from cases.queries import MAX_PAGES, Tab
from cases.transitions import Step
from common.forms import Ask
from common.i18n import lazy_gettext as _l
from services_catalog.models import MAX_ITEM_NO

Channel = Literal["window", "assisted", "door_to_door", "self_service"]
ByHand = Literal["accept", "ask", "supply", "hand_up", "hand_over", "approve", "refuse", "withdraw", "recall", "paid"]
ItemNo = Annotated[int, Field(ge=1, le=MAX_ITEM_NO)]
Name = Annotated[str, StringConstraints(max_length=40)]


# Sent


class FilingIn(BaseModel):
    """A filled-in form. `answers`: field → text, true, or a list of texts, as in the form's own rules; places by code.
    `confirmed`: fields whose warnings the person has confirmed. `draft`: whose papers go with it; it ends."""

    item_no: Annotated[ItemNo, Ask(_l("事项"), wrong=_l("没有这个事项，请从单子里选。"))]
    answers: Annotated[dict[str, Any], Ask(_l("填的内容"))]
    channel: Annotated[Channel, Ask(_l("怎么办"), widget="choice")] = "window"
    confirmed: Annotated[list[Name], Field(max_length=40), Ask(_l("确认过的提醒"))] = []
    draft: Annotated[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")] | None, Ask(_l("草稿"))] = None


class StepIn(BaseModel):
    """One step of a case. `version`: of the case as it was seen. `asked`: kinds of papers; `handler`: an account's id; `unseen`: papers
    that nobody has marked fit or unfit, `unfit`: kinds of papers that will not do, when it shall be approved all the same."""

    step: Annotated[ByHand, Ask(_l("这一步"), widget="choice")]
    version: Annotated[Annotated[int, Field(ge=1, le=10**6)], Ask(_l("版本"))]
    words: Annotated[Words, Ask(_l("跟居民怎么说"))] = ""
    basis: Annotated[Words, Ask(_l("依据"))] = ""
    asked: Annotated[list[Name], Field(max_length=40), Ask(_l("要补的材料"))] = []
    other: Annotated[Name, Ask(_l("别的材料"))] = ""
    handler: Annotated[Annotated[str, StringConstraints(max_length=32)] | None, Ask(_l("交给谁"))] = None
    unseen: Annotated[Annotated[int, Field(ge=0, le=1000)], Ask(_l("没标是否合格的材料"))] = 0
    unfit: Annotated[Annotated[int, Field(ge=0, le=1000)], Ask(_l("不合格的材料"))] = 0


class QueueQuery(BaseModel):
    """Which part of the desk."""

    tab: Annotated[Tab, Ask(_l("哪一类"), widget="choice")] = Tab.ALL
    item: Annotated[ItemNo | None, Ask(_l("事项"), wrong=_l("没有这个事项，请从单子里选。"))] = None
    page: Annotated[Annotated[int, Field(ge=1, le=MAX_PAGES)], Ask(_l("第几页"))] = 1


# Answered


class RemarkOut(BaseModel):
    """A sentence that does not forbid filing. warn: to be confirmed; exit: no case is needed; handup: the county decides."""

    level: Level
    field: str
    words: str


class Unfit(BaseModel):
    """It cannot be filed so: field → sentence, "form" for the whole, and what else is to be said."""

    errors: dict[str, str]
    remarks: list[RemarkOut] = []


class NeedOut(BaseModel):
    """A paper that the filing needs."""

    kind: str
    name: str
    by_later: bool
    instead: str
    due: date | None
    only_shown: bool


class CheckedOut(BaseModel):
    """What filing it now would say. `ok`: it would be taken."""

    ok: bool
    errors: dict[str, str]
    remarks: list[RemarkOut]
    papers: list[NeedOut]
    missing: list[str]


class Filed(BaseModel):
    """The receipt: number, and the code by which the resident follows it."""

    ref: str
    code: str
    state: State
    remarks: list[RemarkOut]


class Stepped(BaseModel):
    """Where the case stands now."""

    ref: str
    state: State
    desk: Desk | None
    version: int


class CaseRow(BaseModel):
    """A case in a list; the name is masked."""

    ref: str
    item_no: int
    name: str
    state: State
    desk: Desk | None
    version: int
    station_code: str
    station: str
    filed_at: datetime
    due_on: date | None
    due_estimated: bool
    supplement_due_on: date | None


class QueuePage(BaseModel):
    """One page of the desk. `counts`: of each tab, 1000 meaning that many or more."""

    tab: Tab
    page: int
    more: bool
    counts: dict[Tab, int]
    cases: list[CaseRow]


class SubjectOut(BaseModel):
    """Whom it is about, masked."""

    name: str
    number: str
    phone: str


class AnswerOut(BaseModel):
    """One answer in words; what is personal is masked."""

    label: str
    words: str


class SectionOut(BaseModel):
    """One heading of the form."""

    title: str
    answers: list[AnswerOut]


class PaperOut(BaseModel):
    """A paper that was handed in."""

    id: str
    kind: str
    name: str
    state: str
    at: datetime


class EventOut(BaseModel):
    """Something that happened to the case."""

    seq: int
    step: str
    state: State
    at: datetime
    by: str
    words: str
    basis: str
    asked: list[str]


class CaseOut(CaseRow):
    """A case whole. `steps`: what may be done with it now, by whoever asks."""

    channel: str
    county_code: str
    town_code: str
    starts_on: date | None
    ends_on: date | None
    subject: SubjectOut
    sections: list[SectionOut]
    papers: list[PaperOut]
    events: list[EventOut]
    steps: list[Step]


class FormRow(BaseModel):
    """An item that has a form."""

    item_no: int
    family: str
    version: int


class FormList(BaseModel):
    """The items that can be filed here."""

    forms: list[FormRow]
