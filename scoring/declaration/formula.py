"""A score out of its measures: the weighted sum of the terms, or an expression. Standard library only."""

from __future__ import annotations

import operator
from functools import reduce
from typing import TYPE_CHECKING

from scoring.model import Later

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scoring.declaration import expression
    from scoring.model import Term, Track
else:
    expression = Later("scoring.declaration.expression")


def score(track: Track, figures: Mapping[str, float]) -> float:
    """Return the score of a track from its measures by key; within the track's bounds despite rounding."""
    if track.expression:
        total = expression.value(track.expression, figures)
    else:
        total = added(term.weight * points(term, figures) for term in track.terms)
    low, high = track.bounds
    return min(high, max(low, total))


def points(term: Term, figures: Mapping[str, float]) -> float:
    """Return what one term gives before its weight."""
    mean = _mean(term, figures)
    return term.points * (mean if term.floor is None else max(mean, term.floor))


def slopes(track: Track, figures: Mapping[str, float]) -> dict[str, float]:
    """Return how fast the score grows by each measure that counts, by key; 0 for those of a term below its floor."""
    if track.expression:
        return expression.slopes(track.expression, figures)
    found: dict[str, float] = {}
    for term in track.terms:
        moves = term.floor is None or _mean(term, figures) >= term.floor
        each = term.weight * term.points / len(term.measures) if moves else 0.0
        found |= {measure.key: found.get(measure.key, 0.0) + each for measure in term.measures}
    return found


def _mean(term: Term, figures: Mapping[str, float]) -> float:
    return added(figures[measure.key] for measure in term.measures) / len(term.measures)


def added(values: Iterable[float]) -> float:
    """Add one number at least, from left to right, as the kernels add the columns of many files.

    The built-in ``sum`` does so up to Python 3.11 alone; later ones carry the rounding along (CPython gh-100425), and a
    score would end in another digit when it is computed again after an update.
    """
    return reduce(operator.add, values)
