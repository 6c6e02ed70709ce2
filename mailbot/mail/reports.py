"""Delivery reports: which of our mails one says have failed (RFC 3464, and the forms from before it)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailbot.mail.mime.headers import read_headers
from mailbot.mail.mime.parts import read_part
from mailbot.mail.mime.transfer import decode
from mailbot.mail.parse import tree_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailbot.mail.mime.headers import Caps
    from mailbot.mail.mime.parts import Part

LOOK_BYTES = 256 * 1024
"""A report says what it has to say in its beginning; what it quotes may be long."""

_STATUS = ("message/delivery-status", "message/global-delivery-status")
_RETURNED_HEADERS = ("text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
_RETURNED = ("message/rfc822", "message/global")

_FAILED = re.compile(rb"^Action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
_GIVEN_UP = re.compile(
    rb"permanent (?:fatal )?(?:error|failure)|failed permanently|given up|unable to deliver your message", re.IGNORECASE
)
"""What the reports of qmail, Exim, GMX and Yahoo say that have no part for programs."""
_SAID = 2000  # bytes in which it does
_FIELD = re.compile(rb"^Message-ID:[ \t]*(?:\r?\n[ \t]+)?(<[^\s<>]{1,300}>)", re.IGNORECASE | re.MULTILINE)
_OURS = re.compile(rb"<mailbot\.[0-9a-f]{32}@[!-;=?-~]{1,200}>")


def undelivered(raw: bytes, caps: Caps) -> tuple[str, ...]:
    """Return the Message-IDs of our mails that a report says have failed.

    Only the Message-ID field of the mail that it returns counts: our other mails of the thread, which the same header
    names in References, arrived. Only a mail that quotes one of our Message-IDs is believed: they cannot be guessed, so
    nobody can silence a team by forging a report. A delayed or relayed mail has not failed.
    """
    raw, tree = tree_of(raw[:LOOK_BYTES], caps)
    parts = tree.leaves or (tree.top,)  # of a report whose boundary was lost, the whole
    said = [(part, decode(raw[part.start : part.end], part.encoding) or b"") for part in parts]
    if not _has_failed(said, names_recipients="x-failed-recipients" in tree.headers[0]):
        return ()
    ids = list(_returned(said, caps)) or [found[1] for _, text in said if (found := _FIELD.search(text))]
    return tuple(dict.fromkeys(found.decode("ascii") for found in ids if _OURS.fullmatch(found)))


def _has_failed(said: Sequence[tuple[Part, bytes]], *, names_recipients: bool) -> bool:
    """Whether a report says that a mail has failed: in its status, and where it has none, in X-Failed-Recipients."""
    statuses = [text for part, text in said if part.content_type in _STATUS]
    if statuses:
        return any(_FAILED.search(text) for text in statuses)
    return names_recipients or any(_FAILED.search(text) or _GIVEN_UP.search(text[:_SAID]) for _, text in said)


def _returned(said: Sequence[tuple[Part, bytes]], caps: Caps) -> Iterator[bytes]:
    """Yield the Message-ID of each mail that a report returns, whole or its header alone."""
    for part, text in said:
        if part.content_type in _RETURNED_HEADERS:
            yield from read_headers(text, caps).raw("message-id")[:1]
        elif part.content_type in _RETURNED:
            yield from read_part(text, 0, len(text), depth=0, caps=caps).headers.raw("message-id")[:1]
