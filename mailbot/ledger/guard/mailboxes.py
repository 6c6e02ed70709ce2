"""How much was written to one mailbox, however its address was written."""

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
