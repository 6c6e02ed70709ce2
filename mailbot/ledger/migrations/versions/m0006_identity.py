"""How sure it is who sent each mail, the teams' keys, and which servers were caught passing forged results on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the ledger forward; of mails before, nobody asked."""
    op.add_column("mails", sa.Column("auth", sa.Text(), nullable=True))
    op.add_column("mails", sa.Column("auth_why", sa.Text(), nullable=True))
    op.add_column("mails", sa.Column("auth_mark", sa.String(64), nullable=True))
    op.create_index("ix_mails_auth_mark", "mails", ["auth_mark"])
    op.create_table(
        "team_keys",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_keys_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_team_keys_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_team_keys_team_id", "team_keys", ["team_id"])
    op.create_table(
        "authserv_checks",
        sa.Column("authserv_id", sa.Text(), nullable=False),
        sa.Column("forged", sa.Boolean(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("authserv_id", name=op.f("pk_authserv_checks")),
    )
