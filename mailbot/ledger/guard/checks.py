"""Files that were only checked: each team may have so many checked in a day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.guard.tables import checks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx


def add(tx: Tx, *, mail_id: int, team_id: int, files: Sequence[str], arrived_at: datetime) -> None:
    """Note the files of a mail, by their SHA-256."""
    row = {"mail_id": mail_id, "team_id": team_id, "arrived_at": arrived_at}
    if files:
        tx.execute(sa.insert(checks), [row | {"sha256": each} for each in files])


def count(tx: Tx, *, team_id: int, since: datetime) -> int:
    """Count the files of a team that were checked since an instant."""
    where = (checks.c.team_id == team_id, checks.c.arrived_at >= since)
    return tx.scalar(sa.select(sa.func.count()).select_from(checks).where(*where)) or 0
