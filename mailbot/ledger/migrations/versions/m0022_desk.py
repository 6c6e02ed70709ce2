"""What the desk looks up: mails by their outcome, disputes by what they are about, look-alikes from both sides."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    """Bring the ledger forward."""
    op.create_index("ix_mails_outcome_state", "mails", ["outcome", "state"])
    op.create_index("ix_likenesses_second_id", "likenesses", ["second_id"])
    for column in ("submission_id", "mail_id", "verdict"):
        op.create_index(f"ix_disputes_{column}", "disputes", [column])
