"""Who may come in: invitations, each good for one login, and the sessions that follow from them.

Both are files of the state folder, named after a hash, so that neither a backup nor a listing lets anybody in: another
process can invite while the desk runs, and a session outlives a restart of the desk.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import platform
import re
import secrets
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.desk import OWN_NAME
from mailbot.errors import Permanent
from mailbot.identity.names import BLANK
from mailbot.model import name_key
from mailbot.system import safefile
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VALID = timedelta(minutes=15)
"""So long an invitation can be used."""

IDLE = timedelta(hours=12)
"""A session that asked for nothing so long has ended."""

NOTED = timedelta(minutes=1)
"""The last use of a session is written down so often."""

TRIES, WINDOW = 10, timedelta(minutes=1)
"""So many wrong invitations are answered in this time; a further one is told to wait."""

LONGEST_NAME = 60

_TOKEN = re.compile(r"[0-9A-Za-z_-]{20,100}")


class Role(StrEnum):
    """What somebody may do."""

    #: Everything.
    ORGANIZER = "organizer"
    #: Look, and change nothing.
    READER = "reader"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody who is logged in."""

    name: str
    role: Role
    #: What every form of theirs must hold (OWASP, Cross-Site Request Forgery Prevention, HMAC based token).
    csrf: str

    @property
    def may_act(self) -> bool:
        """Whether they may change anything."""
        return self.role is Role.ORGANIZER


@dataclass(frozen=True, kw_only=True)
class Slip:
    """What the file of an invitation or of a session says."""

    name: str
    role: Role
    #: When the invitation was made, or the session used last.
    at: datetime

    def is_within(self, span: timedelta, now: datetime) -> bool:
        """Whether it is less than ``span`` old; one of a time to come is not: the clock may have been set back."""
        return abs(now - self.at) < span

    def as_json(self) -> bytes:
        """Return it as its file holds it."""
        return json.dumps({"name": self.name, "role": self.role, "at": self.at.isoformat()}).encode()


class Door:
    """Lets people in. Safe for threads: each act is one atomic operation on a file."""

    def __init__(self, state: Path, clock: Callable[[], datetime]) -> None:
        """Keep the files below the state folder; the folders are private."""
        self._invites, self._sessions = state / "desk" / "invites", state / "desk" / "sessions"
        for folder in (state / "desk", self._invites, self._sessions):
            safefile.private_folder(folder)
        self._clock, self._wrong = clock, deque[datetime](maxlen=TRIES)
        self._lock = threading.Lock()
        its = f"{platform.node()} {state}"
        #: The cookie's name. A browser does not tell ports apart, so each contest has a name of its own.
        self.cookie = f"mailbot_desk_{hashlib.sha256(its.encode()).hexdigest()[:8]}"

    def invite(self, name: str, role: Role) -> str:
        """Return the secret of a new invitation. Raises Permanent for a name that the audit trail cannot keep."""
        name = name.strip()
        if not name or name != printable(name, LONGEST_NAME) or "@" in name or BLANK & set(name):
            message = (
                f"an organizer's name is 1 to {LONGEST_NAME} plain characters, and no address: the audit trail keeps it"
            )
            raise Permanent(message)
        if name_key(name) == OWN_NAME:
            message = f"{name} is what the audit trail calls mailbot itself: write the name of a person"
            raise Permanent(message)
        made = secrets.token_urlsafe(32)
        safefile.replace(self._invites / _hash(made), Slip(name=name, role=role, at=self._clock()).as_json())
        return made

    def whose(self, invitation: str) -> str | None:
        """Return whom an invitation is for, without using it; None for one that is not valid."""
        kept = _read(self._invites, invitation)
        return kept.name if kept and kept.is_within(VALID, self._clock()) else None

    def enter(self, invitation: str) -> str | None:
        """Use an invitation up and return the secret of a new session; None for one that is not valid.

        Raises Permanent for a wrong one after too many of them; a valid one is never kept out by what others try.
        """
        now = self._clock()
        if self.whose(invitation) is None or (kept := _take(self._invites, invitation)) is None:
            if len(self._wrong) == TRIES and now - self._wrong[0] < WINDOW:
                message = "too many wrong login links; wait a minute"
                raise Permanent(message)
            self._wrong.append(now)
            return None
        made = secrets.token_urlsafe(32)
        safefile.replace(self._sessions / _hash(made), replace(kept, at=now).as_json())
        return made

    def who(self, session: str, *, uses: bool = True) -> Person | None:
        """Return whose session it is; None when it has ended. With ``uses`` it goes on for twelve hours from now."""
        kept, now = _read(self._sessions, session), self._clock()
        if kept is None or not kept.is_within(IDLE, now):
            return None
        if uses and not kept.is_within(NOTED, now):
            self._note(self._sessions / _hash(session), replace(kept, at=now))
        csrf = hmac.new(session.encode(), b"csrf", "sha256").hexdigest()
        return Person(name=kept.name, role=kept.role, csrf=csrf)

    def _note(self, path: Path, slip: Slip) -> None:
        """Write down that a session is used, unless it ends in this moment; on a full disk people still look."""
        with self._lock, suppress(OSError):
            if path.exists():
                safefile.refresh(path, slip.as_json())

    def leave(self, session: str) -> None:
        """End a session."""
        with self._lock:
            _take(self._sessions, session)

    def inside(self) -> list[Slip]:
        """Return who has a session that goes on, or an invitation; by name."""
        now = self._clock()
        found = [kept for _, kept, span in self._slips() if kept and kept.is_within(span, now)]
        return sorted(found, key=lambda one: (name_key(one.name), one.at))

    def show_out(self, name: str) -> int:
        """End every session and invitation of a name at once, and return how many."""
        named = [path for path, kept, _ in self._slips() if kept and name_key(kept.name) == name_key(name)]
        with self._lock:
            for path in named:
                path.unlink(missing_ok=True)
        return len(named)

    def sweep(self) -> None:
        """Delete the sessions and invitations that have ended, and what is none."""
        now = self._clock()
        for path, kept, span in self._slips():
            if kept is None or not kept.is_within(span, now):
                path.unlink(missing_ok=True)

    def _slips(self) -> Iterator[tuple[Path, Slip | None, timedelta]]:
        for folder, span in ((self._invites, VALID), (self._sessions, IDLE)):
            yield from ((path, _slip(path), span) for path in folder.glob("[0-9a-f]*"))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _slip(path: Path) -> Slip | None:
    """Return what a file says; None where it is gone, or a power cut left something else."""
    kept = safefile.noted(path) or {}
    try:
        at = datetime.fromisoformat(kept["at"]).astimezone(UTC)
        return Slip(name=str(kept["name"]), role=Role(kept["role"]), at=at)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _read(folder: Path, secret: str) -> Slip | None:
    return _slip(folder / _hash(secret)) if _TOKEN.fullmatch(secret) else None


def _take(folder: Path, secret: str) -> Slip | None:
    """Return what a file says and delete it; of two who try, one gets it."""
    kept = _read(folder, secret)
    if kept is None:
        return None
    try:
        (folder / _hash(secret)).unlink()
    except FileNotFoundError:
        return None
    return kept
