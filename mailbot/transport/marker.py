"""The marker in the mailbox: a mail in a folder of ours that says which mailbot serves it, written anew as a heartbeat.

Two mailbots on one mailbox would answer every team twice. The newest marker says whose the mailbox is. Its arrival also
tells the mail server's time (:mod:`mailbot.transport.clock_guard`). Where no folder can be made there is no marker.
"""

from __future__ import annotations

import hashlib
import platform
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.errors import Held, Refused
from mailbot.ledger import events, observations
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.envelope import POLICY
from mailbot.system import journal, safefile

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mailbot.ledger import Ledger
    from mailbot.mail.model import Fetched
    from mailbot.transport.alerts import Alerts
    from mailbot.transport.clock_guard import ClockGuard
    from mailbot.transport.imap.mailbox import Mailbox

EVERY_SECONDS = 300.0
"""So often the marker is written anew."""

SILENT = timedelta(minutes=15)
"""A copy of our own state that was not heard of for so long does not serve any more."""

MOVED = "moved-from"
"""In the state folder: which copy of the state the ledger was moved from, until the marker names the new one."""

_DELIVERED = re.compile(rb"^(?:received|return-path|delivered-to|x-original-to)[ \t]*:", re.IGNORECASE | re.MULTILINE)
"""A field of a mail that somebody sent: where a server files mails by what stands behind a plus, as some do, anybody
could write a marker otherwise. We put ours into the folder ourselves."""

