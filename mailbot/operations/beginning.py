"""The first look into a mailbox: what it holds, what of that would be taken, and what would be left alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.identity import confirmation
from mailbot.mail import head, teamkey
from mailbot.transport import numbering

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.mail.head import Head
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox

NEWEST = 10
"""So many mails are listed."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A mail that lies in the mailbox."""

    folder: str
    arrived_at: datetime | None
    head: Head
    #: Whether it is left alone.
    is_left: bool


@dataclass(frozen=True, kw_only=True)
class Look:
    """What the folders hold that the ledger does not know."""

    #: How many mails would be taken, and how many are left alone.
    taken: int
    left: int
    #: When the mails that are taken begin; None when all are.
    since: datetime | None
    #: The newest mails, newest first.
    newest: Sequence[Seen]


def is_first(service: Service) -> bool:
    """Whether the mailbox of this contest was never looked into."""
    return service.config.imap is not None and not service.fetch.leaving.is_begun()


def look(service: Service) -> Look:
    """Look into the mailbox and change nothing, there or in the ledger. Raises Temporary."""
    taken = left = 0
    newest: list[Seen] = []
    with closing(service.mailbox()) as server:
        for mailbox, folder in service.fetch.mailboxes.items():
            validity = server.select(folder)
            if validity is None:
                continue
            unknown, alone = list[int](), set[int]()
            for window in numbering.windows(service.ledger, server, mailbox, validity):
                new = [uid for uid in window.uids if uid not in window.known]
                unknown += new
                alone |= service.fetch.leaving.left(server, mailbox, window.number, new) if new else set()
            taken, left = taken + len(unknown) - len(alone), left + len(alone)
            newest += _seen(server, folder, sorted(unknown)[-NEWEST:], alone)
    newest.sort(key=lambda mail: mail.arrived_at.timestamp() if mail.arrived_at else 0.0, reverse=True)
    return Look(taken=taken, left=left, since=service.fetch.leaving.since(), newest=newest[:NEWEST])


def told(mail: Seen, zone: ZoneInfo) -> str:
    """Return a mail on one line: whether it is taken, when it came, from whom, and its subject without codes."""
    when = shown(mail.arrived_at, zone) if mail.arrived_at else "at an unknown time"
    subject = confirmation.masked(teamkey.masked(mail.head.subject))
    return f"{'stays' if mail.is_left else 'taken'}: {when}, {', '.join(mail.head.senders) or 'nobody'}: {subject}"


def _seen(server: Mailbox, folder: str, uids: Sequence[int], alone: set[int]) -> Iterator[Seen]:
    for mail in server.fetch_beginning(uids) if uids else ():
        yield Seen(folder=folder, arrived_at=mail.arrived_at, head=head.read(mail.raw), is_left=mail.uid in alone)
