"""What organizers do about identity: new keys for teams, and their word on mails that are held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.ledger import events, held, keys, teams
from mailbot.mail import teamkey

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger import Tx
    from mailbot.model import Team


def new_key(tx: Tx, name: str, *, secret: bytes, randomness: bytes, now: datetime) -> tuple[Team, str] | None:
    """Give a team a new key and return it, this once; the one before is void. None when there is no such team."""
    team = teams.with_name(tx, name)
    if team is None:
        return None
    made = teamkey.made(randomness)
    digest = teamkey.hashed(secret, made)
    keys.issue(tx, team.id, digest, now)
    events.append(tx, kind="team-key", subject=team.name, now=now, hash=digest)
    return team, made


def approve(tx: Tx, mail_id: int, *, why: str, now: datetime) -> bool:
    """Take a held mail as its team's; False when it is not held."""
    if not release(tx, mail_id, now):
        return False
    events.append(tx, kind="mail-approved", subject=f"M-{mail_id:06d}", now=now, why=why)
    return True


def release(tx: Tx, mail_id: int, now: datetime) -> bool:
    """Make a held mail due, on an organizer's word."""
    return held.release(tx, mail_id, why="an organizer said so", now=now)
