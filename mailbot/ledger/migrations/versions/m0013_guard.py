"""Marks by which a mail sent once more is known, several for each mail; files that were only checked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the ledger forward, with the one mark that a mail has had."""
    op.create_table(
        "marks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mail_id", ID, nullable=False),
        sa.Column("mark", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("fk_marks_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marks")),
        sa.UniqueConstraint("mail_id", "mark", name=op.f("uq_marks_mail_id_mark")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_marks_mark", "marks", ["mark"])
    op.execute("INSERT INTO marks (mail_id, mark) SELECT id, auth_mark FROM mails WHERE auth_mark IS NOT NULL")
    op.drop_index("ix_mails_auth_mark", "mails")
    op.drop_column("mails", "auth_mark")
    op.create_table(
        "checks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("mail_id", ID, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("fk_checks_mail_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_checks_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_checks_team_id_arrived_at", "checks", ["team_id", "arrived_at"])
