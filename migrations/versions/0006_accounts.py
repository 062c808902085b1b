"""Staff: accounts, posts, sign-in sessions, attempts, recovery codes."""

revision = "0006_accounts"
down_revision = "0005_audit"


def upgrade() -> None:
    pass
