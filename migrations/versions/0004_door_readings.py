"""Where a station's door is: readings taken at the door, with their history."""

import sqlalchemy as sa
from alembic import op

revision = "0004_door_readings"
down_revision = "0003_poster_scans"


def upgrade() -> None:
    op.create_table(
        "door_reading",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("how", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("readings", sa.Integer(), nullable=True),
        sa.Column("photo", sa.String(length=40), nullable=True),
        sa.Column("old_lat", sa.Double(), nullable=False),
        sa.Column("old_lon", sa.Double(), nullable=False),
        sa.Column("old_datum", sa.String(length=10), nullable=False),
        sa.Column("old_place_source", sa.String(length=60), nullable=False),
        sa.Column("old_verified_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_door_reading_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_reading")),
    )
    with op.batch_alter_table("door_reading", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_door_reading_county_code_at"), ["county_code", "at"], unique=False)
        batch_op.create_index(batch_op.f("ix_door_reading_station_id_at"), ["station_id", "at"], unique=False)
