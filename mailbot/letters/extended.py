"""Tell teams that a deadline was moved."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from mailbot.ledger import quota, teams
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


def queue(
    tx: Tx, challenge: Challenge, extension: Extension, *, why: str, now: datetime, was: datetime | None = None
) -> int:
    """Queue a letter to the team it is for, or to all teams that want letters, once; return how many.

    ``was`` is the end before where that was later.
    """
    bouncing, language, count = teams.bouncing(tx), letters.languages(tx), 0
    about = f"{KIND}:{extension.phase}:"
    for team in _concerned(tx, extension):
        address = teams.recipient(team, bouncing)
        base = f"{about}{extension.until.astimezone(UTC):%Y-%m-%dT%H:%M%z}:{team.id}"
        key = letters.key_of_news(tx, KIND, team.id, base, alike=lambda key: key.startswith(about))
        if address is None or key is None:
            continue
        own = language(team)
        title = words(own).gettext("The deadline was moved")
        context = {
            "team": team.name,
            "phase": extension.phase,
            "until": shown_in(own, extension.until, challenge.zone),
            "was": shown_in(own, was, challenge.zone) if was else "",
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
    """Return the teams that a letter would go to: the one it is for, or all that want letters and have no more time."""
    everyone = teams.everyone(tx)
    if extension.team is None:
        ends_of = quota.extensions_by_team(tx)
        return [team for team in everyone if team.letters and ends_of(team.name)[extension.phase] <= extension.until]
    return [team for team in everyone if team.name == extension.team]
