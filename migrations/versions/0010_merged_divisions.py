"""A division that was merged says into which.

Only adds a column that may be empty: the version before this one runs on the new schema unchanged, and offers merged divisions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010_merged_divisions"
down_revision = "0009_door_links"


def upgrade() -> None:
    op.add_column("division", sa.Column("became", sa.String(length=12), nullable=True))
