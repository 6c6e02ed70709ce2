"""Extract from spooled mails what teams sent: result files, papers, archives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from mailbot.errors import Permanent
from mailbot.ledger import mails
from mailbot.mail import tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mailbot.ledger import Ledger
    from mailbot.ledger.entries import EntryRow
    from mailbot.ledger.mails import MailRow
    from mailbot.mail.open import Candidate, Opened
    from mailbot.system.sandbox import Sandbox, Task
    from mailbot.transport.spool import Spool


class Filed(Protocol):
    """A submission whose file can be found again: :class:`Accepted` or :class:`SubmissionRow`."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def mail_id(self) -> int:
        """Its mail's."""

    @property
    def track(self) -> str | None:
        """Its track."""

    @property
    def sha256(self) -> str:
        """The SHA-256 of its file."""

    @property
    def receipt(self) -> str:
        """Its public id."""


Row = TypeVar("Row", bound=Filed)


@dataclass(frozen=True, kw_only=True)
class SubmittedFiles:
    """Takes files out of spooled mails again."""

    ledger: Ledger
    spool: Spool
    sandbox: Sandbox

    def candidates(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Candidate]]:
        """Yield each submission with its file; their mails are opened side by side.

        Raises:
            Permanent: a mail is not in the spool any more, or a file not in its mail.
        """
        with self.ledger.read() as tx:
            found = [(row, mails.get(tx, row.mail_id)) for row in rows]
        opening = [(row, self._open(mail) if mail else None) for row, mail in found]
        for row, task in opening:
            candidate = _with_hash(task, row.sha256)
            if candidate is None:
                raise Permanent(f"the file of {row.receipt} is not in its spooled mail")
            yield row, candidate

    def few_at_a_time(self, rows: Sequence[Row]) -> Iterator[tuple[Row, Candidate]]:
        """Yield the same of many: no more mails are open at once than children open side by side."""
        for start in range(0, len(rows), self.sandbox.workers):
            yield from self.candidates(rows[start : start + self.sandbox.workers])

    def candidate(self, row: Filed) -> Candidate:
        """Return the file of one submission. Raises Permanent as :meth:`candidates` does."""
        ((_, candidate),) = self.candidates([row])
        return candidate

    def find(self, row: Filed) -> bytes | None:
        """Return the file of a submission; None when it is not in its mail. Raises Permanent for a lost mail."""
        candidate = _with_hash(self._start(row.mail_id), row.sha256)
        return candidate.data if candidate else None

    def entry(self, row: EntryRow) -> bytes | None:
        """Return what a team handed in besides result files; None for a link, or when it is not there any more."""
        with self.ledger.read() as tx:
            mail = mails.get(tx, row.mail_id)
        if mail is None or row.sha256 is None:
            return None
        try:
            raw = self.spool.get(mail.sha256)
        except Permanent:  # dropped on purpose, or lost
            return None
        return self.sandbox.submit(tasks.taken_out, raw, row.sha256).result()

    def of_mail(self, mail_id: int) -> Mapping[str, bytes]:
        """Return the result files of a mail by their SHA-256; none when the mail is not in the spool any more."""
        try:
            task = self._start(mail_id)
        except Permanent:
            return {}
        return {each.sha256: each.data for each in task.result().candidates} if task else {}

    def _start(self, mail_id: int) -> Task[Opened] | None:
        """Begin to open a mail; None when the ledger does not know it."""
        with self.ledger.read() as tx:
            mail = mails.get(tx, mail_id)
        return self._open(mail) if mail else None

    def _open(self, mail: MailRow) -> Task[Opened]:
        return self.sandbox.submit(tasks.open_mail, self.spool.get(mail.sha256), mail.size)


def _with_hash(task: Task[Opened] | None, sha256: str) -> Candidate | None:
    """Wait for an opened mail and return its file with this SHA-256."""
    return next((each for each in task.result().candidates if each.sha256 == sha256), None) if task else None
