"""A table of the ledger as it stands, row by row: for what is taken out of it whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import metadata

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.ledger.engine import Tx

NAMES = frozenset(metadata.tables)
"""The names of all tables."""


def rows(tx: Tx, name: str) -> Iterator[dict[str, Any]]:
    """Yield every row of a table by its columns, in the order of its primary key."""
    table = metadata.tables[name]
    for row in tx.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings():
        yield dict(row)
