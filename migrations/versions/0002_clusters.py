"""The map: how many stations, and how many with each item, in each cell of the province.

Whatever brings in stations fills it. After an upgrade with stations already there, `flask stations clusters` does; until
then the map shows none below zoom 12, and the release before, which knows no such table, runs on as it did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002_clusters"
down_revision = "0001_start"


def upgrade() -> None:
    op.create_table(
        "station_cluster",
        sa.Column("zoom", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cx", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cy", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("mx_sum", sa.BigInteger(), nullable=False),
        sa.Column("my_sum", sa.BigInteger(), nullable=False),
        sa.Column("by_item", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("zoom", "cx", "cy", name=op.f("pk_station_cluster")),
    )
