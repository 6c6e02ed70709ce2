"""Where mails lie on the server, and which of these places the ledger knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import mails

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a mail lies on the server: the identity of a message (RFC 9051, section 2.3.1.1)."""

    #: Account and folder.
    mailbox: str
    uidvalidity: int
    uid: int


def rows_at(tx: Tx, asked: Collection[Place], *columns: sa.Column[Any]) -> dict[Place, Mapping[Any, Any]]:
    """Return some columns of the mails at those of some places that are in the ledger."""
    found: dict[Place, Mapping[Any, Any]] = {}
    for mailbox, validity in {(place.mailbox, place.uidvalidity) for place in asked}:
        uids = {place.uid for place in asked if (place.mailbox, place.uidvalidity) == (mailbox, validity)}
        its = (mails.c.mailbox == mailbox, mails.c.uidvalidity == validity, mails.c.uid.in_(uids))
        for row in tx.execute(sa.select(mails.c.uid, *columns).where(*its)).mappings():
            found[Place(mailbox=mailbox, uidvalidity=validity, uid=row["uid"])] = row
    return found


def known_uids(tx: Tx, mailbox: str, uidvalidity: int, first: int, last: int, *, filed: bool = False) -> set[int]:
    """Return the UIDs of a mailbox, from first to last, that are in the ledger, or those that were filed away."""
    where = (mails.c.mailbox == mailbox, mails.c.uidvalidity == uidvalidity, mails.c.uid.between(first, last))
    return set(tx.scalars(sa.select(mails.c.uid).where(*where, mails.c.filed_to.is_not(None) if filed else sa.true())))


def highest_uid(tx: Tx, mailbox: str, uidvalidity: int) -> int:
    """Return the highest UID of a mailbox that is in the ledger; 0 when none is."""
    where = (mails.c.mailbox == mailbox, mails.c.uidvalidity == uidvalidity)
    return tx.scalar(sa.select(sa.func.max(mails.c.uid)).where(*where)) or 0


def is_numbered(tx: Tx, mailbox: str) -> bool:
    """Whether a mail of a mailbox was ever entered with a UIDVALIDITY."""
    where = (mails.c.mailbox == mailbox, mails.c.uidvalidity > 0)
    return tx.scalar(sa.select(mails.c.id).where(*where).limit(1)) is not None


def is_any_of(tx: Tx, mailboxes: Iterable[str]) -> bool:
    """Whether a mail of one of the mailboxes was ever entered."""
    return tx.scalar(sa.select(mails.c.id).where(mails.c.mailbox.in_(list(mailboxes))).limit(1)) is not None
