"""The secret behind team keys and confirmation codes, and new team keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import events, teams
from mailbot.ledger.trail import signing
from mailbot.mail import teamkey

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Team


FILE = signing.FILE
"""In the state folder. Without it every team key and every open question is void."""


def of(state: Path, ledger: Ledger) -> bytes:
    """Return the secret of a state folder; see :func:`mailbot.ledger.trail.signing.secret_of`. Raises ConfigError."""
    with ledger.read() as tx:
        return signing.secret_of(tx, state)


def lost(state: Path, ledger: Ledger) -> str:
    """Say that the secret is gone although it is in use; "" when it is there, or is not needed yet."""
    with ledger.read() as tx:
        return signing.lost(tx, state)


def fix(path: Path) -> str:
    """Return what to do about a secret that was lost."""
    return signing.fix(path)


def new_key(tx: Tx, name: str, *, secret: bytes, randomness: bytes, now: datetime) -> tuple[Team, str]:
    """Give a team a new key and return it, this once; the old one is invalid. Raises Permanent for no team."""
    team = teams.registered(tx, name)
    made = teamkey.made(randomness)
    digest = teamkey.hashed(secret, made)
    teams.issue_key(tx, team.id, digest, now)
    events.append(tx, kind="team-key", subject=team.name, now=now, hash=digest)
    return team, made
