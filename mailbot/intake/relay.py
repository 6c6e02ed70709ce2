"""Bring an organizer's answer to a forwarded mail to the team that had asked.

What shows that it is the organizer's is the Message-ID that it answers: nobody else was sent it or can compute it
(:func:`mailbot.mail.envelope.message_id`). Whoever got a copy of another answer to it knows it too; so a mail is
none that is not from whom it says, by a server that we trust.
"""

from __future__ import annotations

import email
from email.policy import default
from typing import TYPE_CHECKING

from mailbot.config.address import canonical
from mailbot.ledger import events, mails, outbox, teams
from mailbot.mail import envelope
from mailbot.mail.languages import language_of
from mailbot.mail.mime.body import LENGTH
from mailbot.mail.subject import own_text, strip_re
from mailbot.mail.templates import environment
from mailbot.model import Id

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.intake.case import Case
    from mailbot.ledger import Tx
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.mail.model import Mail

NEARLY = 100
"""So many characters below the cap on a text tell that it was cut."""

FORWARDED = "forwarded"
RELAYED = "relayed"


def answered(tx: Tx, mail: Mail) -> int | None:
    """Return the mail that an organizer answers, whom it had been forwarded to; None for any other mail."""
    vouched = mail.claims.vouched
    if len(mail.senders) != 1 or mail.sign is not None or (vouched is not None and vouched.result == "fail"):
        return None
    for row in outbox.with_message_ids(tx, mail.references):
        if row.kind == FORWARDED and canonical(row.recipient) == canonical(mail.senders[0]):
            return Id.MAIL.number((row.key or "").split()[1])
    return None


def relay(tx: Tx, case: Case, challenge: Challenge, now: datetime) -> None:
    """Queue what the team gets of an organizer's answer; nothing where there is no team, or no text."""
    asked = mails.get(tx, case.identity.relays or 0)
    text = own_text(case.opened.mail.text)
    if asked is None or asked.team_id is None or not text:
        return
    team, replied = teams.with_id(tx, asked.team_id), _reply(tx, asked.id)
    sender = canonical(asked.sender or "")
    recipient = replied.recipient if replied else next((a for a in team.addresses if a == sender), team.addresses[0])
    key = f"forward {asked.name} answered {case.row.name}"
    subject = f"Re: {strip_re(asked.subject or case.opened.mail.subject)}"
    message = envelope.begin(challenge, recipient=recipient, subject=subject, key=key, now=now)
    if challenge.contact:
        message["Reply-To"] = f"{challenge.address}, {challenge.contact}"
    if replied:
        earlier = email.message_from_bytes(replied.message, policy=default)
        message["In-Reply-To"] = replied.message_id
        message["References"] = " ".join((*str(earlier["References"] or "").split(), replied.message_id))
    is_cut = len(case.opened.mail.text) > LENGTH - NEARLY and text == case.opened.mail.text
    context = {"team": team, "text": text, "challenge": challenge, "is_cut": is_cut}
    written = environment(team.language or language_of(subject)).get_template("replies/relayed.txt.j2").render(context)
    message.set_content(written, cte="quoted-printable")
    outbox.queue(tx, message, kind=RELAYED, key=key, now=now, team_id=team.id)
    events.append(tx, kind="answer-relayed", subject=asked.name, now=now, by=case.row.name, to=team.name)


def _reply(tx: Tx, mail_id: int) -> OutgoingRow | None:
    """Return our own reply to the mail, in whose thread the answer goes on."""
    return next((row for row in outbox.of_mail(tx, mail_id) if row.kind == "reply"), None)
