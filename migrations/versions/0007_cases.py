"""Cases: drafts, filings, their events, papers, authorisations, consents, operations done, and what cities decided."""

import sqlalchemy as sa
from alembic import op

revision = "0007_cases"
down_revision = "0006_accounts"

# Over open cases only (desk IS NOT NULL); see cases/models.py.
OPEN_INDEXES = {
    "ix_case_file_county": ["county_code", "desk", "due_on", "id"],
    "ix_case_file_county_state": ["county_code", "desk", "state", "due_on", "id"],
    "ix_case_file_town": ["town_code", "desk", "due_on", "id"],
    "ix_case_file_town_state": ["town_code", "desk", "state", "due_on", "id"],
    "ix_case_file_station": ["station_code", "due_on", "id", "state", "desk", "filed_by"],
    "ix_case_file_handler": ["handler_id", "desk", "due_on", "id", "county_code", "town_code"],
    "ix_case_file_lapse": ["supplement_due_on"],
}


def upgrade() -> None:
    op.create_table(
        "case_draft",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=True),
        sa.Column("station_code", sa.String(length=24), nullable=True),
        sa.Column("code_index", sa.String(length=32), nullable=True),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("op_id", sa.String(length=32), nullable=False),
        sa.Column("corrects_id", sa.String(length=32), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_draft")),
    )
    with op.batch_alter_table("case_draft", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_case_draft_account_id_updated_at"), ["account_id", "updated_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_case_draft_code_index_expires_at"), ["code_index", "expires_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_case_draft_expires_at"), ["expires_at"], unique=False)

    op.create_table(
        "case_file",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("ref", sa.String(length=12), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("family", sa.String(length=20), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("station_code", sa.String(length=24), nullable=False),
        sa.Column("town_code", sa.String(length=9), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("desk", sa.String(length=10), nullable=True),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("live_key", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_index", sa.String(length=32), nullable=False),
        sa.Column("phone_index", sa.String(length=32), nullable=True),
        sa.Column("guardian_index", sa.String(length=32), nullable=True),
        sa.Column("subject", sa.LargeBinary(), nullable=False),
        sa.Column("answers", sa.LargeBinary(), nullable=False),
        sa.Column("answers_sha256", sa.String(length=64), nullable=False),
        sa.Column("identity_how", sa.String(length=16), nullable=False),
        sa.Column("identity_checked_by", sa.String(length=32), nullable=False),
        sa.Column("filed_by", sa.String(length=32), nullable=False),
        sa.Column("handler_id", sa.String(length=32), nullable=True),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("statutory_due_on", sa.Date(), nullable=True),
        sa.Column("due_estimated", sa.Boolean(), nullable=False),
        sa.Column("days_left", sa.Integer(), nullable=True),
        sa.Column("supplement_due_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("to_county", sa.Boolean(), nullable=False),
        sa.Column("follow_hash", sa.String(length=64), nullable=False),
        sa.Column("corrects_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("ref", name=op.f("uq_case_file_ref")),
    )
    with op.batch_alter_table("case_file", schema=None) as batch_op:
        for name, columns in OPEN_INDEXES.items():
            batch_op.create_index(
                name,
                columns,
                sqlite_where=sa.text("desk IS NOT NULL"),
                postgresql_where=sa.text("desk IS NOT NULL"),
            )
        batch_op.create_index(
            "ix_case_file_over",
            ["state_at"],
            sqlite_where=sa.text("desk IS NULL"),
            postgresql_where=sa.text("desk IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_case_file_person_index"), ["person_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_phone_index"), ["phone_index"], unique=False)
        batch_op.create_index(batch_op.f("ix_case_file_guardian_index"), ["guardian_index"], unique=False)
        batch_op.create_index(
            "uq_case_file_live",
            ["person_index", "live_key"],
            unique=True,
            sqlite_where=sa.text("live"),
            postgresql_where=sa.text("live"),
        )

    op.create_table(
        "city_setting",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("city_code", sa.String(length=6), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_city_setting")),
        sa.UniqueConstraint(
            "city_code", "name", "effective_on", name=op.f("uq_city_setting_city_code_name_effective_on")
        ),
    )
    op.create_table(
        "authorisation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("person_index", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("agent", sa.LargeBinary(), nullable=False),
        sa.Column("items", sa.String(length=120), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("evidence_paper_id", sa.String(length=32), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.String(length=32), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_authorisation_case_id_case_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authorisation")),
    )
    with op.batch_alter_table("authorisation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authorisation_case_id"), ["case_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_authorisation_person_index_ends_on"), ["person_index", "ends_on"], unique=False
        )

    op.create_table(
        "case_event",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("desk", sa.String(length=10), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("actor_id", sa.String(length=32), nullable=True),
        sa.Column("actor_role", sa.String(length=20), nullable=False),
        sa.Column("actor_name", sa.String(length=60), nullable=True),
        sa.Column("station_code", sa.String(length=24), nullable=True),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_case_event_case_id_case_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_event")),
        sa.UniqueConstraint("case_id", "seq", name=op.f("uq_case_event_case_id_seq")),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("person_index", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=False),
        sa.Column("given_by", sa.String(length=12), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_consent_case_id_case_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
    )
    with op.batch_alter_table("consent", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consent_person_index_kind"), ["person_index", "kind"], unique=False)

    op.create_table(
        "kept_operation",
        sa.Column("op_id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_kept_operation_case_id_case_file")),
        sa.PrimaryKeyConstraint("op_id", name=op.f("pk_kept_operation")),
    )
    op.create_table(
        "paper",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("case_id", sa.String(length=32), nullable=True),
        sa.Column("draft_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mime", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("by_account", sa.String(length=32), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["case_file.id"], name=op.f("fk_paper_case_id_case_file")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
    )
    with op.batch_alter_table("paper", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_paper_case_id"), ["case_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_paper_draft_id"), ["draft_id"], unique=False)
