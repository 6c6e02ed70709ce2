"""Mails that wait for a word: held ones, whose sender is not proven well enough, and those of unknown senders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger import events
from mailbot.ledger.guard.mailboxes import to_mailbox
from mailbot.ledger.tables import mails, outbox, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import AuthLevel, Id, MailState, Outcome, ReplyState

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from mailbot.ledger.engine import Tx

QUESTION = "confirm"
"""The kind of the mail that asks a team whether a mail is its own."""

_IS_UNKNOWN = (mails.c.state == MailState.RECORDED, mails.c.outcome == Outcome.UNKNOWN_SENDER)

_IS_NOBODYS = (
    mails.c.state == MailState.RECORDED,
    mails.c.outcome.in_([Outcome.UNKNOWN_SENDER, Outcome.AUTOMATIC]),
    mails.c.team_id.is_(None),
)

_IS_HELD = (mails.c.state == MailState.RECORDED, mails.c.outcome == Outcome.HELD)


def release(tx: Tx, mail_id: int, *, why: str, now: datetime) -> bool:
    """Make a held mail due as one that is confirmed; False when it is not held. Its arrival stays what it was."""
    sure = {"auth": AuthLevel.CONFIRMED, "auth_why": why}
    touch(tx, "mails", mail_id)
    wanted = sa.update(mails).where(mails.c.id == mail_id, *_IS_HELD)
    return tx.execute(wanted.values(**_due(now), **sure)).rowcount == 1


def assign(tx: Tx, mail_id: int, team_id: int, *, why: str, now: datetime) -> bool:
    """Make a mail that is no team's due as one of a team's; False when it is not such a mail. Its arrival stays."""
    sure = {"team_id": team_id, "auth": AuthLevel.CONFIRMED, "auth_why": "an organizer assigned it"}
    touch(tx, "mails", mail_id)
    wanted = sa.update(mails).where(mails.c.id == mail_id, *_IS_NOBODYS)
    if tx.execute(wanted.values(**_due(now), **sure)).rowcount == 0:
        return False
    name = tx.scalar(sa.select(teams.c.name).where(teams.c.id == team_id))
    events.append(tx, kind="mail-assigned", subject=Id.MAIL.of(mail_id), now=now, team=name, why=why)
    return True


def is_nobodys(tx: Tx, mail_id: int) -> bool:
    """Tell whether a mail is one that :func:`assign` would take."""
    return tx.scalar(sa.select(mails.c.id).where(mails.c.id == mail_id, *_IS_NOBODYS)) is not None


def waiting_of(tx: Tx, addresses: Collection[str], *, since: datetime) -> list[int]:
    """Return the mails that :func:`take_up` would make due."""
    wanted = (sa.func.lower(mails.c.sender).in_(addresses), mails.c.arrived_at >= since, *_IS_UNKNOWN)
    return list(tx.scalars(sa.select(mails.c.id).where(*wanted).order_by(mails.c.id)))


def take_up(tx: Tx, addresses: Collection[str], *, since: datetime, now: datetime) -> int:
    """Make the mails of unknown senders due again that came from these addresses since an instant; return how many."""
    found = waiting_of(tx, addresses, since=since)
    for mail_id in found:
        make_due(tx, mail_id, now)
        events.append(tx, kind="mail-taken-up", subject=Id.MAIL.of(mail_id), now=now)
    return len(found)


def make_due(tx: Tx, mail_id: int, now: datetime) -> None:
    """Make a mail of an unknown sender due again, to be looked at as if it had come now."""
    touch(tx, "mails", mail_id)
    tx.execute(sa.update(mails).where(mails.c.id == mail_id, *_IS_UNKNOWN).values(**_due(now)))


def _due(now: datetime) -> dict[str, object]:
    return {"state": MailState.SPOOLED, "outcome": None, "attempts": 0, "due_at": now, "filed_to": None, "reason": None}


def subject_of(tx: Tx, mail_id: int) -> str:
    """Return the subject that a mail says itself."""
    return tx.scalar(sa.select(mails.c.subject).where(mails.c.id == mail_id)) or ""


def note(tx: Tx, mail_id: int, reason: str) -> bool:
    """Note why a held mail goes on waiting; tell whether that is news."""
    where = (mails.c.id == mail_id, *_IS_HELD, mails.c.reason.is_distinct_from(reason))
    return tx.execute(sa.update(mails).where(*where).values(reason=reason)).rowcount == 1


def count(tx: Tx) -> int:
    """Count the mails that are held."""
    return tx.scalar(sa.select(sa.func.count()).select_from(mails).where(*_IS_HELD)) or 0


def of_team(tx: Tx, team_id: int) -> int:
    """Count the mails of a team that are held."""
    return tx.scalar(sa.select(sa.func.count()).select_from(mails).where(mails.c.team_id == team_id, *_IS_HELD)) or 0


def asked_at(tx: Tx, mail_id: int) -> datetime | None:
    """Return when the question about a mail was sent, or is to be; None when it was not written."""
    question = (outbox.c.mail_id == mail_id, outbox.c.kind == QUESTION)
    found: datetime | None = tx.scalar(
        sa.select(sa.func.coalesce(outbox.c.sent_at, outbox.c.due_at, type_=outbox.c.due_at.type)).where(*question)
    )
    return found


def asked_whom(tx: Tx, mail_id: int) -> str | None:
    """Return the address that was asked about a mail."""
    return tx.scalar(sa.select(outbox.c.recipient).where(outbox.c.mail_id == mail_id, outbox.c.kind == QUESTION))


def asked_since(tx: Tx, since: datetime, recipient: str) -> int:
    """Count the questions to the mailbox of an address since an instant."""
    return to_mailbox(tx, recipient, outbox.c.kind == QUESTION, outbox.c.created_at >= since)


def waiting(tx: Tx, recipient: str) -> int:
    """Count the questions to the mailbox of an address that are still to be sent."""
    return to_mailbox(tx, recipient, outbox.c.kind == QUESTION, outbox.c.state == ReplyState.QUEUED)
