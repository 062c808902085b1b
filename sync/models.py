"""Tables of the sync room: what we owe the province, what it told us, where we stopped reading, which channel is paused.

A row of the outbox is a promise: written in the transaction of the business change, its body sealed and frozen, its msgid
given once before the first attempt and kept for every further one.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Model, new_id
from common.sealing import SealedJson, SealedText


class OutState(StrEnum):
    """Where an entry of the outbox stands (docs of the platform contract, part f)."""

    PENDING = "pending"  # 待同步
    SENDING = "sending"  # leased by a worker
    UNKNOWN = "unknown"  # sent, no answer one can trust: 待核实. Asked for before it is sent again
    ACKED = "acked"  # 已同步
    REJECTED = "rejected"  # 平台退回: a person must look


class OutboxEntry(Model):
    """One message we owe the province."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.UniqueConstraint("aggregate", "agg_seq"),
        sa.Index("ix_outbox_due", "channel", "state", "next_at", "id"),
        sa.Index("ix_outbox_msgid", "msgid"),
        sa.Index("ix_outbox_county", "county_code", "state", "made_at"),
    )

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    channel: Mapped[str] = mapped_column(sa.String(20))
    aggregate: Mapped[str] = mapped_column(sa.String(40))  # what must stay in order: "case:<id>"
    agg_seq: Mapped[int]
    logical: Mapped[str] = mapped_column(sa.String(24))  # case_submit, work_order …: the profile knows its infno
    key: Mapped[str] = mapped_column(sa.String(100), unique=True)  # the same fact gives the same key
    body: Mapped[Any] = mapped_column(SealedText("outbox.body"))  # canonical JSON of the input, frozen
    body_sm3: Mapped[str] = mapped_column(sa.String(64))
    chars: Mapped[int]  # of the body: batches are cut by size. 0 once the body was forgotten
    msgid: Mapped[str | None] = mapped_column(sa.String(30))  # shared by the entries of one batch
    state: Mapped[str] = mapped_column(sa.String(10))
    doubtful: Mapped[bool]  # it may have arrived: from then on it is asked for before it is sent again
    attempts: Mapped[int]
    made_at: Mapped[datetime]
    next_at: Mapped[datetime | None]  # to be sent; of an acked one: its body to be forgotten; NULL: nothing to do
    lease_owner: Mapped[str | None] = mapped_column(sa.String(32))
    lease_until: Mapped[datetime | None]
    tried_since: Mapped[datetime | None]  # the first attempt: after the channel's alarm_h a person is called
    sent_at: Mapped[datetime | None]
    acked_at: Mapped[datetime | None]
    infcode: Mapped[str | None] = mapped_column(sa.String(12))
    error: Mapped[Any] = mapped_column(SealedText("outbox.error"), nullable=True)  # the platform's words
    error_kind: Mapped[str | None] = mapped_column(sa.String(24))  # for counting: timeout, business, signature …
    refmsgid: Mapped[str | None] = mapped_column(sa.String(40))
    answer: Mapped[Any] = mapped_column(SealedJson("outbox.answer"), nullable=True)


class InboxEntry(Model):
    """One row that we pulled. The same row twice, or an older version of it, changes nothing."""

    __tablename__ = "inbox"
    __table_args__ = (sa.UniqueConstraint("channel", "logical", "rid", "ver"), sa.Index(None, "state", "at"))

    id: Mapped[str] = new_id()
    county_code: Mapped[str] = mapped_column(sa.String(6))
    channel: Mapped[str] = mapped_column(sa.String(20))
    logical: Mapped[str] = mapped_column(sa.String(24))
    rid: Mapped[str] = mapped_column(sa.String(40))
    ver: Mapped[int]
    at: Mapped[datetime]
    state: Mapped[str] = mapped_column(sa.String(10))  # applied, old, failed
    body: Mapped[Any] = mapped_column(SealedJson("inbox.body"))
    error: Mapped[str | None] = mapped_column(sa.String(200))  # our own words, nothing personal


class PullCursor(Model):
    """How far a channel's list was read."""

    __tablename__ = "pull_cursor"

    channel: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    logical: Mapped[str] = mapped_column(sa.String(24), primary_key=True)
    cursor: Mapped[str] = mapped_column(sa.String(100))  # "": from the beginning
    next_at: Mapped[datetime]
    faults: Mapped[int]  # failures in a row
    error_kind: Mapped[str | None] = mapped_column(sa.String(24))  # of the last one
    ok_at: Mapped[datetime | None]  # read to the end
    held: Mapped[int | None]  # that many would be closed by what came: a person must release it
    allowed: Mapped[int | None]  # what a person released


class ChannelState(Model):
    """Whether a channel is paused, by whom, why. A worker's own pause ends by itself and grows; a person's does not."""

    __tablename__ = "channel_state"

    name: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None] = mapped_column(sa.String(32))  # an account; NULL: the worker itself
    paused_until: Mapped[datetime | None]  # NULL while paused: until a person resumes
    faults: Mapped[int]  # pauses in a row by the worker
    reason: Mapped[str | None] = mapped_column(sa.String(200))
    last_ok_at: Mapped[datetime | None]
    sign_no: Mapped[Any] = mapped_column(SealedText("channel.sign_no"), nullable=True)


class MsgidCounter(Model):
    """The last message number given to an access-party code: second and counter (msgid = code, yyyyMMddHHmmss, 4 digits)."""

    __tablename__ = "msgid_counter"

    code: Mapped[str] = mapped_column(sa.String(12), primary_key=True)
    second: Mapped[str] = mapped_column(sa.String(14))
    n: Mapped[int]
