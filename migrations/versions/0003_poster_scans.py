"""Posters on walls that say something old, and how often they were scanned."""

revision = "0003_poster_scans"
down_revision = "0002_clusters"


def upgrade() -> None:
    pass
