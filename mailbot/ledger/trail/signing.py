"""The secret that entries of the audit trail are signed by: that of the state folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.errors import ConfigError
from mailbot.ledger.tables import events
from mailbot.system import safefile

if TYPE_CHECKING:
    from pathlib import Path

    from mailbot.ledger.engine import Tx


FILE = "identity.secret"
"""In the state folder. Without it every team key and every open question is void, and no entry can be signed."""


def secret_of(tx: Tx, state: Path) -> bytes:
    """Return the secret of a state folder; it is made when there is none yet.

    Raises ConfigError when it was lost, since another would silently void the keys that teams have and the signatures
    of the audit trail, or when it is none.
    """
    path = state / FILE
    if why := lost(tx, state):
        message = f"{why}: {fix(path)}"
        raise ConfigError(message, fix=fix(path))
    with safefile.folder_in_use("state", state):
        text = safefile.secret(path)
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        message = f"{path} holds no secret: {fix(path)}"
        raise ConfigError(message, fix=fix(path)) from error


def lost(tx: Tx, state: Path) -> str:
    """Say that the secret is gone although it is in use; "" when it is there, or is not needed yet."""
    path = state / FILE
    if path.exists():
        return ""
    uses = sa.select(events.c.id).where(sa.or_(events.c.mac.is_not(None), events.c.kind == "team-key")).limit(1)
    in_use = tx.scalar(uses) is not None
    return f"{path} is lost, and with it every team's key and the audit trail's signatures" if in_use else ""


def fix(path: Path) -> str:
    """Return what to do about a secret that was lost."""
    anew = f"`(umask 077; openssl rand -hex 32 > {path})`, `mailbot audit seal --why TEXT`"
    return f"restore it from the backup; or, to start again, {anew}, then `mailbot teams key NAME` for every team"
