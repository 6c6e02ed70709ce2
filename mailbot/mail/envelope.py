"""The header of mails of ours that are no replies, so that no program answers them."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.mime.text import literal
from scoring.trail import witness

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge


TRAIL_HEADER = witness.HEADER
"""The end of the audit trail when a receipt was written: who keeps the receipt can prove what the trail said then."""

_LETTERS = 32
"""Hex letters of a Message-ID: 128 bits of an HMAC."""


def message_id(challenge: Challenge, key: str) -> str:
    """Return the Message-ID of the mail with a key: the same key gives the same, so that a copy can be told.

    Nobody without the secret can compute it: whoever names it has seen the mail.
    """
    digest = hashlib.sha256(key.encode()).hexdigest()[:_LETTERS]
    return keyed(f"<mailbot.{digest}@{challenge.address.rpartition('@')[2]}>", challenge.secret())


def keyed(plain: str, secret: bytes) -> str:
    """Return the Message-ID for one that is made of the key alone, as version 0.1.0 wrote them."""
    local, at, domain = plain[1:-1].partition("@")
    digest = hmac.new(secret, f"message-id {local}".encode(), hashlib.sha256).hexdigest()[:_LETTERS]
    return f"<mailbot.{digest}{at}{domain}>"


def begin(challenge: Challenge, *, recipient: str, subject: str, key: str, now: datetime) -> EmailMessage:
    """Return a mail with all its fields and no body yet."""
    message = addressed(challenge, recipient)
    message["Subject"] = literal(subject)
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(challenge, key)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message["X-Auto-Response-Suppress"] = "All"
    message[LOOP_HEADER] = challenge.address
    return message


def let_leave(message: EmailMessage, challenge: Challenge, language: str) -> None:
    """Say in the header what language a letter is in (RFC 3282), and how to get no more of them (RFC 2369).

    To be called when the body is there: writing it clears what the header says of it.
    """
    message["Content-Language"] = language
    message["List-Unsubscribe"] = f"<mailto:{quote(challenge.address, safe='@')}?subject=letters%20off>"


POLICY = SMTP.clone(max_line_length=990)
"""With the default line length, long Message-IDs are folded into encoded words and threads break (cpython #79986)."""


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A mail of ours, ready for the outbox."""

    recipient: str
    subject: str
    message_id: str
    message: bytes


def addressed(challenge: Challenge, recipient: str) -> EmailMessage:
    """Return a mail that says from whom and to whom it is, and nothing else yet.

    The header of a mail to an address beyond ASCII is in UTF-8, as no other holds such an address (RFC 6532).
    """
    message = EmailMessage(policy=POLICY.clone(utf8=not recipient.isascii()))
    for name, value in sender_and_recipient(challenge, recipient).items():
        message[name] = value
    return message


def sender_and_recipient(challenge: Challenge, recipient: str) -> dict[str, str]:
    """Return the fields that say from whom and to whom a mail of ours is."""
    return {"From": f'"{challenge.short_name}" <{challenge.address}>', "To": recipient}
