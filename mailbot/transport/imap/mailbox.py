"""One connection to a mailbox: a typed adapter over imapclient.

UID commands and BODY.PEEK only; nothing is ever expunged but by UID. A lost connection is Temporary:
the caller drops the adapter and makes a new one. A refused command is Refused, which is Temporary too.
"""

from __future__ import annotations

import imaplib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import imapclient
from imapclient.exceptions import IMAPClientError
from imapclient.response_parser import parse_fetch_response

from mailbot.errors import MailbotError, Refused
from mailbot.system import crash
from mailbot.transport.imap import answers, fetching, waiting
from mailbot.transport.imap.folders import Folders
from mailbot.transport.imap.login import connect, log_in
from mailbot.transport.imap.trouble import LOST, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mailbot.config.servers import Imap
    from mailbot.mail.model import Fetched, Stamp
    from mailbot.system.bell import Bell

WINDOW = 20_000
"""A folder with more mails than this is listed in windows of so many UIDs."""


_FOR_GOOD = re.compile(r"QUOTA|NOPERM|permi(?:ssion|tted)|READ-ONLY|denied|rights", re.IGNORECASE)
"""A move that is refused for such a reason would be refused as a copy too, or leave the mail in both folders."""


class Mailbox:
    """One logged-in connection; not for use by two threads."""

    def __init__(self, settings: Imap, password: str) -> None:
        """Connect and log in, with a password or, where the settings say so, an access token.

        Raises Temporary (AuthenticationFailed when the login is refused).
        """
        self._settings = settings
        self._folder = ""
        self._mails = 0
        #: UIDNEXT of each folder: when it was last selected, and when its mails were last listed.
        self._next: dict[str, int] = {}
        self._listed: dict[str, int] = {}
        #: Whether the server lets us read the open folder and change nothing in it.
        self.is_read_only = False
        #: Whether mails of the open folder can be marked as deleted.
        self._may_delete = True
        #: By folder and target, what was copied and could not be expunged yet.
        self._copied: dict[tuple[str, str], set[int]] = {}
        #: How many mails of the folder that was listed last its server counts and does not list.
        self.unlisted = 0
        self._client: Any = connect(settings)
        try:
            log_in(self._client, settings, password)
            with translated("login"):
                self._capabilities = set(self._client.capabilities())
        except MailbotError:
            self.close()
            raise
        self._folders = Folders(self._client, self._capabilities)
        #: The folder of the settings that the server's own folder for spam stands for.
        self._as_spam = ""

    def select(self, folder: str) -> int | None:
        """Open a folder and return its UIDVALIDITY, 0 where it has none; None when there is no such folder."""
        with translated("select"):
            name = self._folders.find(folder) or self._spam_instead(folder)
            if not name:
                return None
            answer = self._open(name)
        self._folder = name
        self._next[name] = answers.number(answer.get(b"UIDNEXT"))
        self._mails = answers.number(answer.get(b"EXISTS"))
        flags = answer.get(b"PERMANENTFLAGS")  # all of them where the server names none (RFC 9051, section 7.1)
        self._may_delete = flags is None or any(imapclient.DELETED in flag for flag in flags)
        return answers.uidvalidity(answer)

    def _open(self, name: str) -> dict[bytes, Any]:
        """Select a folder, or examine it where the server lets nobody change anything."""
        self.is_read_only = False
        try:
            return dict(self._client.select_folder(name))
        except imaplib.IMAP4.readonly:
            self.is_read_only = True
            return dict(self._client.select_folder(name, readonly=True))

    def _spam_instead(self, folder: str) -> str | None:
        """Return the server's own folder for spam (RFC 6154) in the place of an extra folder that is not there."""
        settings = self._settings
        if folder not in settings.extra_folders or self._as_spam not in {"", folder}:
            return None
        spam = self._folders.spam()
        if spam in {None, settings.inbox, *settings.extra_folders, settings.processed, settings.failed}:
            return None
        self._as_spam = folder
        return spam

    @property
    def next_uid(self) -> int:
        """UIDNEXT of the open folder; 0 where the server gives none."""
        return self._next.get(self._folder, 0)

    def folder_names(self) -> list[str]:
        """Return the names of all folders of the mailbox."""
        with translated("list"):
            return self._folders.names()

    def uids(self) -> list[int]:
        """Return the UIDs of all mails of the folder, whatever their flags, oldest first."""
        return [uid for window in self.windows() for uid in window]

    def windows(self) -> Iterator[list[int]]:
        """Yield the same in ascending lists: an answer of unbounded length would break the driver's line limit.

        What the server counts and a search does not find is looked for in other ways; ``unlisted`` tells what remains.
        """
        self._listed[self._folder] = self._next[self._folder]
        self.unlisted, seen = 0, set[int]()
        starts = range(1, self._next[self._folder], WINDOW) if self._mails > WINDOW else ()
        for span in [f"{first}:{first + WINDOW - 1}" for first in starts] or ["1:*"]:
            if found := self._search(["UID", span], seen):
                yield found
        for other in (self._all, self._numbered):
            if len(seen) < self._mails and (found := other(seen)):
                yield found
        self.unlisted = max(0, self._mails - len(seen))

    def _search(self, criteria: list[str], seen: set[int]) -> list[int]:
        """Return what a search finds beside ``seen``, which takes it in."""
        with translated("search"):
            found = [uid for uid in answers.uids(self._client.search(criteria)) if uid not in seen]
        seen.update(found)
        return found

    def _all(self, seen: set[int]) -> list[int]:
        """Search for all mails, without a UID in the question."""
        return self._search(["ALL"], seen)

    def _numbered(self, seen: set[int]) -> list[int]:
        """Return the UIDs of the mails by their numbers; GNU's imap4d finds none of its mails in a search for UIDs."""
        with suppress(Refused), translated("list-uids"):
            kind, data = self._client._imap.fetch("1:*", "(UID)")  # noqa: SLF001  # fetch() refuses a range
            told = parse_fetch_response(data) if kind == "OK" else {}
            found = [uid for uid in answers.uids(told) if uid not in seen]
            seen.update(found)
            return found
        return []

    def stamps(self, uids: Sequence[int]) -> dict[int, Stamp]:
        """Return size and arrival of each of the mails that is there, as far as the server tells them."""
        return fetching.stamps(self._client, uids)

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return RFC822.SIZE of each of the mails that is there."""
        return fetching.sizes(self._client, uids)

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch mails whole; one that is gone, or that the server gives no body or only a part of, is left out."""
        return fetching.whole(self._client, uids)

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch the first PARTIAL bytes of mails."""
        return fetching.beginnings(self._client, uids)

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails to a folder, made when missing; False when the server can do so neither by MOVE nor by UIDPLUS.

        Raises Refused when the server does not let us, whatever it says that it can do.
        """
        with translated("move"):
            if not {b"MOVE", b"UIDPLUS"} & self._capabilities:
                return False
            if self.is_read_only:
                raise Refused(f"the IMAP server lets nobody change anything in {self._folder} (READ-ONLY)")
            name = self._folders.find(folder) or self._folders.create(folder)
            for chunk in fetching.chunks(uids):
                self._move(chunk, name)
        return True

    def _move(self, uids: Sequence[int], name: str) -> None:
        if b"MOVE" not in self._capabilities:
            self._copy_and_expunge(uids, name)
            return
        try:
            self._client.move(uids, name)
        except LOST:
            raise
        except IMAPClientError as error:
            if b"UIDPLUS" not in self._capabilities or _FOR_GOOD.search(str(error)) or not self._may_delete:
                raise
            self._copy_and_expunge(uids, name)  # some servers announce MOVE and do not have it

    def _copy_and_expunge(self, uids: Sequence[int], name: str) -> None:
        """Do what MOVE would; what this connection has copied is not copied again when the rest is refused."""
        copied = self._copied.setdefault((self._folder, name), set())
        if new := [uid for uid in uids if uid not in copied]:
            with crash.around("imap.copy"):
                self._client.copy(new, name)
            copied.update(new)
        with crash.around("imap.store"):
            self._client.add_flags(uids, [imapclient.DELETED], silent=True)
        with crash.around("imap.expunge"):
            self._client.uid_expunge(uids)
        copied.difference_update(uids)

    def discard(self, uids: Sequence[int]) -> bool:
        """Delete mails of our own from the open folder; False when the server cannot expunge by UID."""
        if b"UIDPLUS" not in self._capabilities or not uids:
            return False
        with translated("discard"):
            self._client.add_flags(uids, [imapclient.DELETED], silent=True)
            self._client.uid_expunge(uids)
        return True

    def append(self, folder: str, message: bytes) -> None:
        """Put a mail of our own into a folder, marked as read."""
        with translated("append"):
            self._client.append(self._folders.find(folder) or folder, message, [imapclient.SEEN])

    def wait(self, seconds: float, bell: Bell, idling: Callable[[], None] = lambda: None) -> bool:
        """Wait until the server says something, the bell rings or the time is over; tell whether the server spoke.

        It has spoken already when a mail came after the folder was last listed and before it was selected for this.
        ``idling`` is called once the server is told to tell.
        """
        if self._next[self._folder] > self._listed.get(self._folder, self._next[self._folder]):
            return True
        if b"IDLE" in self._capabilities:
            spoken = waiting.idle(self._client, seconds, bell, idling)
            if spoken is not None:
                return spoken
            self._capabilities.discard(b"IDLE")  # announced, and refused
        bell.wait(seconds)
        return False

    def can(self, ability: str) -> bool:
        """Whether the server says that it can do something, as ``MOVE``."""
        return ability.encode() in self._capabilities

    def quota(self) -> tuple[int, int] | None:
        """Return how many KiB of the mailbox are used and allowed (RFC 9208); None when the server tells none."""
        if not self.can("QUOTA"):
            return None
        with translated("quota"):
            _root, found = self._client.get_quota_root("INBOX")
            storage = [q for q in found if q.resource.upper() in {"STORAGE", b"STORAGE"}]
            return (int(storage[0].usage), int(storage[0].limit)) if storage else None

    def rights(self, folder: str) -> str:
        """Return our rights on a folder, a letter each (RFC 4314, section 2.1); "" when the server tells none."""
        if not self.can("ACL"):
            return ""
        with translated("rights"):
            name = self._client._normalise_folder(self._folders.find(folder) or folder)  # noqa: SLF001
            kind, data = self._client._imap.myrights(name)  # noqa: SLF001  # imapclient's getacl() asks for everybody's
            said = data[0].split() if kind == "OK" and data and isinstance(data[0], bytes) else []
            return said[-1].decode("ascii", "replace").strip('"') if len(said) > 1 else ""

    def make(self, folder: str) -> None:
        """Make a folder where it is not there yet."""
        with translated("create"):
            if self._folders.find(folder) is None:
                self._folders.create(folder)

    def spam_folder(self) -> str | None:
        """Return the folder that the server marks as the one for spam (RFC 6154)."""
        with translated("list"):
            return self._folders.spam()

    def close(self) -> None:
        """Drop the connection."""
        try:
            self._client.shutdown()
        except (OSError, imaplib.IMAP4.error, IMAPClientError):
            return  # it is gone already, which is what was asked for
