"""The version of a track's own scorer that a choice brings into force, where there is such a scorer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Bring the ledger forward; no choice before was one of a scorer."""
    op.add_column("truth_choices", sa.Column("scorer", sa.String(64)))
