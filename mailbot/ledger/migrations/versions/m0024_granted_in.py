"""A grant counts in the phase in which it is given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    """Bring the ledger forward; a grant of before counts in every phase of its week, as it did."""
    op.add_column("grants", sa.Column("phase", sa.Text(), nullable=True))
