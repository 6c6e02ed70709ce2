"""Truth versions, withdrawn items, exclusions, selections, and what signs a score."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Bring the ledger forward."""
    op.add_column("truths", sa.Column("whole", sa.String(64), nullable=True))
    op.add_column("truths", sa.Column("positions", sa.JSON(), nullable=True))
    op.add_column("scores", sa.Column("error", sa.Double(), nullable=True))
    op.add_column("scores", sa.Column("version", sa.Text(), nullable=True))
    op.create_table(
        "truth_choices",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("track", sa.Text(), nullable=False),
        sa.Column("truth", sa.String(64), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_truth_choices")),
        sa.ForeignKeyConstraint(
            ["truth", "track"], ["truths.sha256", "truths.track"], name=op.f("fk_truth_choices_truth")
        ),
        sa.CheckConstraint("source IN ('config', 'organizer')", name=op.f("ck_truth_choices_source_known")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "exclusions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("team_id", ID, nullable=False),
        sa.Column("submission_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exclusions")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_exclusions_team_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_exclusions_submission_id")),
        sa.UniqueConstraint("team_id", "submission_id", name=op.f("uq_exclusions_team_id_submission_id")),
        sa.CheckConstraint("kind IN ('disqualified', 'hidden', 'withdrawn')", name=op.f("ck_exclusions_kind_known")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "selections",
        sa.Column("submission_id", ID, nullable=False),
        sa.Column("selected_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("submission_id", name=op.f("pk_selections")),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name=op.f("fk_selections_submission_id")),
    )
