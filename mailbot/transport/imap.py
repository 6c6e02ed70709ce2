"""The only module that speaks IMAP: a typed adapter over imapclient, whose errors end here.

UID commands and BODY.PEEK only; nothing is ever expunged but by UID. A lost connection is Temporary:
the caller drops the adapter and makes a new one.
"""

from __future__ import annotations

import imaplib
import re
import select
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import imapclient
from imapclient.exceptions import IMAPClientError, LoginError

from mailbot import __version__
from mailbot.errors import AuthenticationFailed, Permanent, Temporary, Throttled
from mailbot.mail.model import Fetched
from mailbot.system import crash, heartbeat
from mailbot.transport import server

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.config.servers import Imap
    from mailbot.system.bell import Bell

CHUNK = 100
"""At most so many UIDs are named in one command."""

WINDOW = 20_000
"""A folder with more mails than this is listed in windows of so many UIDs."""

_THROTTLING = re.compile(r"THROTTL|OVERQUOTA|too many simultaneous|bandwidth", re.IGNORECASE)
_NO_MAILBOX = "User is authenticated but not connected"  # Microsoft's answer to a missing licence or a wrong scope
_WARY = b"Coremail"  # NetEase's greeting: it opens no folder for a client that has not sent ID (RFC 2971)
_UNAVAILABLE = "[UNAVAILABLE]"  # its own trouble, not our password: RFC 5530, section 3

PARTIAL = 65536
"""Bytes fetched of a mail that is too large to be fetched whole."""


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
        with _translated("connect"):
            self._client = _connect(settings)
        try:
            with _translated("login"):
                self._log_in(settings, password)
                self._client.normalise_times = False  # keep the zone of INTERNALDATE
                self._capabilities = set(self._client.capabilities())
                if b"ID" in self._capabilities and _WARY in bytes(self._client.welcome or b""):
                    self._client.id_({"name": "mailbot", "version": __version__})
        except Temporary:
            self.close()
            raise

    def _log_in(self, settings: Imap, password: str) -> None:
        if settings.auth == "password":
            self._client.login(settings.user, password)
        elif b"AUTH=OAUTHBEARER" in self._client.capabilities():  # RFC 7628
            self._client.oauthbearer_login(settings.user, password)
        else:
            self._client.oauth2_login(settings.user, password)

    def select(self, folder: str) -> int | None:
        """Open a folder and return its UIDVALIDITY; None when there is no such folder."""
        with _translated("select"):
            name = self._full_name(folder)
            if not self._client.folder_exists(name):
                return None
            answer = self._client.select_folder(name)
        self._folder, self._next[name] = name, int(answer.get(b"UIDNEXT", 0))
        self._mails = int(answer.get(b"EXISTS", 0))
        return int(answer[b"UIDVALIDITY"])

    def uids(self) -> list[int]:
        """Return the UIDs of all mails of the folder, whatever their flags, oldest first."""
        return [uid for window in self.windows() for uid in window]

    def windows(self) -> Iterator[list[int]]:
        """Yield the same in ascending lists: an answer of unbounded length would break the driver's line limit."""
        self._listed[self._folder] = self._next[self._folder]
        starts = range(1, self._next[self._folder], WINDOW) if self._mails > WINDOW else ()
        for span in [f"{first}:{first + WINDOW - 1}" for first in starts] or ["1:*"]:
            with _translated("search"):
                found = self._client.search(["UID", span])
            uids = sorted(int(uid) for uid in found)
            if uids:
                yield uids

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return RFC822.SIZE of each of the mails that is there."""
        found: dict[int, int] = {}
        for chunk in _chunks(uids):
            with _translated("sizes"):
                answer = self._client.fetch(chunk, ["RFC822.SIZE"])
            found |= {uid: int(data[b"RFC822.SIZE"]) for uid, data in answer.items() if b"RFC822.SIZE" in data}
        return found

    def fetch(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch mails whole; one that is gone, or that the server gives no body for, is left out."""
        yield from self._fetch(uids, "BODY.PEEK[]", b"BODY[]")

    def fetch_beginning(self, uids: Sequence[int]) -> Iterator[Fetched]:
        """Fetch the first PARTIAL bytes of mails."""
        yield from self._fetch(uids, f"BODY.PEEK[]<0.{PARTIAL}>", b"BODY[]<0>")

    def _fetch(self, uids: Sequence[int], item: str, key: bytes) -> Iterator[Fetched]:
        for chunk in _chunks(uids):
            with _translated("fetch"):
                answer = self._ask(chunk, [item, "INTERNALDATE", "RFC822.SIZE"])
            for uid in chunk:
                data = answer.get(uid, {})
                if data.get(key) is not None and b"INTERNALDATE" in data:
                    raw = data[key]
                    yield Fetched(
                        uid=uid, arrived_at=data[b"INTERNALDATE"], size=int(data.get(b"RFC822.SIZE", len(raw))), raw=raw
                    )

    def _ask(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, dict[bytes, Any]]:
        """Fetch; when the server refuses, ask for one after another, so that a mail it cannot read stops no other."""
        try:
            return dict(self._client.fetch(uids, items))
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            if _is_about_us(error):
                raise
            alone = [self._ask([uid], items) for uid in uids] if len(uids) > 1 else []
            return {uid: data for answer in alone for uid, data in answer.items()}

    def move(self, uids: Sequence[int], folder: str) -> bool:
        """Move mails to a folder, made when missing; False when the server can do so neither by MOVE nor by UIDPLUS."""
        with _translated("move"):
            name = self._full_name(folder)
            if not {b"MOVE", b"UIDPLUS"} & self._capabilities:
                return False
            if not self._client.folder_exists(name):
                self._client.create_folder(name)
            for chunk in _chunks(uids):
                self._move(chunk, name)
        return True

    def _move(self, uids: Sequence[int], name: str) -> None:
        if b"MOVE" in self._capabilities:
            self._client.move(uids, name)
            return
        with crash.around("imap.copy"):
            self._client.copy(uids, name)
        with crash.around("imap.store"):
            self._client.add_flags(uids, [imapclient.DELETED], silent=True)
        with crash.around("imap.expunge"):
            self._client.uid_expunge(uids)

    def wait(self, seconds: float, bell: Bell) -> bool:
        """Wait until the server says something, the bell rings or the time is over; tell whether the server spoke.

        It has spoken already when a mail came after the folder was last listed and before it was selected for this.
        """
        if self._next[self._folder] > self._listed.get(self._folder, self._next[self._folder]):
            return True
        if b"IDLE" not in self._capabilities:
            bell.wait(seconds)
            return False
        with _translated("idle"):
            self._client.idle()
            spoken = self._said_more()
            ready = [] if spoken else select.select([self._client.socket(), bell], [], [], seconds)[0]
            self._client.idle_done()
        if bell in ready:
            bell.wait(0)
        return spoken or len(ready) > (bell in ready)

    def _said_more(self) -> bool:
        """Whether a line came along with the leave to idle: it is in imaplib's buffer, and the socket stays quiet."""
        sock = self._client.socket()
        sock.settimeout(0)
        try:
            return bool(self._client._imap._get_line())  # noqa: SLF001  # idle_check() asks the socket alone
        except (OSError, imaplib.IMAP4.abort):  # a clear connection with nothing to read looks like one that is closed
            return False
        finally:
            sock.settimeout(self._settings.timeout_seconds)

    def can(self, ability: str) -> bool:
        """Whether the server says that it can do something, as ``MOVE``."""
        return ability.encode() in self._capabilities

    def quota(self) -> tuple[int, int] | None:
        """Return how many KiB of the mailbox are used and allowed (RFC 9208); None when the server tells none."""
        if not self.can("QUOTA"):
            return None
        with _translated("quota"):
            _root, found = self._client.get_quota_root("INBOX")
        storage = [q for q in found if q.resource.upper() in {"STORAGE", b"STORAGE"}]
        return (int(storage[0].usage), int(storage[0].limit)) if storage else None

    def close(self) -> None:
        """Drop the connection."""
        try:
            self._client.shutdown()
        except (OSError, imaplib.IMAP4.error, IMAPClientError):
            return  # it is gone already, which is what was asked for

    def _full_name(self, folder: str) -> str:
        """Return the folder's name below the personal namespace (RFC 2342), where the server has one."""
        if folder.upper() == "INBOX" or b"NAMESPACE" not in self._capabilities:
            return folder
        personal = self._client.namespace().personal
        prefix = personal[0][0] if personal else ""
        return folder if folder.startswith(prefix) else prefix + folder


