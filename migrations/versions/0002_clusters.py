"""The map: how many stations, and how many with each item, in each cell of the province."""

revision = "0002_clusters"
down_revision = "0001_start"


def upgrade() -> None:
    pass
