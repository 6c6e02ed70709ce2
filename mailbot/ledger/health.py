"""How each part of the service does, as last seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import health

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class HealthRow:
    """One part of the service."""

    part: str
    ok: bool
    #: Since when it is as it is.
    since: datetime
    seen_at: datetime
    detail: str


def note(tx: Tx, part: str, *, ok: bool, detail: str, now: datetime) -> bool:
    """Note how a part does; tell whether that is a change. A part that is well from the start has not changed."""
    before = tx.execute(sa.select(health).where(health.c.part == part)).first()
    if before is None:
        tx.execute(sa.insert(health).values(part=part, ok=ok, since=now, seen_at=now, detail=detail))
        return not ok
    changed = bool(before.ok != ok)
    values = {"ok": ok, "since": now if changed else before.since, "seen_at": now, "detail": detail}
    tx.execute(sa.update(health).where(health.c.part == part).values(**values))
    return changed


def listing(tx: Tx) -> list[HealthRow]:
    """Return every part, by name."""
    rows = tx.execute(sa.select(health).order_by(health.c.part))
    return [HealthRow(part=r.part, ok=r.ok, since=r.since, seen_at=r.seen_at, detail=r.detail) for r in rows]
