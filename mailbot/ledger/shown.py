"""Which board a place outside shows, as far as we know, and how it goes when it cannot be reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import shown

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class Shown:
    """How a place stands."""

    #: The board it is known to show; None when nothing was ever shown there.
    board_id: int | None = None
    #: Attempts in vain since it was last shown something.
    attempts: int = 0
    failing_since: datetime | None = None
    #: The next attempt is not made before.
    due_at: datetime | None = None
    error: str = ""


def get(tx: Tx, place: str) -> Shown:
    """Return how a place stands."""
    row = tx.execute(sa.select(shown).where(shown.c.place == place)).first()
    if row is None:
        return Shown()
    return Shown(
        board_id=row.board_id,
        attempts=row.attempts,
        failing_since=row.failing_since,
        due_at=row.due_at,
        error=row.error,
    )


def done(tx: Tx, place: str, board_id: int) -> None:
    """Note that a place shows a board."""
    _put(tx, place, board_id=board_id, attempts=0, failing_since=None, due_at=None, error="")


def failed(tx: Tx, place: str, *, since: datetime, attempts: int, due_at: datetime, error: str) -> None:
    """Note so many attempts in vain, and when to try again."""
    _put(tx, place, attempts=attempts, failing_since=since, due_at=due_at, error=error)


def _put(tx: Tx, place: str, **values: object) -> None:
    if tx.execute(sa.update(shown).where(shown.c.place == place).values(**values)).rowcount == 0:
        tx.execute(sa.insert(shown).values(place=place, **values))
