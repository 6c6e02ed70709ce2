"""What may be believed of a server's answers: dates, sizes and numbers that cannot be are taken for none. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

HIGHEST_UID = 2**32 - 1
"""UIDs and UIDNEXT are 32-bit numbers (RFC 9051, section 2.3.1.1)."""

_VALIDITIES = 2**63
"""UIDVALIDITY should have 32 bits too; the ledger takes 63, and servers that send 64 are known."""

_LONGEST = 2**62
_EARLIEST = datetime(2002, 1, 1, tzinfo=UTC)
"""What is earlier is a zero and no date: of 1601, 1899, 1970 or 2000, or the years 0 and 1, which are read as 200x."""

_BOUNDARY = re.compile(
    rb'^content-type:\s*multipart/[^;\r\n]*;(?:[^\r\n]|\r?\n[ \t])*?boundary="?([^"\r\n;]+)',
    re.IGNORECASE | re.MULTILINE,
)


def uidvalidity(answer: Mapping[bytes, Any]) -> int:
    """Return UIDVALIDITY of a folder that was opened, in 63 bits; 0 where the server gives none."""
    return number(answer.get(b"UIDVALIDITY"), most=2**4096) % _VALIDITIES


def number(value: object, *, most: int = HIGHEST_UID) -> int:
    """Return a number from 0 to ``most``; 0 for anything else."""
    return value if isinstance(value, int) and 0 <= value <= most else 0


def uids(found: Iterable[object]) -> list[int]:
    """Return what can be UIDs, each once, in order."""
    return sorted({uid for uid in found if isinstance(uid, int) and 0 < uid <= HIGHEST_UID})


def size(data: Mapping[bytes, Any]) -> int | None:
    """Return RFC822.SIZE of a mail; None when the server gives none."""
    told = data.get(b"RFC822.SIZE")
    return told if isinstance(told, int) and 0 <= told < _LONGEST else None


def arrival(data: Mapping[bytes, Any]) -> datetime | None:
    """Return INTERNALDATE of a mail; None when the server gives none, or one that no calendar has."""
    told = data.get(b"INTERNALDATE")
    if not isinstance(told, datetime):
        return None
    try:
        when = (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # a zone of more than a day, or a year before the first
        return None
    if when < _EARLIEST:
        return None
    return told if told.tzinfo else when


def is_short(raw: bytes, told: int | None) -> bool:
    """Whether a body has fewer bytes than RFC822.SIZE; one that is empty always has.

    Bare line feeds count as two bytes: some servers tell the size with CRLF and send the mail without.
    """
    if not raw or told is None or len(raw) >= told:
        return not raw
    return len(raw) + raw.count(b"\n") - raw.count(b"\r\n") < told


def is_cut(raw: bytes, told: int | None) -> bool:
    """Whether a short body is evidently a part of the mail, and not the whole of one whose size is only estimated.

    Exchange and others estimate RFC822.SIZE. A mail that lacks its closing boundary (RFC 2046, section 5.1.1) or half
    of its bytes is not taken for whole.
    """
    if not raw or (told is not None and 2 * len(raw) < told):
        return True
    head = raw[: 64 * 1024]
    if (end := re.search(rb"\r?\n\r?\n", head)) is None:
        return True
    found = _BOUNDARY.search(head[: end.end()])
    return found is not None and b"--" + found[1].rstrip() + b"--" not in raw
