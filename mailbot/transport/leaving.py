"""What of the mailbox is left alone: mails that came before mailbot began, and in a shared inbox those of others.

They stay where they are, untouched: not fetched, not moved, not marked. What was looked at is remembered until the
process ends, so that a folder with many of them costs one look.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import events
from mailbot.ledger.mailbox import places
from mailbot.mail import head
from mailbot.system import journal
from mailbot.transport.arrival import arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from mailbot.config.servers import Imap
    from mailbot.ledger import Ledger, Tx
    from mailbot.mail.head import Head
    from mailbot.mail.model import Fetched
    from mailbot.transport.clock_guard import ClockGuard
    from mailbot.transport.imap.mailbox import Mailbox

BEGUN = "mailbox-begun"
"""The entry of the audit trail that tells of the first look into the mailbox."""


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """Tells what is left alone."""

    ledger: Ledger
    settings: Imap
    #: The folders that are read, by the names of their mailboxes in the ledger.
    mailboxes: Collection[str]
    #: Of mails by their UIDs, those that are for mailbot.
    wanted: Callable[[Mapping[int, Head]], set[int]]
    clock: Callable[[], datetime]
    guard: ClockGuard
    #: Mails that came since, and are still to be fetched, with their sizes where the server told them.
    _new: dict[tuple[str, int, int], int | None] = field(default_factory=dict)
    _old: set[tuple[str, int, int]] = field(default_factory=set)
    _heads: dict[tuple[str, int, int], Head] = field(default_factory=dict)

    def is_begun(self) -> bool:
        """Whether the mailbox was ever looked into for this ledger."""
        with self.ledger.read() as tx:
            return events.last(tx, kind=BEGUN) is not None or places.is_any_of(tx, self.mailboxes)

    def begin(self, since: datetime | None = None) -> None:
        """Enter the first look into the mailbox in the audit trail, unless there was one; all later ones follow it.

        ``since``: when the mails that belong to the contest begin; None for the config's instant, or now.
        """
        if self.is_begun():
            return
        now = self.clock()
        begins = self.settings.since or min(since or self._now(), self._now())
        with self.ledger.write("mailbox-begun") as tx:
            events.append(tx, kind=BEGUN, subject="mailbox", now=now, since=begins.astimezone(UTC).isoformat())
        journal.event(BEGUN, since=begins.isoformat())

    def since(self) -> datetime | None:
        """Return the instant before which mails are left; None when none is, as in ledgers of earlier versions."""
        if self.settings.since:
            return self.settings.since
        with self.ledger.read() as tx:
            return _entered(tx) or (None if places.is_any_of(tx, self.mailboxes) else self._now())

    def left(self, server: Mailbox, mailbox: str, number: int, uids: Sequence[int]) -> set[int]:
        """Return those mails of the open folder that are left alone; ``uids`` are some that the ledger does not know.

        A mail of which the server tells neither arrival nor header is not left: it is looked at when it was fetched.
        """
        since = self.since()
        if since is not None:
            new = [uid for uid in uids if (mailbox, number, uid) not in self._old]
            new = [uid for uid in new if (mailbox, number, uid) not in self._new]
            stamps = server.stamps(new) if new else {}
            for uid, stamp in stamps.items():
                if stamp.arrived_at is not None and stamp.arrived_at < since:
                    self._old.add((mailbox, number, uid))
                elif stamp.arrived_at is not None:
                    self._new[mailbox, number, uid] = stamp.size
        found = {uid for uid in uids if (mailbox, number, uid) in self._old}
        return found | self._of_others(server, mailbox, number, [uid for uid in uids if uid not in found])

    def sizes(self, mailbox: str, number: int, uids: Sequence[int]) -> dict[int, int]:
        """Return the sizes of mails that are known from a look at their arrival."""
        told = {uid: self._new.get((mailbox, number, uid)) for uid in uids}
        return {uid: size for uid, size in told.items() if size is not None}

    def is_left(self, mail: Fetched, mailbox: str, number: int) -> bool:
        """Whether a mail that was fetched is left after all, by what only its header says."""
        key, since = (mailbox, number, mail.uid), self.since()
        self._new.pop(key, None)
        if since is not None and arrival(mail, self.clock())[0] < since:
            self._old.add(key)
        elif self.settings.leave == "others" and key not in self._heads:
            self._heads[key] = head.read(mail.raw)
            return not self.wanted({mail.uid: self._heads[key]})
        return key in self._old

    def _of_others(self, server: Mailbox, mailbox: str, number: int, uids: Sequence[int]) -> set[int]:
        """Return the mails of others, in an inbox that is shared with them."""
        if self.settings.leave != "others" or not uids:
            return set()
        new = [uid for uid in uids if (mailbox, number, uid) not in self._heads]
        for mail in server.fetch_beginning(new) if new else ():
            self._heads[mailbox, number, mail.uid] = head.read(mail.raw)
        known = {uid: self._heads[mailbox, number, uid] for uid in uids if (mailbox, number, uid) in self._heads}
        return known.keys() - self.wanted(known)

    def _now(self) -> datetime:
        """Return this second: INTERNALDATE has no fractions. A clock that is ahead would pass over new mails."""
        return (self.clock() - max(self.guard.ahead, timedelta())).replace(microsecond=0)


def _entered(tx: Tx) -> datetime | None:
    """Return what the audit trail says of the first look."""
    entry = events.last(tx, kind=BEGUN)
    return datetime.fromisoformat(json.loads(entry.detail)["since"]) if entry else None
