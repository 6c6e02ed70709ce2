"""Delivery reports about our own mails (RFC 3464): which of them could not be delivered. Pure."""

from __future__ import annotations

import re

LOOK_BYTES = 256 * 1024
"""A report says what it has to say in its beginning; what it quotes may be long."""

_FAILED = re.compile(rb"^Action:[ \t]*failed\b", re.IGNORECASE | re.MULTILINE)
_OURS = re.compile(rb"<mailbot\.[0-9a-f]{32}@[!-;=?-~]{1,200}>")


def undelivered(raw: bytes) -> tuple[str, ...]:
    """Return the Message-IDs of our mails that a report says have failed.

    Only a mail that quotes one of our Message-IDs is believed: they cannot be guessed, so nobody can silence a team
    by forging a report. A delayed or relayed mail has not failed.
    """
    head = raw[:LOOK_BYTES]
    if not _FAILED.search(head):
        return ()
    return tuple(dict.fromkeys(found.decode("ascii") for found in _OURS.findall(head)))
