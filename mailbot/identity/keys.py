"""The secret behind team keys and confirmation codes, and new team keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailbot.errors import ConfigError
from mailbot.ledger import events, teams
from mailbot.mail import teamkey
from mailbot.system import safefile

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from mailbot.ledger import Ledger, Tx
    from mailbot.model import Team


FILE = "identity.secret"
"""In the state folder. Without it every team key and every open question is void."""


def of(state: Path, ledger: Ledger) -> bytes:
    """Return the secret of a state folder; it is made when there is none yet.

    Raises ConfigError when it was lost, since another would silently void the keys that teams have, or is none.
    """
    path = state / FILE
    if why := lost(state, ledger):
        message = f"{why}: {mend(path)}"
        raise ConfigError(message, mend=mend(path))
    with safefile.folder_in_use("state", state):
        text = safefile.secret(path)
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        message = f"{path} holds no secret: {mend(path)}"
        raise ConfigError(message, mend=mend(path)) from error


def lost(state: Path, ledger: Ledger) -> str:
    """Say that the secret is gone although teams were given keys; "" when it is there, or is not needed yet."""
    path = state / FILE
    if path.exists():
        return ""
    with ledger.read() as tx:
        return f"{path} is lost, and with it every team's key" if events.happened(tx, kind="team-key") else ""


def mend(path: Path) -> str:
    """Return what to do about a secret that was lost."""
    anew = f"`(umask 077; openssl rand -hex 32 > {path})`, then `mailbot teams key NAME` for every team"
    return f"restore it from the backup; or, to begin anew, {anew}"


def new_key(tx: Tx, name: str, *, secret: bytes, randomness: bytes, now: datetime) -> tuple[Team, str] | None:
    """Give a team a new key and return it, this once; the one before is void. None when there is no such team."""
    team = teams.with_name(tx, name)
    if team is None:
        return None
    made = teamkey.made(randomness)
    digest = teamkey.hashed(secret, made)
    teams.issue_key(tx, team.id, digest, now)
    events.append(tx, kind="team-key", subject=team.name, now=now, hash=digest)
    return team, made
