"""The signature of each entry of the audit trail; those written before have none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Bring the ledger forward."""
    op.add_column("events", sa.Column("mac", sa.String(64)))
