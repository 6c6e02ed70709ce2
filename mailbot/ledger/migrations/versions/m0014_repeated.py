"""What submissions predict, by its hash, and the method as their files say it: the same result is counted once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Bring the ledger forward; of submissions recorded before, nobody noted it."""
    with op.batch_alter_table("submissions") as table:
        table.add_column(sa.Column("values_sha256", sa.String(64)))
        table.add_column(sa.Column("said_method", sa.Text()))
