"""Replies are counted from an index that holds all that is asked of them."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Bring the ledger forward."""
    op.create_index("ix_outbox_counted", "outbox", ["created_at", "due_at", "kind", "team_id", "mail_id", "recipient"])
    op.drop_index("ix_outbox_created_at", "outbox")
