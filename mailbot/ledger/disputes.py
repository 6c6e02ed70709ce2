"""Scores that teams dispute, and what the organizers ruled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import disputes, submissions, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import Ruling

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class DisputeRow:
    """A dispute as the ledger knows it."""

    id: int
    submission_id: int
    team_id: int
    team: str
    mail_id: int
    text: str
    opened_at: datetime
    #: None while it is open.
    verdict: Ruling | None
    why: str | None
    ruled_at: datetime | None

    @property
    def receipt(self) -> str:
        """The submission's public id."""
        return receipt(self.submission_id)


def add(tx: Tx, *, submission_id: int, mail_id: int, text: str, now: datetime) -> None:
    """Enter a dispute; one of a submission may be open."""
    row = {"submission_id": submission_id, "mail_id": mail_id, "text": text, "opened_at": now}
    touch(tx, "disputes", tx.execute(sa.insert(disputes).values(**row).returning(disputes.c.id)).scalar_one())


def rule(tx: Tx, dispute_id: int, verdict: Ruling, why: str, now: datetime) -> None:
    """Close a dispute."""
    own = sa.update(disputes).where(disputes.c.id == dispute_id)
    tx.execute(own.values(verdict=verdict, why=why, ruled_at=now))
    touch(tx, "disputes", dispute_id)


def count(tx: Tx, *, team_id: int, since: datetime) -> int:
    """Count the disputes that a team opened since an instant."""
    found = sa.select(sa.func.count()).select_from(disputes.join(submissions))
    return tx.scalar(found.where(submissions.c.team_id == team_id, disputes.c.opened_at >= since)) or 0


def open_since(tx: Tx) -> list[datetime]:
    """Return when each dispute was opened that nobody has ruled on, the oldest first."""
    found = sa.select(disputes.c.opened_at).where(disputes.c.verdict.is_(None)).order_by(disputes.c.opened_at)
    return list(tx.scalars(found))


def opened(tx: Tx, submission_id: int) -> DisputeRow | None:
    """Return the open dispute of a submission."""
    return next((row for row in of_submission(tx, submission_id) if row.verdict is None), None)


def listing(tx: Tx) -> list[DisputeRow]:
    """Return all disputes, oldest first."""
    return _rows(tx, _SELECTED.order_by(disputes.c.id))


def waiting(tx: Tx) -> list[DisputeRow]:
    """Return the disputes that nobody has ruled on, oldest first."""
    return _rows(tx, _SELECTED.where(disputes.c.verdict.is_(None)).order_by(disputes.c.id))


def latest(tx: Tx, limit: int) -> list[DisputeRow]:
    """Return the disputes that were opened last, newest first."""
    return _rows(tx, _SELECTED.order_by(disputes.c.id.desc()).limit(limit))


def of_submission(tx: Tx, submission_id: int) -> list[DisputeRow]:
    """Return the disputes about a submission, oldest first."""
    return _rows(tx, _SELECTED.where(disputes.c.submission_id == submission_id).order_by(disputes.c.id))


def of_mail(tx: Tx, mail_id: int) -> list[DisputeRow]:
    """Return the disputes that a mail opened."""
    return _rows(tx, _SELECTED.where(disputes.c.mail_id == mail_id).order_by(disputes.c.id))


def mail_of(tx: Tx, dispute_id: int) -> int | None:
    """Return the mail that opened a dispute."""
    return tx.scalar(sa.select(disputes.c.mail_id).where(disputes.c.id == dispute_id))


_SELECTED = (
    sa.select(disputes, submissions.c.team_id, teams.c.name.label("team"))
    .join(submissions, submissions.c.id == disputes.c.submission_id)
    .join(teams, teams.c.id == submissions.c.team_id)
)


def _rows(tx: Tx, query: sa.Select[Any]) -> list[DisputeRow]:
    found = tx.execute(query)
    return [
        DisputeRow(
            id=row.id,
            submission_id=row.submission_id,
            team_id=row.team_id,
            team=row.team,
            mail_id=row.mail_id,
            text=row.text,
            opened_at=row.opened_at,
            verdict=Ruling(row.verdict) if row.verdict else None,
            why=row.why,
            ruled_at=row.ruled_at,
        )
        for row in found
    ]
