"""Entries of the trail are looked up by subject and kind at once: by kind alone there are as many as mails."""

from __future__ import annotations

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Bring the ledger forward."""
    op.create_index("ix_events_subject_kind", "events", ["subject", "kind"])
    op.drop_index("ix_events_subject", "events")
