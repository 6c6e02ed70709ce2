"""What an attack is, and what it is played on."""

from __future__ import annotations

import email
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

ADA, CARL = "ada@peepers.example", "carl@muenster.example"
"""The leaders of the two teams, Pixel Peepers and Münster Vision."""

CHAIR = "chair@siqa.example"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A mail that mailbot wrote."""

    to: str
    subject: str
    #: Its text part.
    text: str
    size: int


class Ground(Protocol):
    """A mailbot to be attacked, with two teams, an organizer and a track of eight items."""

    #: Its folder: ``config.toml`` where there is a daemon, and ``state``.
    folder: Path
    #: The submission address.
    us: str

    def take(self, raw: bytes) -> str:
        """Have a mail arrive, wait until nothing is left to do, and return what became of it."""

    def take_all(self, raws: Sequence[bytes]) -> list[int]:
        """Have mails arrive while children are busy; return their places in the list in the order they were done in."""

    def sent(self) -> list[Sent]:
        """Return what mailbot wrote so far, oldest first."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the ledger."""

    def publish(self) -> None:
        """Publish a board now."""

    def receipts(self) -> list[bytes]:
        """Return the replies to teams that were written so far, as they are sent."""

    def copied(self, change: Callable[[Path], object]) -> Path:
        """Copy the whole folder, change the state in the copy, and return it."""

    def audited(self, change: Callable[[Path], object], receipt: bytes = b"") -> list[str]:
        """Change a copy of the state folder; return what ``audit verify`` says does not fit there."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """An attack."""

    name: str
    #: Plays it; returns what was gained, "" when it was held.
    play: Callable[[Ground], str]
    #: Sections of the config that it needs.
    config: Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]] = field(default_factory=dict)


def note(ground: Ground, sender: str, subject: str, text: str = "", **fields: str) -> bytes:
    """Return a mail without a file; ``_`` in the name of a field stands for ``-``."""
    made = EmailMessage(policy=SMTP)
    given = {"From": sender, "To": ground.us, "Subject": subject, "Date": "Sun, 29 Nov 2026 08:00:00 +0000"}
    for name, value in (given | fields).items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made.as_bytes()


def carrying(ground: Ground, sender: str, subject: str, *files: tuple[str, bytes], **fields: str) -> bytes:
    """Return a mail with files."""
    made = email.message_from_bytes(note(ground, sender, subject, "\n", **fields), policy=default.clone(linesep="\r\n"))
    for name, data in files:
        made.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return made.as_bytes()
