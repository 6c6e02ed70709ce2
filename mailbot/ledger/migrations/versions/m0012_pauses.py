"""Since when a mail of ours is refused for now, and what is not tried for a while."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Bring the ledger forward; nothing is paused, and of mails that wait nobody noted since when."""
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("failing_since", sa.DateTime(timezone=True)))
    op.create_table(
        "pauses",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_pauses")),
    )
