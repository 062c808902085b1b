"""The audit: who saw and did what, chained by county and day."""

revision = "0005_audit"
down_revision = "0004_door_readings"


def upgrade() -> None:
    pass
