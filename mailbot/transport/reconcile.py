"""Compare mailbox, ledger and spool once an hour: every mail is known, and every mail and reply on its way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.ledger import mails, outbox
from mailbot.model import MailState
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.fetch import Server
    from mailbot.transport.spool import Spool

OVERDUE = timedelta(hours=1)
"""A mail or a reply that is due for longer than this is not on its way."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the comparison found; all but mailbox, ledger and dropped should be 0."""

    in_mailbox: int
    in_ledger: int
    #: In the mailbox, and not in the ledger although the mailbox was just swept.
    unknown: int
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

    def run(self, server: Server, *, take: Callable[[], int] = lambda: 0) -> None:
        """Compare, and tell of it; ``take`` is as for :meth:`sweep`."""
        present, unknown = self.sweep(server, take=take)
        self.tell(self.count(in_mailbox=present, unknown=unknown))

    def sweep(self, server: Server, *, take: Callable[[], int] = lambda: 0) -> tuple[int, int]:
        """Count the mails of the swept folders, and those of them that the ledger does not know; tell nobody.

        ``take`` takes what is new: a mail that came since the last look is nothing amiss.
        """
        present, unknown = self._mailbox(server)
        return self._mailbox(server) if unknown and take() else (present, unknown)

    def tell(self, counts: Counts) -> None:
        """Write the counts to the journal, and tell the organizers when something is amiss, or well again."""
        journal.event("reconciled", **asdict(counts))
        self.alerts.report("reconciliation", ok=counts.ok, detail=counts.told)

    def count(self, *, in_mailbox: int = 0, unknown: int = 0) -> Counts:
        """Compare the ledger with the spool; what the mailbox holds is given."""
        late = self.clock() - OVERDUE
        with self.ledger.read() as tx:
            missing = [digest for digest in mails.digests(tx) if not self.spool.path(digest).is_file()]
            dropped = sum(bool(self.spool.why_dropped(digest)) for digest in missing)
            return Counts(
                in_mailbox=in_mailbox,
                in_ledger=mails.count(tx),
                unknown=unknown,
                without_bytes=len(missing) - dropped,
                dropped=dropped,
                overdue_mails=mails.overdue(tx, late),
                overdue_replies=outbox.overdue(tx, late),
                set_aside=mails.count(tx, state=MailState.SET_ASIDE),
            )

    def _mailbox(self, server: Server) -> tuple[int, int]:
        present = unknown = 0
        for mailbox, folder in self.folders.items():
            validity = server.select(folder)
            if validity is None:
                continue
            for uids in server.windows():
                with self.ledger.read() as tx:
                    known = mails.known_uids(tx, mailbox, validity, uids[0], uids[-1])
                present += len(uids)
                unknown += len(set(uids) - known)
        return present, unknown
