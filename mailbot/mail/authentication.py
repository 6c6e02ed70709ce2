"""What a mail claims about its sender: Authentication-Results (RFC 8601), signatures, team keys.

A split on ``;`` is not enough: the sender chooses quoted local parts and comments, and can write ``dmarc=pass`` there.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import dropwhile, takewhile
from typing import TYPE_CHECKING, Any

import authres

from mailbot.mail import dkim, teamkey
from mailbot.mail.mime.addresses import addresses
from mailbot.mail.mime.text import text_of
from mailbot.mail.model import Claims, Vouched

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mailbot.mail.mime.headers import Headers


LENGTH = 4096
"""Characters of a field that is read; a longer one says nothing."""

_RESULTS = ("pass", "fail", "none", "temperror", "permerror", "bestguesspass")

_NAME_LENGTH = 600
"""Characters in which a server's name and the comment on it must stand."""

_WHO = re.compile(r"\s*+([A-Za-z0-9][\w.:-]{0,252}+)(?:\s++1)?+\s*+(?:\([^()]{0,200}+\)\s*+)?+(?:;|$)")

_NAMELESS = re.compile(r"\s*[A-Za-z][\w-]{0,30}\s*=")

_STAND_IN = "nameless.invalid; "

_MAIL_FROM = (("smtp", "mailfrom"), ("smtp", "mail"))


OUTSIDE = ""
"""Stands among the fields for a Received field of another host: what is below it came from there."""

_FROM = re.compile(r"\s*from\s(.{0,500}?)(?:\sby\s|;|$)", re.IGNORECASE | re.DOTALL)

_IP = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f.:]{2,45})\]", re.IGNORECASE)


def vouched(values: Sequence[str], trusted: Collection[str]) -> Vouched | None:
    """Return what a trusted server says of DMARC; None when there is no field of one.

    ``values`` come topmost first: each server puts its own on top (RFC 8601, section 5). The fields of the first
    trusted server down to the first of another, or to a host outside, are one statement; what is below was there before
    and may be forged. ``trusted`` are names in lower case; "" trusts fields without a name, as Microsoft writes them,
    and of those only the topmost field of all.
    """
    values = [" ".join(value.split()) if len(value) <= LENGTH else value for value in values]
    said = [value for value in values if value != OUTSIDE]
    top = _who(said[0]) if said else None
    if top == "" and top in trusted:
        return _mailed(_agreed([_read(_STAND_IN + said[0], "")], ""), [_STAND_IN + said[0]])
    rest = dropwhile(lambda value: not (who := _who(value)) or who not in trusted, values)
    first = next(rest, None)
    if first is None:
        return None
    who = str(_who(first))
    run = [first, *takewhile(lambda value: _who(value) == who, rest)]
    return _mailed(_agreed([_read(value, who) for value in run], who), run)


def _mailed(found: Vouched, values: Sequence[str]) -> Vouched:
    """Add whose server sent the mail, as SPF has it; where that is said twice, both must be one."""
    read = [_results_of(value, "spf") for value in values] if found.result == "pass" else []
    results = [result for each in read for result in each or ()]
    said = {(str(result.result), _mail_from(result)) for result in results}
    result, domain = said.pop() if len(said) == 1 and None not in read else ("", "")
    return replace(found, mailed_by=domain) if result == "pass" else found


def _mail_from(result: Any) -> str:  # noqa: ANN401  # authres has no types
    """Return the domain in MAIL FROM that a verdict is about, "" for none; RFC 5451 called it ``smtp.mail``."""
    found = [str(p.value or "") for p in result.properties if (p.type, p.name) in _MAIL_FROM]
    return found[0].rpartition("@")[2].lower().rstrip(".") if len(found) == 1 else ""


def _agreed(said: Sequence[Vouched | None], who: str) -> Vouched:
    """Return the one verdict of several fields; where they differ, a pass is none."""
    found = dict.fromkeys(one for one in said if one is None or one.result)
    if len(found) == 1 and (only := next(iter(found))) is not None:
        return only
    refused = [one for one in found if one is not None and one.result != "pass"]
    return refused[0] if refused and None not in found else Vouched(authserv_id=who)


def _who(value: str) -> str | None:
    """Return the name of the server that wrote a field, "" when it left that out, None when it cannot be told."""
    named = _WHO.match(value[:_NAME_LENGTH])
    if named:
        return named[1].lower()
    return "" if _NAMELESS.match(value) else None


def _read(value: str, who: str) -> Vouched | None:
    """Return the one verdict on DMARC, with no result where the field says nothing of it.

    None: it does, and cannot be read, or says two things.
    """
    said = _results_of(value, "dmarc")
    if said is None:
        return None
    verdicts = {(str(result.result), _header_from(result)) for result in said}
    if len(verdicts) > 1:
        return None
    result, header_from = verdicts.pop() if verdicts else ("", "")
    return Vouched(authserv_id=who, result=result if result in _RESULTS else "", header_from=header_from)


def _results_of(value: str, method: str) -> list[Any] | None:
    """Return a field's verdicts by one method; none where it does not name that, None where it cannot be read."""
    if len(value) > LENGTH:
        return None
    if method not in value.lower():
        return []
    try:
        parsed = authres.all_features().parse_value(value)
    except (authres.AuthResError, RecursionError, ValueError):
        return None
    return [result for result in parsed.results if getattr(result, "method", "") == method]


def _header_from(result: Any) -> str:  # noqa: ANN401  # authres has no types
    """Return the one ``header.from`` of a verdict; authres knows it by name only where ``dmarc`` is in lower case."""
    found = [p.value for p in result.properties if (p.type, p.name) == ("header", "from")]
    return str(found[0] or "").lower().lstrip("@") if len(found) == 1 else ""


FIELDS = 20
"""Authentication-Results fields that are looked at, from the top."""


def _results(headers: Headers) -> list[str]:
    """Return the Authentication-Results fields in order, and where between them the mail came from another host."""
    found: list[str] = []
    for name, raw in headers.fields:
        value = text_of(raw[: headers.value_bytes])
        if name == "authentication-results":
            found.append(value)
        elif name == "received" and _came_in(value) and found[-1:] != [OUTSIDE]:
            found.append(OUTSIDE)
    return found[: 2 * FIELDS]


def _came_in(received: str) -> bool:
    """Whether a Received field tells of another host: neither handed on within one, nor over its loopback."""
    if re.match(r"\s*by\s", received, re.IGNORECASE):
        return False
    clause = _FROM.match(received)
    hosts = _IP.findall(clause[1]) if clause else []
    return not hosts or not all(host == "::1" or host.startswith("127.") for host in hosts)


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
        vouched=vouched(_results(headers), trusted),
        signatures=signatures,
        more_signatures=len(signatures) < len(headers.raw("dkim-signature")),
    )
