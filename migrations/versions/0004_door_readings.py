"""Where a station's door is: readings taken at the door, with their history."""

revision = "0004_door_readings"
down_revision = "0003_poster_scans"


def upgrade() -> None:
    pass
