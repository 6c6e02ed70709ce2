"""Mails that came before: known by their marks however they were written anew, or moved or renumbered by a server."""

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
    from mailbot.ledger.mails import MailRow


def of_command(team_id: int, message_id: str) -> str:
    """Return the mark of a team's command: it is carried out once for its Message-ID."""
    return hashlib.sha256(f"command {team_id} {message_id}".encode()).hexdigest()


def of_delivery(team_id: int, message_id: str, said: Iterable[str]) -> str:
    """Return the mark of a team's mail by all that it says: a server that delivers it twice changes Received alone."""
    return hashlib.sha256("\n".join((f"delivery {team_id} {message_id}", *said)).encode()).hexdigest()


def add_marks(tx: Tx, mail_id: int, found: Collection[str]) -> None:
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


def twin(tx: Tx, row: MailRow, fingerprint: str) -> str | None:
    """Return the name of a recorded mail that is this very one, seen at another place.

    The same bytes that arrived at the same instant were moved by somebody. After a change of UIDVALIDITY every place
    of a mailbox is new (RFC 9051, section 2.3.1.1), and a server may have written the bytes anew, so there what the
    mail says decides.
    """
    moved = (mails.c.sha256 == row.sha256, mails.c.arrived_at == row.arrived_at)
    renumbered = (
        mails.c.fingerprint == fingerprint,
        mails.c.mailbox == row.place.mailbox,
        mails.c.uidvalidity != row.place.uidvalidity,
    )
    found = min(
        (mail for where in (moved, renumbered) for mail in _recorded(tx, *where) if mail != row.id), default=None
    )
    return Id.MAIL.of(found) if found else None


def _recorded(tx: Tx, *where: sa.ColumnElement[bool]) -> list[int]:
    """Return those of a few mails that were recorded as new.

    Were the query to ask for the state too, SQLite would look through all mails of that state.
    """
    rows = tx.execute(sa.select(mails.c.id, mails.c.state, mails.c.outcome).where(*where))
    return [row.id for row in rows if row.state == MailState.RECORDED and row.outcome != Outcome.KNOWN]