_SIGN = re.compile(rb"^x-mailbot-state: ([0-9a-f]{16}) ([0-9a-f]{16}) ([!-~]{1,253})\r?$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Sign:
    """What a marker says."""

    uid: int
    #: Which state, and which copy of it, on which host.
    state: str
    copy: str
    host: str
    #: When the server took it.
    at: datetime | None


@dataclass(kw_only=True)
class Marker:
    """Reads and writes the marker."""

    ledger: Ledger
    alerts: Alerts
    guard: ClockGuard
    #: The folder; "" for no marker.
    folder: str
    address: str
    #: What only this state knows; it survives a rebuild, and a restore on another host.
    secret: Callable[[], bytes]
    state_folder: Path
    clock: Callable[[], datetime]
    #: Whether a mailbox that another state serves is taken over.
    take_over: bool = False
    _written: float | None = None

    def check(self, server: Mailbox) -> None:
        """Look whose the mailbox is, and write nothing. Raises Held when it is another's; Temporary."""
        if self.folder and not self.take_over and server.select(self.folder) is not None:
            self._refuse(self._signs(server))

    def newest(self, server: Mailbox) -> Sign | None:
        """Return the marker that holds; None where there is none. Raises Temporary."""
        found = self._signs(server) if self.folder and server.select(self.folder) is not None else []
        return found[-1] if found else None

    def keep(self, server: Mailbox) -> None:
        """Write the marker anew where that is due. Raises Held when the mailbox is another's; Temporary.

        A server that makes no folder, or takes no mail into it, is told of and served all the same.
        """
        now = time.monotonic()
        if not self.guard.asks and self._written is not None and now - self._written < EVERY_SECONDS:
            return
        shown = None
        try:
            shown = self._write(server) if self.folder else None
            self._tell("")
        except Refused as error:
            journal.trouble("mailbox-not-marked", why=str(error))
            self._tell(f"{error}. Make sure that no second mailbot serves this mailbox, or see imap.marker.")
        self._written = now
        self.guard.compare(shown)

    def _write(self, server: Mailbox) -> datetime | None:
        """Write the marker, and delete those before it; return what the server's clock showed."""
        server.make(self.folder)
        server.select(self.folder)
        before = self._signs(server)
        if not self.take_over:
            self._refuse(before)
        if self._written is not None and not server.can("UIDPLUS"):
            return None  # older markers cannot be deleted: one for each start is enough
        server.append(self.folder, self._message())
        server.select(self.folder)
        known = {sign.uid for sign in before}
        after = [sign for sign in self._signs(server) if sign.uid not in known]
        ours = next((sign for sign in after if self._is_ours(sign)), None)
        if after and not self._is_ours(after[0]):  # another began at the same instant, and was first
            server.discard([sign.uid for sign in after if self._is_ours(sign)])
            self._refuse(after[:1])
        if before and self._is_of_a_copy(before[-1]) and not self._was_ours(before[-1]):
            self._inherit(before[-1], ours)
        server.discard([sign.uid for sign in before])
        (self.state_folder / MOVED).unlink(missing_ok=True)
        self.take_over = False
        return ours.at if ours else None

    def _signs(self, server: Mailbox) -> list[Sign]:
        """Return the markers in the open folder, oldest first."""
        uids = server.uids()
        found = [_read(mail) for mail in (server.fetch_beginning(uids) if uids else ())]
        return sorted((sign for sign in found if sign), key=lambda sign: sign.uid)

    def _refuse(self, signs: Sequence[Sign]) -> None:
        """Raise Held when the newest marker is another's."""
        if signs and (message := self.refusal(signs[-1])):
            raise Held(message)

    def refusal(self, sign: Sign) -> str:
        """Return why a mailbox with this marker is not to be served by us; "" when it is ours."""
        age = self.clock() - sign.at if sign.at else timedelta()
        if self._is_ours(sign) or self._was_ours(sign) or (self._is_of_a_copy(sign) and abs(age) > SILENT):
            return ""  # the last was restored from a backup, and the host before is gone
        what = "a copy of this state" if sign.state == self._state else "another mailbot, with another state,"
        seen = f", last heard of at {sign.at:%Y-%m-%d %H:%M %Z}" if sign.at else ""
        return (
            f"this mailbox is served by {what} on host {sign.host}{seen}: both would answer every mail. "
            "Stop that one permanently, then call `mailbot once --take-over` or `mailbot run --take-over`"
        )

    def _is_ours(self, sign: Sign) -> bool:
        return (sign.state, sign.copy) == (self._state, self._copy)

    def _was_ours(self, sign: Sign) -> bool:
        """Whether our ledger was moved since it was written; that holds until the first marker after that."""
        moved = self.state_folder / MOVED
        return sign.state == self._state and moved.is_file() and sign.copy == moved.read_text(encoding="ascii")

    def _is_of_a_copy(self, sign: Sign) -> bool:
        """Whether our state is a backup of the one that served the mailbox, or the other way round."""
        return sign.state == self._state and sign.copy != self._copy

    def _inherit(self, sign: Sign, ours: Sign | None) -> None:
        """Enter in the trail until when a copy of our state served the mailbox: what it told is not told again."""
        if sign.at is None:
            return
        until = served_until(sign.at, ours.at if ours else None).astimezone(UTC).isoformat()
        with self.ledger.write("mailbox-inherited") as tx:
            events.append(tx, kind=events.INHERITED, subject="mailbox", now=self.clock(), until=until, host=sign.host)
        journal.event(events.INHERITED, until=until)

    @property
    def _state(self) -> str:
        return hashlib.sha256(b"mailbox marker " + self.secret()).hexdigest()[:16]

    @property
    def _copy(self) -> str:
        return _copy_of(self.ledger, self.state_folder)

    def _message(self) -> bytes:
        message = EmailMessage(policy=POLICY)
        message["From"] = message["To"] = self.address
        message["Subject"] = f"[mailbot] This mailbox is served by mailbot on {_host()}"
        message["Date"] = format_datetime(self.clock())
        message["Message-ID"] = f"<marker.{secrets.token_hex(16)}@{self.address.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
        message[LOOP_HEADER] = self.address
        message["X-Mailbot-State"] = f"{self._state} {self._copy} {_host()}"
        message.set_content(
            "So a second mailbot leaves it alone. It is rewritten every few minutes; please leave it here.\n"
        )
        return message.as_bytes()

    def _tell(self, trouble: str) -> None:
        with self.ledger.read() as tx:
            known = {row.part: row.ok for row in observations.health_of_parts(tx)}
        if known.get("marker", True) is not (not trouble):
            self.alerts.report("marker", ok=not trouble, detail=trouble)


def note_move(source: Ledger, state_folder: Path) -> None:
    """Note that a ledger is moved from here: the marker in the mailbox names the one before, and it is still ours."""
    safefile.replace(state_folder / MOVED, _copy_of(source, state_folder).encode())


def _copy_of(ledger: Ledger, state_folder: Path) -> str:
    """Tell a state from a copy of it: by the database that its hosts share, or its folder's number on disk."""
    what = ledger.identity() or str(state_folder.stat().st_ino)
    return hashlib.sha256(what.encode()).hexdigest()[:16]


def served_until(heard_of: datetime, at: datetime | None) -> datetime:
    """Return until when a copy served, by the instants of its marker and of ours, as the server took them.

    Never one ahead of the server's clock, which was wrong then: nothing would be told until it has come.
    """
    return min(heard_of, at or heard_of)


def _host() -> str:
    return re.sub(r"[^!-~]", "-", platform.node())[:253] or "unknown"


def _read(mail: Fetched) -> Sign | None:
    """Return what a marker says; None for any other mail."""
    header = re.split(rb"\r?\n\r?\n", mail.raw, maxsplit=1)[0] + b"\n"
    found = None if _DELIVERED.search(header) else _SIGN.search(header)
    if found is None:
        return None
    state, copy, host = (part.decode("ascii") for part in found.groups())
    return Sign(uid=mail.uid, state=state.lower(), copy=copy.lower(), host=host, at=mail.arrived_at)
