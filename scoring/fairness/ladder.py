"""Feedback that does not teach the labels: the parameter-free Ladder, and what each policy shows of a score.

Blum and Hardt, The Ladder: A Reliable Leaderboard for Machine Learning Competitions, ICML 2015 (arXiv 1502.04585): a
score is shown only if it beats the best shown before by more than the standard error of the difference; otherwise the
best is shown again. Their error is that of a mean of losses; with influences it serves any metric
(:mod:`scoring.influence`). A ladder is one team's on one track, a fold over its submissions in the order they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scoring.model import Later, Policy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scoring import interval
    from scoring.interval import Clusters
    from scoring.kernel import Floats
else:
    interval = Later("scoring.interval")

#: Standard errors of the difference that a submission must be better by; the authors' own code has 1.
STEP = 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Rung:
    """Where a team stands on its ladder after a submission."""

    #: The score shown: that of the best submission so far.
    score: float
    #: The influences of the items on that score, (n,).
    influence: Floats
    #: Whether the submission just taken set it.
    improved: bool = True


@dataclass(frozen=True, kw_only=True)
class Reached:
    """As much of a rung as a reply tells."""

    score: float
    improved: bool


def climb(
    rung: Rung | None,
    score: float,
    influence: Floats,
    *,
    clusters: Clusters = None,
    higher_is_better: bool = True,
    step: float = STEP,
) -> Rung:
    """Return the next rung after a submission of this ``score`` and ``influence`` (n,); ``rung`` None for the first."""
    if rung is None:
        return Rung(score=score, influence=influence)
    gain = score - rung.score if higher_is_better else rung.score - score
    if gain > step * interval.standard_error(influence - rung.influence, clusters) and gain > 0.0:
        return Rung(score=score, influence=influence)
    return Rung(score=rung.score, influence=rung.influence, improved=False)


def ladder(
    submissions: Iterable[tuple[float, Floats]],
    *,
    clusters: Clusters = None,
    higher_is_better: bool = True,
    step: float = STEP,
) -> list[Rung]:
    """Return the rung after each submission, given as (score, influence) in the order they came."""
    rungs: list[Rung] = []
    for score, influence in submissions:
        below = rungs[-1] if rungs else None
        rungs.append(climb(below, score, influence, clusters=clusters, higher_is_better=higher_is_better, step=step))
    return rungs


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a reply may tell."""

    #: The score to show; None: none.
    score: float | None
    #: Whether metrics, interval and signature may be shown: they would give away what the policy keeps back.
    details: bool
    #: One plain sentence that says what the figure is.
    sentence: str


def feedback(
    policy: Policy, score: float, *, rung: Rung | Reached | None = None, resolution: float = 1.0, decimals: int = 2
) -> Feedback:
    """Return what a policy tells of a score. ``rung`` is the ladder's after this submission (for ``ladder`` only).

    ``resolution`` is the step that ``rounded`` rounds to, ``decimals`` what the ladder's score is rounded to.
    Raises ValueError for a ladder without its rung.
    """
    if policy is Policy.FULL:
        return Feedback(score=score, details=True, sentence="This is the score of this submission.")
    if policy is Policy.ROUNDED:
        near = round(round(score / resolution) * resolution, 10)
        return Feedback(score=near, details=False, sentence=f"The score is rounded to steps of {resolution:g}.")
    if policy is Policy.RECEIPT:
        return Feedback(score=None, details=False, sentence="Scores of this phase are not told by mail.")
    if rung is None:
        raise ValueError("the ladder's feedback needs its rung")
    said = (
        "This is your best score so far."
        if rung.improved
        else "No significant change: this is still your best score so far."
    )
    return Feedback(score=round(rung.score, decimals), details=False, sentence=said)
