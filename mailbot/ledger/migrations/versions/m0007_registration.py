"""Teams that are still to confirm their registration, and addresses that were taken off their team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Bring the ledger forward; the teams that there are need not confirm."""
    op.add_column("teams", sa.Column("unconfirmed_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("addresses", sa.Column("left_at", sa.DateTime(timezone=True), nullable=True))
