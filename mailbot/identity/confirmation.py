"""Confirmation of a held mail: a code that only the registered address gets, and the reply that returns it.

The word must stand at the beginning of what a person wrote. Our question does not begin with it, so a program that
quotes the question, in its subject or its body, confirms nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY, HOUR
from mailbot.ledger import events, held, mails
from mailbot.mail.subject import strip_reply
from mailbot.model import Id, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow


LETTERS = 32
"""Hex letters of a code: 128 bits of an HMAC."""

_CODE = re.compile(rf"M-0*([1-9]\d{{0,17}})[ .:_-]([0-9a-f]{{{LETTERS}}})(?![0-9a-z])", re.IGNORECASE)

_WORD = re.compile(
    r"\W*(?:i\s+(?:hereby\s+)?)?confirm(?:ed)?\b[\s.!,]*|\W*我?已?确认[\s.!,。]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A mail that says it confirms another."""

    #: Number of the mail that was held.
    mail_id: int
    code: str


def code(secret: bytes, mail_id: int, sha256: str) -> str:
    """Return the code of a held mail: an HMAC over its number and its bytes, hex."""
    said = f"confirm {Id.MAIL.of(mail_id)} {sha256}".encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()[:LETTERS]


def is_code(said: str, right: str) -> bool:
    """Compare two codes in constant time."""
    return hmac.compare_digest(said.lower(), right)


def shown(mail_id: int, right: str) -> str:
    """Write a code as it stands in the subject of the question."""
    return f"[{Id.MAIL.of(mail_id)} {right}]"


def masked(text: str) -> str:
    """Return a text with no code in it."""
    return _CODE.sub(r"M-\1", text)


def read(subject: str, text: str) -> Said | None:
    """Return what a mail confirms: a code in its subject or first line, and the word first in one of them."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    found = _CODE.search(subject) or _CODE.search(first)
    if found is None or not (_says_so(first) or _says_so(strip_reply(subject))):
        return None
    return Said(mail_id=int(found[1]), code=found[2].lower())


def _says_so(line: str) -> bool:
    """Whether a line is the word, and nothing else but a code."""
    bare = unicodedata.normalize("NFKC", re.sub(r"\[\s*\]", "", _CODE.sub("", line)))
    return _WORD.fullmatch(bare.strip()) is not None


VALID = timedelta(hours=72)
"""So long a code holds."""

PER_HOUR, PER_DAY = 3, 10
"""Questions to one address: forged mails must not fill a team's mailbox, nor use up the replies that it is owed."""


@dataclass(frozen=True, kw_only=True)
class Questions:
    """Asks teams about held mails, and checks their answers."""

    secret: bytes
    #: Whether a team may confirm at all, as the config has it.
    wanted: bool
    clock: Callable[[], datetime]

    def code(self, row: MailRow) -> str:
        """Return the code of a mail."""
        return code(self.secret, row.id, row.sha256)

    def until(self) -> datetime:
        """Return until when a code that is written now holds."""
        return self.clock() + VALID

    def may_be_asked(self, tx: Tx, recipient: str, *, stranger: bool) -> bool:
        """Whether an address was asked seldom enough of late; one that is on no team, once a day."""
        asked = [held.asked_since(tx, self.clock() - span, recipient) for span in (HOUR, DAY)]
        return asked[1] == 0 if stranger else asked[0] < PER_HOUR and asked[1] < PER_DAY

    def fault(self, tx: Tx, said: Said, team_id: int | None, sender: str | None) -> str | None:
        """Say why an answer confirms nothing, to the team or the stranger that gave it; None when it does."""
        row = mails.get(tx, said.mail_id)
        if row is None or row.team_id != team_id or not is_code(said.code, self.code(row)):
            return "the code is not the one of that mail"
        if row.outcome is not Outcome.HELD:
            return "the code was used before, or an organizer has decided already"
        if team_id is None and held.asked_whom(tx, row.id) != sender:
            return "another address was asked"
        asked = held.asked_at(tx, row.id)
        if asked is None or self.clock() >= asked + VALID:
            return "the code has expired"
        return None


def approve(tx: Tx, mail_id: int, *, why: str, now: datetime) -> bool:
    """Take a held mail as its team's; False when it is not held."""
    if not release(tx, mail_id, now):
        return False
    events.append(tx, kind="mail-approved", subject=Id.MAIL.of(mail_id), now=now, why=why)
    return True


def release(tx: Tx, mail_id: int, now: datetime) -> bool:
    """Make a held mail due, on an organizer's word."""
    return held.release(tx, mail_id, why="an organizer said so", now=now)
