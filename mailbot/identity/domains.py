"""How many teams come from one domain: whoever owns one can write as anybody there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.identity.align import organisation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailbot.config.teams import RegistrationSection
    from mailbot.model import Team


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
