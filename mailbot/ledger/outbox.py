"""The outbox: replies wait here, each with its Message-ID fixed, until the SMTP server took them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.guard.mailboxes import OF_OTHERS, to_mailbox
from mailbot.ledger.schema import inserted, is_due
from mailbot.ledger.tables import outbox
from mailbot.model import Id, ReplyState

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime
    from email.message import EmailMessage

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class OutgoingRow:
    """A mail of ours as the ledger knows it."""

    id: int
    kind: str
    mail_id: int | None
    recipient: str
    subject: str
    message_id: str
    message: bytes
    state: ReplyState
    attempts: int
    created_at: datetime
    due_at: datetime
    sent_at: datetime | None
    #: When the server refused it for now first; None when it never did.
    failing_since: datetime | None
    error: str | None
    #: Of a letter, for whom and on what occasion; None for a reply.
    key: str | None
    #: The team that it is for; None for an organizer or a stranger.
    team_id: int | None = None

    @property
    def name(self) -> str:
        """Its public name, as ``R-000007``."""
        return Id.REPLY.of(self.id)

    @property
    def of(self) -> str:
        """What it answers, or a hash of its occasion: the audit trail names it by that, never by its Message-ID."""
        return _of(self.mail_id, self.kind, self.key)

    @property
    def is_withheld(self) -> bool:
        """Whether it was never to be sent, as by :func:`withhold`; what is given up has been tried."""
        return self.state is ReplyState.GIVEN_UP and not self.attempts


def add(
    tx: Tx,
    *,
    kind: str,
    recipient: str,
    subject: str,
    message_id: str,
    message: bytes,
    now: datetime,
    mail_id: int | None = None,
    team_id: int | None = None,
    key: str | None = None,
    due_at: datetime | None = None,
) -> int:
    """Queue a mail, to be sent at once or later; one of each kind for each mail, and one for each key."""
    values = {"kind": kind, "recipient": recipient, "subject": subject, "message_id": message_id, "message": message}
    waits = {"state": ReplyState.QUEUED, "attempts": 0, "created_at": now, "due_at": due_at or now}
    of = {"mail_id": mail_id, "team_id": team_id, "key": key}
    return inserted(tx, _ADD, {**values, **waits, **of})


_ADD = sa.insert(outbox)


def queue(
    tx: Tx,
    message: EmailMessage,
    *,
    kind: str,
    now: datetime,
    team_id: int | None = None,
    key: str | None = None,
) -> int:
    """Queue a whole message, with the recipient, subject and Message-ID of its header; see :func:`add`."""
    return add(
        tx,
        kind=kind,
        recipient=str(message["To"]),
        subject=str(message["Subject"]),
        message_id=str(message["Message-ID"]),
        message=message.as_bytes(),
        now=now,
        team_id=team_id,
        key=key,
    )


def claim(tx: Tx, now: datetime, *, least_tried: bool = False) -> OutgoingRow | None:
    """Take the oldest mail that is due and count the attempt; the caller commits before it talks to the server.

    Letters go when no reply is due: somebody waits for a reply. With ``least_tried`` the mail goes that was tried
    least: after a pause, so that one which is refused every time does not keep the others from their turn.
    """
    due = (outbox.c.state == ReplyState.QUEUED, is_due(outbox.c.due_at, outbox.c.created_at, now))
    order = (outbox.c.key.is_not(None), outbox.c.due_at, outbox.c.id)
    first = (outbox.c.attempts, *order) if least_tried else order
    found = tx.scalar(sa.select(outbox.c.id).where(*due).order_by(*first).limit(1))
    if found is None:
        return None
    queued = sa.update(outbox).where(outbox.c.id == found, outbox.c.state == ReplyState.QUEUED)
    tx.execute(queued.values(state=ReplyState.SENDING, attempts=outbox.c.attempts + 1))
    return _rows(tx, outbox.c.id == found)[0]


def sent(tx: Tx, outgoing_id: int, now: datetime) -> None:
    """Note that the server took it."""
    _leave(tx, outgoing_id, state=ReplyState.SENT, sent_at=now, error=None)


def was_sent(tx: Tx, now: datetime, *, of: str, message_ids: Sequence[str]) -> None:
    """Note that a mail which was made anew had been sent when it was made first.

    It is known by what it is ``of``; in trails of version 0.1.0 by its Message-ID.
    """
    queued = sa.update(outbox).where(outbox.c.state == ReplyState.QUEUED)
    found = sa.select(outbox.c.id, outbox.c.mail_id, outbox.c.kind, outbox.c.key)
    rows = tx.execute(found.where(outbox.c.state == ReplyState.QUEUED)) if of else ()
    same = [row.id for row in rows if _of(row.mail_id, row.kind, row.key) == of]
    which = outbox.c.id.in_(same) if of else outbox.c.message_id.in_(message_ids)
    tx.execute(queued.where(which).values(state=ReplyState.SENT, sent_at=now, attempts=1))


def occasion(key: str) -> str:
    """Name a letter by a hash of its key, which may hold an address."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _of(mail_id: int | None, kind: str, key: str | None) -> str:
    """Name a mail of ours by what it answers or for what occasion it is; "" for one that is written but once."""
    if mail_id is not None:
        return f"{Id.MAIL.of(mail_id)} {kind}"
    return occasion(key) if key else ""


