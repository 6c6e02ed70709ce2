"""The parts that ask who sent a mail, made from the config."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.identity import keys
from mailbot.identity.assess import Assessor
from mailbot.identity.held import Questions
from mailbot.identity.identify import canonical
from mailbot.identity.lookup import Lookup
from mailbot.mail.model import AuthLevel

if TYPE_CHECKING:
    from mailbot.config.schema import Config
    from mailbot.service import Service


def own(config: Config) -> frozenset[str]:
    """Return the addresses that mailbot itself writes from, canonical."""
    users = [config.challenge.address, *(server.user for server in (config.imap, config.smtp) if server)]
    return frozenset(canonical(user) for user in users if "@" in user)


def secret_of(service: Service) -> bytes:
    """Return what keys are hashed with and codes are made from. Raises ConfigError when it was lost."""
    return keys.of(service.config.state, service.ledger)


def assessor(service: Service) -> Assessor:
    """Return the stage that says how sure it is who sent a mail."""
    settings = service.config.identity
    return Assessor(
        ledger=service.ledger,
        sandbox=service.sandbox,
        lookup=Lookup(nameservers=settings.nameservers, seconds=settings.dns_seconds, clock=service.clock),
        secret=secret_of(service),
        require=settings.require,
        own=service.own,
    )


def questions(service: Service) -> Questions:
    """Return what asks teams about mails that are held."""
    wanted = AuthLevel.CONFIRMED in service.config.identity.require
    return Questions(secret=secret_of(service), wanted=wanted, clock=service.clock)
