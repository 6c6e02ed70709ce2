"""Notices to teams and members about their registration, in fixed words; each is sent once.

Their subjects hold nothing that a team chose: what a stranger wants somebody to read is not for us to mail.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mailbot.config.calendar import DAY
from mailbot.identity import confirmation
from mailbot.ledger import events, held, outbox, teams
from mailbot.ledger.guard import mailboxes
from mailbot.ledger.guard.mailboxes import INVITATION
from mailbot.mail import envelope
from mailbot.mail.languages import language_of, shown_in, words
from mailbot.mail.templates import environment
from mailbot.model import Id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.ledger.mails import MailRow
    from mailbot.model import Team

INVITED_FOR = timedelta(days=14)
"""So long an invitation holds."""

MONTH = timedelta(days=30)

PER_DAY, PER_MONTH = 1, 3
"""Invitations to one mailbox, by whatever teams: nobody shall fill another's mailbox with them."""


INVITED = "members-invited"
"""The entry of the trail that members whom a form names were asked; the daybook has who."""


def ask(tx: Tx, challenge: Challenge, now: datetime, *, secret: bytes) -> None:
    """Ask each team that is still to confirm its registration to do so, once."""
    for team in teams.everyone(tx):
        if team.unconfirmed and team.addresses and not outbox.has(tx, _key(team)):
            ask_one(tx, challenge, team, now, secret=secret)
            events.append(tx, kind="team-asked", subject=team.name, now=now)


def ask_one(tx: Tx, challenge: Challenge, team: Team, now: datetime, *, secret: bytes) -> None:
    """Write the question to a team's leader, with the code of the answer."""
    language, leader = language_to(team), team.addresses[0]
    code = confirmation.shown(team.id, confirmation.code_of_team(secret, team.id, leader), of=Id.TEAM)
    subject = words(language).gettext("Please answer: your registration %s") % code
    message = envelope.begin(challenge, recipient=leader, subject=subject, key=_key(team), now=now)
    text = environment(language).get_template("letters/ask.txt.j2")
    message.set_content(text.render(team=team, challenge=challenge), cte="quoted-printable")
    outbox.queue(tx, message, kind="ask", key=_key(team), now=now, team_id=team.id)


def ask_again(
    tx: Tx, challenge: Challenge, team: Team, line: Mapping[str, Any] | None, now: datetime, *, secret: bytes
) -> None:
    """Write again what an entry of the trail tells of: to those whom its line of the daybook names, or the leader."""
    if line is None:
        ask_one(tx, challenge, team, now, secret=secret)
        return
    for address in line["addresses"]:
        invite(tx, challenge, team, address, now, secret=secret)


def invite(tx: Tx, challenge: Challenge, team: Team, address: str, now: datetime, *, secret: bytes) -> bool:
    """Ask somebody whether to be on a team; False where the mailbox was asked lately, or an invitation is open."""
    before = mailboxes.invitations(tx, team.id, address)
    lately = [mailboxes.invitations_since(tx, now - span, address) for span in (DAY, MONTH)]
    if is_open(tx, team.id, address, before, now) or lately[0] >= PER_DAY or lately[1] >= PER_MONTH:
        return False
    number, language = len(before) + 1, language_to(team)
    key = f"member {team.id} {address}" + (f" {number}" if before else "")
    code = confirmation.shown(team.id, confirmation.code_of_team(secret, team.id, address, number), of=Id.TEAM)
    subject = words(language).gettext("Invitation to a team %s") % code
    message = envelope.begin(challenge, recipient=address, subject=subject, key=key, now=now)
    text = environment(language).get_template("letters/member.txt.j2")
    until = shown_in(language, now + INVITED_FOR, challenge.zone)
    message.set_content(text.render(team=team, challenge=challenge, until=until), cte="quoted-printable")
    outbox.queue(tx, message, kind=INVITATION, key=key, now=now, team_id=team.id)
    return True


def tell_of_waiting(tx: Tx, challenge: Challenge, mail: MailRow, sender: str, now: datetime) -> None:
    """Tell the organizers of a registration that waits for them, and its sender that it does; each once."""
    said = held.subject_of(tx, mail.id)
    for recipient in (sender, *challenge.organizers):
        language = language_of(said if recipient == sender else "")
        key, subject = f"waits {mail.name} {recipient}", words(language).gettext("A registration waits for approval")
        message = envelope.begin(challenge, recipient=recipient, subject=subject, key=key, now=now)
        text = environment(language).get_template("letters/waits.txt.j2")
        context = {"mail": mail.name, "subject": said, "sender": sender, "is_sender": recipient == sender}
        message.set_content(text.render(context, challenge=challenge), cte="quoted-printable")
        outbox.queue(tx, message, kind="waits", key=key, now=now)


def is_open(tx: Tx, team_id: int, address: str, sent: list[datetime], at: datetime) -> bool:
    """Whether the last of an address's invitations to a team can still be answered."""
    if not sent or at >= sent[-1] + INVITED_FOR:
        return False
    left = teams.left_at(tx, team_id, address)
    return left is None or left < sent[-1]


def language_to(team: Team) -> str:
    """Return the language to write to a team in when no mail of its is at hand: its choice, else that of its name."""
    return team.language or language_of(team.name)


def _key(team: Team) -> str:
    return f"ask {team.id}"
