"""What the steps on a mailbox ask of its server; tests have servers of plain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.mail.model import Fetched, Stamp


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
