"""Marks of mails: by them a mail that is sent once more is known, however it was written anew."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.guard.tables import marks
from mailbot.ledger.tables import mails
from mailbot.model import Id, MailState, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from mailbot.ledger.engine import Tx


def of_command(team_id: int, message_id: str) -> str:
    """Return the mark of a team's command: it is carried out once for its Message-ID."""
    return hashlib.sha256(f"command {team_id} {message_id}".encode()).hexdigest()


def of_delivery(team_id: int, message_id: str, said: Iterable[str]) -> str:
    """Return the mark of a team's mail by all that it says: a server that delivers it twice changes Received alone."""
    return hashlib.sha256("\n".join((f"delivery {team_id} {message_id}", *said)).encode()).hexdigest()


def add(tx: Tx, mail_id: int, found: Collection[str]) -> None:
    """Keep the marks of a mail; one that was held has some of them already."""
    known = set(tx.scalars(sa.select(marks.c.mark).where(marks.c.mail_id == mail_id)))
    if new := [{"mail_id": mail_id, "mark": mark} for mark in dict.fromkeys(found) if mark not in known]:
        tx.execute(sa.insert(marks), new)


def sent_before(tx: Tx, mail_id: int, found: Collection[str]) -> str | None:
    """Return the name of another mail, taken as its team's, that bears one of the marks; None when there is none."""
    if not found:
        return None
    taken = (mails.c.state == MailState.RECORDED, mails.c.outcome.not_in([Outcome.KNOWN, Outcome.HELD]))
    same = (marks.c.mark.in_(list(found)), marks.c.mail_id != mail_id)
    query = sa.select(mails.c.id).join(marks, marks.c.mail_id == mails.c.id).where(*same, *taken)
    first = tx.scalar(query.order_by(mails.c.id).limit(1))
    return Id.MAIL.of(first) if first else None
