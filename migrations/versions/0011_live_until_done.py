"""A stop that is done no longer stands in the way of another, nor does the enrolment that it ended.

Only turns `live` off in rows that the version before this one would have kept on for ever; it runs on unchanged.
"""

from alembic import op

revision = "0011_live_until_done"
down_revision = "0010_merged_divisions"


def upgrade() -> None:
    op.execute(
        "UPDATE case_file SET live = false WHERE live AND family = 'resident_enrol'"
        " AND state IN ('approved', 'pending_payment', 'done') AND EXISTS (SELECT 1 FROM case_file AS ending"
        " WHERE ending.person_index = case_file.person_index AND ending.family = 'stop_enrol'"
        " AND ending.state = 'done' AND ending.filed_at > case_file.filed_at)"
    )
    op.execute("UPDATE case_file SET live = false WHERE live AND family = 'stop_enrol' AND state = 'done'")
