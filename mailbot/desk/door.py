"""Who may come in: invitations, each good for one login, and the sessions that follow from them.

Both are files of the state folder, named after a hash, so that neither a backup nor a listing lets anybody in: another
process can invite while the desk runs, and a session outlives a restart of the desk.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from mailbot.errors import Permanent
from mailbot.system import safefile
from scoring.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable
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


class Door:
    """Lets people in. Safe for threads: each act is one atomic operation on a file."""

    def __init__(self, state: Path, clock: Callable[[], datetime]) -> None:
        """Keep the files below the state folder; the folders are private."""
        self._invites, self._sessions = state / "desk" / "invites", state / "desk" / "sessions"
        for folder in (state / "desk", self._invites, self._sessions):
            safefile.private_folder(folder)
        self._clock, self._wrong = clock, deque[datetime](maxlen=TRIES)

    def invite(self, name: str, role: Role) -> str:
        """Return the secret of a new invitation. Raises Permanent for a name that cannot be shown."""
        name = name.strip()
        if not name or name != printable(name, LONGEST_NAME) or "@" in name:
            message = (
                f"an organizer's name is 1 to {LONGEST_NAME} plain characters, and no address: the audit trail keeps it"
            )
            raise Permanent(message)
        made = secrets.token_urlsafe(32)
        kept = {"name": name, "role": str(role), "until": (self._clock() + VALID).isoformat()}
        safefile.replace(self._invites / _hash(made), json.dumps(kept).encode())
        return made

    def whose(self, invitation: str) -> str | None:
        """Return whom an invitation is for, without using it; None for one that is not valid."""
        kept = _read(self._invites, invitation)
        return kept["name"] if kept and self._clock() < datetime.fromisoformat(kept["until"]) else None

    def enter(self, invitation: str) -> str | None:
        """Use an invitation up and return the secret of a new session; None for one that is not valid.

        Raises Permanent for a wrong one after too many of them; a valid one is never kept out by what others try.
        """
        now = self._clock()
        if (name := self.whose(invitation)) is None or (kept := _take(self._invites, invitation)) is None:
            if len(self._wrong) == TRIES and now - self._wrong[0] < WINDOW:
                message = "too many wrong login links; wait a minute"
                raise Permanent(message)
            self._wrong.append(now)
            return None
        made = secrets.token_urlsafe(32)
        safefile.replace(self._sessions / _hash(made), json.dumps(_used({"name": name, **kept}, now)).encode())
        return made

    def who(self, session: str) -> Person | None:
        """Return whose session it is; None when it has ended."""
        kept, now = _read(self._sessions, session), self._clock()
        if kept is None or not self._goes_on(kept, now):
            return None
        if now - datetime.fromisoformat(kept["used"]) > NOTED:
            safefile.refresh(self._sessions / _hash(session), json.dumps(_used(kept, now)).encode())
        csrf = hmac.new(session.encode(), b"csrf", "sha256").hexdigest()
        return Person(name=kept["name"], role=Role(kept["role"]), csrf=csrf)

    def leave(self, session: str) -> None:
        """End a session."""
        _take(self._sessions, session)

    def sweep(self) -> None:
        """Delete the sessions and invitations that have ended."""
        now = self._clock()
        for folder in (self._invites, self._sessions):
            for file in folder.glob("[0-9a-f]*"):
                kept = json.loads(file.read_bytes())
                ended = (
                    now >= datetime.fromisoformat(kept["until"]) if "used" not in kept else not self._goes_on(kept, now)
                )
                if ended:
                    file.unlink(missing_ok=True)

    @staticmethod
    def _goes_on(kept: dict[str, str], now: datetime) -> bool:
        return now - datetime.fromisoformat(kept["used"]) < IDLE


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _used(kept: dict[str, str], now: datetime) -> dict[str, str]:
    return {"name": kept["name"], "role": kept["role"], "used": now.isoformat()}


def _read(folder: Path, secret: str) -> dict[str, str] | None:
    if not _TOKEN.fullmatch(secret):
        return None
    try:
        with safefile.opened(folder / _hash(secret), "rb") as file:
            return dict(json.load(file))
    except FileNotFoundError:
        return None


def _take(folder: Path, secret: str) -> dict[str, str] | None:
    """Return what a file holds and delete it; of two who try, one gets it."""
    kept = _read(folder, secret)
    if kept is None:
        return None
    try:
        (folder / _hash(secret)).unlink()
    except FileNotFoundError:
        return None
    return kept
