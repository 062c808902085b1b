"""The house: editions, calendar, catalogue, divisions, stations.

The first migration; nothing runs before it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001_start"
down_revision = None

SEARCH_KEY = sa.String(120).with_variant(sa.String(120, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "calendar_override",
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("is_workday", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("date", name=op.f("pk_calendar_override")),
    )
    op.create_table(
        "catalogue_version",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_catalogue_version")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.String(length=12), nullable=False),
        sa.Column("parent_code", sa.String(length=12), nullable=True),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column(
            "name",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column(
            "pinyin",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column(
            "initials",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("place_source", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    with op.batch_alter_table("division", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_division_initials"), ["initials"], unique=False)
        batch_op.create_index(batch_op.f("ix_division_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_division_parent_code_code"), ["parent_code", "code"], unique=False)
        batch_op.create_index(batch_op.f("ix_division_pinyin"), ["pinyin"], unique=False)

    op.create_table(
        "edition",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_edition")),
    )
    op.create_table(
        "item_override",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("division_code", sa.String(length=12), nullable=False),
        sa.Column("item_no", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("value_zh", sa.String(length=500), nullable=True),
        sa.Column("value_en", sa.String(length=500), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_override")),
    )
    with op.batch_alter_table("item_override", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_item_override_division_code"), ["division_code"], unique=False)

    op.create_table(
        "opening_hours",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("week", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_hours")),
        sa.UniqueConstraint("week", name=op.f("uq_opening_hours_week")),
    )
    op.create_table(
        "policy_fact",
        sa.Column("id", sa.String(length=12), nullable=False),
        sa.Column("topic", sa.String(length=20), nullable=False),
        sa.Column("topic_en", sa.String(length=60), nullable=False),
        sa.Column("topic_order", sa.Integer(), nullable=False),
        sa.Column("audience", sa.String(length=60), nullable=False),
        sa.Column("region", sa.String(length=20), nullable=False),
        sa.Column("region_en", sa.String(length=40), nullable=False),
        sa.Column("question_zh", sa.String(length=200), nullable=False),
        sa.Column("question_en", sa.String(length=300), nullable=False),
        sa.Column("answer_zh", sa.String(length=500), nullable=False),
        sa.Column("answer_en", sa.String(length=800), nullable=False),
        sa.Column("figure", sa.String(length=60), nullable=True),
        sa.Column("valid_as_of", sa.String(length=10), nullable=False),
        sa.Column("superseded_by", sa.String(length=12), nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("source_en", sa.String(length=300), nullable=False),
        sa.Column("caution", sa.String(length=300), nullable=True),
        sa.Column("caution_en", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_fact")),
    )
    op.create_table(
        "reach_rule",
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("km_per_hour", sa.Double(), nullable=False),
        sa.Column("detour", sa.Double(), nullable=False),
        sa.Column("source", sa.String(length=300), nullable=False),
        sa.PrimaryKeyConstraint("mode", "effective_on", name=op.f("pk_reach_rule")),
    )
    op.create_table(
        "category",
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name_zh", sa.String(length=60), nullable=False),
        sa.Column("name_en", sa.String(length=120), nullable=False),
        sa.Column("tile_zh", sa.String(length=12), nullable=False),
        sa.Column("tile_en", sa.String(length=30), nullable=False),
        sa.Column("icon", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_number"], ["catalogue_version.number"], name=op.f("fk_category_version_number_catalogue_version")
        ),
        sa.PrimaryKeyConstraint("version_number", "no", name=op.f("pk_category")),
    )
    op.create_table(
        "everyday_word",
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("item_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_number"],
            ["catalogue_version.number"],
            name=op.f("fk_everyday_word_version_number_catalogue_version"),
        ),
        sa.PrimaryKeyConstraint("version_number", "item_no", "word", name=op.f("pk_everyday_word")),
    )
    op.create_table(
        "item",
        sa.Column("version_number", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("category_no", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("name_zh", sa.String(length=80), nullable=False),
        sa.Column("name_en", sa.String(length=160), nullable=False),
        sa.Column("audience_zh", sa.String(length=200), nullable=False),
        sa.Column("audience_en", sa.String(length=300), nullable=False),
        sa.Column("materials", sa.JSON(), nullable=False),
        sa.Column("statutory_limit_wd", sa.Integer(), nullable=True),
        sa.Column("promised_limit_wd", sa.Integer(), nullable=True),
        sa.Column("village_mode", sa.String(length=10), nullable=True),
        sa.Column("town_mode", sa.String(length=10), nullable=True),
        sa.Column("channels", sa.JSON(), nullable=False),
        sa.Column("result_zh", sa.String(length=200), nullable=False),
        sa.Column("result_en", sa.String(length=300), nullable=False),
        sa.Column("legal_basis", sa.String(length=300), nullable=False),
        sa.Column("name_source", sa.String(length=60), nullable=False),
        sa.Column("confidence", sa.String(length=12), nullable=False),
        sa.Column("provenance_note", sa.String(length=1000), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=True),
        sa.Column("plain", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_number"], ["catalogue_version.number"], name=op.f("fk_item_version_number_catalogue_version")
        ),
        sa.PrimaryKeyConstraint("version_number", "no", name=op.f("pk_item")),
    )
    op.create_table(
        "station",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column(
            "name",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column(
            "pinyin",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column(
            "initials",
            SEARCH_KEY,
            nullable=False,
        ),
        sa.Column("level", sa.String(length=10), nullable=False),
        sa.Column("host", sa.String(length=20), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("town_code", sa.String(length=9), nullable=False),
        sa.Column("village_code", sa.String(length=12), nullable=True),
        sa.Column("address", sa.String(length=200), nullable=True),
        sa.Column("inside", sa.String(length=200), nullable=True),
        sa.Column("phone", sa.String(length=30), nullable=True),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("mx", sa.Integer(), nullable=False),
        sa.Column("my", sa.Integer(), nullable=False),
        sa.Column("datum", sa.String(length=10), nullable=False),
        sa.Column("place_source", sa.String(length=60), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("hours_id", sa.String(length=32), nullable=True),
        sa.Column("direct_mask", sa.BigInteger(), nullable=False),
        sa.Column("assist_mask", sa.BigInteger(), nullable=False),
        sa.Column("consult_mask", sa.BigInteger(), nullable=False),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("access", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(direct_mask & assist_mask) = 0 AND (direct_mask & consult_mask) = 0 AND (assist_mask & consult_mask) = 0",
            name=op.f("ck_station_one_mode_per_item"),
        ),
        sa.ForeignKeyConstraint(["hours_id"], ["opening_hours.id"], name=op.f("fk_station_hours_id_opening_hours")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station")),
        sa.UniqueConstraint("code", name=op.f("uq_station_code")),
    )
    with op.batch_alter_table("station", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_station_county_code_town_code"), ["county_code", "town_code"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_station_initials"), ["initials"], unique=False)
        batch_op.create_index(
            "ix_station_finder", ["mx", "my", "open", "direct_mask", "assist_mask", "channels", "hours_id", "id"]
        )
        batch_op.create_index(batch_op.f("ix_station_name"), ["name"], unique=False)
        batch_op.create_index(batch_op.f("ix_station_pinyin"), ["pinyin"], unique=False)
        batch_op.create_index(batch_op.f("ix_station_village_code"), ["village_code"], unique=False)

    op.create_table(
        "hours_exception",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("spans", sa.String(length=100), nullable=True),
        sa.Column("note", sa.String(length=60), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_hours_exception_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hours_exception")),
        sa.UniqueConstraint("station_id", "date", name=op.f("uq_hours_exception_station_id_date")),
    )
    op.create_table(
        "station_report",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("trouble", sa.String(length=10), nullable=False),
        sa.Column("words", sa.String(length=200), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_station_report_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_station_report")),
    )
    with op.batch_alter_table("station_report", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_station_report_county_code_reported_at"), ["county_code", "reported_at"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_station_report_station_id_reported_at"), ["station_id", "reported_at"], unique=False
        )
