"""Witnesses: what a receipt or a published board, as somebody kept it, prints of the trail's end."""

from __future__ import annotations

import email
import re
from email.policy import default
from typing import TYPE_CHECKING

from scoring.trail.chain import Mark, marks

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADER = "X-Mailbot-Audit"
"""The field of a receipt's header that bears it."""

_IS_MAIL = re.compile(rb"(?:[!-9;-~]{1,80}:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")


def marks_in(data: bytes) -> list[Mark]:
    """Return every end of a trail that a file prints: a mail with its header, a board.json, or any text."""
    texts = _texts_of_mail(data) if _IS_MAIL.match(data) else iter([_decoded(data)])
    return list(dict.fromkeys(mark for text in texts for mark in marks(text)))


def _texts_of_mail(data: bytes) -> Iterator[str]:
    """Yield the header's field and the decoded texts of a mail, those of mails inside it too."""
    for part in email.message_from_bytes(data, policy=default).walk():
        yield from (str(value) for value in part.get_all(HEADER, []))
        if part.get_content_maintype() == "text":
            payload = part.get_payload(decode=True)
            yield _decoded(payload) if isinstance(payload, bytes) else ""


def _decoded(data: bytes) -> str:
    return data.decode("utf-8", "replace")
