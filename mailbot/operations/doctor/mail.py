"""Checks of the mail servers: login, folders, capabilities; and a mail to ourselves."""

from __future__ import annotations

import secrets
import socket
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.errors import MailbotError
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.envelope import POLICY
from mailbot.operations.doctor.finding import Finding, green, red, yellow
from mailbot.system.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mailbot.config.schema import Config
    from mailbot.mail.model import Fetched
    from mailbot.service import Service
    from mailbot.transport.imap.mailbox import Mailbox

LOOK_SECONDS = 2.0
PATIENCE_SECONDS = 120.0
SLOW_SECONDS = 60.0
CLOCK_SECONDS = 60.0
"""A clock may be off by so much before a deadline is in doubt."""


def names(config: Config) -> Iterator[Finding]:
    """Look whether the hosts of the mail servers have addresses."""
    for host in dict.fromkeys(server.host for server in (config.imap, config.smtp) if server):
        try:
            found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, None)}
        except OSError as error:
            yield red("dns", f"{host}: {error.strerror or error}", "is the name right, and the host online?")
        else:
            yield green("dns", f"{host} is {', '.join(sorted(found))}")


def smtp(service: Service) -> Iterator[Finding]:
    """Say EHLO to the server that takes our mails, and log in where there is a login."""
    try:
        with service.sender() as sender:
            name = sender.check()
    except MailbotError as error:
        yield red("smtp login", str(error), "check [smtp], and your provider in docs/operations/providers.md")
    else:
        host = service.config.smtp.host if service.config.smtp else ""
        yield green("smtp login", f"{host} takes our mails; we call ourselves {name} (smtp.hello)")


def mail_to_self(service: Service) -> Iterator[Finding]:
    """Send a mail to the submission address and wait for it: the whole path, there and back, and how long it takes.

    It carries our own loop header, so that a mailbot that sees it answers nobody.
    """
    try:
        yield from _there_and_back(service)
    except MailbotError as error:
        yield red("mail to self", str(error), "fix what is red above first")


def _there_and_back(service: Service) -> Iterator[Finding]:
    found, seconds = there_and_back(service, *letter(service.config.challenge.address))
    yield from _judged(service, found, seconds)


def there_and_back(service: Service, message: bytes, token: bytes) -> tuple[tuple[str, Fetched] | None, float]:
    """Send a mail to ourselves and wait for it, known by ``token``; return where it is, its beginning, and seconds."""
    address = service.config.challenge.address
    mailbox = service.mailbox()
    try:
        places = _places(service, mailbox)
        begun = time.monotonic()
        with service.sender() as sender:
            sender.send(message, sender=address, recipient=address)
        return _wait(mailbox, places, token, until=begun + PATIENCE_SECONDS), time.monotonic() - begun
    finally:
        mailbox.close()


def letter(address: str) -> tuple[bytes, bytes]:
    """Write the mail; return it and the word that it is known by."""
    token = secrets.token_hex(16)
    message = EmailMessage(policy=POLICY)
    message["From"] = message["To"] = address
    message["Subject"] = "[mailbot] doctor: a mail to myself"
    message["Date"] = format_datetime(datetime.now(UTC))
    message["Message-ID"] = f"<doctor.{token}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message[LOOP_HEADER] = address
    message.set_content("Made by `mailbot doctor` to see what becomes of it. You need not do anything.\n")
    return message.as_bytes(), token.encode()


def _places(service: Service, mailbox: Mailbox) -> dict[str, set[int]]:
    """Return every folder that the mail may turn up in, with the mails that are there already."""
    settings = service.config.imap
    filed = (settings.processed, settings.failed) if settings else ()
    folders = dict.fromkeys((*service.fetch.folders, *filed))
    return {folder: set(mailbox.uids()) if mailbox.select(folder) is not None else set() for folder in folders}


def _wait(mailbox: Mailbox, places: dict[str, set[int]], token: bytes, *, until: float) -> tuple[str, Fetched] | None:
    """Look into the folders until the mail is there; return where, and its beginning."""
    bell = Bell()
    try:
        while time.monotonic() < until:
            for folder, seen in places.items():
                if mailbox.select(folder) is None:
                    continue
                new = set(mailbox.uids()) - seen
                seen.update(new)
                for mail in mailbox.fetch_beginning(sorted(new)):
                    if token in mail.raw:
                        return folder, mail
            bell.wait(LOOK_SECONDS)
    finally:
        bell.close()
    return None


def _judged(service: Service, found: tuple[str, Fetched] | None, seconds: float) -> Iterator[Finding]:
    if found is None:
        fix = "look for it in the provider's web mailbox: a folder that is not in imap.extra_folders, or a filter"
        yield red("mail to self", f"sent, and not seen again for {PATIENCE_SECONDS:g} s", fix)
        return
    folder, mail = found
    detail = f"came back to {folder} after {seconds:.1f} s"
    if folder in service.fetch.folders[1:]:
        yield yellow("mail to self", detail, "our own mail is taken for spam: SPF, DKIM and DMARC of the domain?")
    elif seconds > SLOW_SECONDS:
        yield yellow("mail to self", detail, "a team waits as long for its receipt; ask the provider")
    else:
        yield green("mail to self", detail)
    if mail.arrived_at is None:
        fix = "the arrival of a mail counts from its topmost Received field instead; ask the provider"
        yield yellow("clock", "the mail server tells no usable INTERNALDATE", fix)
        return
    off = abs((service.clock() - mail.arrived_at).total_seconds() - seconds / 2) - seconds
    if off > CLOCK_SECONDS:
        yield red("clock", f"{off:.0f} s off the mail server's", "set this host's clock: `timedatectl set-ntp true`")
    else:
        yield green("clock", "agrees with the mail server's")
