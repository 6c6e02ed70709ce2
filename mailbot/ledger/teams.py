"""Teams and their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import addresses, teams
from mailbot.model import Team
from mailbot.rules import name_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx


def add(tx: Tx, name: str, team_addresses: Iterable[str], now: datetime) -> int:
    """Add a team, or addresses to the team of that name; return its id. An address of another team is Permanent."""
    found = tx.scalar(sa.select(teams.c.id).where(teams.c.name_key == name_key(name)))
    team_id: int = (
        found
        or tx.execute(
            sa.insert(teams).values(name=name, name_key=name_key(name), added_at=now).returning(teams.c.id)
        ).scalar_one()
    )
    known = set(tx.scalars(sa.select(addresses.c.address).where(addresses.c.team_id == team_id)))
    for address in team_addresses:
        if address not in known:
            tx.execute(sa.insert(addresses).values(address=address, team_id=team_id))
    return team_id


def everyone(tx: Tx) -> list[Team]:
    """Return all teams by name, each with its addresses in the order they were added."""
    by_team: dict[int, list[str]] = {}
    for team_id, address in tx.execute(sa.select(addresses.c.team_id, addresses.c.address).order_by(addresses.c.id)):
        by_team.setdefault(team_id, []).append(address)
    rows = tx.execute(sa.select(teams.c.id, teams.c.name, teams.c.letters).order_by(teams.c.name_key))
    return [
        Team(id=row.id, name=row.name, addresses=tuple(by_team.get(row.id, ())), letters=row.letters) for row in rows
    ]


def by_address(tx: Tx, wanted: Sequence[str]) -> dict[str, Team]:
    """Return the team of each of the addresses that is on the roster."""
    if not wanted:
        return {}
    found = sa.select(addresses.c.team_id).where(addresses.c.address.in_(wanted))
    rows = tx.execute(
        sa.select(teams.c.id, teams.c.name, addresses.c.address)
        .join(addresses, addresses.c.team_id == teams.c.id)
        .where(teams.c.id.in_(found))
        .order_by(addresses.c.id)
    ).all()
    known = {row.id: Team(id=row.id, name=row.name, addresses=()) for row in rows}
    for row in rows:
        team = known[row.id]
        known[row.id] = Team(id=team.id, name=team.name, addresses=(*team.addresses, row.address))
    return {row.address: known[row.id] for row in rows if row.address in wanted}


def with_name(tx: Tx, name: str) -> Team | None:
    """Return the team of that name, however it is written."""
    row = tx.execute(sa.select(teams.c.id, teams.c.name).where(teams.c.name_key == name_key(name))).first()
    return Team(id=row.id, name=row.name, addresses=()) if row else None


def with_id(tx: Tx, team_id: int) -> Team:
    """Return a team with its addresses, the leader's first."""
    return next(team for team in everyone(tx) if team.id == team_id)


def want_letters(tx: Tx, team_id: int, *, wanted: bool) -> bool:
    """Note whether a team wants letters; tell whether that is news."""
    where = (teams.c.id == team_id, teams.c.letters != wanted)
    return tx.execute(sa.update(teams).where(*where).values(letters=wanted)).rowcount == 1


def mark_bouncing(tx: Tx, address: str, since: datetime | None) -> bool:
    """Note that an address of the roster takes no mail, or (None) that it is alive; tell whether that is news."""
    changed = addresses.c.bouncing_since.is_(None) if since else addresses.c.bouncing_since.is_not(None)
    where = (addresses.c.address == address, changed)
    return tx.execute(sa.update(addresses).where(*where).values(bouncing_since=since)).rowcount == 1


def bouncing(tx: Tx) -> set[str]:
    """Return the addresses that take no mail."""
    return set(tx.scalars(sa.select(addresses.c.address).where(addresses.c.bouncing_since.is_not(None))))
