"""Old posters that were scanned: how often, per station, poster and day.

Only adds a table that nothing else reads: the version before this one runs on the new schema unchanged.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003_poster_scans"
down_revision = "0002_clusters"


def upgrade() -> None:
    op.create_table(
        "poster_scan",
        sa.Column("station_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=40), nullable=False),
        sa.Column("scanned_on", sa.Date(), nullable=False),
        sa.Column("county_code", sa.String(length=6), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["station_id"], ["station.id"], name=op.f("fk_poster_scan_station_id_station")),
        sa.PrimaryKeyConstraint("station_id", "version", "scanned_on", name=op.f("pk_poster_scan")),
    )
    with op.batch_alter_table("poster_scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_poster_scan_county_code_scanned_on"), ["county_code", "scanned_on"])
