"""Letters: who wants them, which boards owe them, and a key that makes each go out once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the ledger forward; boards published before owe no letters."""
    op.add_column("teams", sa.Column("letters", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("boards", sa.Column("letters_owed", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("outbox", sa.Column("key", sa.Text(), nullable=True))
    op.create_index("ix_outbox_key", "outbox", ["key"], unique=True)
