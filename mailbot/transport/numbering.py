"""Notice a mail store that was restored from a backup: it gives UIDs to new mails that others had before.

RFC 9051, section 2.3.1.1, forbids that, and it happens. The folder is then numbered anew by us: in the ledger its
UIDVALIDITY is the server's plus a multiple of 2**32. So each of its mails is new at its place and is fetched; those
that were handled before are known again by what they say, as after any change of UIDVALIDITY.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailbot.ledger import mails
from mailbot.ledger.mailbox import places
from mailbot.ledger.mailbox.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.ledger import Ledger, Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.model import Stamp
    from mailbot.transport.imap.mailbox import Mailbox

GENERATION = 2**32
"""A UIDVALIDITY has 32 bits; what is above them counts how often the folder was restored."""

_NUMBERS = 2**63
"""So many numbers the ledger can keep."""

LARGEST = 40 * 1024**2
"""Of a larger mail only the beginning is fetched; its sender is told."""

SUSPECTS = 20
"""So many mails that were filed away and are there again are looked at, in each window."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of a folder's UIDs, in ascending order."""

    #: The folder's UIDVALIDITY in the ledger.
    number: int
    uids: Sequence[int]
    #: Those of them, and perhaps others, that the ledger knows.
    known: set[int]
    #: The folder was restored: the windows before this one count for nothing, and all its mails come again.
    is_anew: bool = False


def current(tx: Tx, mailbox: str, validity: int) -> int:
    """Return the UIDVALIDITY of a folder in the ledger: the server's, or the newest of our own since a restore."""
    number = validity
    while places.highest_uid(tx, mailbox, _after(number)):
        number = _after(number)
    return number


def _after(number: int) -> int:
    return (number + GENERATION) % _NUMBERS


def windows(ledger: Ledger, server: Mailbox, mailbox: str, validity: int) -> Iterator[Window]:
    """Yield the UIDs of the open folder in windows, each with what the ledger knows of it."""
    with ledger.read() as tx:
        number = current(tx, mailbox, validity)
        highest = places.highest_uid(tx, mailbox, number)
    top = 0
    for uids in server.windows():
        top = uids[-1]
        known = _known(ledger, mailbox, number, uids)
        window = Window(number=number, uids=uids, known=known)
        if known and _is_contradicted(ledger, server, mailbox, window):
            yield from _anew(ledger, server, mailbox, _after(number))
            return
        yield window
    if top < server.next_uid <= highest:  # a UIDNEXT below a mail that is there is only wrong
        yield from _anew(ledger, server, mailbox, _after(number))


def _anew(ledger: Ledger, server: Mailbox, mailbox: str, number: int) -> Iterator[Window]:
    yield Window(number=number, uids=(), known=set(), is_anew=True)
    for uids in server.windows():
        yield Window(number=number, uids=uids, known=_known(ledger, mailbox, number, uids))


def _known(ledger: Ledger, mailbox: str, number: int, uids: Sequence[int]) -> set[int]:
    with ledger.read() as tx:
        return places.known_uids(tx, mailbox, number, uids[0], uids[-1])


def _is_contradicted(ledger: Ledger, server: Mailbox, mailbox: str, window: Window) -> bool:
    """Whether a mail that the ledger knows is another one on the server.

    UIDs that are given again are the highest: if the last mail that was not filed away is the one that the ledger
    knows, so are those before it. One that was filed away should not be here at all.
    """
    uids, number = window.uids, window.number
    with ledger.read() as tx:
        filed = places.known_uids(tx, mailbox, number, uids[0], uids[-1], filed=True)
        last = [uid for uid in reversed(uids) if uid in window.known and uid not in filed][:1]
        suspects = sorted([uid for uid in uids if uid in filed][-SUSPECTS:] + last)
        rows = [mails.at(tx, Place(mailbox=mailbox, uidvalidity=number, uid=uid)) for uid in suspects]
    stamps = server.stamps(suspects)
    return any(
        row.place.uid in stamps and _differs(row, stamps[row.place.uid]) and _is_another(server, row) for row in rows
    )


def _differs(row: MailRow, stamp: Stamp) -> bool:
    """Whether size or arrival are others than the ledger's, as far as the server tells them."""
    return stamp.size not in {None, row.size} or stamp.arrived_at not in {None, row.arrived_at}


def _is_another(server: Mailbox, row: MailRow) -> bool:
    """Whether a mail has other bytes than the ledger's; one that the server does not give says nothing."""
    give = server.fetch_beginning if row.size > LARGEST else server.fetch
    return any(hashlib.sha256(mail.raw).hexdigest() != row.sha256 for mail in give([row.place.uid]))
