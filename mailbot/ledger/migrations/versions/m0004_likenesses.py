"""Submissions that look alike; and indexes without which each reply would cost more the more were written before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the ledger forward; what was submitted before is compared by the next step that looks."""
    op.create_table(
        "likenesses",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("first_id", ID, nullable=False),
        sa.Column("second_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("first_id < second_id", name=op.f("ck_likenesses_in_order")),
        sa.ForeignKeyConstraint(["first_id"], ["submissions.id"], name=op.f("fk_likenesses_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["submissions.id"], name=op.f("fk_likenesses_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_likenesses")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_likenesses_first_id_second_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "compared",
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("submission_id", ID, nullable=False),
        sa.PrimaryKeyConstraint("track", name=op.f("pk_compared")),
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"])
    op.create_index("ix_outbox_recipient_created_at", "outbox", ["recipient", "created_at"])
