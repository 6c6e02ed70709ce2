"""What is left to do when the ledger is lost or damaged: tell the organizers, or begin an empty contest."""

from __future__ import annotations

import secrets
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from mailbot.errors import MailbotError, Permanent
from mailbot.ledger import daybook, is_there
from mailbot.mail.automatic import LOOP_HEADER
from mailbot.mail.envelope import POLICY
from mailbot.system import journal
from mailbot.system.lock import held
from mailbot.transport.oauth import key_of
from mailbot.transport.smtp import Sender

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.config.schema import Config

KEPT = ("ledger.db*", daybook.ACTS, daybook.ROSTER, daybook.SPOOL, "columns")
"""What of a state folder belongs to one ledger; labels and secrets are kept for the next."""


def begin_anew(config: Config, now: datetime) -> Path:
    """Set aside what belongs to a lost ledger, and return the folder that holds it now.

    Raises Permanent when the ledger is not lost: a running contest is never set aside.
    """
    state = config.state
    with held(state):
        if not daybook.is_lost(config.ledger, state):
            message = f"the ledger of {state} is not lost; for an empty contest name another folder as `state`"
            raise Permanent(message)
        if config.ledger_url and is_there(config.ledger):
            message = "ledger_url: its database holds an older ledger; name an empty database, then start again"
            raise Permanent(message)
        aside = state / f"set-aside-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(2)}"
        aside.mkdir(mode=0o700)
        for path in [path for pattern in KEPT for path in state.glob(pattern)]:
            path.rename(aside / path.name)
    return aside


def tell(config: Config, error: MailbotError, now: datetime) -> None:
    """Mail the organizers that mailbot refuses to start; there is no outbox, so each is tried once, at once.

    A mail that cannot be sent is noted in the journal.
    """
    if config.smtp is None:
        return
    sender, address = Sender(config.smtp, lambda: key_of(config, "smtp")), config.challenge.address
    try:
        for organizer in config.challenge.organizers:
            message = _letter(address, organizer, str(error), now)
            sender.send(message.as_bytes(), sender=address, recipient=organizer)
    except MailbotError as trouble:
        journal.trouble("organizers-not-told", why=str(trouble))
    finally:
        sender.close()


def _letter(address: str, organizer: str, why: str, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=POLICY)
    message["From"], message["To"] = address, organizer
    message["Subject"] = "[mailbot] mailbot does not start: its ledger is lost or damaged"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<lost.{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834, section 5
    message[LOOP_HEADER] = address
    message.set_content(f"mailbot refused to start. No mail is fetched or answered until this is fixed:\n\n{why}\n")
    return message
