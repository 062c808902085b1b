"""Sync: what we owe the province, what it told us, how far lists were read, paused channels, message numbers."""

import sqlalchemy as sa
from alembic import op

revision = "0008_sync"
down_revision = "0007_cases"


def upgrade() -> None:
    op.create_table(
        "channel_state",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.String(length=32), nullable=True),
        sa.Column("paused_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("last_ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sign_no", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel_state")),
    )
    op.create_table(
        "inbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("logical", sa.String(length=24), nullable=False),
        sa.Column("rid", sa.String(length=40), nullable=False),
        sa.Column("ver", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "logical", "rid", "ver", name=op.f("uq_inbox_channel_logical_rid_ver")),
    )
    with op.batch_alter_table("inbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_inbox_state_at"), ["state", "at"], unique=False)

    op.create_table(
        "msgid_counter",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("second", sa.String(length=14), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_msgid_counter")),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("aggregate", sa.String(length=40), nullable=False),
        sa.Column("agg_seq", sa.Integer(), nullable=False),
        sa.Column("logical", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("body_sm3", sa.String(length=64), nullable=False),
        sa.Column("chars", sa.Integer(), nullable=False),
        sa.Column("msgid", sa.String(length=30), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("doubtful", sa.Boolean(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_owner", sa.String(length=32), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tried_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("infcode", sa.String(length=12), nullable=True),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("error_kind", sa.String(length=24), nullable=True),
        sa.Column("refmsgid", sa.String(length=40), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("aggregate", "agg_seq", name=op.f("uq_outbox_aggregate_agg_seq")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_county", ["county_code", "state", "made_at"], unique=False)
        batch_op.create_index("ix_outbox_due", ["channel", "state", "next_at", "id"], unique=False)
        batch_op.create_index("ix_outbox_msgid", ["msgid"], unique=False)

    op.create_table(
        "pull_cursor",
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("logical", sa.String(length=24), nullable=False),
        sa.Column("cursor", sa.String(length=100), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("faults", sa.Integer(), nullable=False),
        sa.Column("error_kind", sa.String(length=24), nullable=True),
        sa.Column("ok_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held", sa.Integer(), nullable=True),
        sa.Column("allowed", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("channel", "logical", name=op.f("pk_pull_cursor")),
    )
