"""What counts for nothing, and what teams selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.tables import exclusions, selections, submissions

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.model import Exclusion


def exclude(tx: Tx, *, team_id: int, submission_id: int | None, kind: Exclusion, why: str, now: datetime) -> None:
    """Let a submission, or all of a team, count for nothing; an earlier exclusion of the same is replaced."""
    reinstate(tx, team_id=team_id, submission_id=submission_id)
    of = {"team_id": team_id, "submission_id": submission_id}
    tx.execute(sa.insert(exclusions).values(**of, kind=kind, why=why, since=now))


def reinstate(tx: Tx, *, team_id: int, submission_id: int | None) -> bool:
    """Let it count again; False when it did."""
    of = exclusions.c.submission_id
    same = of.is_(None) if submission_id is None else of == submission_id
    return tx.execute(sa.delete(exclusions).where(exclusions.c.team_id == team_id, same)).rowcount > 0


def of(tx: Tx, *, team_id: int, submission_id: int) -> tuple[str | None, str | None]:
    """Return what was decided of a submission or its whole team, and why; ``selected`` has no reason."""
    hit = sa.or_(exclusions.c.submission_id == submission_id, exclusions.c.submission_id.is_(None))
    row = tx.execute(sa.select(exclusions.c.kind, exclusions.c.why).where(exclusions.c.team_id == team_id, hit)).first()
    if row:
        return row.kind, row.why
    chosen = tx.scalar(sa.select(selections.c.selected_at).where(selections.c.submission_id == submission_id))
    return ("selected" if chosen else None), None


def select(tx: Tx, *, team_id: int, track: str, chosen: Collection[int], now: datetime) -> None:
    """Put a team's choice of its submissions on a track in the place of an earlier one."""
    own = sa.select(submissions.c.id).where(submissions.c.team_id == team_id, submissions.c.track == track)
    tx.execute(sa.delete(selections).where(selections.c.submission_id.in_(own)))
    for submission_id in chosen:
        tx.execute(sa.insert(selections).values(submission_id=submission_id, selected_at=now))
