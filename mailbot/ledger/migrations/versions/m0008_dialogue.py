"""What teams ask for by mail: the language of their replies, and scores that they dispute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the ledger forward; until a team says otherwise, it is answered in the language of its mail."""
    op.add_column("teams", sa.Column("language", sa.Text(), nullable=True))
    op.create_table(
        "disputes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("mail_id", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("verdict IN ('accepted', 'rejected')", name=op.f("ck_disputes_verdict_known")),
        sa.CheckConstraint("(verdict IS NULL) = (ruled_at IS NULL)", name=op.f("ck_disputes_ruled_at_an_instant")),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("fk_disputes_mail_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_disputes_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sqlite_autoincrement=True,
    )
