"""Does a signing domain speak for the domain in From? By the public suffix list, and by DMARC records (RFC 9989). Pure.

The list decides; a record can only make it stricter. So a domain without DMARC has aligned signatures too, and a
registry that publishes ``psd=y``, or an owner who asks for ``adkim=s``, is heard.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from publicsuffixlist import PublicSuffixList

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mailbot.config.teams import RegistrationSection
    from mailbot.model import Team

DEEPEST = 8
"""Of a longer name the walk asks for itself, and then from its last seven labels on (RFC 9989, DNS Tree Walk)."""


@cache
def _suffixes() -> PublicSuffixList:
    """Return the list, private section included: two users of a hosting service are strangers to each other."""
    return PublicSuffixList()


def organisation(domain: str) -> str | None:
    """Return the registered domain that a name lies in, as ``uni.co.uk``; None for a public suffix itself."""
    return _suffixes().privatesuffix(domain)


def related(author: str, signer: str) -> bool:
    """Whether two domains are the same, or of the same organisation by the public suffix list."""
    return author == signer or (organisation(author) is not None and organisation(author) == organisation(signer))


def walk(domain: str) -> Iterator[str]:
    """Yield the names of the DMARC records that the tree walk asks for, from the domain itself upwards."""
    labels = domain.split(".")
    yield f"_dmarc.{domain}"
    above = labels[1:] if len(labels) < DEEPEST else labels[-(DEEPEST - 1) :]
    yield from (f"_dmarc.{'.'.join(above[n:])}" for n in range(len(above)))


def aligned(author: str, signer: str, records: Mapping[str, str]) -> bool:
    """Whether a signature of ``signer`` counts for ``author``, by the DMARC records that there are, by name."""
    if author == signer:
        return True
    if not related(author, signer) or "s" in _tag(_policy(author, records), "adkim"):
        return False
    return _organisational(author, records) == _organisational(signer, records)


def _organisational(domain: str, records: Mapping[str, str]) -> str:
    """Return the organisational domain by the walk; by the public suffix list where there are no records."""
    found = organisation(domain) or domain
    above = domain
    for name in walk(domain):
        here = name.removeprefix("_dmarc.")
        psd = _tag(records.get(name, ""), "psd")
        if psd == "n":
            return here
        if psd == "y" and here != domain:
            return above
        if name in records and _suffixes().privatesuffix(here):
            found = here
        above = here
    return found


def _policy(domain: str, records: Mapping[str, str]) -> str:
    """Return the record that holds for a domain: its own, else that of its organisation."""
    return records.get(f"_dmarc.{domain}") or records.get(f"_dmarc.{_organisational(domain, records)}", "")


def _tag(record: str, name: str) -> str:
    """Return the value of a tag of a record, lower case; "" when it has none."""
    tags = dict(part.split("=", 1) for part in record.replace(" ", "").lower().split(";") if "=" in part)
    return tags.get(name, "")


def is_full(address: str, teams: Iterable[Team], settings: RegistrationSection) -> bool:
    """Whether a domain has as many teams as may register by mail; a team is of its leader's domain."""
    domain = _of(address)
    if not settings.per_domain or domain in settings.shared_domains:
        return False
    return sum(bool(team.addresses) and _of(team.addresses[0]) == domain for team in teams) >= settings.per_domain


def _of(address: str) -> str:
    """Return the registered domain of an address: subdomains are its owner's too."""
    domain = address.rpartition("@")[2]
    return organisation(domain) or domain
