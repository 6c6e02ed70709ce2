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
from itertools import islice
from typing import TYPE_CHECKING

from mailbot.config.calendar import DAY
from mailbot.ledger import events, held, mails, submissions
from mailbot.mail.subject import own_lines, strip_reply
from mailbot.model import Id, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow


LETTERS = 32
"""Hex letters of a code: 128 bits of an HMAC."""

_CODE = re.compile(rf"([MT])-0*([1-9]\d{{0,17}})[ .:_-]([0-9a-f]{{{LETTERS}}})(?![0-9a-z])", re.IGNORECASE)

_CLAUSE = re.compile(r"[.,;:!。，；：！、—–]|\s-{1,2}\s?")  # noqa: RUF001  # the stops of Chinese
"""Where a clause ends."""

_CONFIRMS = {"confirm", "confirmed"}

_BESIDE = frozenset({"i", "we", "yes", "ok", "okay", "hereby", "it", "this", "mine", "ours"}) | _CONFIRMS
"""Words that may stand in the clause that confirms."""

_QUOTES = " \t\"'“”‘’「」()[]<>*_`"  # noqa: RUF001  # people quote the word they were asked for

_CHINESE = re.compile(r"(?:是的?|对|好的?)?(?:我们?)?(?:本人)?(?:现|已经?)?(?:确认|確認)(?:了|无误|無誤|提交)?")

_GREETING = re.compile(
    r"(?:hi|hello|hey|dear|good (?:morning|afternoon|evening)|greetings|to whom)\b"
    r"|(?:老师|各位|尊敬的)?.{0,12}(?:您好|你好|大家好)|(?:尊敬的|各位|致).{0,20}",
    re.IGNORECASE,
)

_BANNER = re.compile(r"\W*(?:caution|warning|attention|notice|external|ext|外部邮件|注意)\b", re.IGNORECASE)
"""How a gateway's line above a mail begins."""

_ARMOUR = re.compile(r"-----BEGIN PGP SIGNED MESSAGE-----$|(?:hash|charset): ?[\w,-]+$", re.IGNORECASE)

_LONGEST = 120
"""Characters of a line that can be a word with its thanks."""

_LOOKED_AT = 8
"""So many lines of what a person wrote are looked at."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """A mail that bears the code of one that is held."""

    #: Number of the mail that was held; 0 where the code is of a team.
    mail_id: int = 0
    code: str
    #: Of which team somebody was asked about; 0 where the code is of a mail.
    team_id: int = 0
    #: Whether it says the word, so that it confirms that mail.
    sure: bool = True


def code(secret: bytes, mail_id: int, sha256: str) -> str:
    """Return the code of a held mail: an HMAC over its number and its bytes, hex."""
    said = f"confirm {Id.MAIL.of(mail_id)} {sha256}".encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()[:LETTERS]


def code_of_team(secret: bytes, team_id: int, address: str, number: int = 0) -> str:
    """Return the code by which an address joins a team, by its invitation of that number; 0: confirms the team."""
    said = f"team {Id.TEAM.of(team_id)} {number} {address}".encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()[:LETTERS]


def is_code(said: str, right: str) -> bool:
    """Compare two codes in constant time."""
    return hmac.compare_digest(said.lower(), right)


def shown(number: int, right: str, *, of: Id = Id.MAIL) -> str:
    """Write a code as it stands in the subject of the question."""
    return f"[{of.of(number)} {right}]"


def masked(text: str) -> str:
    """Return a text with no code in it."""
    return _CODE.sub(r"\1-\2", text)


def read(subject: str, text: str) -> Said | None:
    """Return what a mail confirms, by a code in its subject or the first lines that a person wrote; None without one.

    The word must stand in the subject, or be the first thing that the person says: only a greeting, the banner of a
    gateway and the armour of a signature may stand above it. So neither a program that quotes our question nor one that
    says that somebody is away confirms anything.
    """
    lines = list(islice(own_lines(text), _LOOKED_AT))
    found = next(filter(None, (_CODE.search(line) for line in (subject, *lines))), None)
    if found is None:
        return None
    first = next((line for line in lines if not _stands_above(line)), "")
    sure = _says_so(first) or _says_so(strip_reply(subject))
    number, right = int(found[2]), found[3].lower()
    if found[1].upper() == Id.TEAM:
        return Said(team_id=number, code=right, sure=sure)
    return Said(mail_id=number, code=right, sure=sure)


def _stands_above(line: str) -> bool:
    """Whether a line is a greeting alone, a gateway's banner, or armour, below which a person begins."""
    if _BANNER.match(line) or _ARMOUR.match(line):
        return True
    return bool(_GREETING.match(line)) and not _says_so(line)


def _says_so(line: str) -> bool:
    """Whether a line says the word, in a clause of its own; other clauses may thank, greet or sign."""
    bare = unicodedata.normalize("NFKC", re.sub(r"\[\s*\]", "", _CODE.sub("", line))).casefold()
    if "?" in bare or len(bare) > _LONGEST:
        return False
    return any(_confirms(clause) for clause in _CLAUSE.split(bare))


def _confirms(clause: str) -> bool:
    words = clause.strip(_QUOTES).split()
    if not _CONFIRMS.isdisjoint(words):
        return _BESIDE.issuperset(words)
    return len(words) == 1 and _CHINESE.fullmatch(words[0]) is not None


UNSAID = "it does not begin with the word confirm; if the mail is yours, reply with that one word"
"""Why an answer with a live code confirms nothing."""

WRONG = "the code is not the one of that mail"
"""Why an answer confirms nothing that anybody may have written."""

TAKEN = "that mail was taken already"
"""How the reason begins why an answer confirms nothing as it need not: an earlier one did, or an organizer."""

VALID = timedelta(hours=72)
"""So long a code holds."""

PER_HOUR, PER_DAY = 3, 10
"""Questions to one address: forged mails must not fill a team's mailbox. What passes that is asked later."""


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

    def may_ask_stranger(self, tx: Tx, recipient: str) -> bool:
        """Whether an address that is on no team was not asked for a day."""
        return held.asked_since(tx, self.clock() - DAY, recipient) == 0

    def fault(self, tx: Tx, said: Said, team_id: int | None, sender: str | None) -> str | None:
        """Say why an answer confirms nothing, to the team or the stranger that gave it; None when it does."""
        row = mails.get(tx, said.mail_id)
        if row is None or row.team_id != team_id or not is_code(said.code, self.code(row)):
            return WRONG
        if row.outcome is not Outcome.HELD:
            return _taken(tx, row)
        if team_id is None and held.asked_whom(tx, row.id) != sender:
            return "another address was asked"
        asked = held.asked_at(tx, row.id)
        if asked is None or self.clock() >= asked + VALID:
            return "the code has expired"
        return None if said.sure else UNSAID


def _taken(tx: Tx, row: MailRow) -> str:
    """Say that a mail which was held is not held any more, with the receipts of its files once it has some."""
    receipts = ", ".join(one.receipt for one in submissions.listing(tx, mail_id=row.id))
    return f"{TAKEN}; its receipt: {receipts}" if receipts else TAKEN


def approve(tx: Tx, mail_id: int, *, why: str, now: datetime) -> bool:
    """Take a held mail as its team's; False when it is not held."""
    if not release(tx, mail_id, now):
        return False
    events.append(tx, kind="mail-approved", subject=Id.MAIL.of(mail_id), now=now, why=why)
    return True


def release(tx: Tx, mail_id: int, now: datetime) -> bool:
    """Make a held mail due, on an organizer's word."""
    return held.release(tx, mail_id, why="an organizer said so", now=now)
