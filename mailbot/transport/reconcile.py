"""Compare mailbox, ledger and spool once an hour: every mail is known, and every mail and reply on its way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import mails, outbox
from mailbot.model import MailState
from mailbot.system import journal
from mailbot.transport import numbering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.imap.mailbox import Mailbox
    from mailbot.transport.spool import Spool

OVERDUE = timedelta(hours=1)
"""A mail or a reply that is due for longer than this is not on its way."""


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What the swept folders hold."""

    in_mailbox: int = 0
    unknown: int = 0
    unlisted: int = 0


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the comparison found; all but mailbox, ledger and dropped should be 0."""

    in_mailbox: int
    in_ledger: int
    #: In the mailbox, and not in the ledger although the mailbox was just swept.
    unknown: int
    #: In the mailbox, as its server counts, and not listed by it.
    unlisted: int
    #: In the ledger, and not in the spool.
    without_bytes: int
    #: Of those in the ledger: dropped from the spool on purpose, by retention or with their team.
    dropped: int
    #: Neither settled nor tried for too long.
    overdue_mails: int
    overdue_replies: int
    set_aside: int

    @property
    def ok(self) -> bool:
        """Whether nothing is amiss. Mails that were set aside are told of by themselves."""
        return not self.told

    @property
    def told(self) -> str:
        """What is amiss, in words and each with its mend; "" when nothing is."""
        amiss = (
            (self.unknown, "mails in the mailbox are not fetched yet: `mailbot once` fetches them, or `mailbot run`"),
            (self.unlisted, "mails are in the mailbox, its server says, and it does not list them: ask the provider"),
            (self.without_bytes, "mails lost their bytes: `mailbot rebuild --from-mailbox` brings them back"),
            (self.overdue_mails, "mails wait to be handled for more than an hour: is `mailbot run` running?"),
            (self.overdue_replies, "replies wait to be sent for more than an hour: `mailbot outbox list` says why"),
        )
        return "; ".join(f"{count} {what}" for count, what in amiss if count)


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """Compares mailbox, ledger and spool."""

    ledger: Ledger
    spool: Spool
    #: The swept folders, by the name of their mailbox in the ledger.
    folders: Mapping[str, str]
    alerts: Alerts
    clock: Callable[[], datetime]

    def run(self, server: Mailbox, *, take: Callable[[], int] = lambda: 0) -> None:
        """Compare, and tell of it; ``take`` is as for :meth:`sweep`."""
        self.tell(self.count(self.sweep(server, take=take)))

    def sweep(self, server: Mailbox, *, take: Callable[[], int] = lambda: 0) -> Swept:
        """Count the mails of the swept folders, and those of them that the ledger does not know; tell nobody.

        ``take`` takes what is new: a mail that came since the last look is nothing amiss, nor is one that left.
        """
        swept = self._mailbox(server)
        return self._mailbox(server) if swept.unlisted or (swept.unknown and take()) else swept

    def tell(self, counts: Counts) -> None:
        """Write the counts to the journal, and tell the organizers when something is amiss, or well again."""
        journal.event("reconciled", **asdict(counts))
        self.alerts.report("reconciliation", ok=counts.ok, detail=counts.told)

    def count(self, swept: Swept | None = None) -> Counts:
        """Compare the ledger with the spool; what the mailbox holds is given."""
        swept = swept or Swept()
        late = self.clock() - OVERDUE
        with self.ledger.read() as tx:
            missing = [digest for digest in mails.digests(tx) if not self.spool.path(digest).is_file()]
            dropped = sum(bool(self.spool.why_dropped(digest)) for digest in missing)
            return Counts(
                in_mailbox=swept.in_mailbox,
                in_ledger=mails.count(tx),
                unknown=swept.unknown,
                unlisted=swept.unlisted,
                without_bytes=len(missing) - dropped,
                dropped=dropped,
                overdue_mails=mails.overdue(tx, late),
                overdue_replies=outbox.overdue(tx, late),
                set_aside=mails.count(tx, state=MailState.SET_ASIDE),
            )

    def _mailbox(self, server: Mailbox) -> Swept:
        present = unknown = unlisted = 0
        for mailbox, folder in self.folders.items():
            validity = server.select(folder)
            if validity is None:
                continue
            found = lacking = 0
            for window in numbering.windows(self.ledger, server, mailbox, validity):
                if window.is_anew:
                    found = lacking = 0
                found += len(window.uids)
                lacking += len(set(window.uids) - window.known)
            present, unknown, unlisted = present + found, unknown + lacking, unlisted + server.unlisted
        return Swept(in_mailbox=present, unknown=unknown, unlisted=unlisted)
