"""Why a published board was taken back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Bring the ledger forward; no board was taken back before."""
    op.add_column("boards", sa.Column("withdrawn", sa.Text(), nullable=True))