def withhold(tx: Tx, *, error: str, only: Collection[int] | None = None) -> None:
    """Give up every mail that waits, or some, untried: they count as withheld, not as given up."""
    waiting = [outbox.c.state == ReplyState.QUEUED] + ([] if only is None else [outbox.c.id.in_(only)])
    tx.execute(sa.update(outbox).where(*waiting).values(state=ReplyState.GIVEN_UP, error=error))


def put_back(tx: Tx, outgoing_id: int, *, due_at: datetime, error: str, now: datetime) -> None:
    """Make it wait for another attempt; the ledger keeps since when it waits."""
    since = sa.func.coalesce(outbox.c.failing_since, sa.literal(now, outbox.c.failing_since.type))
    _leave(tx, outgoing_id, state=ReplyState.QUEUED, due_at=due_at, error=error, failing_since=since)


def give_up(tx: Tx, outgoing_id: int, *, error: str) -> None:
    """Stop trying: the server refused it for good, or it was tried too often."""
    _leave(tx, outgoing_id, state=ReplyState.GIVEN_UP, error=error)


def retry(tx: Tx, outgoing_id: int, now: datetime) -> bool:
    """Queue a mail again that was given up; False when it was not."""
    given_up = (outbox.c.id == outgoing_id, outbox.c.state == ReplyState.GIVEN_UP)
    due = {"state": ReplyState.QUEUED, "due_at": now, "failing_since": None}
    return tx.execute(sa.update(outbox).where(*given_up).values(**due)).rowcount == 1


def recover(tx: Tx) -> int:
    """Queue again what a dead process was sending: it may arrive twice, under one Message-ID."""
    return tx.execute(
        sa.update(outbox).where(outbox.c.state == ReplyState.SENDING).values(state=ReplyState.QUEUED)
    ).rowcount


def waiting(tx: Tx) -> int:
    """Count the mails that are still to be sent."""
    open_states = [ReplyState.QUEUED, ReplyState.SENDING]
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(outbox.c.state.in_(open_states))) or 0


def overdue(tx: Tx, before: datetime) -> int:
    """Count the mails that are still to be sent although they were due before an instant."""
    open_states = outbox.c.state.in_([ReplyState.QUEUED, ReplyState.SENDING])
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(open_states, outbox.c.due_at < before)) or 0


def is_ours(tx: Tx, message_ids: tuple[str, ...]) -> bool:
    """Whether one of the Message-IDs is of a mail that we wrote."""
    return (
        bool(message_ids)
        and tx.scalar(sa.select(outbox.c.id).where(outbox.c.message_id.in_(message_ids)).limit(1)) is not None
    )


def with_message_ids(tx: Tx, message_ids: tuple[str, ...]) -> list[OutgoingRow]:
    """Return the mails of ours that have one of the Message-IDs, oldest first."""
    return _rows(tx, outbox.c.message_id.in_(message_ids)) if message_ids else []


