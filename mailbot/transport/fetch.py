"""The steps on the mailbox: take what is new into the spool, and file away what is finished."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailbot.config import calendar
from mailbot.errors import AuthenticationFailed, Temporary, Throttled
from mailbot.ledger import observations
from mailbot.ledger.mailbox import places
from mailbot.system import journal
from mailbot.transport import numbering
from mailbot.transport.clock_guard import ClockGuard
from mailbot.transport.filing import Filing
from mailbot.transport.leaving import Leaving
from mailbot.transport.marker import Marker
from mailbot.transport.numbering import LARGEST
from mailbot.transport.spooling import Spooling
from mailbot.transport.unserved import Unserved
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta

    from mailbot.config.servers import Imap
    from mailbot.ledger import Ledger
    from mailbot.mail.head import Head
    from mailbot.mail.model import Fetched
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.imap.mailbox import Mailbox
    from mailbot.transport.spool import Spool

BATCH_MAILS = 50
BATCH_BYTES = 16 * 1024**2
"""So many mails, or so many bytes unless one is larger, are fetched by one command."""

SHOWN = 20
"""So many folders of the server are named to somebody who has named one that is not there."""


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Takes new mails from the mailbox, and files finished ones away."""

    ledger: Ledger
    spool: Spool
    #: The account, as ``submissions@example.org``: with a folder it names a mailbox for good.
    account: str
    settings: Imap
    alerts: Alerts
    clock: Callable[[], datetime]
    #: Of mails in a shared inbox by their UIDs, those that are for mailbot.
    wanted: Callable[[Mapping[int, Head]], set[int]] = set
    #: What only this state knows, and the folder of it.
    secret: Callable[[], bytes] = bytes
    state_folder: Path = Path()
    #: The extra folders that are not there.
    missing: set[str] = field(default_factory=set)

    @cached_property
    def unserved(self) -> Unserved:
        """The mails that the server does not give."""
        return Unserved(self.clock)

    @cached_property
    def spooling(self) -> Spooling:
        """What keeps the mails that came."""
        return Spooling(ledger=self.ledger, spool=self.spool, unserved=self.unserved, clock=self.clock)

    @cached_property
    def leaving(self) -> Leaving:
        """What tells the mails that are left alone."""
        return Leaving(
            ledger=self.ledger, settings=self.settings, mailboxes=self.mailboxes, wanted=self.wanted, clock=self.clock,
            guard=self.guard,
        )  # fmt: skip

    @cached_property
    def guard(self) -> ClockGuard:
        """What holds this host's clock to the mail server's."""
        is_real = self.clock is calendar.now
        return ClockGuard(ledger=self.ledger, alerts=self.alerts, clock=self.clock, is_real=is_real)

    @cached_property
    def marker(self) -> Marker:
        """What says in the mailbox that it is ours."""
        return Marker(
            ledger=self.ledger, alerts=self.alerts, guard=self.guard, folder=self.settings.marker,
            address=self.account, secret=self.secret, state_folder=self.state_folder, clock=self.clock,
        )  # fmt: skip

    @cached_property
    def filing(self) -> Filing:
        """The step that files mails away."""
        return Filing(ledger=self.ledger, settings=self.settings, alerts=self.alerts, clock=self.clock)

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are read, the inbox first."""
        return (self.settings.inbox, *self.settings.extra_folders)

    @property
    def mailboxes(self) -> dict[str, str]:
        """The folders that are read, by the names of their mailboxes in the ledger."""
        return {self.mailbox_name(folder): folder for folder in self.folders}

    def take_new(self, server: Mailbox) -> int:
        """Spool every mail the ledger does not know, whatever its flags, but those left alone; return how many."""
        self.leaving.begin()
        return sum(self._take(server, folder) for folder in self.folders)

    def file_away(self, server: Mailbox) -> int:
        """Move finished mails out of the way; return how many were moved. What the server refuses raises nothing."""
        return sum(self._file(server, folder) for folder in self.folders if not self.filing.rests)

    def report(self, patience: timedelta) -> None:
        """Tell the organizers of extra folders that are not there, and of mails that did not come for so long."""
        missing = ", ".join(sorted(self.missing))
        hint = "fix imap.extra_folders: what lands in a spam folder that is not read is not seen"
        self._tell("folders", f"not there: {missing}; {hint}" if missing else "")
        self._tell("unserved", self.unserved.told(patience))

    def _tell(self, part: str, trouble: str) -> None:
        with self.ledger.read() as tx:
            known = {row.part: row.ok for row in observations.health_of_parts(tx)}
        if known.get(part, True) is not (not trouble):
            self.alerts.report(part, ok=not trouble, detail=trouble)

    def _take(self, server: Mailbox, folder: str) -> int:
        validity, mailbox = self._open(server, folder), self.mailbox_name(folder)
        if validity is None:
            return 0
        taken, lacking = 0, set[int]()
        for window in numbering.windows(self.ledger, server, mailbox, validity):
            if window.is_anew:
                self._tell_restored(folder)
            unknown = [uid for uid in window.uids if uid not in window.known]
            left = self.leaving.left(server, mailbox, window.number, unknown)
            new = [uid for uid in unknown if uid not in left]
            lacking.update(new)
            came = self._take_new(server, mailbox, window.number, new)
            lacking -= came
            taken += len(came)
        if server.unlisted:
            journal.trouble("mails-unlisted", folder=folder, mails=server.unlisted)
        self.unserved.forget(mailbox, but=lacking)
        return taken

    def _tell_restored(self, folder: str) -> None:
        journal.trouble("mailbox-renumbered", folder=folder)
        detail = (
            f"{folder}: UIDs that other mails had before were given again, as after a restore of a mail store. "
            "All mails of the folder are fetched again, and those that were handled before are known again; "
            "mails that came between the backup and the restore may be gone: ask the provider."
        )
        self.alerts.report("restored", ok=False, detail=detail)

    def _open(self, server: Mailbox, folder: str) -> int | None:
        """Open a folder that is read; None when it is an extra folder that is not there. Raises Temporary."""
        validity = server.select(folder)
        (self.missing.add if validity is None else self.missing.discard)(folder)
        if validity is None and folder == self.settings.inbox:
            raise Temporary(missing_inbox(folder, server.folder_names()))
        if validity == 0:
            with self.ledger.read() as tx:
                known = places.is_numbered(tx, self.mailbox_name(folder))
            if known:  # else the server never gives one, and 0 is as good as any
                raise Temporary(f"the IMAP server gives no UIDVALIDITY for {folder}, though it did before")
        return validity

    def _take_new(self, server: Mailbox, mailbox: str, number: int, new: Sequence[int]) -> set[int]:
        """Take mails in batches, after a look at their sizes; return the UIDs of those that came."""
        asked = [uid for uid in new if not self.unserved.rests(mailbox, uid)]
        sizes = self.leaving.sizes(mailbox, number, asked)
        sizes |= server.sizes([uid for uid in asked if uid not in sizes])
        alone = [uid for uid in asked if self.unserved.breaks(mailbox, uid)]
        small = [uid for uid in asked if sizes.get(uid, 0) <= LARGEST and uid not in alone]
        large = [uid for uid in asked if sizes.get(uid, 0) > LARGEST and uid not in alone]
        came = set[int]()
        for batch in [*_batches(small, sizes), *([large] if large else []), *([uid] for uid in alone)]:
            give = server.fetch if sizes.get(batch[0], 0) <= LARGEST else server.fetch_beginning
            came |= self._take_batch(mailbox, number, batch, give)
        return came

    def _take_batch(
        self, mailbox: str, number: int, batch: Sequence[int], give: Callable[[Sequence[int]], Iterator[Fetched]]
    ) -> set[int]:
        """Take the mails of one batch, and note which did not come."""
        arrived: list[Fetched] = []
        lost: Temporary | None = None
        try:
            arrived.extend(give(batch))
        except (AuthenticationFailed, Throttled):
            raise
        except Temporary as error:
            lost = error
        there = {mail.uid for mail in arrived}
        taken = [mail for mail in arrived if not self.leaving.is_left(mail, mailbox, number)]
        came = self.spooling.keep(mailbox, number, taken)
        for uid in [uid for uid in batch if uid not in there]:
            if lost:
                self.unserved.broke(mailbox, uid, str(lost))
            else:
                self.unserved.missing(mailbox, uid, "the server gives no body for it, or only a part")
        if lost:
            raise lost
        return came

    def _file(self, server: Mailbox, folder: str) -> int:
        validity, mailbox = server.select(folder), self.mailbox_name(folder)
        if validity is None:
            return 0
        with self.ledger.read() as tx:
            number = numbering.current(tx, mailbox, validity)
        strangers = folder == self.folders[0]  # what strangers left in Junk stays there
        return self.filing.file(server, mailbox, number, strangers=strangers)

    def mailbox_name(self, folder: str) -> str:
        """Return the name of a mailbox, for good: the account and the folder."""
        return f"{self.account}/{folder}"


def missing_inbox(inbox: str, there: Sequence[str]) -> str:
    """Say that the inbox is not on the server, and what it may be called there."""
    like = difflib.get_close_matches(inbox, there, n=1)
    meant = f"did you mean {like[0]!r}?" if like else f"there are {', '.join(there[:SHOWN]) or 'none'}"
    return printable(f"imap.inbox: the IMAP server has no folder {inbox!r}; {meant}", 300)


def _batches(uids: Sequence[int], sizes: dict[int, int]) -> Iterator[list[int]]:
    """Cut UIDs into batches by count and by bytes."""
    batch: list[int] = []
    for uid in uids:
        full = len(batch) >= BATCH_MAILS or sum(sizes.get(u, 0) for u in batch) + sizes.get(uid, 0) > BATCH_BYTES
        if batch and full:
            yield batch
            batch = []
        batch.append(uid)
    if batch:
        yield batch
