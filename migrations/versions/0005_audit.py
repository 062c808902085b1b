"""The audit: who saw and did what, chained by county and day. Triggers refuse to change or remove what was written.

The purpose of an entry may be sealed anew with another key (its words are part of the chain), everything else stays.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005_audit"
down_revision = "0004_door_readings"

KEPT = "county_code, day, seq, at, actor_id, actor_role, action, about_kind, about_id, facts, prev, mac"
STEPS = "NEW.county_code = OLD.county_code AND NEW.day = OLD.day AND NEW.seq = OLD.seq + 1"
WORDS = "the audit only grows"

SQLITE = [
    f"CREATE TRIGGER audit_entry_stays BEFORE UPDATE OF {KEPT} ON audit_entry BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    f"CREATE TRIGGER audit_entry_is_kept BEFORE DELETE ON audit_entry BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    f"CREATE TRIGGER audit_head_steps BEFORE UPDATE ON audit_head WHEN NOT ({STEPS})"
    f" BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    f"CREATE TRIGGER audit_head_is_kept BEFORE DELETE ON audit_head BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
]
POSTGRESQL = [
    "CREATE FUNCTION audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS"
    f" $$ BEGIN RAISE EXCEPTION '{WORDS}' USING ERRCODE = 'integrity_constraint_violation'; END $$",
    f"CREATE TRIGGER audit_entry_stays BEFORE UPDATE OF {KEPT} ON audit_entry"
    " FOR EACH ROW EXECUTE FUNCTION audit_only_grows()",
    "CREATE TRIGGER audit_entry_is_kept BEFORE DELETE OR TRUNCATE ON audit_entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
    f"CREATE TRIGGER audit_head_steps BEFORE UPDATE ON audit_head FOR EACH ROW WHEN (NOT ({STEPS}))"
    " EXECUTE FUNCTION audit_only_grows()",
    "CREATE TRIGGER audit_head_is_kept BEFORE DELETE OR TRUNCATE ON audit_head"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows()",
]


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=True),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("about_kind", sa.String(length=24), nullable=False),
        sa.Column("about_id", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.LargeBinary(), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("prev", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("county_code", "day", "seq", name=op.f("pk_audit_entry")),
    )
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_audit_entry_day_county_code_action"), ["day", "county_code", "action"], unique=False
        )
    op.create_table(
        "audit_head",
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("before", sa.Date(), nullable=True),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("last", sa.String(length=64), nullable=False),
        sa.Column("mac", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("county_code", "day", name=op.f("pk_audit_head")),
    )
    for step in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(step)
