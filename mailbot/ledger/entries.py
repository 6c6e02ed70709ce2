"""What teams handed in besides result files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import entries, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import Id

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.model import Item


_ENDING = re.compile(r"(\.[a-z0-9]{1,10}){1,2}$")


@dataclass(frozen=True, kw_only=True)
class EntryRow:
    """One thing handed in, as the ledger knows it."""

    id: int
    mail_id: int
    team: str
    kind: str
    #: A file's name, or a link.
    what: str
    sha256: str | None
    size: int | None
    arrived_at: datetime
    in_time: bool

    @property
    def receipt(self) -> str:
        """Its public id, as ``E-000012``."""
        return Id.ENTRY.of(self.id)

    @property
    def file_name(self) -> str:
        """What its file is called when it is written down, as ``E-000012.pdf``: the team's own name is for display."""
        ending = _ENDING.search(self.what.lower())
        return f"{self.receipt}{ending[0] if ending else ''}"


def add(tx: Tx, item: Item, *, mail_id: int, team_id: int, kind: str, arrived_at: datetime, in_time: bool) -> None:
    """Enter one thing."""
    what = {"what": item.what, "sha256": item.sha256, "size": item.size}
    values = {"mail_id": mail_id, "team_id": team_id, "kind": kind, "arrived_at": arrived_at, "in_time": in_time}
    touch(tx, "entries", tx.execute(sa.insert(entries).values(**what, **values).returning(entries.c.id)).scalar_one())


def mail_of(tx: Tx, entry_id: int) -> int | None:
    """Return the mail that one thing came with."""
    return tx.scalar(sa.select(entries.c.mail_id).where(entries.c.id == entry_id))


def listing(tx: Tx, *, mail_id: int | None = None) -> list[EntryRow]:
    """Return everything, or that of one mail, in order of arrival."""
    query = sa.select(entries, teams.c.name.label("team")).join(teams, teams.c.id == entries.c.team_id)
    if mail_id is not None:
        query = query.where(entries.c.mail_id == mail_id)
    return [
        EntryRow(
            id=row.id,
            mail_id=row.mail_id,
            team=row.team,
            kind=row.kind,
            what=row.what,
            sha256=row.sha256,
            size=row.size,
            arrived_at=row.arrived_at,
            in_time=row.in_time,
        )
        for row in tx.execute(query.order_by(entries.c.arrived_at, entries.c.id))
    ]
