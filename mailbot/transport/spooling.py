"""Keep the mails that came from a server: first in the spool, then in the ledger; nothing is said to the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.ledger import mails
from mailbot.ledger.mailbox.places import Place
from mailbot.ledger.mails import Arrived
from mailbot.mail.mime.faults import looks_substituted
from mailbot.model import Id
from mailbot.system import journal
from mailbot.transport.arrival import arrival

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.mail.model import Fetched
    from mailbot.transport.spool import Spool
    from mailbot.transport.unserved import Unserved

PATIENCE = timedelta(hours=6)
"""So long a mail that the server could not serve is asked for again; then its sender is asked to send it again."""


@dataclass(frozen=True, kw_only=True)
class Spooling:
    """The step from fetched mails to their rows in the ledger."""

    ledger: Ledger
    spool: Spool
    unserved: Unserved
    clock: Callable[[], datetime]

    def keep(self, mailbox: str, validity: int, arrived: Iterable[Fetched]) -> set[int]:
        """Write mails to the spool, then enter them in the ledger; nothing is said to the server."""
        spooled = [self._spooled(mail, mailbox, validity) for mail in arrived if not self._is_withheld(mail)]
        try:
            names = self._enter(spooled)
        except Permanent:  # one of them cannot be entered: it must stop no other
            names = {uid: name for one in spooled for uid, name in self._enter_alone(one).items()}
        for name in names.values():
            journal.event("mail-spooled", mail=name)
        return set(names)

    def _spooled(self, mail: Fetched, mailbox: str, validity: int) -> Arrived:
        """Write a mail to the spool."""
        arrived_at, instead = arrival(mail, self.clock())
        if instead:
            journal.trouble("no-arrival-date", uid=mail.uid, counted_from=instead)
        digest = self.spool.put(mail.raw, arrived_at)
        place = Place(mailbox=mailbox, uidvalidity=validity, uid=mail.uid)
        return Arrived(place=place, sha256=digest, size=mail.size, arrived_at=arrived_at)

    def _enter(self, spooled: Sequence[Arrived]) -> dict[int, str]:
        """Enter mails in the ledger, all or none; return the names of those that are new, by UID."""
        if not spooled:
            return {}
        with self.ledger.write("spooled") as tx:
            entered = mails.add_all(tx, spooled, now=self.clock())
        return {place.uid: Id.MAIL.of(mail_id) for place, mail_id in entered.items()}

    def _enter_alone(self, mail: Arrived) -> dict[int, str]:
        """Enter one mail; what the ledger refuses stays in the mailbox, and is told of."""
        try:
            return self._enter([mail])
        except Permanent as error:
            journal.trouble("mail-refused", uid=mail.place.uid, why=str(error))
            self.unserved.missing(mail.place.mailbox, mail.place.uid, str(error))
            return {}

    def _is_withheld(self, mail: Fetched) -> bool:
        """Whether the server gave a notice in the mail's place: for some hours it is left there and asked for again."""
        arrived_at, _instead = arrival(mail, self.clock())
        withheld = looks_substituted(mail.raw) and self.clock() - arrived_at < PATIENCE
        if withheld:
            journal.trouble("mail-withheld", uid=mail.uid)
        return withheld
