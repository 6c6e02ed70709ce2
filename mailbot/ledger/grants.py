"""What the organizers let teams submit beyond the quota."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import grants, teams

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class GrantRow:
    """A grant as the ledger knows it."""

    team: str
    track: str
    more: int
    why: str


def add(tx: Tx, *, team_id: int, track: str, week: datetime, more: int, why: str, now: datetime) -> None:
    """Let a team have so many more submissions accepted on a track in the week that begins at ``week``."""
    row = {"team_id": team_id, "track": track, "week": week, "more": more, "why": why, "granted_at": now}
    tx.execute(sa.insert(grants).values(**row))


def more(tx: Tx, *, team_id: int, track: str, week: datetime) -> int:
    """Return how many more a team may have on a track in a week."""
    where = (grants.c.team_id == team_id, grants.c.track == track, grants.c.week == week)
    return tx.scalar(sa.select(sa.func.sum(grants.c.more)).where(*where)) or 0


def listing(tx: Tx, since: datetime, until: datetime) -> list[GrantRow]:
    """Return the grants made from ``since`` until before ``until``, oldest first."""
    columns = (teams.c.name, grants.c.track, grants.c.more, grants.c.why)
    window = (grants.c.granted_at >= since, grants.c.granted_at < until)
    query = sa.select(*columns).join(teams, teams.c.id == grants.c.team_id).where(*window).order_by(grants.c.id)
    return [GrantRow(team=row.name, track=row.track, more=row.more, why=row.why) for row in tx.execute(query)]
