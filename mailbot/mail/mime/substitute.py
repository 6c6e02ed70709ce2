"""Exchange's notice in place of a mail that it could not convert for IMAP; the mail itself is still on the server."""

from __future__ import annotations

import re

HEAD_BYTES = 65536
_RAW = re.compile(
    rb"^subject:\s*retrieval using the imap4 protocol failed for the following message", re.IGNORECASE | re.MULTILINE
)

_SUBJECT = re.compile(r"\s*retrieval using the imap4 protocol failed for the following message", re.IGNORECASE)
_TEXT = re.compile(r"\s*the server couldn.t retrieve the following message", re.IGNORECASE)


def is_substitute(subject: str, text: str) -> bool:
    """Whether a mail of this decoded subject and text is such a notice (Exchange 2007 and later)."""
    return bool(_SUBJECT.match(subject) or _TEXT.match(text))


def looks_substituted(raw: bytes) -> bool:
    """Whether a mail as fetched is such a notice, by its Subject field: cheap, and before it is parsed."""
    return bool(_RAW.search(raw[:HEAD_BYTES].partition(b"\r\n\r\n")[0]))
