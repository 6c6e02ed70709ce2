"""Compare mailbox, ledger and spool once an hour: every mail is known, and every mail and reply on its way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.errors import Refused
from mailbot.ledger import mails, observations, outbox
from mailbot.model import MailState
from mailbot.system import journal
from mailbot.transport import numbering

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger import Ledger
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.imap.mailbox import Mailbox
    from mailbot.transport.spool import Spool

OVERDUE = timedelta(hours=1)
"""A mail or a reply that is due for longer than this is not on its way."""

NEARLY_FULL, FULL = 0.8, 0.95
"""The shares of its quota at which the organizers are told that a mailbox fills."""

ROOM = (
    "A full mailbox bounces what teams send: delete old mails that are not the contest's, empty the bin, or ask for "
    "more room. Processed mails are in the spool too, so its mails may be deleted after a backup."
)


@dataclass(frozen=True, kw_only=True)
class Swept:
    """What the swept folders hold."""

    in_mailbox: int = 0
    unknown: int = 0
    #: Not in the ledger on purpose: older than the contest, or of others in a shared inbox.
    left: int = 0
    unlisted: int = 0


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the comparison found; all but mailbox, ledger, left and dropped should be 0."""

    in_mailbox: int
    in_ledger: int
    #: In the mailbox, and not in the ledger although the mailbox was just swept.
    unknown: int
    #: In the mailbox, and not in the ledger on purpose: :mod:`mailbot.transport.leaving`.
    left: int
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
        """What is amiss, in words and each with its fix; "" when nothing is."""
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
    #: Tells which mails of the open folder are left alone.
    left: Callable[[Mailbox, str, int, Sequence[int]], set[int]]
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

    def tell_room(self, server: Mailbox) -> None:
        """Tell the organizers when the mailbox is nearly full, at each of two shares, and when it is so no more."""
        try:
            quota = server.quota()
        except Refused as error:  # announced and refused: then nobody knows
            journal.event("quota-not-told", why=str(error))
            return
        used, limit = quota or (0, 0)
        detail = f"{used // 1024} of {limit // 1024} MiB are used. {ROOM}"
        with self.ledger.read() as tx:
            known = {row.part: row.ok for row in observations.health_of_parts(tx)}
        for part, share in (("quota", NEARLY_FULL), ("full", FULL)):
            ok = not limit or used < share * limit
            if known.get(part, True) is not ok:
                self.alerts.report(part, ok=ok, detail="" if ok else detail)

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
                left=swept.left,
                unlisted=swept.unlisted,
                without_bytes=len(missing) - dropped,
                dropped=dropped,
                overdue_mails=mails.overdue(tx, late),
                overdue_replies=outbox.overdue(tx, late),
                set_aside=mails.count(tx, state=MailState.SET_ASIDE),
            )

    def _mailbox(self, server: Mailbox) -> Swept:
        present = unknown = left = unlisted = 0
        for mailbox, folder in self.folders.items():
            validity = server.select(folder)
            if validity is None:
                continue
            found = lacking = alone = 0
            for window in numbering.windows(self.ledger, server, mailbox, validity):
                if window.is_anew:
                    found = lacking = alone = 0
                missing = sorted(set(window.uids) - window.known)
                kept = self.left(server, mailbox, window.number, missing) if missing else set()
                found, lacking, alone = found + len(window.uids), lacking + len(missing) - len(kept), alone + len(kept)
            present, unknown, unlisted = present + found, unknown + lacking, unlisted + server.unlisted
            left += alone
        return Swept(in_mailbox=present, unknown=unknown, left=left, unlisted=unlisted)