def _connect(settings: Imap) -> Any:  # noqa: ANN401  # imapclient ships no types
    timeout = imapclient.SocketTimeout(connect=min(30, settings.timeout_seconds), read=settings.timeout_seconds)
    trusted = server.tls_context(settings.ca_file) if settings.security != "none" else None
    direct = settings.security == "tls"
    client = imapclient.IMAPClient(
        settings.host, port=settings.port, ssl=direct, ssl_context=trusted if direct else None, timeout=timeout
    )
    if settings.security == "starttls":
        client.starttls(trusted)
    return client


def _chunks(uids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(uids), CHUNK):
        yield uids[start : start + CHUNK]


@contextmanager
def _translated(command: str) -> Iterator[None]:
    """Turn the driver's errors into ours; ``command`` names the crash points."""
    try:
        with crash.around(f"imap.{command}"):
            yield
        heartbeat.beat()
    except imapclient.exceptions.CapabilityError as error:
        message = f"the IMAP server cannot do this: {error}"
        raise Permanent(message) from error
    except (OSError, imaplib.IMAP4.error, IMAPClientError) as error:
        raise _trouble(error) from error


def _trouble(error: Exception) -> Temporary:
    """Name what a driver's error means for us."""
    said = str(error)[:200]
    if _THROTTLING.search(said):
        return Throttled(f"the IMAP server asks us to come less often: {said}")
    if _NO_MAILBOX in said:
        return AuthenticationFailed(f"the IMAP server lets us in and gives us no mailbox: {said}")
    lost = isinstance(error.__context__, imaplib.IMAP4.abort)  # the driver calls a connection lost at login a refusal
    if isinstance(error, LoginError) and not lost and _UNAVAILABLE not in said:
        return AuthenticationFailed("the IMAP server refused the login: check imap.user and the password file")
    reason = server.why_unreachable(error, "imap") or f"{error.__class__.__name__}: {said}"
    return Temporary(f"the IMAP server is not to be had: {reason}")


def _is_about_us(error: Exception) -> bool:
    """Whether the server refuses us, whatever we ask for."""
    return isinstance(_trouble(error), AuthenticationFailed | Throttled)
