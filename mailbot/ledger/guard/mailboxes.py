"""What was written to one mailbox, however its address was written; invitations to teams among it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.config.address import folded
from mailbot.ledger.tables import outbox

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx

INVITATION = "member"
"""The kind of what is written to somebody whom a leader wants on the team."""

OF_OTHERS = (INVITATION, "ask")
"""Kinds that somebody else had us write to an address, besides replies."""


def to_mailbox(tx: Tx, address: str, *where: sa.ColumnElement[bool]) -> int:
    """Count the mails of those asked for that went to the mailbox of an address, however the address was written."""
    mailbox = folded(address)
    domain = address.rpartition("@")[2]
    near = outbox.c.recipient.endswith(f"@{domain}", autoescape=True)
    found = tx.scalars(sa.select(outbox.c.recipient).where(*where, near))
    return sum(folded(each) == mailbox for each in found)


def letters_since(tx: Tx, since: datetime, *, kind: str, recipient: str) -> int:
    """Count the mails of one kind that we wrote to an address on our own account since an instant."""
    where = (outbox.c.created_at >= since, outbox.c.kind == kind, outbox.c.recipient == recipient)
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(*where)) or 0


def invitations(tx: Tx, team_id: int, address: str) -> list[datetime]:
    """Return when an address was invited to a team, oldest first."""
    own = (outbox.c.kind == INVITATION, outbox.c.team_id == team_id, outbox.c.recipient == address)
    return list(tx.scalars(sa.select(outbox.c.created_at).where(*own).order_by(outbox.c.id)))


def invited(tx: Tx, team_id: int) -> set[str]:
    """Return the addresses that were ever invited to a team."""
    own = (outbox.c.kind == INVITATION, outbox.c.team_id == team_id)
    return set(tx.scalars(sa.select(outbox.c.recipient).where(*own)))


def invitations_since(tx: Tx, since: datetime, address: str) -> int:
    """Count the invitations to any team that went to the mailbox of an address since an instant."""
    return to_mailbox(tx, address, outbox.c.kind == INVITATION, outbox.c.created_at >= since)
