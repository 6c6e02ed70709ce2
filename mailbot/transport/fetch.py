"""The steps on the mailbox: take what is new into the spool, and file away what is finished."""

from __future__ import annotations

import difflib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from mailbot.errors import Permanent, Temporary
from mailbot.ledger import mails
from mailbot.ledger.mails import Place
from mailbot.mail.mime.faults import looks_substituted
from mailbot.model import Id, MailState
from mailbot.system import journal
from mailbot.transport.arrival import arrival
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.servers import Imap
    from mailbot.ledger import Ledger
    from mailbot.mail.model import Fetched, Stamp
    from mailbot.transport.spool import Spool

BATCH_MAILS = 50
BATCH_BYTES = 16 * 1024**2
"""So many mails, or so many bytes unless one is larger, are fetched by one command."""

PATIENCE = timedelta(hours=6)
"""So long a mail that the server could not serve is asked for again; then its sender is asked to send it again."""

SHOWN = 20
"""So many folders of the server are named to somebody who has named one that is not there."""

LARGEST = 40 * 1024**2
"""Of a larger mail only the beginning is fetched; its sender is told."""


class Server(Protocol):
    """What the steps ask of a mailbox; mailbot.transport.imap.mailbox.Mailbox is one."""

    def select(self, folder: str) -> int | None:
        """Open a folder; return its UIDVALIDITY, 0 where it has none; None when it is not there."""

    @property
    def next_uid(self) -> int:
        """UIDNEXT of the open folder; 0 where the server gives none."""

    @property
    def unlisted(self) -> int:
        """How many mails of the folder that was listed last the server counts and does not list."""

    def folder_names(self) -> list[str]:
        """Return the names of all folders."""

    def windows(self) -> Iterator[list[int]]:
        """Yield all UIDs of the folder in ascending lists of bounded length."""

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the mails' sizes."""

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Return the mails' sizes and arrivals."""

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch mails whole."""

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch the beginning of mails."""

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails; False when the server cannot. Raises Refused when it does not let us."""


@dataclass(frozen=True, kw_only=True)
class Spooled:
    """A mail in the spool that is to be entered in the ledger."""

    uid: int
    sha256: str
    size: int
    arrived_at: datetime


@dataclass(frozen=True, kw_only=True)
class Fetch:
    """Takes new mails from the mailbox, and files finished ones away."""

    ledger: Ledger
    spool: Spool
    #: The account, as ``submissions@example.org``: with a folder it names a mailbox for good.
    account: str
    settings: Imap
    clock: Callable[[], datetime]

    @property
    def folders(self) -> tuple[str, ...]:
        """The folders that are read, the inbox first."""
        return (self.settings.inbox, *self.settings.extra_folders)

    @property
    def mailboxes(self) -> dict[str, str]:
        """The folders that are read, by the names of their mailboxes in the ledger."""
        return {self.mailbox_name(folder): folder for folder in self.folders}

    def take_new(self, server: Server) -> int:
        """Spool every mail the ledger does not know, whatever its flags; return how many."""
        return sum(self._take(server, folder) for folder in self.folders)

    def file_away(self, server: Server) -> int:
        """Move finished mails out of the way; return how many were moved."""
        return sum(self._file(server, folder) for folder in self.folders)

    def _take(self, server: Server, folder: str) -> int:
        validity = self._open(server, folder)
        if validity is None:
            return 0
        return sum(self._take_window(server, folder, validity, uids) for uids in server.windows())

    def _open(self, server: Server, folder: str) -> int | None:
        """Open a folder that is read; None when it is an extra folder that is not there. Raises Temporary."""
        validity = server.select(folder)
        if validity is None and folder == self.settings.inbox:
            raise Temporary(missing_inbox(folder, server.folder_names()))
        if validity == 0:
            with self.ledger.read() as tx:
                known = mails.is_numbered(tx, self.mailbox_name(folder))
            if known:  # else the server never gives one, and 0 is as good as any
                raise Temporary(f"the IMAP server gives no UIDVALIDITY for {folder}, though it did before")
        return validity

    def _take_window(self, server: Server, folder: str, validity: int, uids: Sequence[int]) -> int:
        """Take what is new among some UIDs: sizes first, then the mails in batches."""
        mailbox = self.mailbox_name(folder)
        with self.ledger.read() as tx:
            known = mails.known_uids(tx, mailbox, validity, uids[0], uids[-1])
        new = [uid for uid in uids if uid not in known]
        sizes = server.sizes(new)
        taken = 0
        for batch in _batches([uid for uid in new if sizes.get(uid, 0) <= LARGEST], sizes):
            taken += self._keep(mailbox, validity, server.fetch(batch))
        return taken + self._keep(
            mailbox, validity, server.fetch_beginning([uid for uid in new if sizes.get(uid, 0) > LARGEST])
        )

    def _keep(self, mailbox: str, validity: int, arrived: Iterator[Fetched]) -> int:
        """Write mails to the spool, then enter them in the ledger; nothing is said to the server."""
        spooled = [self._spooled(mail) for mail in arrived if not self._is_withheld(mail)]
        try:
            names = self._enter(mailbox, validity, spooled)
        except Permanent:  # one of them cannot be entered: it must stop no other
            names = [name for one in spooled for name in self._enter_alone(mailbox, validity, one)]
        for name in names:
            journal.event("mail-spooled", mail=name)
        return len(names)

    def _spooled(self, mail: Fetched) -> Spooled:
        """Write a mail to the spool."""
        arrived_at, instead = arrival(mail, self.clock())
        if instead:
            journal.trouble("no-arrival-date", uid=mail.uid, counted_from=instead)
        digest = self.spool.put(mail.raw, arrived_at)
        return Spooled(uid=mail.uid, sha256=digest, size=mail.size, arrived_at=arrived_at)

    def _enter(self, mailbox: str, validity: int, spooled: Sequence[Spooled]) -> list[str]:
        """Enter mails in the ledger, all or none; return the names of those that are new."""
        if not spooled:
            return []
        now = self.clock()
        with self.ledger.write("spooled") as tx:
            ids = [
                mails.add(
                    tx,
                    Place(mailbox=mailbox, uidvalidity=validity, uid=mail.uid),
                    sha256=mail.sha256,
                    size=mail.size,
                    arrived_at=mail.arrived_at,
                    now=now,
                )
                for mail in spooled
            ]
        return [Id.MAIL.of(mail_id) for mail_id in ids if mail_id is not None]

    def _enter_alone(self, mailbox: str, validity: int, mail: Spooled) -> list[str]:
        """Enter one mail; what the ledger refuses stays in the mailbox, and the reconciliation tells of it."""
        try:
            return self._enter(mailbox, validity, [mail])
        except Permanent as error:
            journal.trouble("mail-refused", uid=mail.uid, why=str(error))
            return []

    def _is_withheld(self, mail: Fetched) -> bool:
        """Whether the server gave a notice in the mail's place: for some hours it is left there and asked for again."""
        arrived_at, _instead = arrival(mail, self.clock())
        withheld = looks_substituted(mail.raw) and self.clock() - arrived_at < PATIENCE
        if withheld:
            journal.trouble("mail-withheld", uid=mail.uid)
        return withheld

    def _file(self, server: Server, folder: str) -> int:
        validity = server.select(folder)
        if validity is None:
            return 0
        with self.ledger.read() as tx:
            rows = mails.to_file(tx, self.mailbox_name(folder), validity)
        if folder != self.folders[0]:
            rows = [row for row in rows if row.team_id is not None]  # what strangers left in Junk stays there
        by_target = defaultdict(list)
        for row in rows:
            by_target[self.settings.failed if row.state is MailState.SET_ASIDE else self.settings.processed].append(row)
        moved = 0
        for target, group in by_target.items():
            if server.move([row.place.uid for row in group], target):
                with self.ledger.write("filed") as tx:
                    mails.filed(tx, [row.id for row in group], target)
                moved += len(group)
        return moved

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
