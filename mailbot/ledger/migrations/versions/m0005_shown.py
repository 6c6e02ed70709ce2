"""Which board each place outside shows, so that one which could not be reached is caught up with."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Bring the ledger forward; nothing is known to be shown, so the last board is shown once more."""
    op.create_table(
        "shown",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("board_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.CheckConstraint("(attempts = 0) = (failing_since IS NULL)", name=op.f("ck_shown_failing_since_an_instant")),
        sa.ForeignKeyConstraint(["board_id"], ["boards.id"], name=op.f("fk_shown_board_id")),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_shown")),
    )
