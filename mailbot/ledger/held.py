"""Held mails: the sender is not proven well enough, so nothing counts until somebody confirms it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import mails, outbox
from mailbot.model import AuthLevel, MailState, Outcome

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx

QUESTION = "confirm"
"""The kind of the mail that asks a team whether a mail is its own."""

_IS_HELD = (mails.c.state == MailState.RECORDED, mails.c.outcome == Outcome.HELD)


def release(tx: Tx, mail_id: int, *, why: str, now: datetime) -> bool:
    """Make a held mail due as one that is confirmed; False when it is not held. Its arrival stays what it was."""
    due = {"state": MailState.SPOOLED, "outcome": None, "attempts": 0, "due_at": now, "filed_to": None, "reason": None}
    sure = {"auth": AuthLevel.CONFIRMED, "auth_why": why}
    return tx.execute(sa.update(mails).where(mails.c.id == mail_id, *_IS_HELD).values(**due, **sure)).rowcount == 1


def count(tx: Tx) -> int:
    """Count the mails that are held."""
    return tx.scalar(sa.select(sa.func.count()).select_from(mails).where(*_IS_HELD)) or 0


def asked_at(tx: Tx, mail_id: int) -> datetime | None:
    """Return when the question about a mail was written; None when it was not."""
    question = (outbox.c.mail_id == mail_id, outbox.c.kind == QUESTION)
    found: datetime | None = tx.scalar(sa.select(outbox.c.created_at).where(*question))
    return found


def asked_whom(tx: Tx, mail_id: int) -> str | None:
    """Return the address that was asked about a mail."""
    return tx.scalar(sa.select(outbox.c.recipient).where(outbox.c.mail_id == mail_id, outbox.c.kind == QUESTION))


def asked_since(tx: Tx, since: datetime, recipient: str) -> int:
    """Count the questions to an address since an instant."""
    asked = (outbox.c.kind == QUESTION, outbox.c.recipient == recipient, outbox.c.created_at >= since)
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(*asked)) or 0
