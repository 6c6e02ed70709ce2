"""Which servers were seen to pass forged Authentication-Results on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import authserv_checks

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


def note(tx: Tx, authserv_id: str, *, forged: bool, now: datetime) -> None:
    """Note what the last check of a server's name found."""
    tx.execute(sa.delete(authserv_checks).where(authserv_checks.c.authserv_id == authserv_id))
    tx.execute(sa.insert(authserv_checks).values(authserv_id=authserv_id, forged=forged, checked_at=now))


def checked(tx: Tx) -> dict[str, bool]:
    """Return for each name that was checked whether a forged result came through."""
    return {row.authserv_id: row.forged for row in tx.execute(sa.select(authserv_checks))}


def distrusted(tx: Tx) -> frozenset[str]:
    """Return the names under which a forged result came through: their results count for nothing."""
    return frozenset(name for name, forged in checked(tx).items() if forged)
