"""The claims of a mail out of its header. Runs in a child; what it reads is bounded in number and length."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.mail import claims as results
from mailbot.mail import dkim, teamkey
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.model import Claims

if TYPE_CHECKING:
    from collections.abc import Collection

    from mailbot.mail.mime.headers import Headers

FIELDS = 20
"""Authentication-Results fields that are looked at, from the top."""


def claims(headers: Headers, subject: str, trusted: Collection[str]) -> Claims:
    """Return what a mail brings to show who sent it.

    ``subject`` is decoded and whole, keys and all; ``trusted`` names the servers whose Authentication-Results count.
    """
    recipients = addresses((*headers.texts("to"), *headers.texts("cc")))
    delivered = addresses((*headers.texts("delivered-to"), *headers.texts("x-original-to")))
    return Claims(
        from_fields=len(headers.raw("from")),
        recipients=recipients,
        keys=teamkey.found(subject, *recipients, *delivered),
        vouched=results.vouched(headers.texts("authentication-results")[:FIELDS], trusted),
        signatures=dkim.read(headers.raw("dkim-signature")),
    )
