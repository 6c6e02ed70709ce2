"""The hold-and-confirm step: a code that only the registered address gets, and the reply that carries it back. Pure.

The word must stand at the beginning of what a person wrote. Our question does not begin with it, so a program that
quotes the question, in its subject or its body, confirms nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass

LETTERS = 32
"""Hex letters of a code: 128 bits of an HMAC."""

_CODE = re.compile(rf"M-0*([1-9]\d{{0,17}})[ .:_-]([0-9a-f]{{{LETTERS}}})(?![0-9a-z])", re.IGNORECASE)
_WORD = re.compile(
    r"\W*(?:i\s+(?:hereby\s+)?)?confirm(?:ed)?\b[\s.!,]*|\W*我?已?确认[\s.!,。]*",
    re.IGNORECASE,
)
_REPLY = re.compile(r"^(?:\s*(?:re|aw|sv|fwd?|wg|回复|答复|转发)\s*[:：])+\s*", re.IGNORECASE)  # noqa: RUF001  # the colon that Chinese clients write


@dataclass(frozen=True, kw_only=True)
class Said:
    """A mail that says it confirms another."""

    #: Number of the mail that was held.
    mail_id: int
    code: str


def code(secret: bytes, mail_id: int, sha256: str) -> str:
    """Return the code of a held mail: an HMAC over its number and its bytes, hex."""
    said = f"confirm M-{mail_id:06d} {sha256}".encode()
    return hmac.new(secret, said, hashlib.sha256).hexdigest()[:LETTERS]


def is_code(said: str, right: str) -> bool:
    """Compare two codes in constant time."""
    return hmac.compare_digest(said.lower(), right)


def shown(mail_id: int, right: str) -> str:
    """Write a code as it stands in the subject of the question."""
    return f"[M-{mail_id:06d} {right}]"


def masked(text: str) -> str:
    """Return a text with no code in it."""
    return _CODE.sub(r"M-\1", text)


def read(subject: str, text: str) -> Said | None:
    """Return what a mail confirms: a code in its subject or first line, and the word first in one of them."""
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    found = _CODE.search(subject) or _CODE.search(first)
    if found is None or not (_says_so(first) or _says_so(_REPLY.sub("", subject))):
        return None
    return Said(mail_id=int(found[1]), code=found[2].lower())


def _says_so(line: str) -> bool:
    """Whether a line is the word, and nothing else but a code."""
    bare = unicodedata.normalize("NFKC", re.sub(r"\[\s*\]", "", _CODE.sub("", line)))
    return _WORD.fullmatch(bare.strip()) is not None
