"""Submissions of different teams that look alike, and how far the comparison has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from mailbot.ledger.scores import in_phases
from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import compared, likenesses, submissions, teams
from mailbot.model import Status

if TYPE_CHECKING:
    from datetime import datetime

    from mailbot.config.stages import Stage
    from mailbot.ledger.engine import Tx


@dataclass(frozen=True, kw_only=True)
class Compared:
    """As much of an accepted submission as it takes to compare it."""

    id: int
    mail_id: int
    team_id: int
    track: str
    #: SHA-256 of the file.
    sha256: str

    @property
    def receipt(self) -> str:
        """Its public id."""
        return receipt(self.id)


@dataclass(frozen=True, kw_only=True)
class LikenessRow:
    """Two submissions that look alike."""

    track: str
    first_id: int
    second_id: int
    first_team: str
    second_team: str
    #: One of :class:`scoring.fairness.similarity.Kind`.
    kind: str
    #: As :class:`scoring.fairness.similarity.Likeness` has it.
    value: float
    found_at: datetime

    @property
    def first(self) -> str:
        """The earlier one's public id."""
        return receipt(self.first_id)

    @property
    def second(self) -> str:
        """The later one's public id."""
        return receipt(self.second_id)


def add(tx: Tx, *, track: str, first_id: int, second_id: int, kind: str, value: float, now: datetime) -> bool:
    """Enter a pair, the earlier submission first; False when it is known."""
    pair = (likenesses.c.first_id == first_id, likenesses.c.second_id == second_id)
    if tx.scalar(sa.select(likenesses.c.id).where(*pair)) is not None:
        return False
    values = {"track": track, "first_id": first_id, "second_id": second_id, "kind": kind, "value": value}
    tx.execute(sa.insert(likenesses).values(**values, found_at=now))
    return True


def listing(
    tx: Tx, *, track: str | None = None, since: datetime | None = None, submission_id: int | None = None
) -> list[LikenessRow]:
    """Return the pairs of a track, those found since an instant, or those of a submission, oldest first."""
    where = [likenesses.c.track == track] if track else []
    where += [likenesses.c.found_at >= since] if since else []
    where += (
        [sa.or_(likenesses.c.first_id == submission_id, likenesses.c.second_id == submission_id)]
        if submission_id
        else []
    )
    first, second, one, other = submissions.alias(), submissions.alias(), teams.alias(), teams.alias()
    names = (one.c.name.label("first_team"), other.c.name.label("second_team"))
    columns = (likenesses.c[name] for name in ("track", "first_id", "second_id", "kind", "value", "found_at"))
    rows = tx.execute(
        sa.select(*columns, *names)
        .join(first, first.c.id == likenesses.c.first_id)
        .join(second, second.c.id == likenesses.c.second_id)
        .join(one, one.c.id == first.c.team_id)
        .join(other, other.c.id == second.c.team_id)
        .where(*where)
        .order_by(likenesses.c.id)
    )
    return [LikenessRow(**row) for row in rows.mappings()]


def waiting(tx: Tx, track: str, limit: int, stage: Stage) -> list[Compared]:
    """Return the first accepted submissions of a stage that were not compared yet."""
    mark = tx.scalar(sa.select(compared.c.submission_id).where(compared.c.track == _key(track, stage))) or 0
    query = _accepted(track, stage).where(submissions.c.id > mark).order_by(submissions.c.id).limit(limit)
    return _compared(tx, track, query)


def latest(tx: Tx, track: str, limit: int, stage: Stage, *, until: int | None = None) -> list[Compared]:
    """Return the latest accepted submissions of a track, up to the one of that id, in order of their ids."""
    query = _accepted(track, stage).order_by(submissions.c.id.desc()).limit(limit)
    return _compared(tx, track, query.where(submissions.c.id <= until) if until is not None else query)[::-1]


def done(tx: Tx, track: str, submission_id: int, stage: Stage) -> None:
    """Note that all submissions of a stage up to this one were compared."""
    key = _key(track, stage)
    mark = sa.update(compared).where(compared.c.track == key).values(submission_id=submission_id)
    if tx.execute(mark).rowcount == 0:
        tx.execute(sa.insert(compared).values(track=key, submission_id=submission_id))


def _key(track: str, stage: Stage) -> str:
    """Return how ``compared`` calls a track in a stage: the names of tracks hold no space."""
    return f"{track} {stage.key}".rstrip()


def _accepted(track: str, stage: Stage) -> sa.Select[tuple[int, int, int, str]]:
    columns = (submissions.c.id, submissions.c.mail_id, submissions.c.team_id, submissions.c.sha256)
    own = [in_phases(stage.within)] if stage.within else []
    return sa.select(*columns).where(submissions.c.status == Status.ACCEPTED, submissions.c.track == track, *own)


def _compared(tx: Tx, track: str, query: sa.Select[tuple[int, int, int, str]]) -> list[Compared]:
    rows = tx.execute(query).all()  # thousands: a mapping of each would take longer
    return [
        Compared(id=each.id, mail_id=each.mail_id, team_id=each.team_id, track=track, sha256=each.sha256)
        for each in rows
    ]
