"""Who leads on a ledger that several hosts share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from mailbot.ledger.schema import Instant

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Bring the ledger forward."""
    op.create_table(
        "leads",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("leader", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("yields", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("place", name="pk_leads"),
    )
