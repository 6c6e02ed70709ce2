"""Welcome teams that an organizer has entered: all that a team needs to know, and its first key, once."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from mailbot.identity import keys
from mailbot.identity.notices import language_to
from mailbot.intake.reply import Replies
from mailbot.ledger import events, outbox, teams
from mailbot.letters import written
from mailbot.letters.written import Drafts, Written
from mailbot.mail import teamkey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailbot.ledger import Tx
    from mailbot.model import Team
    from mailbot.service import Service

SHOWN = "[key]"
"""What stands for a team's key in a draft: nobody but the team sees it."""


def look(service: Service, names: Sequence[str]) -> Drafts:
    """Return the letters to the teams of these names that were not welcomed before, with a mark for each key."""
    drafts, left_out = [], []
    with service.ledger.read() as tx:
        silent, sent, holders = teams.bouncing(tx), events.sent(tx), teams.key_holders(tx)
        for name in dict.fromkeys(names):
            team = teams.with_name(tx, name)
            recipient = teams.recipient(team, silent) if team else None
            if team is None or recipient is None:
                left_out.append(f"{name}: no address of it takes mail")
            elif outbox.has(tx, key_of(team)) or outbox.occasion(key_of(team)) in sent:
                left_out.append(f"{team.name}: it was welcomed already")
            else:
                drafts.append(_draft(service, team, recipient, "" if team.id in holders else SHOWN))
    return Drafts(letters=drafts, left_out=left_out)


def carry_out(service: Service, drafts: Sequence[Written]) -> int:
    """Give each team its key, and queue its letter; return how many."""
    now = service.clock()
    with service.ledger.write("welcome") as tx:
        return written.queue(tx, service.challenge, [_with_key(tx, service, one) for one in drafts], now)


def key_of(team: Team) -> str:
    """Return the key of a team's welcome: it is written once, whatever it says."""
    return f"{written.WELCOME} {team.id}"


def _draft(service: Service, team: Team, recipient: str, key: str) -> Written:
    language = language_to(team)
    title, text = Replies(challenge=service.challenge).welcome(team, key=key, language=language)
    return Written(
        kind=written.WELCOME, team=team, recipient=recipient, language=language, title=title, text=text,
        occasion=key_of(team),
    )  # fmt: skip


def _with_key(tx: Tx, service: Service, draft: Written) -> Written:
    """Return the letter with a new key in it; a team that has one is told none."""
    if draft.team.id in teams.key_holders(tx):
        return draft
    randomness = secrets.token_bytes(teamkey.BYTES)
    made = keys.new_key(tx, draft.team.name, secret=service.secret, randomness=randomness, now=service.clock())
    if made is None:
        return draft
    return replace(draft, text=draft.text.replace(SHOWN, made[1]))
