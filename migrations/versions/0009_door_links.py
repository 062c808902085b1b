"""Links for measuring doors are rows, so that one can be ended alone.

Only adds a table. Links made before it carried their station and last day in themselves: they open nothing any more, make new
ones. The version before this one runs on the new schema unchanged, with its own links.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009_door_links"
down_revision = "0008_sync"


def upgrade() -> None:
    op.create_table(
        "door_link",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_door_link_station_id_station")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_door_link")),
    )
    with op.batch_alter_table("door_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_door_link_county_code_ends_at"), ["county_code", "ends_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_door_link_station_id"), ["station_id"], unique=False)
