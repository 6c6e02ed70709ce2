"""Submissions and their scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import exclusions, scores, submissions, teams
from mailbot.ledger.trail.rows import touch
from mailbot.model import Id, Judged, Status
from scoring.report import package_version

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from scoring.model import Evaluation


def receipt(submission_id: int) -> str:
    """Return the public id of a submission, as ``S-000123``."""
    return Id.SUBMISSION.of(submission_id)


def id_of(public: str) -> int:
    """Return the id of a submission from its public one."""
    return Id.SUBMISSION.number(public)


@dataclass(frozen=True, kw_only=True)
class SubmissionRow:
    """A submission as the ledger knows it, with its newest score."""

    id: int
    mail_id: int
    team_id: int
    team: str
    track: str | None
    phase: str | None
    method: str
    file_name: str
    sha256: str
    size: int
    arrived_at: datetime
    status: Status
    problems: Sequence[Mapping[str, Any]]
    notes: Sequence[Mapping[str, Any]]
    score: float | None
    metrics: Mapping[str, float]
    truth: str | None
    scorer: str | None

    @property
    def receipt(self) -> str:
        """Its public id."""
        return receipt(self.id)


def add(
    tx: Tx,
    judged: Judged,
    *,
    mail_id: int,
    ordinal: int,
    team_id: int,
    method: str,
    phase: str | None,
    status: Status,
    arrived_at: datetime,
) -> int:
    """Enter a submission and return its id; its score is entered apart."""
    evaluation = judged.evaluation
    row = tx.execute(
        sa.insert(submissions)
        .values(
            mail_id=mail_id,
            ordinal=ordinal,
            team_id=team_id,
            track=evaluation.track,
            phase=phase,
            method=method,
            file_name=judged.file_name,
            sha256=judged.sha256,
            size=judged.size,
            values_sha256=judged.values_sha256,
            said_method=evaluation.method,
            arrived_at=arrived_at,
            status=status,
            problems=[asdict(problem) for problem in evaluation.problems],
            notes=[asdict(note) for note in evaluation.notes],
        )
        .returning(submissions.c.id)
    )
    submission_id = int(row.scalar_one())
    touch(tx, "submissions", submission_id)
    return submission_id


def accept(tx: Tx, submission_id: int, evaluation: Evaluation, *, phase: str) -> bool:
    """Mark a submission as accepted that was not; False when it is already. Its scores are entered apart."""
    waiting = (submissions.c.id == submission_id, submissions.c.status != Status.ACCEPTED)
    notes = [asdict(note) for note in evaluation.notes]
    made = {"status": Status.ACCEPTED, "track": evaluation.track, "phase": phase, "problems": [], "notes": notes}
    touch(tx, "submissions", submission_id)
    return tx.execute(sa.update(submissions).where(*waiting).values(**made)).rowcount == 1


def add_score(tx: Tx, submission_id: int, evaluation: Evaluation, now: datetime) -> bool:
    """Enter a score; False when this submission has one of this truth and scorer already."""
    key = (
        scores.c.submission_id == submission_id,
        scores.c.truth == evaluation.truth,
        scores.c.scorer == evaluation.scorer,
    )
    if tx.scalar(sa.select(scores.c.id).where(*key)) is not None:
        return False
    tx.execute(
        sa.insert(scores).values(
            submission_id=submission_id,
            truth=evaluation.truth,
            track=evaluation.track,
            scorer=evaluation.scorer,
            value=evaluation.score,
            metrics=dict(evaluation.metrics),
            n=evaluation.n,
            scored_at=now,
            error=evaluation.error,
            version=package_version(),
        )
    )
    touch(tx, "scores", (submission_id, evaluation.truth, evaluation.scorer))
    return True


def used(
    tx: Tx, *, team_id: int, track: str, since: datetime, until: datetime, phases: Collection[str] | None = None
) -> int:
    """Count the accepted submissions of a team on a track that arrived in a window of time, in some or all phases."""
    counted = sa.select(sa.func.count()).select_from(submissions)
    window = (submissions.c.arrived_at >= since, submissions.c.arrived_at < until)
    accepted = (submissions.c.team_id == team_id, submissions.c.track == track, submissions.c.status == Status.ACCEPTED)
    own = () if phases is None else (submissions.c.phase.in_(phases),)
    return tx.scalar(counted.where(*accepted, *window, *own)) or 0


def same(tx: Tx, judged: Judged, *, team_id: int, phase: str, since: datetime, until: datetime) -> int | None:
    """Return the accepted submission of a team that predicts the same, of those that arrived in a window of a phase.

    One that was withdrawn or excluded counts for nothing, so it is no reason not to score the file. Where both files
    name a method and not the same one, they are two submissions: the board shows the name. What only a scorer of
    one's own can read predicts the same where it is the same file, byte for byte.
    """
    said = judged.evaluation.method
    own = (submissions.c.team_id == team_id, submissions.c.track == judged.evaluation.track)
    window = (submissions.c.arrived_at >= since, submissions.c.arrived_at < until, submissions.c.phase == phase)
    values = judged.values_sha256
    same_values = submissions.c.values_sha256 == values if values else submissions.c.sha256 == judged.sha256
    equal = (submissions.c.status == Status.ACCEPTED, same_values)
    named = sa.true() if said is None else sa.func.coalesce(submissions.c.said_method, said) == said
    excluded = sa.select(exclusions.c.id).where(exclusions.c.submission_id == submissions.c.id).exists()
    found: int | None = tx.scalar(
        sa.select(sa.func.min(submissions.c.id)).where(*own, *window, *equal, named, ~excluded)
    )
    return found


def listing(
    tx: Tx, *, submission_id: int | None = None, track: str | None = None, mail_id: int | None = None
) -> list[SubmissionRow]:
    """Return submissions in order of arrival, each with its newest score."""
    wanted = {submissions.c.id: submission_id, submissions.c.track: track, submissions.c.mail_id: mail_id}
    return _rows(tx, *(column == value for column, value in wanted.items() if value is not None))


def _rows(tx: Tx, *where: sa.ColumnElement[bool]) -> list[SubmissionRow]:
    own = scores.alias()
    newest = sa.select(sa.func.max(own.c.id)).where(own.c.submission_id == submissions.c.id).correlate(submissions)
    query = (
        sa.select(
            submissions, teams.c.name.label("team"), scores.c.value, scores.c.metrics, scores.c.truth, scores.c.scorer
        )
        .join(teams, teams.c.id == submissions.c.team_id)
        .outerjoin(scores, scores.c.id == newest.scalar_subquery())
        .where(*where)
        .order_by(submissions.c.arrived_at, submissions.c.id)
    )
    return [_row(row) for row in tx.execute(query)]


def of_team(tx: Tx, team_id: int) -> list[SubmissionRow]:
    """Return a team's submissions in order of arrival, each with its newest score."""
    return _rows(tx, submissions.c.team_id == team_id)


def with_ids(tx: Tx, ids: Collection[int]) -> list[SubmissionRow]:
    """Return the submissions of these ids, in order of arrival."""
    return _rows(tx, submissions.c.id.in_(ids)) if ids else []


def climbed(tx: Tx, *, team_id: int, track: str, phase: str) -> list[SubmissionRow]:
    """Return a team's accepted submissions of a track and phase in order of arrival, each with its newest score."""
    own = (submissions.c.team_id == team_id, submissions.c.track == track, submissions.c.phase == phase)
    return _rows(tx, *own, submissions.c.status == Status.ACCEPTED)


def _row(row: Any) -> SubmissionRow:  # noqa: ANN401  # a row of the joined query above
    return SubmissionRow(
        id=row.id,
        mail_id=row.mail_id,
        team_id=row.team_id,
        team=row.team,
        track=row.track,
        phase=row.phase,
        method=row.method,
        file_name=row.file_name,
        sha256=row.sha256,
        size=row.size,
        arrived_at=row.arrived_at,
        status=Status(row.status),
        problems=row.problems,
        notes=row.notes,
        score=row.value,
        metrics=row.metrics or {},
        truth=row.truth,
        scorer=row.scorer,
    )
