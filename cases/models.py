"""Tables of the cases room: drafts, cases, their events, papers, authorisations, and which operations were done already.

county_code leads every table (the insuring county decides); whatever is personal is sealed; what must be found is a
keyed hash of the full value (common/sealing.py).
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model, new_id
from common.sealing import SealedJson


class State(StrEnum):
    """Where a case stands. Which step leads where: cases/transitions.py."""

    SUBMITTED = "submitted"  # 已提交
    ACCEPTED = "accepted"  # 已受理
    IN_REVIEW = "in_review"  # 审核中, at the county
    NEEDS_SUPPLEMENT = "needs_supplement"  # 等居民补材料
    APPROVED = "approved"  # 已通过，待省平台确认
    PENDING_PAYMENT = "pending_payment"  # 待缴费
    DONE = "done"  # 办好了
    REFUSED = "refused"  # 没办成
    WITHDRAWN = "withdrawn"  # 已撤回


OPEN_STATES = (State.SUBMITTED, State.ACCEPTED, State.IN_REVIEW, State.NEEDS_SUPPLEMENT)


class Desk(StrEnum):
    """Who has to act next."""

    TOWN = "town"
    COUNTY = "county"


class Draft(Model):
    """A form not yet submitted: a helper's, or a resident's own (`code_index`). Resumed on any device."""

    __tablename__ = "case_draft"
    __table_args__ = (
        sa.Index(None, "account_id", "updated_at"),
        sa.Index(None, "code_index", "expires_at"),
        sa.Index(None, "expires_at"),
    )

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    item_no: Mapped[int]
    account_id: Mapped[str | None] = mapped_column(sa.String(32))  # NULL: a resident at home
    station_code: Mapped[str | None] = mapped_column(sa.String(24))
    code_index: Mapped[str | None] = mapped_column(sa.String(32))  # of the six digits told to the resident
    key_hash: Mapped[str | None] = mapped_column(sa.String(64))  # of the secret in the resident's cookie
    answers: Mapped[Any] = mapped_column(SealedJson("case_draft.answers"))  # field → what was typed, right or wrong
    version: Mapped[int]
    op_id: Mapped[str] = mapped_column(sa.String(32))  # of the submit it will become
    corrects_id: Mapped[str | None] = mapped_column(sa.String(32))  # the case that was withdrawn for it
    made_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    expires_at: Mapped[datetime]


def _open_index(name: str, *columns: str) -> sa.Index:
    """An index over open cases: those that lie on a desk."""
    lies = sa.text("desk IS NOT NULL")
    return sa.Index(name, *columns, sqlite_where=lies, postgresql_where=lies)


class Case(Model):
    """One filing of one item for one person."""

    __tablename__ = "case_file"
    __table_args__ = (
        # One live case per person and subject matter: the database, not a check, forbids the second.
        sa.Index(
            "uq_case_file_live",
            "person_index",
            "live_key",
            unique=True,
            sqlite_where=sa.text("live"),
            postgresql_where=sa.text("live"),
        ),
        # The queues: open cases only, so that years of closed ones cost them nothing. One index in the order people read
        # them in, one by state for the tabs and their counts; each for a county's desk and for a town's.
        _open_index("ix_case_file_county", "county_code", "desk", "due_on", "id"),
        _open_index("ix_case_file_county_state", "county_code", "desk", "state", "due_on", "id"),
        _open_index("ix_case_file_town", "town_code", "desk", "due_on", "id"),
        _open_index("ix_case_file_town_state", "town_code", "desk", "state", "due_on", "id"),
        _open_index("ix_case_file_station", "station_code", "due_on", "id", "state", "desk", "filed_by"),
        _open_index("ix_case_file_handler", "handler_id", "desk", "due_on", "id", "county_code", "town_code"),
        _open_index("ix_case_file_lapse", "supplement_due_on"),
        sa.Index(None, "person_index"),
        sa.Index(None, "phone_index"),
        sa.Index(
            "ix_case_file_over",
            "state_at",
            sqlite_where=sa.text("desk IS NULL"),
            postgresql_where=sa.text("desk IS NULL"),
        ),
    )

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))  # where the person is insured
    ref: Mapped[str] = mapped_column(sa.String(12), unique=True)  # K7M24Q9P: shown as K7M2-4Q9P
    item_no: Mapped[int]
    family: Mapped[str] = mapped_column(sa.String(20))
    form_version: Mapped[int]
    station_code: Mapped[str] = mapped_column(sa.String(24))
    town_code: Mapped[str] = mapped_column(sa.String(9))
    channel: Mapped[str] = mapped_column(sa.String(16))
    state: Mapped[str] = mapped_column(sa.String(20))
    desk: Mapped[str | None] = mapped_column(sa.String(10))  # who acts next; NULL: nobody, it is over
    live: Mapped[bool]  # counts against a second filing of the same
    live_key: Mapped[str] = mapped_column(sa.String(40))
    version: Mapped[int]  # moves with every step: two clerks at once
    person_index: Mapped[str] = mapped_column(sa.String(32))
    phone_index: Mapped[str | None] = mapped_column(sa.String(32))
    guardian_index: Mapped[str | None] = mapped_column(sa.String(32), index=True)  # to notice twins
    subject: Mapped[Any] = mapped_column(
        SealedJson("case_file.subject")
    )  # as cases/filing.py: Subject, masked forms too
    answers: Mapped[Any] = mapped_column(SealedJson("case_file.answers"))
    answers_sha256: Mapped[str] = mapped_column(sa.String(64))
    identity_how: Mapped[str] = mapped_column(sa.String(16))  # original, e_code, card_read, seen_on_video
    identity_checked_by: Mapped[str] = mapped_column(sa.String(32))
    filed_by: Mapped[str] = mapped_column(sa.String(32))  # account
    handler_id: Mapped[str | None] = mapped_column(sa.String(32))  # who has taken it up
    filed_at: Mapped[datetime]
    state_at: Mapped[datetime]
    due_on: Mapped[date | None] = mapped_column(sa.Date)  # promised, moved on by every wait; NULL while it waits
    statutory_due_on: Mapped[date | None] = mapped_column(sa.Date)
    due_estimated: Mapped[bool]
    days_left: Mapped[int | None]  # working days left when the clock stopped
    supplement_due_on: Mapped[date | None] = mapped_column(
        sa.Date
    )  # the resident's last day: to bring papers, or to pay
    starts_on: Mapped[date | None] = mapped_column(sa.Date)
    ends_on: Mapped[date | None] = mapped_column(sa.Date)
    to_county: Mapped[bool]
    follow_hash: Mapped[str] = mapped_column(sa.String(64))  # of the code beside the receipt number
    corrects_id: Mapped[str | None] = mapped_column(sa.String(32))
    province_sn: Mapped[str | None] = mapped_column(sa.String(30))  # trt_dcla_detl_sn, while the filing lies there


class CaseEvent(Model):
    """One step of a case: who, when, where from, where to, and what was said. Rows are added, never changed."""

    __tablename__ = "case_event"
    __table_args__ = (sa.UniqueConstraint("case_id", "seq"),)

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    case_id: Mapped[str] = mapped_column(sa.ForeignKey("case_file.id"))
    seq: Mapped[int]
    step: Mapped[str] = mapped_column(sa.String(24))
    state: Mapped[str] = mapped_column(sa.String(20))  # after it
    desk: Mapped[str | None] = mapped_column(sa.String(10))
    at: Mapped[datetime]
    device_at: Mapped[datetime | None]
    actor_id: Mapped[str | None] = mapped_column(sa.String(32))  # NULL: the resident, or the province
    actor_role: Mapped[str] = mapped_column(sa.String(20))
    actor_name: Mapped[str | None] = mapped_column(sa.String(60))
    station_code: Mapped[str | None] = mapped_column(sa.String(24))
    details: Mapped[Any] = mapped_column(SealedJson("case_event.details"))  # words, papers asked for, reason, basis


class Paper(Model):
    """One paper: its facts here, its sealed bytes in data_dir/papers/<id>. Belongs to a draft until that is submitted."""

    __tablename__ = "paper"
    __table_args__ = (sa.Index(None, "case_id"), sa.Index(None, "draft_id"))

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    case_id: Mapped[str | None] = mapped_column(sa.ForeignKey("case_file.id"))
    draft_id: Mapped[str | None] = mapped_column(sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(40))
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of the stored picture before sealing
    mime: Mapped[str] = mapped_column(sa.String(40))
    size: Mapped[int]  # bytes before sealing
    width: Mapped[int | None]
    height: Mapped[int | None]
    pages: Mapped[int | None]
    state: Mapped[str] = mapped_column(sa.String(12))  # received, fit, unfit, replaced, removed
    by_account: Mapped[str | None] = mapped_column(sa.String(32))
    at: Mapped[datetime]


WITH_CASE = date.max  # the last day of an authorisation that ends with its case


class Authorisation(Model):
    """授权: whom a resident lets act, for which items, until when, on what evidence; revocable at any time."""

    __tablename__ = "authorisation"
    __table_args__ = (sa.Index(None, "person_index", "ends_on"), sa.Index(None, "case_id"))

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    case_id: Mapped[str | None] = mapped_column(sa.ForeignKey("case_file.id"))
    person_index: Mapped[str] = mapped_column(sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(20))  # written_photo, drawn_signature, spoken_on_video, …
    agent: Mapped[Any] = mapped_column(SealedJson("authorisation.agent"))  # name, cert, number, tel, relation
    items: Mapped[str] = mapped_column(sa.String(120))  # "15" or "1,15"
    starts_on: Mapped[date] = mapped_column(sa.Date)
    ends_on: Mapped[date] = mapped_column(sa.Date)  # WITH_CASE where no day was given
    evidence_paper_id: Mapped[str | None] = mapped_column(sa.String(32))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None] = mapped_column(sa.String(32))


class Consent(Model):
    """One consent given or withdrawn, apart from all others (PIPL 15, 29); reading the notice is recorded here too."""

    __tablename__ = "consent"
    __table_args__ = (sa.Index(None, "person_index", "kind"),)

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    case_id: Mapped[str | None] = mapped_column(sa.ForeignKey("case_file.id"))
    person_index: Mapped[str] = mapped_column(sa.String(32))
    kind: Mapped[str] = mapped_column(sa.String(20))  # notice, sms, guardian, keep_data
    notice_version: Mapped[int]
    given_by: Mapped[str] = mapped_column(sa.String(12))  # self, guardian, agent
    at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]


class KeptOperation(Model):
    """An operation that was done: the same id with the same bytes gets the same answer again, with other bytes a refusal."""

    __tablename__ = "kept_operation"

    op_id: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    county_code: Mapped[str] = mapped_column(sa.String(6))
    actor_id: Mapped[str | None] = mapped_column(sa.String(32))
    sha256: Mapped[str] = mapped_column(sa.String(64))  # of the canonical request
    case_id: Mapped[str] = mapped_column(sa.ForeignKey("case_file.id"))
    answer: Mapped[Any] = mapped_column(SealedJson("kept_operation.answer"))
    at: Mapped[datetime]


class CitySetting(Model):
    """One value of cases/circumstances.py: CityRules that a city decided, with its source. The latest in force counts."""

    __tablename__ = "city_setting"
    __table_args__ = (sa.UniqueConstraint("city_code", "name", "effective_on"),)

    id: Mapped[str] = new_id()
    city_code: Mapped[str] = mapped_column(sa.String(6))
    name: Mapped[str] = mapped_column(sa.String(40))
    value: Mapped[Any] = mapped_column(sa.JSON)
    effective_on: Mapped[date] = mapped_column(sa.Date)
    source: Mapped[str] = mapped_column(sa.String(200))
