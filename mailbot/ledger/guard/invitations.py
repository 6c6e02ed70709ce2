"""Invitations to teams: whom leaders wanted on a team, and how often each mailbox was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.guard.mailboxes import INVITATION, to_mailbox
from mailbot.ledger.tables import outbox as table

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


def sent_to(tx: Tx, team_id: int, address: str) -> list[datetime]:
    """Return when an address was invited to a team, oldest first."""
    own = (table.c.kind == INVITATION, table.c.team_id == team_id, table.c.recipient == address)
    return list(tx.scalars(sa.select(table.c.created_at).where(*own).order_by(table.c.id)))


def addresses(tx: Tx, team_id: int) -> set[str]:
    """Return the addresses that were ever invited to a team."""
    own = (table.c.kind == INVITATION, table.c.team_id == team_id)
    return set(tx.scalars(sa.select(table.c.recipient).where(*own)))


def count_since(tx: Tx, since: datetime, address: str) -> int:
    """Count the invitations to any team that went to the mailbox of an address since an instant."""
    return to_mailbox(tx, address, table.c.kind == INVITATION, table.c.created_at >= since)
