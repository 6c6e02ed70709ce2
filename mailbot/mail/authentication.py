"""What a mail claims about its sender: Authentication-Results (RFC 8601), signatures, team keys.

A split on ``;`` is not enough: the sender chooses quoted local parts and comments, and can write ``dmarc=pass`` there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import authres

from mailbot.mail import dkim, teamkey
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.model import Claims, Vouched

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mailbot.mail.mime.headers import Headers


LENGTH = 4096
"""Characters of a field that is read; a longer one says nothing."""

_RESULTS = ("pass", "fail", "none", "temperror", "permerror", "bestguesspass")

_WHO = re.compile(r"\s*([A-Za-z0-9][\w.:-]{0,252})\s*(?:\s1)?\s*(?:\([^()]{0,200}\)\s*)?(?:;|$)")

_NAMELESS = re.compile(r"\s*[A-Za-z][\w-]{0,30}\s*=")

_STAND_IN = "nameless.invalid; "


def vouched(values: Sequence[str], trusted: Collection[str]) -> Vouched | None:
    """Return what the topmost field of a trusted server says of DMARC; None when there is no such field.

    ``values`` come topmost first: each server puts its own on top (RFC 8601, section 5), so a field below was there
    before and may be forged. ``trusted`` are names in lower case; "" trusts fields without a name, as Microsoft writes
    them, and of those only the topmost field of all.
    """
    for place, value in enumerate(values):
        who = _who(value)
        if who is not None and who in trusted and (who or place == 0):
            return _read(value if who else _STAND_IN + value, who)
    return None


def _who(value: str) -> str | None:
    """Return the name of the server that wrote a field, "" when it left that out, None when it cannot be told."""
    named = _WHO.match(value)
    if named:
        return named[1].lower()
    return "" if _NAMELESS.match(value) else None


def _read(value: str, who: str) -> Vouched:
    """Return the one verdict on DMARC; none when there are several that differ, or the field breaks its grammar."""
    if len(value) > LENGTH:
        return Vouched(authserv_id=who)
    try:
        parsed = authres.all_features().parse_value(value)
    except (authres.AuthResError, RecursionError, ValueError):
        return Vouched(authserv_id=who)
    said = [result for result in parsed.results if getattr(result, "method", "") == "dmarc"]
    verdicts = {(str(result.result), _header_from(result)) for result in said}
    result, header_from = verdicts.pop() if len(verdicts) == 1 else ("", "")
    return Vouched(authserv_id=who, result=result if result in _RESULTS else "", header_from=header_from)


def _header_from(result: Any) -> str:  # noqa: ANN401  # authres has no types
    """Return the one ``header.from`` of a verdict; authres knows it by name only where ``dmarc`` is in lower case."""
    found = [p.value for p in result.properties if (p.type, p.name) == ("header", "from")]
    return str(found[0] or "").lower().lstrip("@") if len(found) == 1 else ""


FIELDS = 20
"""Authentication-Results fields that are looked at, from the top."""


def read_claims(headers: Headers, subject: str, trusted: Collection[str]) -> Claims:
    """Return what a mail brings to show who sent it.

    ``subject`` is decoded and whole, keys and all; ``trusted`` names the servers whose Authentication-Results count.
    """
    recipients = addresses((*headers.texts("to"), *headers.texts("cc")))
    delivered = addresses((*headers.texts("delivered-to"), *headers.texts("x-original-to")))
    signatures = dkim.read([(name.encode("ascii"), value) for name, value in headers.fields])
    return Claims(
        from_fields=len(headers.raw("from")),
        recipients=recipients,
        keys=teamkey.found(subject, *recipients, *delivered),
        vouched=vouched(headers.texts("authentication-results")[:FIELDS], trusted),
        signatures=signatures,
        more_signatures=len(signatures) < len(headers.raw("dkim-signature")),
    )
