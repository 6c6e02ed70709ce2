"""Who mails say they are from, and their subjects: for the list of those that nobody answered."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Bring the ledger forward; of mails recorded before, nobody noted it."""
    with op.batch_alter_table("mails") as table:
        table.add_column(sa.Column("sender", sa.Text()))
        table.add_column(sa.Column("subject", sa.Text()))
