"""The first look into a mailbox: what it holds, what of that would be taken, and what would be left alone."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.config.calendar import shown
from mailbot.errors import MailbotError, Permanent, Temporary
from mailbot.identity import confirmation
from mailbot.mail import head, teamkey
from mailbot.transport import numbering
from mailbot.transport.clock_guard import MEND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from mailbot.mail.head import Head
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox

NEWEST = 10
"""So many mails are listed."""

LOOKED_AT = 1000
"""Of so many in each folder, those that came to it last; a mailbox that was moved may hold them in any order."""


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


def start(service: Service, ask: Callable[[Look], object] | None, *, take_over: bool) -> Temporary | None:
    """Look whose the mailbox is, ask about the mails that it holds, where this is the first look, and mark it as ours.

    Returns why the mailbox could not be looked into, where that can wait: the server is not to be asked again at once.

    Args:
        service: The parts.
        ask: Asks; it raises to end all, and then nothing is changed. None when nobody is to be asked.
        take_over: Whether the mailbox is taken over from another state.

    Raises:
        Held: another mailbot serves the mailbox.
        Temporary: the first look could not be taken. Later the daemon itself waits for a mailbox that is out of reach.
    """
    fetch = service.fetch
    fetch.marker.take_over = take_over
    is_first = not fetch.leaving.is_begun()
    try:
        with closing(service.mailbox()) as server:
            fetch.marker.check(server)
            found = _look(service, server) if is_first else None
            if found and ask and (found.taken or found.left):
                ask(found)
            fetch.marker.keep(server)
            if found:
                fetch.leaving.begin(found.since)
    except Temporary as error:
        if is_first and ask:
            raise
        return error
    return None


def verify_clock(service: Service) -> None:
    """Hold this host's clock to the mail server's before a command publishes or writes letters, as the daemon does.

    Where the server cannot be reached, or another mailbot serves the mailbox, the ledger's last entry is what there is.
    Raises Permanent when the clock is wrong.
    """
    guard = service.fetch.guard if service.config.imap else None
    if guard is None or not guard.is_real:
        return
    try:
        with closing(service.mailbox()) as server:
            service.fetch.marker.keep(server)
    except MailbotError:
        guard.compare(None)
    if not guard.holds():
        message = f"{guard.trouble} {MEND}"
        raise Permanent(message)


def look(service: Service) -> Look:
    """Look into the mailbox and change nothing, there or in the ledger. Raises Temporary."""
    with closing(service.mailbox()) as server:
        return _look(service, server)


def _look(service: Service, server: Mailbox) -> Look:
    taken = left = 0
    newest: list[Seen] = []
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
        newest += _seen(server, folder, _newest(server, sorted(unknown)[-LOOKED_AT:]), alone)
    newest.sort(key=lambda mail: mail.arrived_at.timestamp() if mail.arrived_at else 0.0, reverse=True)
    return Look(taken=taken, left=left, since=service.fetch.leaving.since(), newest=newest[:NEWEST])


def told(mail: Seen, zone: ZoneInfo) -> str:
    """Return a mail on one line: whether it is taken, when it came, from whom, and its subject without codes."""
    when = shown(mail.arrived_at, zone) if mail.arrived_at else "at an unknown time"
    subject = confirmation.masked(teamkey.masked(mail.head.subject))
    return f"{'stays' if mail.is_left else 'taken'}: {when}, {', '.join(mail.head.senders) or 'nobody'}: {subject}"


def _newest(server: Mailbox, uids: Sequence[int]) -> list[int]:
    """Return the mails of the open folder that arrived last, as far as the server tells."""
    arrived = {uid: stamp.arrived_at.timestamp() for uid, stamp in server.stamps(uids).items() if stamp.arrived_at}
    return sorted(uids, key=lambda uid: (arrived.get(uid, 0.0), uid))[-NEWEST:]


def _seen(server: Mailbox, folder: str, uids: Sequence[int], alone: set[int]) -> Iterator[Seen]:
    for mail in server.fetch_beginning(uids) if uids else ():
        yield Seen(folder=folder, arrived_at=mail.arrived_at, head=head.read(mail.raw), is_left=mail.uid in alone)
