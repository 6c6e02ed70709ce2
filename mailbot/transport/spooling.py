"""Keep the mails that came from a server: first in the spool, then in the ledger; nothing is said to the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.ledger import mails
from mailbot.ledger.mails import Place
from mailbot.mail.mime.faults import looks_substituted
from mailbot.model import Id
from mailbot.system import journal
from mailbot.transport.arrival import arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mailbot.ledger import Ledger
    from mailbot.mail.model import Fetched
    from mailbot.transport.spool import Spool
    from mailbot.transport.unserved import Unserved

PATIENCE = timedelta(hours=6)
"""So long a mail that the server could not serve is asked for again; then its sender is asked to send it again."""


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """A mail in the spool that is to be entered in the ledger."""

    uid: int
    sha256: str
    size: int
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class Spooling:
    """The step from fetched mails to their rows in the ledger."""

    ledger: Ledger
    spool: Spool
    unserved: Unserved
    clock: Callable[[], datetime]

    def keep(self, mailbox: str, validity: int, arrived: Iterable[Fetched]) -> set[int]:
        """Write mails to the spool, then enter them in the ledger; nothing is said to the server."""
        spooled = [self._spooled(mail) for mail in arrived if not self._is_withheld(mail)]
        try:
            names = self._enter(mailbox, validity, spooled)
        except Permanent:  # one of them cannot be entered: it must stop no other
            names = {uid: name for one in spooled for uid, name in self._enter_alone(mailbox, validity, one).items()}
        for name in names.values():
            journal.event("mail-spooled", mail=name)
        return set(names)

    def _spooled(self, mail: Fetched) -> Spooled:
        """Write a mail to the spool."""
        arrived_at, instead = arrival(mail, self.clock())
        if instead:
            journal.trouble("no-arrival-date", uid=mail.uid, counted_from=instead)
        digest = self.spool.put(mail.raw, arrived_at)
        return Spooled(uid=mail.uid, sha256=digest, size=mail.size, arrived_at=arrived_at)

    def _enter(self, mailbox: str, validity: int, spooled: Sequence[Spooled]) -> dict[int, str]:
        """Enter mails in the ledger, all or none; return the names of those that are new, by UID."""
        if not spooled:
            return {}
        now, names = self.clock(), {}
        with self.ledger.write("spooled") as tx:
            for mail in spooled:
                place = Place(mailbox=mailbox, uidvalidity=validity, uid=mail.uid)
                mail_id = mails.add(tx, place, sha256=mail.sha256, size=mail.size, arrived_at=mail.arrived_at, now=now)
                if mail_id is not None:
                    names[mail.uid] = Id.MAIL.of(mail_id)
        return names

    def _enter_alone(self, mailbox: str, validity: int, mail: Spooled) -> dict[int, str]:
        """Enter one mail; what the ledger refuses stays in the mailbox, and is told of."""
        try:
            return self._enter(mailbox, validity, [mail])
        except Permanent as error:
            journal.trouble("mail-refused", uid=mail.uid, why=str(error))
            self.unserved.missing(mailbox, mail.uid, str(error))
            return {}

    def _is_withheld(self, mail: Fetched) -> bool:
        """Whether the server gave a notice in the mail's place: for some hours it is left there and asked for again."""
        arrived_at, _instead = arrival(mail, self.clock())
        withheld = looks_substituted(mail.raw) and self.clock() - arrived_at < PATIENCE
        if withheld:
            journal.trouble("mail-withheld", uid=mail.uid)
        return withheld
