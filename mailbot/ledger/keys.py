"""The teams' keys, hashed: one at a time for each team, and those before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import team_keys

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class KeyRow:
    """A key that some team has or had."""

    team_id: int
    #: Whether it was replaced by another.
    ended: bool


def issue(tx: Tx, team_id: int, digest: str, now: datetime) -> None:
    """Give a team a new key; the one before ends at this instant."""
    current = (team_keys.c.team_id == team_id, team_keys.c.ended_at.is_(None))
    tx.execute(sa.update(team_keys).where(*current).values(ended_at=now))
    tx.execute(sa.insert(team_keys).values(team_id=team_id, hash=digest, since=now))


def find(tx: Tx, digests: Sequence[str]) -> list[KeyRow]:
    """Return what is known of the keys with these hashes."""
    if not digests:
        return []
    rows = tx.execute(sa.select(team_keys).where(team_keys.c.hash.in_(digests)).order_by(team_keys.c.id))
    return [KeyRow(team_id=row.team_id, ended=row.ended_at is not None) for row in rows]


def holders(tx: Tx) -> dict[int, datetime]:
    """Return since when each team that has a key has its present one, by the team's id."""
    found = sa.select(team_keys.c.team_id, team_keys.c.since).where(team_keys.c.ended_at.is_(None))
    return {row.team_id: row.since for row in tx.execute(found)}
