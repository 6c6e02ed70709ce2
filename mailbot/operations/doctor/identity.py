"""Checks of identity: what the config requires, and whether a server passes forged results on."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.errors import MailbotError
from mailbot.identity import keys
from mailbot.ledger import events, held, observations
from mailbot.mail.authentication import vouched
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.envelope import POLICY
from mailbot.mail.mime.headers import read_headers
from mailbot.model import AuthLevel
from mailbot.operations.doctor import mail as doctor_mail
from mailbot.operations.doctor.finding import Finding, green, red, yellow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.service import Service

PART = "identity"


def identity(service: Service) -> Iterator[Finding]:
    """Say what it takes for a mail to count, which servers are believed, and how many mails are held."""
    settings = service.config.identity
    with service.ledger.read() as tx:
        checked, waiting = observations.checked_authservs(tx), held.count(tx)
    if why := keys.lost(service.config.state, service.ledger):
        yield red("team keys", why, keys.fix(service.config.state / keys.FILE))
    asked = ", ".join(settings.require)
    if AuthLevel.NONE in settings.require:
        fix = "leave 'none' out of identity.require once the teams have keys, or add 'confirmed' in its place"
        yield yellow(PART, f"counts: {asked}; so a forged From counts too", fix)
    else:
        yield green(PART, f"counts: {asked}; {waiting} mails are held (`mailbot mails list --held`)")
    for name in settings.authserv_ids if AuthLevel.DMARC in settings.require else ():
        shown = name or "(no name)"
        if checked.get(name):
            fix = "have your server strip them (RFC 8601, section 5), or leave it out of identity.authserv_ids"
            yield red(PART, f"{shown} lets forged results through: it is not trusted", fix)
        elif name not in checked:
            yield yellow(PART, f"{shown} is trusted but was never tested", "`mailbot doctor --check-auth`")


def check_auth(service: Service) -> Iterator[Finding]:
    """Mail ourselves forged results under each name that is believed; a name that comes through is believed no more."""
    names = service.config.identity.authserv_ids
    if not names:
        yield green("check-auth", "no server is trusted, so there is nothing to test")
        return
    try:
        yield from _tried(service, names)
    except MailbotError as error:
        yield red("check-auth", str(error), "fix what is red above first")


def _tried(service: Service, names: tuple[str, ...]) -> Iterator[Finding]:
    address, token = service.config.challenge.address, secrets.token_hex(16)
    found, _ = doctor_mail.there_and_back(service, _forged(address, token, names), token.encode())
    if found is None:
        fix = "try again; until it comes back nothing is known, and nothing was changed"
        yield red("check-auth", "the forged mail was sent and not seen again: perhaps it was refused", fix)
        return
    values = read_headers(found[1].raw.partition(b"\r\n\r\n")[0]).texts("authentication-results")
    for name in names:
        said = [vouched([value], {name}) for value in values]
        forged = any(each is not None and each.header_from == _domain(token) for each in said)
        now = service.clock()
        with service.ledger.write("authserv-checked") as tx:
            observations.note_authserv(tx, name, forged=forged, now=now)
            events.append(tx, kind="authserv-checked", subject=name, now=now, forged=forged)
        shown = name or "(no name)"
        if forged:
            yield red(
                "check-auth", f"{shown} lets forged results through: it is no longer trusted", "see docs/security.md"
            )
        else:
            yield green("check-auth", f"{shown} strips forged results")


def _domain(token: str) -> str:
    return f"{token}.invalid"


def _forged(address: str, token: str, names: tuple[str, ...]) -> bytes:
    """Write a mail that claims to have passed everything, in the name of each server."""
    message = EmailMessage(policy=POLICY)
    for name in names:
        claim = f"dmarc=pass (p=reject) header.from={_domain(token)}"
        message["Authentication-Results"] = f"{name}; {claim}" if name else claim
    message["From"] = message["To"] = address
    message["Subject"] = "[mailbot] doctor: a forged mail to myself"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<doctor.{token}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message[LOOP_HEADER] = address
    message.set_content("Sent by `mailbot doctor --check-auth` to see what comes back. You need not do anything.\n")
    return message.as_bytes()
