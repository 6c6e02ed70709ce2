"""Bring an organizer's answer to a forwarded mail to the team that had asked, and tell the other organizers of it.

What shows that it is the organizer's is the Message-ID that it answers: nobody else was sent it or can compute it
(:func:`mailbot.mail.envelope.message_id`). Whoever got a copy of another answer to it knows it too; so a mail is
none that is not from whom it says, by a server that we trust.
"""

from __future__ import annotations

import email
from email.policy import default
from typing import TYPE_CHECKING, Any

from mailbot.config.address import canonical
from mailbot.config.calendar import DAY
from mailbot.ledger import events, mails, outbox, teams
from mailbot.ledger.guard import mailboxes
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
    from mailbot.ledger.mails import MailRow
    from mailbot.ledger.outbox import OutgoingRow
    from mailbot.mail.model import Mail
    from mailbot.model import Team

NEARLY = 100
"""So many characters below the cap on a text tell that it was cut."""

FORWARDED = "forwarded"
RELAYED = "relayed"
ANSWERED = "answered"

PER_DAY = 50
"""So many mails of a kind go to an organizer in a day: nobody shall make a cannon of mailbot."""


def has_enough(tx: Tx, organizer: str, kind: str, now: datetime) -> bool:
    """Whether an organizer got as many mails of a kind as may be in a day."""
    return mailboxes.letters_since(tx, now - DAY, kind=kind, recipient=organizer) >= PER_DAY


def answered(tx: Tx, mail: Mail) -> int | None:
    """Return the mail that an organizer answers, of which that organizer was sent a copy; None for any other mail."""
    vouched = mail.claims.vouched
    if len(mail.senders) != 1 or mail.sign is not None or (vouched is not None and vouched.result == "fail"):
        return None
    for row in outbox.with_message_ids(tx, mail.references):
        if row.kind in {FORWARDED, ANSWERED} and canonical(row.recipient) == canonical(mail.senders[0]):
            return Id.MAIL.number((row.key or "").split()[1])
    return None


def relay(tx: Tx, case: Case, challenge: Challenge, now: datetime) -> None:
    """Queue what the team gets of an organizer's answer, and tell the others; nothing without a team, or text."""
    asked = mails.get(tx, case.identity.relays or 0)
    text = own_text(case.opened.mail.text)
    if asked is None or asked.team_id is None or not text:
        return
    team, replied = teams.with_id(tx, asked.team_id), _reply(tx, asked.id)
    is_cut = len(case.opened.mail.text) > LENGTH - NEARLY and text == case.opened.mail.text
    context = {"team": team, "text": text, "challenge": challenge, "is_cut": is_cut}
    recipient = _recipient(tx, team, asked, replied)
    if recipient:
        subject = f"Re: {strip_re(asked.subject or case.opened.mail.subject)}"
        key = f"forward {asked.name} answered {case.row.name}"
        message = envelope.begin(challenge, recipient=recipient, subject=subject, key=key, now=now)
        if challenge.contact:
            message["Reply-To"] = f"{challenge.address}, {challenge.contact}"
        if replied:
            earlier = email.message_from_bytes(replied.message, policy=default)
            message["In-Reply-To"] = replied.message_id
            message["References"] = " ".join((*str(earlier["References"] or "").split(), replied.message_id))
        language = team.language or language_of(subject)
        written = environment(language).get_template("replies/relayed.txt.j2").render(context)
        message.set_content(written, cte="quoted-printable")
        outbox.queue(tx, message, kind=RELAYED, key=key, now=now, team_id=team.id)
    kind = "answer-relayed" if recipient else "answer-not-sent"
    events.append(tx, kind=kind, subject=asked.name, now=now, by=case.row.name, to=team.name)
    _tell(tx, case, asked, now, is_sent=bool(recipient), **context)


def _recipient(tx: Tx, team: Team, asked: MailRow, replied: OutgoingRow | None) -> str | None:
    """Return the team's address that is answered: the one that had asked, else its leader's; None without one."""
    sender, silent = asked.sender or "", teams.bouncing(tx)
    own = [each for each in (replied.recipient if replied else "", sender, canonical(sender)) if each in team.addresses]
    return next((each for each in (*own, *team.addresses) if each not in silent), None)


def _tell(tx: Tx, case: Case, asked: MailRow, now: datetime, *, is_sent: bool, **context: Any) -> None:  # noqa: ANN401  # a template's
    """Tell the other organizers what one of them answered, in the thread of the question; all, if it was not sent."""
    by, challenge = case.opened.mail.senders[0], context["challenge"]
    about = outbox.keyed(tx, f"forward {asked.name}")
    subject = f"[mailbot] {'answered' if is_sent else 'answer not sent'}: {asked.subject or asked.name}"
    for organizer in challenge.organizers:
        key = f"answered {asked.name} {case.row.name} {organizer}"
        is_author = is_sent and canonical(organizer) == canonical(by)
        if (
            is_author
            or has_enough(tx, organizer, ANSWERED, now)
            or (is_sent and organizer in case.opened.mail.claims.recipients)
        ):
            continue
        message = envelope.begin(challenge, recipient=organizer, subject=subject, key=key, now=now)
        for row in about:
            if row.kind == FORWARDED and row.recipient == organizer:
                message["In-Reply-To"] = message["References"] = row.message_id
        text = environment().get_template("replies/answered.txt.j2")
        written = text.render(context, by=by, asked=asked, row=case.row, is_sent=is_sent)
        message.set_content(written, cte="quoted-printable")
        outbox.queue(tx, message, kind=ANSWERED, key=key, now=now)


def _reply(tx: Tx, mail_id: int) -> OutgoingRow | None:
    """Return our own reply to the mail, in whose thread the answer goes on."""
    return next((row for row in outbox.of_mail(tx, mail_id) if row.kind == "reply"), None)
