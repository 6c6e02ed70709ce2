"""When a mail arrived: INTERNALDATE where it can be believed, else its topmost Received field, else now. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailbot.mail.model import Fetched

AHEAD = timedelta(days=1)
"""A server's clock, or its zone, may be wrong by so much; what is later has not arrived yet."""

_HEAD_BYTES = 64 * 1024

_RECEIVED = re.compile(rb"^received:((?:[^\r\n]|\r?\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def arrival(mail: Fetched, now: datetime) -> tuple[datetime, str]:
    """Return when a mail arrived and, where that is not INTERNALDATE, what is taken instead: "Received" or "now"."""
    if _is_credible(mail.arrived_at, now):
        return mail.arrived_at or now, ""
    received = _received(mail.raw)
    return (received, "Received") if received and _is_credible(received, now) else (now, "now")


def _is_credible(when: datetime | None, now: datetime) -> bool:
    return when is not None and when <= now + AHEAD


def _received(raw: bytes) -> datetime | None:
    """Return the date of the topmost Received field: the server that holds the mail wrote it (RFC 5321, 4.4)."""
    head = re.split(rb"\r?\n\r?\n", raw[:_HEAD_BYTES], maxsplit=1)[0]
    found = _RECEIVED.search(head)
    if found is None:
        return None
    try:
        when = parsedate_to_datetime(found[1].rpartition(b";")[2].decode("ascii", "replace").strip())
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
