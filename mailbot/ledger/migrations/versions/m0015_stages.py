"""Labels and boards of stages: of phases that share neither with the ones before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Bring the ledger forward; what came before was all of the first stage."""
    for name in ("truth_choices", "boards"):
        op.add_column(name, sa.Column("stage", sa.Text(), nullable=False, server_default=""))
