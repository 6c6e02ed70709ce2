"""The tables of this package."""

from __future__ import annotations

import sqlalchemy as sa

from mailbot.ledger import schema
from mailbot.ledger.schema import Instant, row_id, table

metadata = schema.metadata

marks = table(
    "marks",
    row_id(),
    sa.Column("mail_id", sa.ForeignKey("mails.id"), nullable=False),
    sa.Column("mark", sa.String(64), nullable=False),  # of what was signed, or of a command's Message-ID: a hash
    sa.UniqueConstraint("mail_id", "mark"),
    sa.Index("ix_marks_mark", "mark"),
)

checks = table(
    "checks",
    row_id(),
    sa.Column("mail_id", sa.ForeignKey("mails.id"), nullable=False),
    sa.Column("team_id", sa.ForeignKey("teams.id"), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),  # of a file that was only checked
    sa.Column("arrived_at", Instant, nullable=False),
    sa.Index("ix_checks_team_id_arrived_at", "team_id", "arrived_at"),
)
