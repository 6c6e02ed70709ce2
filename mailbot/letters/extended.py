"""Tell teams that a deadline was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import outbox, quota, teams
from mailbot.letters import letter as letters
from mailbot.mail.languages import aoe_in, shown_in, words
from mailbot.mail.templates import environment

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.challenge import Challenge
    from mailbot.ledger import Tx
    from mailbot.ledger.quota import Extension
    from mailbot.model import Team

KIND = "extended"
"""The kind of these mails in the outbox."""


def queue(tx: Tx, challenge: Challenge, extension: Extension, *, why: str, now: datetime) -> int:
    """Queue a letter to the team it is for, or to all teams that want letters, once; return how many."""
    bouncing, language, count = teams.bouncing(tx), letters.languages(tx), 0
    time = quota.times_moved_to(tx, extension)
    again = f":{time}" if time > 1 else ""  # a deadline that was moved away and back is told again
    for team in _concerned(tx, extension):
        address = teams.recipient(team, bouncing)
        key = f"{KIND}:{extension.phase}:{extension.until:%Y-%m-%dT%H:%M%z}:{team.id}{again}"
        if address is None or outbox.has(tx, key):
            continue
        own = language(team)
        title = words(own).gettext("The deadline was moved")
        context = {
            "team": team.name,
            "phase": extension.phase,
            "until": shown_in(own, extension.until, challenge.zone),
            "aoe": aoe_in(own, extension.until),
            "alone": extension.team is not None,
            "why": why,
            "challenge": challenge,
        }
        text = environment(own).get_template("letters/extended.txt.j2").render(context)
        letters.queue(
            tx, challenge, text, team_id=team.id, recipient=address, language=own, title=title, kind=KIND, key=key,
            now=now,
        )  # fmt: skip
        count += 1
    return count


def _concerned(tx: Tx, extension: Extension) -> list[Team]:
    """Return the teams that a letter would go to: the one it is for, or all that want letters."""
    everyone = teams.everyone(tx)
    if extension.team is None:
        return [team for team in everyone if team.letters]
    return [team for team in everyone if team.name == extension.team]
