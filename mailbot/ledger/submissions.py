"""Submissions and their scores."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mailbot.ledger.tables import exclusions, scores, submissions, teams
from mailbot.ledger.trail.rows import returned, touch, wrote
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
    values = {
        "mail_id": mail_id,
        "ordinal": ordinal,
        "team_id": team_id,
        "track": evaluation.track,
        "phase": phase,
        "method": method,
        "file_name": judged.file_name,
        "sha256": judged.sha256,
        "size": judged.size,
        "values_sha256": judged.values_sha256,
        "said_method": evaluation.method,
        "arrived_at": arrived_at,
        "status": status,
        "problems": [asdict(problem) for problem in evaluation.problems],
        "notes": [asdict(note) for note in evaluation.notes],
    }
    row = tx.execute(_ADD, values).mappings().one()
    wrote(tx, "submissions", row)
    return int(row["id"])


_ADD = sa.insert(submissions).returning(*returned("submissions"))


def accept(tx: Tx, submission_id: int, evaluation: Evaluation, *, phase: str) -> bool:
    """Mark a submission as accepted that was not; False when it is already. Its scores are entered apart."""
    waiting = (submissions.c.id == submission_id, submissions.c.status != Status.ACCEPTED)
    notes = [asdict(note) for note in evaluation.notes]
    made = {"status": Status.ACCEPTED, "track": evaluation.track, "phase": phase, "problems": [], "notes": notes}
    touch(tx, "submissions", submission_id)
    return tx.execute(sa.update(submissions).where(*waiting).values(**made)).rowcount == 1


def add_score(tx: Tx, submission_id: int, evaluation: Evaluation, now: datetime, *, is_new: bool = False) -> bool:
    """Enter a score; False when this submission has one of this truth and scorer already: one that is new has none."""
    key = {"submission_id": submission_id, "truth": evaluation.truth, "scorer": evaluation.scorer}
    if not is_new and tx.scalar(_SAME_SCORE, key) is not None:
        return False
    values = {
        **key,
        "track": evaluation.track,
        "value": evaluation.score,
        "metrics": dict(evaluation.metrics),
        "n": evaluation.n,
        "scored_at": now,
        "error": evaluation.error,
        "version": package_version(),
    }
    row = tx.execute(_ADD_SCORE, values).mappings().one()
    wrote(tx, "scores", {**row, "value": float(row["value"])})  # SQLite gives a whole number back as an integer
    return True


_SAME_SCORE = sa.select(scores.c.id).where(
    *(column == sa.bindparam(column.name) for column in (scores.c.submission_id, scores.c.truth, scores.c.scorer))
)
_ADD_SCORE = sa.insert(scores).returning(*returned("scores"))


def used(
    tx: Tx, *, team_id: int, track: str, since: datetime, until: datetime, phases: Collection[str] | None = None
) -> int:
    """Count the accepted submissions of a team on a track that arrived in a window of time, in some or all phases."""
    given = {"team_id": team_id, "track": track, "since": since, "until": until}
    return tx.scalar(count_used(in_phases=phases is not None), given | phases_given(phases)) or 0


_OF_WINDOW = (
    submissions.c.team_id == sa.bindparam("team_id"),
    submissions.c.track == sa.bindparam("track"),
    submissions.c.status == Status.ACCEPTED,
    submissions.c.arrived_at >= sa.bindparam("since"),
    submissions.c.arrived_at < sa.bindparam("until"),
)


def phases_given(phases: Collection[str] | None) -> dict[str, object]:
    """Return what :func:`count_used` needs of some phases."""
    return {} if phases is None else {"phases": list(phases)}


@cache
def count_used(*, in_phases: bool) -> sa.Select[Any]:
    """Return the statement that counts for :func:`used`."""
    own = (submissions.c.phase.in_(sa.bindparam("phases", expanding=True)),) if in_phases else ()
    return sa.select(sa.func.count()).select_from(submissions).where(*_OF_WINDOW, *own)


@cache
def find_same(*, by_values: bool, says_method: bool) -> sa.Select[Any]:
    """Return the statement that finds the accepted submission of a team that predicts the same.

    It is one of those that arrived in a window of a phase; ``phase``, ``same`` and ``said`` are given.

    One that was withdrawn or excluded counts for nothing, so it is no reason not to score the file. Where both files
    name a method and not the same one, they are two submissions: the board shows the name. What only a scorer of
    one's own can read predicts the same where it is the same file, byte for byte.
    """
    equal = (submissions.c.values_sha256 if by_values else submissions.c.sha256) == sa.bindparam("same")
    said = sa.bindparam("said", type_=sa.Text)
    named = (sa.func.coalesce(submissions.c.said_method, said) == said,) if says_method else ()
    excluded = sa.exists().where(exclusions.c.submission_id == submissions.c.id)
    own = (*_OF_WINDOW, submissions.c.phase == sa.bindparam("phase"), equal, *named)
    return sa.select(sa.func.min(submissions.c.id)).where(*own, ~excluded)


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