def count_since(
    tx: Tx, since: datetime, *, kind: str | None = None, recipient: str | None = None, domain: str | None = None
) -> int:
    """Count the replies written since an instant: of one kind, to one mailbox, to one domain.

    What others had us write to an address counts too; what we write on our own account, as a letter, does not.
    """
    where = [outbox.c.created_at >= since, sa.or_(outbox.c.mail_id.is_not(None), outbox.c.kind.in_(OF_OTHERS))]
    where += [outbox.c.kind == kind] if kind else []
    if recipient:
        return to_mailbox(tx, recipient, *where)
    where += [outbox.c.recipient.endswith(f"@{domain}", autoescape=True)] if domain else []
    return tx.scalar(sa.select(sa.func.count()).select_from(outbox).where(*where)) or 0


def recipient_of(tx: Tx, message_id: str) -> str | None:
    """Return whom one of our mails was written to."""
    return tx.scalar(sa.select(outbox.c.recipient).where(outbox.c.message_id == message_id))


def last_replies(tx: Tx) -> dict[int, bytes]:
    """Return the last reply to each team, as it was written."""
    replies = (outbox.c.team_id.is_not(None), outbox.c.mail_id.is_not(None))
    last = sa.select(sa.func.max(outbox.c.id)).where(*replies).group_by(outbox.c.team_id)
    rows = tx.execute(sa.select(outbox.c.team_id, outbox.c.message).where(outbox.c.id.in_(last)))
    return {row.team_id: row.message for row in rows}


def has(tx: Tx, key: str) -> bool:
    """Whether a letter of that key was written."""
    return tx.scalar(sa.select(outbox.c.id).where(outbox.c.key == key)) is not None


def letters_to(tx: Tx, kind: str, team_id: int) -> list[str]:
    """Return the key of each letter of a kind to a team, oldest first."""
    its = (outbox.c.kind == kind, outbox.c.team_id == team_id, outbox.c.key.is_not(None))
    return list(tx.scalars(sa.select(outbox.c.key).where(*its).order_by(outbox.c.id)))


def listing(tx: Tx, outgoing_id: int | None = None) -> list[OutgoingRow]:
    """Return the mails of the outbox, oldest first."""
    return _rows(tx, *([outbox.c.id == outgoing_id] if outgoing_id is not None else []))


def of_mail(tx: Tx, mail_id: int) -> list[OutgoingRow]:
    """Return what was written because of a mail, oldest first."""
    return _rows(tx, outbox.c.mail_id == mail_id)


def keyed(tx: Tx, *occasions: str) -> list[OutgoingRow]:
    """Return what was written on these occasions, oldest first: those whose key begins with one and a space."""
    of = outbox.c.key
    if tx.dialect.name == "sqlite":  # its LIKE uses no index, and it alone sorts texts byte by byte
        return _rows(tx, sa.or_(*(sa.and_(of >= f"{each} ", of < f"{each}!") for each in occasions)))
    return _rows(tx, sa.or_(*(of.startswith(f"{each} ", autoescape=True) for each in occasions)))


def _leave(tx: Tx, outgoing_id: int, **values: object) -> None:
    sending = (outbox.c.id == outgoing_id, outbox.c.state == ReplyState.SENDING)
    tx.execute(sa.update(outbox).where(*sending).values(**values))


def _rows(tx: Tx, *where: sa.ColumnElement[bool]) -> list[OutgoingRow]:
    found = tx.execute(sa.select(outbox).where(*where).order_by(outbox.c.id))
    return [
        OutgoingRow(
            id=row.id,
            kind=row.kind,
            mail_id=row.mail_id,
            recipient=row.recipient,
            subject=row.subject,
            message_id=row.message_id,
            message=row.message,
            state=ReplyState(row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            due_at=row.due_at,
            sent_at=row.sent_at,
            failing_since=row.failing_since,
            error=row.error,
            key=row.key,
            team_id=row.team_id,
        )
        for row in found
    ]
