"""Notices to teams and members about their registration; each is sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import events, outbox, teams
from mailbot.mail import envelope
from mailbot.mail.languages import language_of, words
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.model import Team


def ask(tx: Tx, challenge: Challenge, now: datetime) -> None:
    """Ask each team that is still to confirm its registration to do so, once."""
    for team in teams.everyone(tx):
        if team.unconfirmed and team.addresses and not outbox.has(tx, _key(team)):
            ask_one(tx, challenge, team, now)
            events.append(tx, kind="team-asked", subject=team.name, now=now)


def ask_one(tx: Tx, challenge: Challenge, team: Team, now: datetime) -> None:
    """Write the question to a team's leader."""
    language = language_to(team)
    subject = words(language).gettext("Please confirm your registration: %s") % team.name
    message = envelope.begin(challenge, recipient=team.addresses[0], subject=subject, key=_key(team), now=now)
    text = environment(language).get_template("letters/ask.txt.j2")
    message.set_content(text.render(team=team, challenge=challenge), cte="quoted-printable")
    outbox.queue(tx, message, kind="ask", key=_key(team), now=now, team_id=team.id)


def note(tx: Tx, challenge: Challenge, team: Team, address: str, now: datetime) -> None:
    """Tell an address that it is on a team now; once for each address and team, whatever happens in between."""
    key = f"member {team.id} {address}"
    if outbox.has(tx, key):
        return
    language = language_to(team)
    subject = words(language).gettext("You are on team %s now") % team.name
    message = envelope.begin(challenge, recipient=address, subject=subject, key=key, now=now)
    text = environment(language).get_template("letters/member.txt.j2")
    message.set_content(text.render(team=team, challenge=challenge), cte="quoted-printable")
    outbox.queue(tx, message, kind="member", key=key, now=now, team_id=team.id)


def language_to(team: Team) -> str:
    """Return the language to write to a team in when no mail of its is at hand: its choice, else that of its name."""
    return team.language or language_of(team.name)


def _key(team: Team) -> str:
    return f"ask {team.id}"
