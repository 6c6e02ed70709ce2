"""The submission that counts for each team on a track."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mailbot.ledger.scores import in_phases
from mailbot.ledger.submissions import receipt
from mailbot.ledger.tables import exclusions, scores, selections, submissions, teams
from mailbot.model import Rule, Standing, Status

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mailbot.ledger.engine import Tx
    from mailbot.ledger.scores import Version


@dataclass(frozen=True, kw_only=True)
class Deciding:
    """By what a standing is found."""

    rule: Rule
    #: What the scores are computed by.
    by: Version
    #: What the scores are computed by that the team was shown: it picks for a team that selected nothing.
    shown: Version
    higher_is_better: bool = True


def standings(tx: Tx, deciding: Deciding, *, before: datetime) -> list[Standing]:
    """Return the submission that counts for each team on a track, of those that arrived before an instant.

    - ``latest``: the latest.
    - ``best``: the one with the best score, the earlier of equals.
    - ``selected``: of those that the team selected the best; if it selected none, the best by what it was shown.

    What is excluded, or a team's that is, counts for nothing.
    """
    ranked = _ranked(deciding, submissions.c.arrived_at < before)
    told = (
        teams.c.name.label("team"),
        submissions.c.method,
        submissions.c.arrived_at,
        scores.c.value,
        scores.c.metrics,
    )
    counts = (
        sa.select(ranked.c.id, *told, ranked.c.submissions)
        .join(submissions, submissions.c.id == ranked.c.id)
        .join(teams, teams.c.id == submissions.c.team_id)
        .join(scores, scores.c.id == ranked.c.score_id)
        .where(ranked.c.place == 1)
        .order_by(ranked.c.id)
    )
    return [
        Standing(
            team=row.team,
            track=deciding.by.track,
            receipt=receipt(row.id),
            method=row.method,
            score=row.value,
            metrics=row.metrics,
            arrived_at=row.arrived_at,
            submissions=row.submissions,
        )
        for row in tx.execute(counts)
    ]


class Counted(NamedTuple):
    """A submission that counts for a team on a track, or would count next."""

    id: int
    score: float
    #: Whether the team selected it.
    selected: bool


def counting(tx: Tx, deciding: Deciding, team_id: int) -> list[Counted]:
    """Return the submission that counts for one team on a track at present, and the next in line; [] without any."""
    found = tx.execute(_counting(deciding), {"team": team_id})
    return [Counted(id=row.id, score=row.value, selected=row.selected_at is not None) for row in found]


class Candidate(NamedTuple):
    """A submission that can count for a team: it was accepted, and is not excluded."""

    id: int
    team_id: int
    #: The phase it came in; None for those of the first version.
    phase: str | None
    arrived_at: datetime
    #: Whether the team selected it.
    selected: bool


def candidates(tx: Tx, by: Version) -> dict[int, Candidate]:
    """Return every submission that can count where scores of a version are shown, by its id."""
    own = (submissions.c[name] for name in ("id", "team_id", "phase", "arrived_at"))
    selected = selections.c.submission_id.is_not(None).label("selected")
    found = sa.select(*own, selected).outerjoin(selections, selections.c.submission_id == submissions.c.id)
    rows = tx.execute(found.where(*_eligible(by)).order_by(submissions.c.id))
    return {row["id"]: Candidate(**row) for row in rows.mappings()}


def first(found: Iterable[tuple[Candidate, float]], rule: Rule, *, higher_is_better: bool) -> Candidate | None:
    """Return the one that counts of a team's submissions, each with the score it is taken to have; None of none."""
    sign = -1 if higher_is_better else 1

    def place(one: tuple[Candidate, float]) -> tuple[object, ...]:
        candidate, score = one
        last = rule is Rule.SELECTED and not candidate.selected
        return last, sign * score, candidate.arrived_at, candidate.id

    if rule is Rule.LATEST:
        return max((one for one, _ in found), key=lambda one: (one.arrived_at, one.id), default=None)
    return min(found, key=place, default=(None, 0.0))[0]


@lru_cache(32)
def _counting(deciding: Deciding) -> sa.Select[Any]:
    """Return the statement of :func:`counting`: in the order of places, so that of the latest only two are read."""
    decides, shown = scores.alias("decides"), scores.alias("shown")
    of = submissions.c.team_id == sa.bindparam("team")
    told = sa.select(submissions.c.id, decides.c.value, selections.c.selected_at)
    ordered = _order(deciding, decides.c.value, shown.c.value)
    return _joined(told, deciding, decides, shown).where(of).order_by(*ordered).limit(2)


def _ranked(deciding: Deciding, of: sa.ColumnElement[bool]) -> sa.Subquery:
    """Rank each team's submissions, the one that counts first; of few columns, as all of them are sorted here.

    Teams are named so that no index is followed: it would lead to all rows of the table, but in no order of theirs.
    """
    decides, shown = scores.alias("decides"), scores.alias("shown")
    team = sa.func.coalesce(submissions.c.team_id, submissions.c.team_id)
    ranked = sa.select(
        submissions.c.id,
        decides.c.id.label("score_id"),
        sa.func.row_number()
        .over(partition_by=team, order_by=_order(deciding, decides.c.value, shown.c.value))
        .label("place"),
        sa.func.count().over(partition_by=team).label("submissions"),
    )
    return _joined(ranked, deciding, decides, shown).where(of).subquery()


def _joined(
    of_submissions: sa.Select[Any], deciding: Deciding, decides: sa.FromClause, shown: sa.FromClause
) -> sa.Select[Any]:
    """Join to submissions what decides their order; those that are excluded are left out."""
    return (
        of_submissions.join(decides, _scored(decides, deciding.by))
        .outerjoin(shown, _scored(shown, deciding.shown))
        .outerjoin(selections, selections.c.submission_id == submissions.c.id)
        .where(*_eligible(deciding.by))
    )


def _eligible(by: Version) -> tuple[sa.ColumnElement[bool], ...]:
    within = (in_phases(by.within),) if by.within else ()
    return submissions.c.status == Status.ACCEPTED, submissions.c.track == by.track, ~_excluded(), *within


def _scored(alias: sa.FromClause, by: Version) -> sa.ColumnElement[bool]:
    return sa.and_(alias.c.submission_id == submissions.c.id, alias.c.truth == by.truth, alias.c.scorer == by.scorer)


def _excluded() -> sa.ColumnElement[bool]:
    whole_team = sa.and_(exclusions.c.submission_id.is_(None), exclusions.c.team_id == submissions.c.team_id)
    return sa.exists().where(sa.or_(exclusions.c.submission_id == submissions.c.id, whole_team))


def _order(
    deciding: Deciding, value: sa.ColumnElement[float], shown: sa.ColumnElement[float]
) -> tuple[sa.ColumnElement[object], ...]:
    """Return what puts the submission that counts first."""
    if deciding.rule is Rule.LATEST:
        return submissions.c.arrived_at.desc(), submissions.c.id.desc()
    selected = selections.c.submission_id.is_not(None)
    picked = sa.case((selected, value), else_=shown) if deciding.rule is Rule.SELECTED else value
    better = picked.desc() if deciding.higher_is_better else picked.asc()
    first = (sa.case((selected, 0), else_=1),) if deciding.rule is Rule.SELECTED else ()
    return *first, better, submissions.c.arrived_at, submissions.c.id
