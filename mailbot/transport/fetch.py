"""The steps on the mailbox: take what is new into the spool, and file away what is finished."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from mailbot.ledger import mails
from mailbot.ledger.mails import Place
from mailbot.mail.mime.faults import looks_substituted
from mailbot.model import Id, MailState
from mailbot.system import journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mailbot.config.servers import Imap
    from mailbot.ledger import Ledger
    from mailbot.mail.model import Fetched
    from mailbot.transport.spool import Spool

BATCH_MAILS = 50
BATCH_BYTES = 16 * 1024**2
"""So many mails, or so many bytes unless one is larger, are fetched by one command."""

PATIENCE = timedelta(hours=6)
"""So long a mail that the server could not serve is asked for again; then its sender is asked to send it again."""

LARGEST = 40 * 1024**2
"""Of a larger mail only the beginning is fetched; its sender is told."""


class Server(Protocol):
    """What the steps ask of a mailbox; mailbot.transport.imap.Mailbox is one."""

    def select(self, folder: str) -> int | None:
        """Open a folder; return its UIDVALIDITY, or None."""

    def windows(self) -> Iterator[list[int]]:
        """Yield all UIDs of the folder in ascending lists of bounded length."""

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the mails' sizes."""

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch mails whole."""

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch the beginning of mails."""

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails; False when the server cannot."""


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
        validity = server.select(folder)
        if validity is None:
            return 0
        return sum(self._take_window(server, folder, validity, uids) for uids in server.windows())

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
        spooled = [
            (mail.uid, self.spool.put(mail.raw, mail.arrived_at), mail.size, mail.arrived_at)
            for mail in arrived
            if not self._is_withheld(mail)
        ]
        if not spooled:
            return 0
        now, names = self.clock(), []
        with self.ledger.write("spooled") as tx:
            for uid, sha256, size, arrived_at in spooled:
                place = Place(mailbox=mailbox, uidvalidity=validity, uid=uid)
                mail_id = mails.add(tx, place, sha256=sha256, size=size, arrived_at=arrived_at, now=now)
                if mail_id is not None:
                    names.append(Id.MAIL.of(mail_id))
        for name in names:
            journal.event("mail-spooled", mail=name)
        return len(names)

    def _is_withheld(self, mail: Fetched) -> bool:
        """Whether the server gave a notice in the mail's place: for some hours it is left there and asked for again."""
        withheld = looks_substituted(mail.raw) and self.clock() - mail.arrived_at < PATIENCE
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
